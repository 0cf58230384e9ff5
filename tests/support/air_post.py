"""A radio of our own on the simulated air: it writes down every frame, and can transmit any."""

from __future__ import annotations

import asyncio

from nsplink import regions
from nsptools.bench.air import Air, Tuning


class Post:
    """On the kits' channel; always listening. ``heard``: the loop's time and the bytes of each frame."""

    def __init__(self, air: Air, name: str) -> None:
        self.name = name
        phy = regions.PHY
        self.tuning = Tuning(
            phy["frequency_hz"], phy["sf"], 1000 * phy["bandwidth_khz"], int(phy["sync_word"], 16)
        )
        self.heard: list[tuple[float, bytes]] = []
        self._air = air
        self.listening_since_s: float | None = air.loop.time()
        air.attach(self)

    def hear(self, data: bytes, rssi_dbm: int, snr_db: int) -> None:  # noqa: ARG002 - what the air hands over
        """Write it down."""
        self.heard.append((self._air.loop.time(), data))

    async def send(self, data: bytes) -> None:
        """Transmit once nobody else is heard, and return when its time on air is over."""
        while self._air.busy(self):  # noqa: ASYNC110 - the air of a bench has no bell
            await asyncio.sleep(0.01)
        done = asyncio.Event()
        self._air.transmit(self, data, coding_rate=5, preamble=8, power_dbm=14, done=done.set)
        await done.wait()
