"""A raw Modbus RTU master of its own, and a simulated generator controller alone on a bus for it to ask.

Nothing of the bench's own framing is used: raw bytes on the pseudo-terminal, its own CRC.
"""

import asyncio
import contextlib
import os
import struct
import termios
import tty

from nsptools.bench.profiles import demo_spec
from nsptools.bench.site import Site
from patience import PATIENCE_S


def checksum(data: bytes) -> bytes:
    """Modbus CRC, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 * (value & 1))
    return value.to_bytes(2, "little")


class Asker:
    """A raw RTU master on one pseudo-terminal."""

    def __init__(self, path, unit):
        self.port = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.port, termios.TCSANOW)
        self.unit = unit
        self.heard = asyncio.Queue()
        asyncio.get_running_loop().add_reader(self.port, self._take)

    def _take(self):
        with contextlib.suppress(BlockingIOError):
            self.heard.put_nowait(os.read(self.port, 512))

    def close(self):
        asyncio.get_running_loop().remove_reader(self.port)
        os.close(self.port)

    async def raw(self, frame, length, wait_s=PATIENCE_S):
        """Send bytes; what comes until so many bytes, an exception's five or the end of the wait."""
        os.write(self.port, frame)
        answer = b""
        try:
            async with asyncio.timeout(wait_s):
                while len(answer) < length and not (len(answer) >= 5 and answer[1] & 0x80):
                    answer += await self.heard.get()
        except TimeoutError:
            pass
        return answer

    async def pdu(self, body, length, wait_s=PATIENCE_S):
        """PDU of the answer to a PDU, frame and address checked; None when nothing comes."""
        frame = bytes((self.unit,)) + body
        answer = await self.raw(frame + checksum(frame), length + 3, wait_s)
        if not answer:
            return None
        assert answer[0] == self.unit
        assert checksum(answer[:-2]) == answer[-2:], answer.hex(" ")
        return answer[1:-2]

    async def words(self, address, count=1, function=3):
        pdu = await self.pdu(struct.pack(">BHH", function, address, count), 2 + 2 * count)
        assert pdu[:2] == bytes((function, 2 * count)), pdu.hex(" ")
        return list(struct.unpack(f">{count}H", pdu[2:]))

    async def coils(self, address, count):
        size = -(-count // 8)
        pdu = await self.pdu(struct.pack(">BHH", 1, address, count), 2 + size)
        assert pdu[:2] == bytes((1, size)), pdu.hex(" ")
        return [pdu[2 + i // 8] >> i % 8 & 1 for i in range(count)]

    async def refused(self, function, address, count=1):
        """The exception code of a read; 0 when it is answered."""
        pdu = await self.pdu(struct.pack(">BHH", function, address, count), 2 + 2 * count)
        return pdu[1] if pdu[0] & 0x80 else 0


@contextlib.asynccontextmanager
async def bus(model, plant=None, *, quick=True):
    """A site with one controller whose plant stands still, and a master on its wire."""
    plant = plant or demo_spec(0)
    site = Site("A", spec_with(plant, model), speed=0, baud=115_200)
    site.plant.step(60)
    if quick:
        site.set("generator.reply_ms", 0)
    await site.start()
    asker = Asker(site.bus_path, site.devices["generator"].unit)
    try:
        yield site, asker
    finally:
        asker.close()
        await site.stop()


def spec_with(plant, model, **changes):
    """The plant with this controller alone on its bus."""
    fields = {name: getattr(plant, name) for name in plant.__dataclass_fields__}
    return type(plant)(**(fields | {"devices": ("generator",), "models": {"generator": model}} | changes))
