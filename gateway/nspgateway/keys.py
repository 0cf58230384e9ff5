"""The key register, keys.db: the only place at the gateway with keys.

One file, mode 0600, always replaced as a whole. Its first line is a JSON head;
the rest is the list of keys, in the clear for a demo, else sealed with AES-GCM
under a key that scrypt draws from a passphrase; the head is authenticated with it.
A key belongs to one kit and one generation and is never drawn twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from nspgateway.errors import KeyRegisterError
from nspgateway.folder import replace_private

KEY_BYTES = 16
MOST_GENERATION = 255  # one byte in the kit's counter record
# RFC 7914's interactive setting, 32 MiB: opening takes about 0.1 s on a Raspberry Pi class box.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 15, 8, 1


class KitKey(msgspec.Struct, frozen=True, kw_only=True):
    """A kit's 128-bit key of one generation (from 1). ``withdrawn``: from then on refused."""

    address: int
    generation: int
    key: Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    created: datetime
    board_id: str | None = None
    withdrawn: datetime | None = None

    def __repr__(self) -> str:
        # A key must not reach a log through a debug line.
        return f"KitKey(address={self.address}, generation={self.generation}, key=***)"


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    format: int = 1
    salt: bytes = b""
    nonce: bytes = b""


class KeyRegister:
    """The keys of all kits. Made by ``create`` or ``load``."""

    def __init__(self, path: Path, passphrase: str | None, keys: Sequence[KitKey]) -> None:
        self.path = path
        self._passphrase = passphrase
        self._keys = tuple(keys)
        self._salt = b""
        self._derived = b""

    @classmethod
    def create(cls, path: Path, passphrase: str | None) -> KeyRegister:
        """Make an empty register. ``passphrase`` None = in the clear, for a demo only."""
        if path.exists():
            raise KeyRegisterError(f"{path}: exists already. Keys in use must not be overwritten.")
        if passphrase is not None and len(passphrase) < 12:
            raise KeyRegisterError(f"{path}: the passphrase is too short. Give at least 12 characters.")
        register = cls(path, passphrase, ())
        register._write(())
        return register

    @classmethod
    def load(cls, path: Path, passphrase: str | None = None, *, demo: bool = False) -> KeyRegister:
        """Open a register; one in the clear only for a demo. Raises KeyRegisterError."""
        head, body = _read(path)
        if not head.salt and not demo:
            raise KeyRegisterError(
                f"{path}: its keys are not encrypted, which only a demo may have. "
                "Make a register with a passphrase (nsp provision)."
            )
        if head.salt:
            if passphrase is None:
                raise KeyRegisterError(f"{path}: encrypted. Name its passphrase_file in gateway.toml.")
            body = _unseal(path, head, body, passphrase)
        try:
            keys = msgspec.json.decode(body, type=tuple[KitKey, ...])
        except msgspec.DecodeError as error:
            raise KeyRegisterError(f"{path}: damaged ({error}). {_RESTORE}") from error
        return cls(path, passphrase if head.salt else None, keys)

    @property
    def keys(self) -> tuple[KitKey, ...]:
        """All keys, in order of entry."""
        return self._keys

    def of_kit(self, address: int) -> tuple[KitKey, ...]:
        """Return a kit's keys, newest generation first, withdrawn ones included."""
        found = [k for k in self._keys if k.address == address]
        return tuple(sorted(found, key=lambda k: -k.generation))

    def issue(self, addresses: Sequence[int], at: datetime) -> tuple[KitKey, ...]:
        """Draw, enter and return a new key, one generation on, for each kit; durable on return."""
        issued: list[KitKey] = []
        used = {k.key for k in self._keys}
        for address in addresses:
            key = secrets.token_bytes(KEY_BYTES)
            if key in used:
                # 2^-128 by chance: what this really means is a broken random source.
                raise KeyRegisterError(
                    f"{self.path}: the random source repeated itself. Do not use this machine."
                )
            used.add(key)
            generations = [k.generation for k in (*self._keys, *issued) if k.address == address]
            if generations and max(generations) >= MOST_GENERATION:
                raise KeyRegisterError(
                    f"{self.path}: kit {address} has had {MOST_GENERATION} keys. Give it another address."
                )
            issued.append(
                KitKey(address=address, generation=max(generations, default=0) + 1, key=key, created=at)
            )
        self._write((*self._keys, *issued))
        return tuple(issued)

    def adopt(self, keys: Sequence[KitKey]) -> int:
        """Enter keys that were drawn elsewhere; return how many are new here. Raises KeyRegisterError.

        One (kit, generation) with two keys is refused: somebody drew for a kit that was not theirs.
        """
        known = {(k.address, k.generation): k for k in self._keys}
        drawn = {k.key for k in self._keys}
        fresh: list[KitKey] = []
        merged = dict(known)
        for key in keys:
            mine = known.get((key.address, key.generation))
            if (mine is not None and mine.key != key.key) or (mine is None and key.key in drawn):
                raise KeyRegisterError(
                    f"{self.path}: kit {key.address} has another key of generation {key.generation} here. "
                    "Two stations made kits of one number: withdraw the kit at one of them and flash it anew."
                )
            if mine is None:
                fresh.append(key)
            if mine is None or (mine.withdrawn is None and key.withdrawn is not None):
                merged[key.address, key.generation] = key
        if merged != known:
            self._write(tuple(merged.values()))
        return len(fresh)

    def withdraw(self, address: int, generation: int, at: datetime) -> None:
        """Refuse a key from now on; the first time stays."""
        self._write(
            tuple(
                msgspec.structs.replace(k, withdrawn=at)
                if (k.address, k.generation, k.withdrawn) == (address, generation, None)
                else k
                for k in self._keys
            )
        )

    def _write(self, keys: tuple[KitKey, ...]) -> None:
        """Replace the file by one with these keys: whole and durable, or unchanged."""
        body = msgspec.json.encode(keys)
        head = _Head()
        if self._passphrase is not None:
            if not self._salt:
                # Once for each opening: drawing a key takes a tenth of a second.
                self._salt = secrets.token_bytes(16)
                self._derived = _derive(self._passphrase, self._salt)
            head = _Head(salt=self._salt, nonce=secrets.token_bytes(12))
            cipher = AESGCM(self._derived)
            body = cipher.encrypt(head.nonce, body, msgspec.json.encode(head))
        try:
            replace_private(self.path, msgspec.json.encode(head) + b"\n" + body)
        except OSError as error:
            raise KeyRegisterError(
                f"{self.path}: cannot be written ({error.strerror}). Check the folder."
            ) from error
        self._keys = keys


