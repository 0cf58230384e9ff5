"""Flash of the twin: a file as a block device, and LittleFS on it.

Runs inside the MicroPython VM. The methods of ``FlashFile`` do not allocate:
LittleFS may call them while the heap is locked, and a collection in the middle
of a write would be a fault that no board shows.
"""

import os
import sys

import vfs

BLOCK_BYTES = 4096  # an erase sector of the ESP32's flash

_IOCTL_COUNT = 4
_IOCTL_SIZE = 5
_IOCTL_ERASE = 6


class FlashFile:
    """Block device over an open binary file whose size is a multiple of 4,096 bytes."""

    def __init__(self, file) -> None:
        self._file = file
        self._blocks = file.seek(0, 2) // BLOCK_BYTES
        self._erased = b"\xff" * BLOCK_BYTES

    def readblocks(self, block, buffer, offset=0) -> None:
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0) -> None:
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.write(buffer)

    def ioctl(self, request, argument) -> int:
        if request == _IOCTL_COUNT:
            return self._blocks
        if request == _IOCTL_SIZE:
            return BLOCK_BYTES
        if request == _IOCTL_ERASE:
            self._file.seek(argument * BLOCK_BYTES)
            self._file.write(self._erased)
        return 0


def host_files() -> vfs.VfsPosix:
    """The PC's file system, unmounted: only who holds this object can reach it."""
    return vfs.VfsPosix("/")


def open_image(host, path) -> vfs.VfsLfs2:
    """The LittleFS of the image file at ``path``; OSError when it does not mount."""
    return vfs.VfsLfs2(FlashFile(host.open(path, "r+b")))


def mount_as_root(filesystem) -> None:
    """Make ``filesystem`` all that the board sees, with the module path of an ESP32."""
    vfs.umount("/")
    vfs.mount(filesystem, "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
