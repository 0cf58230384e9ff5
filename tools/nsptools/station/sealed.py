"""A small file of records that is sealed as a whole: SQLite in memory, AES-GCM on disk, replaced whole.

The first line is a JSON head; the rest is the database, in the clear for a demo,
else sealed under a key that scrypt draws from a passphrase; the head is authenticated
with it. The file is never half written, and never readable by others.
"""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from nspgateway.errors import GatewayError
from nspgateway.folder import replace_private

LEAST_PASSPHRASE = 12
# RFC 7914's interactive setting, 32 MiB.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 15, 8, 1


class SealedError(GatewayError):
    """The file cannot be used; the text says why and what to do."""

    exit_code = 2


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    what: str
    format: int = 1
    salt: bytes = b""
    nonce: bytes = b""


def check_passphrase(passphrase: str) -> None:
    """Raise SealedError for one that is too short."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise SealedError(f"The passphrase is too short. Give at least {LEAST_PASSPHRASE} characters.")


class Seal:
    """A passphrase at work; the key is drawn from it once for each salt. ``passphrase`` None = in the clear."""

    def __init__(self, passphrase: str | None) -> None:
        if passphrase is not None:
            check_passphrase(passphrase)
        self._passphrase = passphrase
        self._salt = b""
        self._key = b""

    def close(self, what: str, data: bytes) -> bytes:
        """Return a file's content. ``what``: its kind."""
        head = _Head(what=what)
        if self._passphrase is not None:
            salt = self._salt or secrets.token_bytes(16)
            head = _Head(what=what, salt=salt, nonce=secrets.token_bytes(12))
            data = self._cipher(salt).encrypt(head.nonce, data, msgspec.json.encode(head))
        return msgspec.json.encode(head) + b"\n" + data

    def open(self, path: Path, what: str, content: bytes, *, demo: bool = False) -> bytes:
        """Return what ``close`` was given. Raises SealedError."""
        head_line, newline, data = content.partition(b"\n")
        try:
            head = msgspec.json.decode(head_line, type=_Head)
        except msgspec.DecodeError as error:
            raise SealedError(f"{path}: damaged, or no {what}. Restore it from a backup.") from error
        if not newline or (head.what, head.format) != (what, 1):
            raise SealedError(
                f"{path}: is a {head.what} of format {head.format}, no {what} that is known here."
            )
        if not head.salt:
            if not demo:
                raise SealedError(f"{path}: is not encrypted, which only a demo may have. Make it anew.")
            return data
        if self._passphrase is None:
            raise SealedError(f"{path}: is encrypted. Give its passphrase with --passphrase-file.")
        try:
            return self._cipher(head.salt).decrypt(head.nonce, data, msgspec.json.encode(head))
        except (InvalidTag, ValueError) as error:
            raise SealedError(f"{path}: wrong passphrase, or the file is damaged.") from error

    def _cipher(self, salt: bytes) -> AESGCM:
        if salt != self._salt:
            kdf = Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P)
            self._salt, self._key = salt, kdf.derive((self._passphrase or "").encode())
        return AESGCM(self._key)


def load(path: Path, what: str, seal: Seal, *, demo: bool) -> sqlite3.Connection:
    """Return the database of a file, in memory. Raises SealedError."""
    try:
        if path.stat().st_mode & 0o177:
            raise SealedError(f"{path}: others can read it. Run: chmod 600 {path}")
        content = path.read_bytes()
    except OSError as error:
        raise SealedError(f"{path}: cannot be read ({error.strerror}). Check the path.") from error
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        db.deserialize(seal.open(path, what, content, demo=demo))
        found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise SealedError(f"{path}: damaged ({error}). Restore it from a backup.") from error
    if found != "ok":
        raise SealedError(f"{path}: damaged ({found}). Restore it from a backup.")
    db.execute("PRAGMA foreign_keys = ON")
    return db


def save(path: Path, what: str, db: sqlite3.Connection, seal: Seal) -> None:
    """Put the database in the place of the file: whole and durable, or unchanged. Raises SealedError."""
    try:
        replace_private(path, seal.close(what, db.serialize()))
    except OSError as error:
        raise SealedError(
            f"{path}: cannot be written ({error.strerror}). Check the folder and the disk."
        ) from error
