"""Tokens that open a door, the codes that people type, and what is kept of both: never the thing itself."""

from __future__ import annotations

import hashlib
import hmac
import secrets

# Nothing that is read for something else: no 0 and O, no 1, I and L.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUP = 4


def new_token() -> str:
    """Draw a token of 256 bits, for a cookie."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is kept of a token or code: its SHA-256 in hexadecimal. It is random: nothing to stretch."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(token: str) -> str:
    """Return what a form of this session carries: only who holds the session's own token can make it."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def fits_form(token: str, given: str) -> bool:
    """Tell whether a form comes from a page of this session; an empty token has no forms."""
    return bool(token) and hmac.compare_digest(form_token(token).encode(), given.encode())


def new_code(groups: int) -> str:
    """Draw a code that people read and type: groups of four, 4.95 bits a character."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(_GROUP)) for _ in range(groups))


def typed(code: str) -> str:
    """Return a code as it was drawn, whatever hyphens, spaces and small letters were typed."""
    plain = "".join(c for c in code.upper() if c in ALPHABET)
    return "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))
