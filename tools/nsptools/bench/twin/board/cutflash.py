"""Flash that loses its power: ``cutflash.py MODULES IMAGE SCRIPT BYTES SEED [ARGUMENT...]`` (host paths).

SCRIPT, which may import from the folder MODULES, is loaded first: that spares reading the firmware
out of the image at every boot. Then its ``run(*arguments)`` runs with the image as its root until
so many bytes of flash were programmed or erased, and this VM is killed in the middle of that
write. It is never ended by an exception: the dead file objects would later be closed into the image,
as on no board. An erase counts as 512 bytes: by its true share of the time few cuts would hit
anything else.
"""

import random
import sys
import time

import blockdev

BLOCK_BYTES = blockdev.BLOCK_BYTES
# The last word on standard output: whoever started this VM kills it when it sees this.
LAST_WORD = "\0"
_IOCTL_ERASE = 6
_ERASE_STEP = 8  # bytes erased in the time of one programmed


@micropython.viper  # noqa: F821  a builtin of MicroPython
def _copy(buffer: ptr8, cells: ptr8, start: int, length: int):  # noqa: ANN202, F821  its own kinds of pointers
    for at in range(length):
        buffer[at] = cells[start + at]


@micropython.viper  # noqa: F821  as above
def _program(cells: ptr8, start: int, data: ptr8, slow: ptr8, length: int, whole: int):  # noqa: ANN202, F821  its own kinds of pointers
    """Bits only go from 1 to 0; behind ``whole`` bytes the power fails and slow bits stay 1."""
    for at in range(length):
        cells[start + at] = cells[start + at] & (data[at] if at < whole else data[at] | slow[at])


@micropython.viper  # noqa: F821  as above
def _erase(cells: ptr8, start: int, slow: ptr8, length: int, whole: int):  # noqa: ANN202, F821  its own kinds of pointers
    """Bits go to 1; behind ``whole`` bytes the slow ones have not."""
    for at in range(length):
        cells[start + at] = 0xFF if at < whole else cells[start + at] | (slow[at] ^ 0xFF)


class CutFlash(blockdev.FlashFile):
    """Block device that loses its power after ``left`` bytes of programming and erasing.

    What was under way is left torn: half of the cuts end sharply, in the middle of a byte, the
    others leave weak bits in all the rest. Nothing here allocates once it is made. It reads from a copy
    in RAM, so that a cut costs a few ms.
    """

    def __init__(self, file, left, seed) -> None:
        super().__init__(file)
        self._left = left
        random.seed(seed)
        # Bits that need longer than the power lasts.
        self._slow = bytes([random.getrandbits(8) for _ in range(256)]) * (BLOCK_BYTES // 256)
        self._sharp = random.getrandbits(1)
        self._cells = bytearray(self._blocks * BLOCK_BYTES)
        file.seek(0)
        file.readinto(self._cells)

    def readblocks(self, block, buffer, offset=0) -> None:
        _copy(buffer, self._cells, block * BLOCK_BYTES + offset, len(buffer))

    def writeblocks(self, block, buffer, offset=0) -> None:
        start, length, left = block * BLOCK_BYTES + offset, len(buffer), self._left
        whole = length < left
        _program(self._cells, start, buffer, self._slow, length if whole else self._reach(length, left), left)
        self._store(start, length, left - length if whole else 0)

    def ioctl(self, request, argument) -> int:
        if request != _IOCTL_ERASE:
            return super().ioctl(request, argument)
        start, left = argument * BLOCK_BYTES, self._left * _ERASE_STEP
        whole = left > BLOCK_BYTES
        _erase(self._cells, start, self._slow, BLOCK_BYTES if whole else self._reach(BLOCK_BYTES, left), left)
        self._store(start, BLOCK_BYTES, (left - BLOCK_BYTES) // _ERASE_STEP if whole else 0)
        return 0

    def _reach(self, length, left) -> int:
        """How many bytes a cut write touches at all."""
        return min(left + 1, length) if self._sharp else length

    def _store(self, start, length, left) -> None:
        self._file.seek(start)
        self._file.write(self._cells, start, length)
        self._left = left
        if not left:
            sys.stdout.write(LAST_WORD)
            while True:
                time.sleep_ms(1000)


def _main(modules, image, script, left, seed, arguments) -> None:
    sys.path.append(modules)
    host = blockdev.host_files()
    variables = {"__name__": "script"}
    with host.open(script, "r") as file:
        exec(compile(file.read(), script, "exec"), variables)  # noqa: S102  the script of a test
    flash = CutFlash(host.open(image, "r+b"), int(left), int(seed))
    blockdev.mount_as_root(blockdev.vfs.VfsLfs2(flash))
    variables["run"](*arguments)


if __name__ == "__main__":
    _main(*sys.argv[1:6], sys.argv[6:])
