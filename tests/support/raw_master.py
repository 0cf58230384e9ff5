"""A Modbus master of bytes only, for the bench's devices: it shares no line with them or with the kit."""

import asyncio
import os
import struct
from contextlib import asynccontextmanager

from nsptools.bench.ptys import open_pty
from nsptools.bench.slave import Station
from patience import PATIENCE_S

# A pseudo-terminal has no speed. A station with a real one is deaf while its answer would still be on the wire.
NO_PACE_BAUD = 10_000_000


def crc(data):
    """Modbus CRC, worked the other way round from the usual: mirrored bytes through 8005h, mirrored back."""
    value = 0xFFFF
    for byte in data:
        value ^= int(f"{byte:08b}"[::-1], 2) << 8
        for _ in range(8):
            value = (value << 1 ^ 0x8005) & 0xFFFF if value & 0x8000 else value << 1
    return struct.pack("<H", int(f"{value:016b}"[::-1], 2))


def request(unit, function, address, count):
    """A whole frame."""
    frame = struct.pack(">BBHH", unit, function, address, count)
    return frame + crc(frame)


class RawMaster:
    """Asks on one end of a pseudo-terminal; `station` answers on the other."""

    def __init__(self, station, descriptor):
        self.station = station
        self._descriptor = descriptor

    async def ask(self, frame):
        """Send bytes; gives what came back, empty when the station decided to keep silent."""
        heard, said, reply = self._heard(), self._said(), b""
        os.write(self._descriptor, frame)
        async with asyncio.timeout(PATIENCE_S):
            while self._heard() == heard:  # noqa: ASYNC110 - silence comes without an event
                await asyncio.sleep(0.001)
            # What was said may still be in the kernel's hands.
            while self._said() > said and crc(reply[:-2]) != reply[-2:]:
                try:
                    reply += os.read(self._descriptor, 512)
                except BlockingIOError:
                    await asyncio.sleep(0.001)
        return reply

    async def exchange(self, unit, function, address, count, answers_as=None):
        """Ask; gives the PDU without its frame, whose address and CRC are checked here. None is silence."""
        reply = await self.ask(request(unit, function, address, count))
        if not reply:
            return None
        assert reply[0] == (unit if answers_as is None else answers_as)
        assert reply[-2:] == crc(reply[:-2])
        return reply[1:-2]

    async def words(self, unit, function, address, count, answers_as=None):
        """Registers of a read that must succeed."""
        pdu = await self.exchange(unit, function, address, count, answers_as)
        assert pdu is not None
        assert pdu[:2] == bytes((function, 2 * count))
        return list(struct.unpack(f">{count}H", pdu[2:]))

    async def bits(self, unit, function, address, count):
        """Bits of a read that must succeed."""
        pdu = await self.exchange(unit, function, address, count)
        assert pdu is not None
        assert pdu[:2] == bytes((function, (count + 7) // 8))
        return [bool(pdu[2 + i // 8] >> i % 8 & 1) for i in range(count)]

    def _said(self):
        return self.station.counters.answered + self.station.counters.refused

    def _heard(self):
        """Requests that the station has dealt with, one way or another."""
        counters = self.station.counters
        return counters.answered + counters.refused + counters.damaged + counters.ignored


@asynccontextmanager
async def bus_of(*devices):
    """A master on a bus with these devices. They answer at once: their time is not what is tested."""
    for device in devices:
        device.reply_ms = (0.0, 0.0)
    pty = open_pty()
    station = Station(list(devices), NO_PACE_BAUD)
    station.open(pty.slave_path)
    try:
        yield RawMaster(station, pty.master_fd)
    finally:
        await station.close()
        pty.close()
