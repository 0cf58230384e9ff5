"""Passwords of accounts at the broker: drawn, and as Mosquitto keeps them.

Mosquitto's form since 2.0 (mosquitto_passwd(1)): PBKDF2 with HMAC-SHA-512,
``$7$<iterations>$<salt>$<hash>``, both in base64.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

_SALT_BYTES = 12
_HASH_BYTES = 64
# Stretching serves passwords that can be guessed; ours are 192 random bits. Mosquitto has one
# thread: each login with more rounds would hold up every alarm that is on its way.
_ROUNDS = 1000


def new_password() -> str:
    """Draw a password: 32 characters of letters, digits, '-' and '_'."""
    return secrets.token_urlsafe(24)


def new_salt() -> bytes:
    """Draw the salt of one password."""
    return secrets.token_bytes(_SALT_BYTES)


def hashed(password: str, salt: bytes) -> str:
    """Return a password as it stands in Mosquitto's password file."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS, _HASH_BYTES)
    return f"$7${_ROUNDS}${_base64(salt)}${_base64(digest)}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
