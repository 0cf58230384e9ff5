"""A station's folder: made and written with words for what goes wrong, and changed by one command at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nspgateway.errors import GatewayError
from nspgateway.folder import make_private, replace_private

_LOCK = "lock"


class FolderError(GatewayError):
    """The folder or a file in it cannot be made, or another command works there."""

    exit_code = 2


def make(folder: Path) -> None:
    """Make a folder for its owner only, if need be. Raises FolderError."""
    try:
        make_private(folder)
    except OSError as error:
        raise FolderError(f"{folder}: cannot be made ({error.strerror}). Give another --station.") from error


def put(path: Path, data: bytes) -> bool:
    """Put ``data`` in a file unless it is there already, whole or not at all; tell whether it was not. Raises FolderError."""
    try:
        if path.exists() and path.read_bytes() == data:
            return False
        replace_private(path, data)
    except OSError as error:
        raise FolderError(
            f"{path}: cannot be written ({error.strerror}). Check the folder and the disk, then give the command again."
        ) from error
    return True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other commands from changing the station meanwhile. Raises FolderError when one does.

    Two at once would each write down only what they have done themselves; the other's new keys were lost.
    """
    if not folder.is_dir():  # there is nothing to share yet; whoever makes it looks himself
        yield
        return
    try:
        descriptor = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FolderError(f"{folder}: cannot be written ({error.strerror}). Check the folder.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderError(f"{folder}: another nsp works on this station. Wait for its end.") from error
        yield
    finally:
        os.close(descriptor)