def read_passphrase(path: Path) -> str:
    """Return the first line of a file that only its owner can read."""
    _check_private(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise KeyRegisterError(
            f"{path}: is not UTF-8 text. Save the passphrase as UTF-8, or make it of plain letters."
        ) from error
    except OSError as error:
        raise KeyRegisterError(
            f"{path}: cannot be read ({error.strerror}). Check whose file it is."
        ) from error
    if not lines or not lines[0]:
        raise KeyRegisterError(f"{path}: holds no passphrase. Write it on the first line.")
    return lines[0]


_RESTORE = "Restore it from a backup; kits whose keys are lost must be provisioned again."


def _read(path: Path) -> tuple[_Head, bytes]:
    _check_private(path)
    try:
        head_line, newline, body = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise KeyRegisterError(
            f"{path}: cannot be read ({error.strerror}). Check whose file it is."
        ) from error
    try:
        head = msgspec.json.decode(head_line, type=_Head)
    except msgspec.DecodeError as error:
        raise KeyRegisterError(f"{path}: damaged, or no key register. {_RESTORE}") from error
    if not newline or head.format != 1:
        raise KeyRegisterError(f"{path}: format {head.format} is not known here. Install a later version.")
    return head, body


def _check_private(path: Path) -> None:
    """Refuse a file of secrets that is absent or that anyone but its owner can read."""
    try:
        mode = path.stat().st_mode & 0o777
    except OSError as error:
        raise KeyRegisterError(f"{path}: cannot be read ({error.strerror}). Check the path.") from error
    if mode & 0o177:
        raise KeyRegisterError(f"{path}: mode {mode:04o} lets others at a secret. Run: chmod 600 {path}")


def _unseal(path: Path, head: _Head, body: bytes, passphrase: str) -> bytes:
    try:
        return AESGCM(_derive(passphrase, head.salt)).decrypt(head.nonce, body, msgspec.json.encode(head))
    except (InvalidTag, ValueError) as error:
        raise KeyRegisterError(f"{path}: wrong passphrase, or the file is damaged. {_RESTORE}") from error


def _derive(passphrase: str, salt: bytes) -> bytes:
    kdf = Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P)
    return kdf.derive(passphrase.encode("utf-8"))
