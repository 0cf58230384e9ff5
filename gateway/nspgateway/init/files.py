"""Where the files of a box lie, and how one is put in its place: whole, durable, with its mode from birth."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nspgateway.errors import GatewayError

SECRET = 0o600
PUBLIC = 0o644
PRIVATE_FOLDER = 0o700


class InitError(GatewayError):
    """The box's files cannot be made or changed; the text says why and what to do."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """The files in a box's folder. Each folder under it is for one user alone."""

    folder: Path

    @property
    def config(self) -> Path:
        """gateway.toml; no secrets."""
        return self.folder / "gateway.toml"

    @property
    def ca(self) -> Path:
        """The CA's certificate: public, what a client trusts."""
        return self.folder / "ca.pem"

    @property
    def authority(self) -> Path:
        """Folder of the CA's key: root's."""
        return self.folder / "ca"

    @property
    def ca_key(self) -> Path:
        """The CA's key."""
        return self.authority / "ca.key"

    @property
    def gateway(self) -> Path:
        """Folder of the gateway's and the page's certificates and keys: the gateway's user's."""
        return self.folder / "gateway"

    @property
    def broker(self) -> Path:
        """Folder of Mosquitto: its user's."""
        return self.folder / "mosquitto"

    @property
    def clients(self) -> Path:
        """Folder of passwords that wait to be handed over: root's."""
        return self.folder / "clients"

    def password(self, client: str) -> Path:
        """Return the file of one client's password."""
        return self.clients / f"{client}.password"

    def made(self) -> list[Path]:
        """Return what is there of all that `init` makes."""
        ours = (self.config, self.ca, self.authority, self.gateway, self.broker, self.clients)
        return [path for path in ours if path.exists() or path.is_symlink()]


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn an OSError in the block into an InitError; ``doing``: what failed, for instance "read ca.key"."""
    try:
        yield
    except OSError as error:
        name = f" {error.filename}" if error.filename else ""
        raise InitError(
            f"cannot {doing}:{name} ({error.strerror}). Run this as root, and check disk and folder."
        ) from error


def put(path: Path, data: bytes, mode: int = SECRET) -> None:
    """Put a file in its place, or in that of its predecessor. It belongs to the owner of its folder."""
    beside = path.with_name(path.name + ".new")
    with told("write"):
        beside.unlink(missing_ok=True)
        # O_EXCL with the mode at birth: a secret is never readable by others, not for a moment.
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)  # a umask may have taken reading away from what is public
            _give(file.fileno(), path.parent)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync(path.parent)


def put_folder(folder: Path, contents: Mapping[str, bytes], owner: int | None) -> None:
    """Make a private folder with secret files in it, whole or not at all. ``owner``: a user id, for root only."""
    beside = folder.with_name(f".{folder.name}.new")
    with told("make"):
        for left in beside.glob("*"):  # of a run that was cut off
            left.unlink()
        beside.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        beside.chmod(PRIVATE_FOLDER)
        if owner is not None:
            os.chown(beside, owner, -1)
    for name, data in contents.items():
        put(beside / name, data)
    with told("make"):
        beside.rename(folder)
        _sync(folder.parent)


def read_private(path: Path) -> bytes:
    """Read a secret. Raises InitError when others can read it, or list its folder."""
    with told("read"):
        for place, mask, cure in ((path, 0o077, "600"), (path.parent, 0o077, "700")):
            mode = place.stat().st_mode & 0o777
            if mode & mask:
                raise InitError(
                    f"{place}: mode {mode:04o} lets others at a secret. Find out who could read it; "
                    f"then run: chmod {cure} {place}"
                )
        return path.read_bytes()


def read_public(path: Path) -> bytes:
    """Read a file. Raises InitError."""
    with told("read"):
        return path.read_bytes()


def _give(descriptor: int, folder: Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
