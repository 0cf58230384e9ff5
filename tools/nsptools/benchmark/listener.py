"""A radio beside the kits that receives every frame and opens it with one kit's key."""

from __future__ import annotations

import asyncio

from nsplink import frame, message, regions, seal
from nsptools.bench.air import Air, Tuning


class Listener:
    """Listens from the moment it is made, tuned as every kit is. ``heard``: frames as they came off the air."""

    def __init__(self, air: Air, key: bytes, name: str = "listener") -> None:
        phy = regions.PHY
        self.name = name
        self.tuning = Tuning(
            int(phy["frequency_hz"]),
            int(phy["sf"]),
            int(phy["bandwidth_khz"]) * 1000,
            int(str(phy["sync_word"]), 16),
        )
        self.listening_since_s = air.loop.time()
        self.heard: list[bytes] = []
        self._key = seal.UplinkKey(key)
        self._came = asyncio.Event()
        air.attach(self)

    def hear(self, data: bytes, rssi_dbm: int, snr_db: int) -> None:  # noqa: ARG002 - as the air calls it
        """Take a frame; called by the air."""
        self.heard.append(data)
        self._came.set()

    def opened(self, index: int) -> tuple[frame.Header, dict[str, int | str | None]]:
        """Header and values of a frame heard. Raises nsplink's FrameError when the key does not open it."""
        data = self.heard[index]
        header, _ = frame.parse(data)
        payload = self._key.open(data, header, header.counter)
        return header, message.decode(header.kind, payload)

    async def wait(self, count: int, timeout_s: float) -> None:
        """Return once so many frames came; TimeoutError when they do not."""
        async with asyncio.timeout(timeout_s):
            while len(self.heard) < count:
                self._came.clear()
                await self._came.wait()
