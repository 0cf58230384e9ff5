"""The gateway's data folder: for its own user, and for one gateway at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from nspgateway.errors import StoreError, StoreLocked

PRIVATE = 0o700
_LOCK = "lock"


class FolderLock:
    """Holds a folder until it is closed or the process ends. Raises StoreLocked or StoreError.

    Two gateways on one folder would each refuse the frames that the other has taken.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / _LOCK
        try:
            self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be made ({error.strerror}). Give this user the right to write there."
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise StoreLocked(
                f"{folder}: another gateway works in this folder. Stop it, or give each its own data folder."
            ) from error

    def close(self) -> None:
        """Let the folder go. Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def make_private(folder: Path) -> None:
    """Make the folder, and those above it, if need be; one that is made here is for its owner only.

    Raises OSError.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=PRIVATE, exist_ok=True)


def replace_private(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of a file for its owner only: whole and durable, or unchanged. Raises OSError."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    try:
        # O_EXCL with the mode at birth: never readable by others, not for a moment.
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)  # a full disk needs the room
        raise
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)  # the rename too
    finally:
        os.close(handle)
