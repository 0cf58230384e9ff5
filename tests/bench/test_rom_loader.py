"""The stand-in for a chip's loader, by its bytes: what Espressif's documentation says of the serial protocol."""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
import zlib
from functools import reduce
from operator import xor

import pytest
import pytest_asyncio

from nsptools.bench.ptys import make_raw
from nsptools.bench.rom_loader import Faults, RomLoader
from patience import PATIENCE_S

pytestmark = pytest.mark.asyncio
SIZE = 1024 * 1024
BEGIN, DATA, END, SYNC, WRITE, READ = 2, 3, 4, 8, 9, 10
PARAMETERS, ATTACH, BAUD, DEFLATE, DEFLATED, MD5, SECURITY = 11, 13, 15, 16, 17, 19, 20
OK = b"\0\0\0\0"


class Host:
    """The other side of the port."""

    def __init__(self, rom: RomLoader) -> None:
        self._descriptor = os.open(rom.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        make_raw(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)

    async def ask(self, command: int, data: bytes = b"", checksum: int = 0) -> tuple[int, bytes]:
        """Return value and data of the answer."""
        ((found, value, body), *_) = await self.answers(command, data, checksum)
        assert found == command
        return value, body

    async def answers(self, command: int, data: bytes = b"", checksum: int = 0, count: int = 1) -> list:
        """Return so many answers: command, value and data of each."""
        self.send(struct.pack("<BBHI", 0, command, len(data), checksum) + data)
        said = b""
        async with asyncio.timeout(PATIENCE_S):
            while said.count(b"\xc0") < 2 * count:
                await asyncio.sleep(0.001)
                try:
                    said += os.read(self._descriptor, 65536)
                except BlockingIOError:
                    continue
        packets = [one for one in said.split(b"\xc0") if one]
        found = []
        for packet in packets:
            plain = packet.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
            direction, answered, size, value = struct.unpack_from("<BBHI", plain)
            assert (direction, size) == (1, len(plain) - 8)
            found.append((answered, value, plain[8:]))
        return found

    def send(self, packet: bytes) -> None:
        inside = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        os.write(self._descriptor, b"\xc0" + inside + b"\xc0")

    async def write(self, block: bytes, number: int, command: int = DATA) -> bytes:
        """Send a block with its checksum; return the status."""
        head = struct.pack("<IIII", len(block), number, 0, 0)
        return (await self.ask(command, head + block, reduce(xor, block, 0xEF)))[1]


@pytest_asyncio.fixture
async def rom(tmp_path, request):
    """Set up a chip in its loader, and the host at its port."""
    made = RomLoader(tmp_path / "tty", getattr(request, "param", "esp32s3"), memory=bytearray(b"\xff" * SIZE))
    yield made
    made.close()


@pytest_asyncio.fixture
async def host(rom):
    made = Host(rom)
    yield made
    made.close()


async def test_a_sync_is_answered_eight_times_and_noise_before_it_not_at_all(rom, host):
    """The host finds the speed by it; what is no command gets no answer."""
    host.send(b"\x03\x03\x01rubbish")
    found = await host.answers(SYNC, b"\x07\x07\x12\x20" + b"\x55" * 32, count=8)
    assert len(found) == 8
    assert all(one[0] == SYNC and one[1] and one[2] == OK for one in found)
    assert rom.asked == {"SYNC": 1}


async def test_a_block_is_written_once_it_is_right(rom, host):
    """Not before the flash is attached; only the next number, with its checksum; every byte value comes through."""
    begin = struct.pack("<IIIII", 4096, 2, 256, 0x2000, 0)
    assert (await host.ask(BEGIN, begin))[1][:2] == b"\x01\x06"
    assert (await host.ask(ATTACH, bytes(8)))[1] == OK
    assert (await host.ask(PARAMETERS, struct.pack("<6I", 0, SIZE, 65536, 4096, 256, 0xFFFF)))[1] == OK
    rom.memory[0x2000:0x4000] = bytes(0x2000)
    assert (await host.ask(BEGIN, begin))[1] == OK
    assert rom.memory[0x2000:0x4000] == b"\xff" * 0x1000 + bytes(0x1000)
    block = bytes(range(256))
    assert (await host.write(block, 1))[:2] == b"\x01\x06"
    assert (await host.ask(DATA, struct.pack("<IIII", 256, 0, 0, 0) + block, 1))[1][:2] == b"\x01\x07"
    assert (await host.write(block, 0)) == OK
    assert (await host.write(block, 1)) == OK
    assert (await host.write(block, 2))[:2] == b"\x01\x05"
    assert rom.memory[0x2000:0x2200] == block * 2
    value = (await host.ask(MD5, struct.pack("<IIII", 0x2000, 512, 0, 0)))[1]
    assert value == hashlib.md5(block * 2, usedforsecurity=False).hexdigest().encode() + OK


async def test_compressed_blocks_are_written_as_they_unfold(rom, host):
    """A stream over several blocks, and one that is none."""
    await host.ask(ATTACH, bytes(8))
    data = bytes(range(256)) * 16
    packed = zlib.compress(data)
    blocks = [packed[at : at + 100] for at in range(0, len(packed), 100)]
    await host.ask(DEFLATE, struct.pack("<IIII", len(data), len(blocks), 100, 0))
    assert [await host.write(block, n, DEFLATED) for n, block in enumerate(blocks)] == [OK] * len(blocks)
    assert rom.memory[: len(data)] == data
    await host.ask(DEFLATE, struct.pack("<IIII", len(data), 1, 100, 0))
    assert (await host.write(b"no stream", 0, DEFLATED))[:2] == b"\x01\x0b"


@pytest.mark.parametrize(
    ("rom", "word", "knows"), [("esp32", 0x00F01D83, False), ("esp32s3", 9, True)], indirect=["rom"]
)
async def test_each_chip_says_what_it_is_in_its_own_way(rom, host, word, knows):
    """The older one by a word in its ROM, the newer by a command that the older does not know."""
    assert (await host.ask(READ, struct.pack("<I", 0x40001000)))[0] == word
    body = (await host.ask(SECURITY))[1]
    if knows:
        assert struct.unpack("<IB7xII", body[:-4])[2] == 9
    else:
        assert body[:2] == b"\x01\x05"


async def test_registers_keep_what_is_written_and_flash_beyond_its_end_is_refused(rom, host):
    """A mask leaves the other bits; no block goes where no flash is; short commands are invalid."""
    await host.ask(WRITE, struct.pack("<IIII", 0x60001000, 0xFFFF, 0x0F0F, 0))
    assert (await host.ask(READ, struct.pack("<I", 0x60001000)))[0] == 0x0F0F
    await host.ask(ATTACH, bytes(8))
    assert (await host.ask(BEGIN, struct.pack("<IIII", 4096, 4, 1024, SIZE)))[1][:2] == b"\x01\x05"
    assert (await host.ask(READ, b"\0"))[1][:2] == b"\x01\x05"
    assert (await host.ask(0xD0))[1][:2] == b"\x01\x05"  # only a stub erases by command


async def test_the_speed_is_changed_or_not_and_the_loader_is_left(tmp_path, rom, host):
    """460,800 baud where it can; after its last command it answers no more."""
    await host.ask(BAUD, struct.pack("<II", 460_800, 0))
    assert rom.baud == 460_800
    assert (await host.ask(END, struct.pack("<I", 0)))[1] == OK
    assert rom.left == "reboot"
    slow = RomLoader(tmp_path / "slow", faults=Faults(refuse_baud=True, slow_s=0.01))
    other = Host(slow)
    assert (await other.ask(BAUD, struct.pack("<II", 460_800, 0)))[1][:2] == b"\x01\x06"
    assert slow.baud == 115_200
    other.close()
    slow.close()
