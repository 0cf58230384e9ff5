"""Small files that must be whole: written anew beside the old one, then renamed over it.

A cut at any moment leaves the old file or the new one, as far as the file system
keeps its word (LittleFS does); a check inside the file tells when it did not.
"""

import os

_NEW = ".new"


class Files:
    """The files of one folder; ``folder``: path prefix, "" on the board."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """All bytes of a file, or None when there is none or it cannot be read."""
        try:
            with open(self._folder + name, "rb") as file:
                return file.read()
        except OSError:
            return None

    def replace(self, name: str, data: bytes) -> bool:
        """Put ``data`` in the place of a file; whether it reads back. The old one stays when it fails early."""
        new = self._folder + name + _NEW
        try:
            with open(new, "wb") as file:
                file.write(data)
            if self.read(name + _NEW) != data:
                return False
            os.rename(new, self._folder + name)
        except OSError:
            return False
        return self.read(name) == data

    def remove(self, name: str) -> None:
        """Take a file away; it may be gone already."""
        try:
            os.remove(self._folder + name)
        except OSError:
            pass
