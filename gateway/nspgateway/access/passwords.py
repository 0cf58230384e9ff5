"""Passwords: argon2id, in its own notation."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# RFC 9106 asks for as much as the box can spare: 32 MiB three times take some 0.3 s on a Raspberry Pi class box.
_HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
# Drawn passwords are typed once: letters of one case and digits, 5 bits each.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def hashed(secret: str) -> str:
    """Return what is kept of a password or code."""
    return _HASHER.hash(secret)


def fits(kept: str, secret: str) -> bool:
    """Tell whether this is the password or code; what is kept and damaged fits nothing."""
    try:
        return _HASHER.verify(kept, secret)
    except (VerificationError, InvalidHashError):
        return False


def draw() -> str:
    """Draw a password of 16 characters in four groups, about 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
