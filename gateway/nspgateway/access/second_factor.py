"""The second factor: time codes as RFC 6238 has them, their secrets sealed with a key of this box.

Whoever copies the database alone cannot make codes: the key is a file beside it, for its owner only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nspgateway.errors import GatewayError
from nspgateway.folder import replace_private

KEY_FILE = "accounts.key"
STEP_S = 30
# A phone's clock and ours may differ by this many steps; by more while nobody vouches for our time.
NEAR = 1
FAR = 10
_KEY_BYTES = 32
_NONCE_BYTES = 12
_SECRET_BYTES = 20
_MARK_DIGITS = 32
_RESET = (
    "Put it back from a backup, or let everyone set up anew: nsp gateway account reset-second-factor NAME."
)


class VaultError(GatewayError):
    """The key or a secret cannot be used; the text says why and what to do."""


class Vault:
    """Seals the secrets. ``path``: its key, made when it is not there. Raises VaultError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._key = _read(path)
        except OSError as error:
            raise VaultError(f"{path}: cannot be used ({error.strerror}). Check the folder.") from error
        if len(self._key) != _KEY_BYTES:
            raise VaultError(f"{path}: damaged: {len(self._key)} bytes, not {_KEY_BYTES}. {_RESET}")

    def seal(self, account: str, secret: bytes) -> bytes:
        """Return a secret as it may be kept, for this account only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, secret, account.encode())

    def open(self, account: str, sealed: bytes) -> bytes:
        """Return the secret. Raises VaultError when it was sealed with another key or for another account."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._key).decrypt(nonce, rest, account.encode())
        except (InvalidTag, ValueError) as error:
            raise VaultError(
                f"{self._path}: is not the key that this secret was sealed with. {_RESET}"
            ) from error

    def mark(self, text: str) -> str:
        """Return what recognises a text here, and tells nobody who has not this key what it was."""
        return hmac.new(self._key, f"mark {text}".encode(), hashlib.sha256).hexdigest()[:_MARK_DIGITS]

    def draft(self, token: str) -> bytes:
        """Return the secret that a session is offered: the same as long as it lasts, known to this box alone."""
        return hmac.new(self._key, f"draft {token}".encode(), hashlib.sha256).digest()[:_SECRET_BYTES]


def by_hand(secret: bytes) -> str:
    """Return a secret as an authenticator app takes it by hand: base32 in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def address(secret: bytes, account: str, issuer: str) -> str:
    """Return what an authenticator app reads from a QR code."""
    return pyotp.TOTP(base64.b32encode(secret).decode(), name=account, issuer=issuer).provisioning_uri()


def fitting_step(secret: bytes, typed: str, at_s: float, used: int, near: int = NEAR) -> int | None:
    """Return which 30 s since 1970 a code is of; None = of none within ``near`` of ``at_s``.

    ``used``: the last step of which a code was taken: that one and those before it are worth nothing. One
    that lies ahead is from a clock that was wrong, and says nothing.
    """
    totp = pyotp.TOTP(base64.b32encode(secret).decode())
    code = "".join(typed.split())
    now = int(at_s // STEP_S)
    if used > now + near:
        used = 0
    fitting = [
        step
        for step in range(max(now - near, used + 1), now + near + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    return fitting[0] if fitting else None


def _read(path: Path) -> bytes:
    if not path.exists():
        replace_private(path, secrets.token_bytes(_KEY_BYTES))
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise VaultError(f"{path}: mode {mode:04o} lets others at a secret. Run: chmod 600 {path}")
    return path.read_bytes()
