"""What a technician's bench has: a station made from a list, an image, a board in its loader that becomes a twin."""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from nspkit import pins
from nsptools.bench.ptys import Pty, open_pty
from nsptools.bench.rom_loader import DEFAULT_MAC, Faults, RomLoader
from nsptools.bench.twin import Twin, make_image
from nsptools.flash import image as images
from nsptools.flash.image import Image
from nsptools.station import sitelist
from nsptools.station.station import Station

FLASH_BYTES = 4 * 1024 * 1024
MAC = ":".join(f"{byte:02x}" for byte in DEFAULT_MAC)
_CHIP_IDS = {"esp32": 0, "esp32s3": 9, "esp32c3": 5}
_OFFSETS = {"esp32": 0x1000}
_PARTITIONS = ((1, 2, 0x9000, 0x6000), (0, 0, 0x10000, 0x1F0000), (1, 0x81, 0x200000, 0x200000))
FLASH_S = 400.0


def image_bytes(chip: str = "esp32s3", *, partitions: bool = True, end: int = FLASH_BYTES) -> bytes:
    """Return what has an image's head and its table of partitions; the rest is noise that cannot be compressed."""
    data = bytearray(48 * 1024)
    data[:4] = b"\xe9\x01\x02\x2f"
    data[12] = _CHIP_IDS[chip]
    noise = b"".join(hashlib.sha256(bytes((n, n >> 8))).digest() for n in range(256))
    data[1024 : 1024 + len(noise)] = noise
    if partitions:
        at = 0x8000 - _OFFSETS.get(chip, 0)
        for kind, sub, start, size in (*_PARTITIONS[:-1], (1, 0x81, 0x200000, end - 0x200000)):
            struct.pack_into("<HBBII16sI", data, at, 0x50AA, kind, sub, start, size, b"part", 0)
            at += 32
    return bytes(data)


def image_of(folder: Path, chip: str = "esp32s3", **how: int) -> Image:
    """Write such an image to a file and read it as the flasher does."""
    path = folder / f"{chip}.bin"
    data = image_bytes(chip, **how)
    path.write_bytes(data)
    return images.read(path, hashlib.sha256(data).hexdigest())


def station_of(folder: Path, *names: str, board: str = "", passphrase: str | None = None) -> Station:
    """Make a station with a kit for each name; without a passphrase its keys are in the clear."""
    given = {"region": "regio-oost", "cp": "kazerne-oost", "cp_number": 17}
    lines = "name;number;municipality;latitude;longitude;devices;tank_litres;rated_kw;board\n" + "".join(
        f"{name};{number};Lindendam;52,09;5,12;generator:dse7320mk2@10;60;10;{board}\n"
        for number, name in enumerate(names, 1)
    )
    path = folder / "sites.csv"
    path.write_text(lines)
    made = Station.create(folder / "station", given, passphrase, demo=passphrase is None)
    made.apply(path, sitelist.read(path, region="regio-oost", cp="kazerne-oost"))
    return made


class Bench:
    """One port: a chip in its loader, and after ``press_reset`` the twin that MicroPython on it is. Closed by ``end``."""

    def __init__(self, folder: Path, faults: Faults | None = None, *, chip: str = "esp32s3") -> None:
        self.port = folder / "usb0"
        self.folder = folder
        self.rom = RomLoader(self.port, chip, memory=bytearray(b"\xff" * FLASH_BYTES), faults=faults)
        self.twin: Twin | None = None
        self._wires: list[Pty] = []

    async def press_reset(self, unique_id: bytes = DEFAULT_MAC) -> None:
        """Let the chip leave its loader: its port becomes the twin's."""
        self.rom.close()
        flash = self.folder / "flash.img"
        await asyncio.to_thread(make_image, flash, {})
        self._wires = [open_pty(), open_pty()]
        uarts = dict(enumerate((wire.slave_path for wire in self._wires), 1))
        self.twin = Twin("board", flash, uarts, {1: pins.UARTS[1]["de"]}, unique_id=unique_id, usb=self.port)
        await self.twin.start()

    async def end(self) -> None:
        """Switch everything off. Safe to call twice."""
        self.rom.close()
        if self.twin is not None:
            await self.twin.kill()
        for wire in self._wires:
            wire.close()


async def nsp(
    *arguments: object, on_line: Callable[[str], None] = lambda _line: None, **environment: str
) -> tuple[int, str]:
    """Run the command as a technician does; return its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("nsp"), *map(str, arguments)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | environment,
    )
    said = ""
    assert process.stdout is not None
    async with asyncio.timeout(FLASH_S):
        async for line in process.stdout:
            said += line.decode()
            on_line(line.decode())
        return await process.wait(), said
