"""The kit's radio driver at a simulated modem, with a neighbour on its channel, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import virtual
from nspkit.radio import ladder
from nspkit.radio.rui3 import Rui3
from nsplink import airtime, regions
from nsptools.bench.air import Air, Tuning
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.modem_at import Settings

FRAME = bytes(range(24))
AIR_MS = airtime.time_on_air_us(9, 125_000, 5, len(FRAME), 8) // 1000 + 1
SET = Settings(mode=0, frequency_hz=869_475_000, sf=9, sync_word=0x3444)
COMMANDS = [step[0] for step in ladder.STEPS if step[1] == ladder.COMMAND]


class Neighbour:
    """Another radio of the same tuning: what it hears, and what it says over the kit."""

    name = "neighbour"

    def __init__(self, air: Air, tuning: Tuning) -> None:
        self.air, self.tuning = air, tuning
        self.listening_since_s: float | None = 0.0
        self.heard: list[bytes] = []

    def hear(self, data: bytes, _rssi_dbm: int, _snr_db: int) -> None:
        self.heard.append(data)

    async def say(self, data: bytes) -> None:
        done = asyncio.get_running_loop().create_future()
        self.air.transmit(self, data, 5, 8, 14, lambda: done.set_result(None))
        await done


class Bench:
    """A modem on a wire in memory, the driver at the other end, a neighbour on the same channel."""

    def __init__(self, *, settings: Settings | None = SET, pins: bool = True, **options: Any) -> None:
        self.air = Air()
        self.modem = Rui3Modem(self.air, "kit", settings=settings, in_memory=True, **options)
        self.neighbour = Neighbour(self.air, Tuning(869_475_000, 9, 125_000, 0x3444))
        self.air.attach(self.neighbour)
        self.heard: list[bytes] = []
        self.said: list[str] = []
        self.pins = pins
        self.clock = virtual.clock()

    async def start(self) -> Bench:
        await self.modem.start()
        self.radio = Rui3(
            self.modem.host, regions.PHY, self.clock, lambda _r, _s, data: self.heard.append(data),
            self.said.append, lambda: None, self.modem.hands if self.pins else (None, None),
        )  # fmt: skip
        self.task = asyncio.create_task(self.radio.run())
        return self

    async def until(self, state: str = "up", seconds: int = 300) -> int:
        """Wait for a state; how many ms it took."""
        start = self.clock.ms()
        while self.radio.state != state:
            assert self.clock.ms() - start < seconds * 1000, self.said
            await self.clock.sleep_ms(10)
        return self.clock.ms() - start

    async def works(self) -> bool:
        """Whether a frame goes out, and one comes in."""
        await self.radio.send(FRAME, AIR_MS)
        assert self.neighbour.heard[-1] == FRAME
        count = len(self.heard)
        await self.neighbour.say(b"\xe0down")
        await self.clock.sleep_ms(50)
        return len(self.heard) == count + 1

    def steps(self) -> list[str]:
        """Ladder steps that were taken, lowest first."""
        return [step[0] for step in ladder.STEPS if self.radio.counts[step[0]]]


def on_bench(story: Any, **options: Any) -> Any:
    """Run one story in virtual time."""

    async def go() -> Any:
        return await story(await Bench(**options).start())

    return virtual.run(go())
