"""A disk of a few megabytes that can really be full: a tmpfs of its own, for root or in a container that lets us mount."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MB = 1 << 20


class SmallDisk:
    """A mounted disk at ``path``; ``fill`` leaves so many bytes free, ``empty`` takes the filler away."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, left: int = 0) -> None:
        """Let something else take the space."""
        with self._filler.open("ab") as file:
            while self.free > left:
                try:
                    file.write(bytes(min(self.free - left, MB)))
                    file.flush()
                except OSError:
                    break

    def empty(self) -> None:
        """Give it all back."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, size_mb: int) -> Iterator[SmallDisk]:
    """Mount a disk of this size; skip the test where this machine does not let us."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=700", "nsp-test", str(path)]
    try:
        mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount command: a really full disk needs a disk of its own")
    if mounted.returncode:
        pytest.skip(f"a really full disk needs a disk of its own: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
