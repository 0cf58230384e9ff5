"""A stand-in for a chip that waits in its ROM loader, on a pseudo-terminal: esptool, unmodified, writes its flash.

After Espressif's documentation "Serial Protocol" (docs.espressif.com, esptool, advanced topics): what the ROM
itself can do. A stub, which esptool would load into the chip's memory and start, cannot run here: --no-stub.
A pseudo-terminal has no lines that reset a chip: --before no-reset --after no-reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import mmap
import os
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Literal

from nsptools.bench.ptys import Pty, open_pty
from nsptools.bench.rom_chip import CHIPS, Flash, Registers

DEFAULT_MAC = bytes.fromhex("02000000a001")
FLASH_BYTES = 8 * 1024 * 1024
_END, _ESCAPE, _ESCAPED_END, _ESCAPED_ESCAPE = 0xC0, 0xDB, 0xDC, 0xDD
_ESCAPED = {_ESCAPED_END: _END, _ESCAPED_ESCAPE: _ESCAPE}
_REQUEST, _ANSWER = 0, 1
_HEADER = struct.Struct("<BBHI")
_SYNC, _SYNC_ANSWERS, _SYNC_VALUE = 0x08, 8, 0x20120707
_SYNC_DATA = b"\x07\x07\x12\x20" + b"\x55" * 32
_BLOCK_BYTES = 0x4000  # of the loader's buffer
_SEED = 0xEF
_READ_BYTES = 65536
_INVALID, _FAILED, _BAD_CHECKSUM, _WRITE_ERROR, _DEFLATE_ERROR = 5, 6, 7, 8, 11
NAMES: Mapping[int, str] = {
    0x02: "FLASH_BEGIN",
    0x03: "FLASH_DATA",
    0x04: "FLASH_END",
    0x08: "SYNC",
    0x09: "WRITE_REG",
    0x0A: "READ_REG",
    0x0B: "SPI_SET_PARAMS",
    0x0D: "SPI_ATTACH",
    0x0F: "CHANGE_BAUDRATE",
    0x10: "FLASH_DEFL_BEGIN",
    0x11: "FLASH_DEFL_DATA",
    0x12: "FLASH_DEFL_END",
    0x13: "SPI_FLASH_MD5",
    0x14: "GET_SECURITY_INFO",
}


@dataclass(frozen=True, slots=True)
class Faults:
    """What can be wrong with a board in its loader.

    ``unplug_after``: pulled out after so many bytes of image; ``mute``: no answer to anything; ``slow_s``: before
    each answer; ``refuse_baud``: it stays at its speed; ``stuck_at``, ``fades_at``: see ``Flash``.
    """

    unplug_after: int | None = None
    mute: bool = False
    slow_s: float = 0.0
    refuse_baud: bool = False
    stuck_at: int | None = None
    fades_at: int | None = None


class _Refusal(Exception):
    """The loader's answer is a failure, with one of its error numbers."""

    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error


@dataclass(slots=True)
class _Download:
    """A download that was begun: where the next block goes, which number it has."""

    at: int
    end: int
    blocks: int
    block_bytes: int
    inflate: zlib._Decompress | None
    next: int = 0


