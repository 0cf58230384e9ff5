"""The flash that loses its power behaves as a chip does: bits fall one way, a cut leaves half a write."""

import random
from pathlib import Path

import pytest

import nsptools.bench.twin
from nsptools.bench.twin import ImageError
from nsptools.bench.twin.powercut import PowerCuts

BOARD = Path(nsptools.bench.twin.__file__).parent / "board"
BLOCK = 4096
WRITE = f"""
import sys
sys.path.append({str(BOARD)!r})
import micropython
from cutflash import CutFlash
image, left, seed, verb, data = sys.argv[1:]
flash = CutFlash(open(image, "r+b"), int(left), int(seed))
data = bytes.fromhex(data)
seen = bytearray(len(data))
micropython.heap_lock()
if verb == "program":
    flash.writeblocks(1, data, 32)
else:
    flash.ioctl(6, 1)
flash.readblocks(1, seen, 32)
micropython.heap_unlock()
print(seen.hex())
"""


@pytest.fixture
def bench(tmp_path):
    image, script = tmp_path / "flash.img", tmp_path / "write.py"
    image.write_bytes(b"\xff" * 3 * BLOCK)
    script.write_text(WRITE)
    with PowerCuts(image, script) as cuts:

        def write(left, seed, verb, data):
            status, said = cuts.run(script, image, left, seed, verb, data.hex())
            return status, said.strip(), image.read_bytes()

        write.image = image
        yield write


def test_programming_only_clears_bits_and_an_erase_sets_them(bench):
    """A file system that wrote over cells without erasing them would be found out, as on the chip; nothing allocates."""
    assert bench(10_000, 1, "program", b"\x0f\xf0\xff") == (0, "0ff0ff", bench.image.read_bytes())
    status, said, cells = bench(10_000, 1, "program", b"\xf3\x3f\x55")
    assert (status, said) == (0, "033055")
    assert cells == b"\xff" * (BLOCK + 32) + b"\x03\x30\x55" + b"\xff" * (2 * BLOCK - 35)
    assert bench(10_000, 1, "erase", b"\xff") == (0, "ff", b"\xff" * 3 * BLOCK)


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_leaves_half_a_write(bench, seed):
    """Behind the byte at which the power went a cell has its old bits, its new ones, or some of each."""
    data = random.Random(seed).randbytes(64)
    left = 1 + 7 * seed
    status, said, cells = bench(left, seed, "program", data)
    assert (status, said) == (9, "")  # SIGKILL, and not a word after it
    torn = cells[BLOCK + 32 : BLOCK + 96]
    assert torn[:left] == data[:left]
    assert torn != data
    assert all(cell & byte == byte for cell, byte in zip(torn, data, strict=True))
    assert cells[: BLOCK + 32] + cells[BLOCK + 96 :] == b"\xff" * (3 * BLOCK - 64)


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_leaves_half_an_erase(bench, seed):
    """A sector that lost its power while it was erased is neither empty nor as it was."""
    old = random.Random(seed).randbytes(BLOCK)
    bench.image.write_bytes(bytes(BLOCK) + old + bytes(BLOCK))
    status, _, cells = bench(1 + 50 * seed, seed, "erase", b"")
    assert status == 9
    torn = cells[BLOCK : 2 * BLOCK]
    whole = 8 * (1 + 50 * seed)
    assert torn[:whole] == b"\xff" * whole
    assert torn not in {old, b"\xff" * BLOCK}
    assert all(cell & byte == byte for cell, byte in zip(torn, old, strict=True))
    assert cells[:BLOCK] + cells[2 * BLOCK :] == bytes(2 * BLOCK)


def test_a_flash_that_does_not_mount_is_said(tmp_path):
    """A power cut that had destroyed the file system would not pass for another cut."""
    image, script = tmp_path / "flash.img", tmp_path / "script.py"
    image.write_bytes(bytes(8 * BLOCK))
    script.write_text("def run():\n    print('up')\n")
    with (
        PowerCuts(image, script) as cuts,
        pytest.raises(ImageError, match=r"(?s)script\.py failed on .*OSError"),
    ):
        cuts.boot(1000, 1)
