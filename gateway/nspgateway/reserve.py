"""A file that holds disk space for what must still be written when there is none."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class Reserve:
    """The file at ``path`` with ``size`` bytes of real blocks; it may be there or not."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    @property
    def held(self) -> int:
        """Bytes of disk that it holds."""
        try:
            return min(self._path.stat().st_blocks * 512, self._size)
        except OSError:
            return 0

    def make(self) -> bool:
        """Take the space; False when there is not enough, and then nothing is taken."""
        try:
            handle = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._size)
            finally:
                os.close(handle)
        except OSError:
            self.give_up()
            return False
        return True

    def give_up(self) -> bool:
        """Give the space to others; False when there was none."""
        had = self.held > 0
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        return had
