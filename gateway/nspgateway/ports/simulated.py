"""A port without a radio, for exercises, benches and tests: never in the field, where it would hear nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Literal

from nspgateway.clock import Clock
from nspgateway.ports import PortDown, Reception
from nsplink import airtime

# What stands in the place of a serial device in the settings of a demo.
NAME = "simulated"


class SimulatedPort:
    """Frames come from `hear`; what is sent goes to `on_sent` once its time on air by `phy` is over."""

    def __init__(
        self,
        phy: Mapping[str, int | float | str],
        on_reception: Callable[[Reception], object],
        clock: Clock,
        on_sent: Callable[[bytes], object] = lambda _data: None,
    ) -> None:
        self.state: Literal["up", "down"] = "down"
        self.reason = "not started"
        self.cause = "starting"
        self.since = clock.now()
        self.on_sent = on_sent
        self._phy = dict(phy)
        self._on_reception = on_reception
        self._clock = clock

    async def run(self) -> None:
        """Be up until cancelled."""
        self.state, self.reason, self.cause = "up", "", ""
        self.since = self._clock.now()
        try:
            await asyncio.Event().wait()
        finally:
            self.state, self.reason, self.cause = "down", "stopped", "down"
            self.since = self._clock.now()

    def hear(self, reception: Reception) -> None:
        """Let a frame come off the air; one that comes while the port is down is lost, as with any radio."""
        if self.state == "up":
            self._on_reception(reception)

    async def send(self, data: bytes) -> None:
        """Put one frame on the air; returns when its time on air is over. Raises PortDown."""
        if self.state == "down":
            raise PortDown(f"nothing can be sent: {self.reason}")
        phy = self._phy
        bandwidth_hz = int(float(phy["bandwidth_khz"]) * 1000)
        air_us = airtime.time_on_air_us(
            int(phy["sf"]), bandwidth_hz, int(phy["coding_rate"]), len(data), int(phy["preamble"])
        )
        await self._clock.sleep(air_us / 1e6)
        self.on_sent(data)