class RomLoader:
    """One chip in its loader, by a link at ``path`` that other programs open as its port; use it from one event loop.

    ``memory``: its flash (default: blank), a bytearray or a mapped file. ``asked`` counts the commands that came;
    ``written`` the bytes of image. ``left``: how it was told to leave the loader, None = it is in there still.
    """

    def __init__(
        self,
        path: Path,
        chip: str = "esp32s3",
        *,
        mac: bytes = DEFAULT_MAC,
        memory: bytearray | mmap.mmap | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.path = path
        self.faults = faults or Faults()
        self.memory = bytearray(b"\xff" * FLASH_BYTES) if memory is None else memory
        self.asked: Counter[str] = Counter()
        self.written = 0
        self.baud = 115_200
        self.left: Literal["reboot", "run"] | None = None
        self._chip = CHIPS[chip]
        self._flash = Flash(self.memory, self.faults.stuck_at, self.faults.fades_at)
        self._registers = Registers(self._chip, mac, len(self.memory))
        self._is_attached = False
        self._download: _Download | None = None
        self._packet = bytearray()
        self._escaped = False
        self._loop = asyncio.get_running_loop()
        self._pty: Pty | None = open_pty()
        self._commands: Mapping[int, Callable[[bytes, int], tuple[int, bytes]]] = {
            0x02: self._flash_begin,
            0x03: self._flash_data,
            0x04: self._flash_end,
            _SYNC: self._sync,
            0x09: self._write_register,
            0x0A: self._read_register,
            0x0B: self._set_parameters,
            0x0D: self._attach,
            0x0F: self._change_baud,
            0x10: self._deflate_begin,
            0x11: self._flash_data,
            0x12: self._flash_end,
            0x13: self._md5,
            0x14: self._security,
        }
        path.unlink(missing_ok=True)
        path.symlink_to(self._pty.slave_path)
        self._loop.add_reader(self._pty.master_fd, self._from_host)

    def unplug(self) -> None:
        """Pull the cable out: the port is gone. Safe to call twice."""
        if self._pty is not None:
            self._loop.remove_reader(self._pty.master_fd)
            self._pty.close()
            self._pty = None
            self.path.unlink(missing_ok=True)

    close = unplug

    def _from_host(self) -> None:
        if self._pty is None:
            return
        try:
            data = os.read(self._pty.master_fd, _READ_BYTES)
        except OSError:
            return
        for packet in self._packets(data):
            if self.faults.slow_s:
                self._loop.call_later(self.faults.slow_s, self._serve, packet)
            else:
                self._serve(packet)

    def _packets(self, data: bytes) -> Iterator[bytes]:
        """Yield each SLIP packet that is complete. What stands before the first end mark is no packet's."""
        for byte in data:
            if byte == _END:
                packet, self._packet, self._escaped = bytes(self._packet), bytearray(), False
                if packet:
                    yield packet
            elif byte == _ESCAPE:
                self._escaped = True
            else:
                self._packet.append(_ESCAPED.get(byte, byte) if self._escaped else byte)
                self._escaped = False

    def _serve(self, packet: bytes) -> None:
        """Answer one command; what is no command gets no answer."""
        if self.faults.mute or self.left or len(packet) < _HEADER.size:
            return
        direction, command, size, checksum = _HEADER.unpack_from(packet)
        data = packet[_HEADER.size :]
        if direction != _REQUEST or size != len(data):
            return
        self.asked[NAMES.get(command, f"{command:#04x}")] += 1
        value, body, status = 0, b"", b"\0\0\0\0"
        try:
            value, body = self._commands.get(command, _unknown)(data, checksum)
        except _Refusal as refusal:
            status = bytes((1, refusal.error, 0, 0))
        except struct.error:
            status = bytes((1, _INVALID, 0, 0))
        answer = body + status
        header = _HEADER.pack(_ANSWER, command, len(answer), value)
        for _ in range(_SYNC_ANSWERS if command == _SYNC else 1):
            self._send(header + answer)

    def _send(self, packet: bytes) -> None:
        mark, escape = bytes((_END,)), bytes((_ESCAPE,))
        inside = packet.replace(escape, bytes((_ESCAPE, _ESCAPED_ESCAPE)))
        inside = inside.replace(mark, bytes((_ESCAPE, _ESCAPED_END)))
        if self._pty is not None:
            with contextlib.suppress(OSError):  # nobody reads
                os.write(self._pty.master_fd, mark + inside + mark)

    # The commands: data and checksum in, value and data out. Raises _Refusal.

    def _sync(self, data: bytes, _: int) -> tuple[int, bytes]:
        if data != _SYNC_DATA:
            raise _Refusal(_INVALID)
        self._download = None
        return _SYNC_VALUE, b""

    def _read_register(self, data: bytes, _: int) -> tuple[int, bytes]:
        (address,) = struct.unpack("<I", data)
        return self._registers.read(address), b""

    def _write_register(self, data: bytes, _: int) -> tuple[int, bytes]:
        # Several writes may come in one packet.
        for address, value, mask, _delay_us in struct.iter_unpack("<IIII", data):
            self._registers.write(address, value, mask)
        return 0, b""

    def _security(self, _: bytes, __: int) -> tuple[int, bytes]:
        if self._chip.security_id is None:
            raise _Refusal(_INVALID)
        return 0, struct.pack("<IB7xII", 0, 0, self._chip.security_id, 0)

    def _attach(self, data: bytes, _: int) -> tuple[int, bytes]:
        struct.unpack("<II", data)
        self._is_attached = True
        return 0, b""

    def _set_parameters(self, data: bytes, _: int) -> tuple[int, bytes]:
        struct.unpack("<6I", data)
        return 0, b""

    def _change_baud(self, data: bytes, _: int) -> tuple[int, bytes]:
        baud, _zero = struct.unpack("<II", data)
        if self.faults.refuse_baud:
            raise _Refusal(_FAILED)
        self.baud = baud
        return 0, b""

    def _flash_begin(self, data: bytes, _: int) -> tuple[int, bytes]:
        self._begin(data, None)
        return 0, b""

    def _deflate_begin(self, data: bytes, _: int) -> tuple[int, bytes]:
        self._begin(data, zlib.decompressobj())
        return 0, b""

    def _begin(self, data: bytes, inflate: zlib._Decompress | None) -> None:
        """Erase what is to be written. A fifth word, on newer chips, asks for encryption, which none of ours has."""
        size, blocks, block_bytes, start = struct.unpack_from("<IIII", data)
        if not self._is_attached:
            raise _Refusal(_FAILED)
        if start + size > len(self.memory) or block_bytes > _BLOCK_BYTES:
            raise _Refusal(_INVALID)
        self._flash.erase(start, size)
        self._download = _Download(start, len(self.memory), blocks, block_bytes, inflate)

    def _flash_data(self, data: bytes, checksum: int) -> tuple[int, bytes]:
        there, size, number = self._download, *struct.unpack_from("<II", data)
        block = data[16:]
        if there is None or size != len(block) or size > there.block_bytes or number >= there.blocks:
            raise _Refusal(_INVALID)
        if number != there.next:
            raise _Refusal(_FAILED)
        if reduce(xor, block, _SEED) != checksum:
            raise _Refusal(_BAD_CHECKSUM)
        self.written += size
        if self.faults.unplug_after is not None and self.written > self.faults.unplug_after:
            self.unplug()
        try:
            plain = block if there.inflate is None else there.inflate.decompress(block)
        except zlib.error:
            raise _Refusal(_DEFLATE_ERROR) from None
        if there.at + len(plain) > there.end:
            raise _Refusal(_INVALID)
        if not self._flash.write(there.at, plain):
            raise _Refusal(_WRITE_ERROR)
        there.at += len(plain)
        there.next += 1
        return 0, b""

    def _flash_end(self, data: bytes, _: int) -> tuple[int, bytes]:
        (how,) = struct.unpack("<I", data)
        self._download = None
        self.left = "run" if how else "reboot"
        return 0, b""

    def _md5(self, data: bytes, _: int) -> tuple[int, bytes]:
        start, size, _zero, _zero2 = struct.unpack("<IIII", data)
        if not self._is_attached or start + size > len(self.memory):
            raise _Refusal(_FAILED)
        return 0, hashlib.md5(self.memory[start : start + size], usedforsecurity=False).hexdigest().encode()


def _unknown(_: bytes, __: int) -> tuple[int, bytes]:
    raise _Refusal(_INVALID)
