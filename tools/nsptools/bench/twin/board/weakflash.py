"""Flash that loses its power at a given byte, for a whole twin: slower than cutflash.py, and with nothing of the image in RAM.

Behind ``left`` bytes of programming and erasing the write under way is left torn at that byte, the
supervisor is told and ends this VM. Nothing here allocates once it is made.
"""

import blockdev
import channel

BLOCK_BYTES = blockdev.BLOCK_BYTES
_IOCTL_ERASE = 6
_ERASE_SHARE = 8  # bytes erased in the time of one programmed


class WeakFlash(blockdev.FlashFile):
    """Block device over an open file; ``left``: bytes until the power fails."""

    def __init__(self, file, left) -> None:
        super().__init__(file)
        self._left = left
        self._half = memoryview(b"\xff" * (BLOCK_BYTES // 2))

    def writeblocks(self, block, buffer, offset=0) -> None:
        if len(buffer) < self._left:
            self._left -= len(buffer)
            super().writeblocks(block, buffer, offset)
            return
        self._file.seek(block * BLOCK_BYTES + offset)
        self._file.write(buffer, self._left)
        self._fail()

    def ioctl(self, request, argument) -> int:
        if request != _IOCTL_ERASE:
            return super().ioctl(request, argument)
        if self._left > BLOCK_BYTES // _ERASE_SHARE:
            self._left -= BLOCK_BYTES // _ERASE_SHARE
            return super().ioctl(request, argument)
        self._file.seek(argument * BLOCK_BYTES)
        self._file.write(self._half)
        self._fail()
        return 0

    def _fail(self) -> None:
        channel.power_fails()
