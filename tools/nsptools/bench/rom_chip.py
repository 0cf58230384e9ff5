"""What an ESP32's ROM loader sees of its chip: registers, eFuses and the SPI flash. Pure; no port.

Addresses are those of Espressif's technical reference manuals (UART, SPI1 and eFuse controllers).
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass

SECTOR_BYTES = 4096
_MAGIC_REGISTER = 0x40001000
_SPI_START = 1 << 18
_READ_ID = 0x9F
_CRYSTAL_HZ = 40_000_000
# JEDEC: manufacturer Winbond, SPI NOR; the third byte is the size as a power of two.
_JEDEC = 0x40EF
FIRST_BAUD = 115_200


@dataclass(frozen=True, slots=True)
class Chip:
    """One kind of chip. ``security_id``: None = its ROM does not know GET_SECURITY_INFO.

    ``mac``, ``spi``, ``divider``: addresses of the lower word of the MAC, the SPI controller and the UART's
    divider; ``usr2``, ``w0``: offsets in the SPI controller.
    """

    magic: int
    security_id: int | None
    mac: int
    spi: int
    usr2: int
    w0: int
    divider: int


CHIPS: Mapping[str, Chip] = {
    "esp32": Chip(0x00F01D83, None, 0x3FF5A004, 0x3FF42000, 0x24, 0x80, 0x3FF40014),
    "esp32s3": Chip(0x00000009, 9, 0x60007044, 0x60002000, 0x20, 0x58, 0x60000014),
}


class Registers:
    """Memory as READ_REG and WRITE_REG see it. What is not named here keeps what was written, and begins as zero."""

    def __init__(self, chip: Chip, mac: bytes, flash_bytes: int) -> None:
        self._chip = chip
        self._size_code = flash_bytes.bit_length() - 1
        self._words = {
            _MAGIC_REGISTER: chip.magic,
            chip.mac: int.from_bytes(mac[2:]),
            chip.mac + 4: int.from_bytes(mac[:2]),
            chip.divider: _CRYSTAL_HZ // FIRST_BAUD,
        }

    def read(self, address: int) -> int:
        """Return the word at an address."""
        return self._words.get(address, 0)

    def write(self, address: int, value: int, mask: int) -> None:
        """Write a word's masked bits; a started SPI command is done at once."""
        self._words[address] = (self.read(address) & ~mask | value & mask) & 0xFFFFFFFF
        if address == self._chip.spi and value & _SPI_START:
            self._words[address] = 0
            asked = self.read(self._chip.spi + self._chip.usr2) & 0xFF
            answer = self._size_code << 16 | _JEDEC if asked == _READ_ID else 0
            self._words[self._chip.spi + self._chip.w0] = answer


class Flash:
    """SPI NOR flash: erasing sets whole sectors to ones, writing can only clear bits.

    ``memory``: a bytearray, or a mapped file, of a power of two bytes. ``stuck_at``: a byte that cannot be
    written; ``fades_at``: a byte that changes by itself once it was written and read back.
    """

    def __init__(
        self, memory: bytearray | mmap.mmap, stuck_at: int | None = None, fades_at: int | None = None
    ) -> None:
        self.memory = memory
        self._stuck_at = stuck_at
        self._fades_at = fades_at

    def erase(self, start: int, size: int) -> None:
        """Erase every sector that the span touches."""
        first = start - start % SECTOR_BYTES
        end = -(-(start + size) // SECTOR_BYTES) * SECTOR_BYTES
        self.memory[first:end] = b"\xff" * (end - first)

    def write(self, start: int, data: bytes) -> bool:
        """Write, read back, and tell whether it is as it was meant to be."""
        end = start + len(data)
        old = self.memory[start:end]
        new = bytearray((int.from_bytes(old) & int.from_bytes(data)).to_bytes(len(data)))
        if self._stuck_at is not None and start <= self._stuck_at < end:
            new[self._stuck_at - start] = 0
        self.memory[start:end] = bytes(new)
        is_right = new == data
        if self._fades_at is not None and start <= self._fades_at < end:
            self.memory[self._fades_at] ^= 0xFF
        return is_right
