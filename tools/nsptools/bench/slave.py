"""The devices' side of the RS485 line.

Whose part is whose:

- ours: frames by silence and CRC, the choice of the unit, silence for unknown or muted units, for broadcasts
  and for damaged requests, the answering time, *busy*, and each device's refusals (function, address, block
  limit). pymodbus' serial server answers unknown units, separates frames by content and swallows a request
  after noise, as no device does.
- pymodbus': encoding of the answer.

A half request followed by silence is forgotten; while a device answers, the line is not heard.
"""

from __future__ import annotations

import asyncio
import os
import random
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsResponse, ReadDiscreteInputsResponse
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse, ReadInputRegistersResponse

from nsptools.bench.line import BITS_PER_BYTE
from nsptools.bench.registers import (
    BIT_FUNCTIONS,
    BUSY,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    READ_COILS,
    READ_DISCRETE,
    READ_HOLDING,
    READ_INPUT,
    Device,
)

_SILENT_CHARACTERS = 3.5
# A loop on a loaded machine wakes late, and the kernel hands bytes over late: a gap in our reading is
# taken for silence only beyond this. It costs nothing, since devices answer later than this anyway.
_TOLERANCE_S = 0.004
_LONGEST_FRAME = 256
_READ_PDU_LENGTH = 5
_EXCEPTION = 0x80


def crc16(data: bytes) -> bytes:
    """Modbus CRC of a frame's bytes, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


_ANSWERS: Mapping[int, type[ModbusPDU]] = {
    READ_COILS: ReadCoilsResponse,
    READ_DISCRETE: ReadDiscreteInputsResponse,
    READ_HOLDING: ReadHoldingRegistersResponse,
    READ_INPUT: ReadInputRegistersResponse,
}


class RegisterBank:
    """The devices of one bus: request PDU in, answer PDU out."""

    def __init__(self, devices: Sequence[Device]) -> None:
        units = [part for device in devices for part in device.parts]
        self.devices = {device.unit: device for device in units}
        if len(self.devices) != len(units):
            raise ValueError("two devices of one bus have the same unit address")

    def answer(self, unit: int, request: bytes) -> bytes | None:
        """Answer PDU of a unit that exists, for a request PDU of at least one byte.

        It holds data or an exception; None is silence, of a device that has no exceptions.
        """
        device = self.devices[unit]
        code = _refusal(device, request)
        if not code:
            return _data(device, request)
        return None if device.silent_errors else bytes((request[0] | _EXCEPTION, code))


def _refusal(device: Device, request: bytes) -> int:
    """Exception code for a request PDU, 0 when the device gives the data."""
    if request[0] not in _ANSWERS:
        return ILLEGAL_FUNCTION
    if len(request) != _READ_PDU_LENGTH:
        return ILLEGAL_VALUE
    return device.refusal(request[0], *struct.unpack(">HH", request[1:]))


def _data(device: Device, request: bytes) -> bytes:
    """PDU with the data of a read that the device does not refuse."""
    function = request[0]
    address, count = struct.unpack(">HH", request[1:])
    if function in BIT_FUNCTIONS:
        read = device.bits if function == READ_COILS else device.discrete_bits
        answer = _ANSWERS[function](bits=read(address, count))
    else:
        answer = _ANSWERS[function](registers=device.words(address, count))
    return bytes((function,)) + answer.encode()


@dataclass
class StationCounters:
    """What the station heard and said."""

    answered: int = 0
    refused: int = 0  # answered with an exception
    damaged: int = 0  # too short, too long or a wrong CRC
    ignored: int = 0  # another unit, a muted one or a broadcast
    deaf_bytes: int = 0  # came while a device was answering


class Station:
    """All devices of one bus on one serial port. `open` needs a running event loop."""

    def __init__(self, devices: Sequence[Device], baud: int = 19_200, seed: int = 1) -> None:
        self.bank = RegisterBank(devices)
        self.counters = StationCounters()
        self._byte_s = BITS_PER_BYTE / baud
        self._silence_s = _SILENT_CHARACTERS * self._byte_s + _TOLERANCE_S
        self._random = random.Random(f"{seed}/station")
        self._port = -1
        self._heard = bytearray()
        self._last_byte_s = 0.0
        self._silence: asyncio.TimerHandle | None = None
        self._answering: asyncio.Task[None] | None = None
        self._sending_until_s = 0.0
        self._last_answer_s: dict[int, float] = {}

    def open(self, path: str) -> None:
        """Listen on a raw serial port."""
        self._port = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._port, self._listen)

    async def close(self) -> None:
        """Stop listening; a second call does nothing."""
        if self._port < 0:
            return
        asyncio.get_running_loop().remove_reader(self._port)
        if self._silence is not None:
            self._silence.cancel()
        if self._answering is not None:
            self._answering.cancel()
            await asyncio.gather(self._answering, return_exceptions=True)
        os.close(self._port)
        self._port = -1

    def _listen(self) -> None:
        """Take what has come and start the silence timer anew."""
        data = self._read()
        if not data:
            return
        loop = asyncio.get_running_loop()
        busy = self._answering is not None and not self._answering.done()
        if busy or loop.time() < self._sending_until_s:
            self.counters.deaf_bytes += len(data)
            return
        self._heard += data
        del self._heard[_LONGEST_FRAME + 1 :]  # one byte too many is enough to know that it is no frame
        self._last_byte_s = loop.time()
        if self._silence is not None:
            self._silence.cancel()
        self._silence = loop.call_at(self._last_byte_s + self._silence_s, self._frame_ends)

    def _frame_ends(self) -> None:
        """Silence: what was heard is a frame or nothing."""
        before = self._last_byte_s
        self._listen()  # bytes may be waiting when the loop itself was late
        if self._last_byte_s != before:
            return
        frame, self._heard = bytes(self._heard), bytearray()
        self._silence = None
        if not 4 <= len(frame) <= _LONGEST_FRAME or crc16(frame[:-2]) != frame[-2:]:
            self.counters.damaged += 1
            return
        device = self.bank.devices.get(frame[0])
        if device is None or device.mute or not device.hears(frame[1:-2], self._last_byte_s):
            self.counters.ignored += 1
            return
        self._answering = asyncio.get_running_loop().create_task(self._answer(device, frame[1:-2]))

    async def _answer(self, device: Device, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        since_ms = (self._last_byte_s - self._last_answer_s.get(device.unit, float("-inf"))) * 1000
        if since_ms < device.min_gap_ms:
            pdu: bytes | None = bytes((request[0] | _EXCEPTION, BUSY))
        else:
            pdu = self.bank.answer(device.unit, request)
        if pdu is None:
            self.counters.ignored += 1
            return
        due_s = self._last_byte_s + self._random.uniform(*device.reply_ms) / 1000
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        if device.mute:
            return
        frame = bytes((device.reply_unit,)) + pdu
        os.write(self._port, frame + crc16(frame))
        self._sending_until_s = loop.time() + len(frame) * self._byte_s
        self._last_answer_s[device.unit] = self._sending_until_s
        if pdu[0] & _EXCEPTION:
            self.counters.refused += 1
        else:
            self.counters.answered += 1

    def _read(self) -> bytes:
        try:
            return os.read(self._port, 4 * _LONGEST_FRAME)
        except BlockingIOError:
            return b""
