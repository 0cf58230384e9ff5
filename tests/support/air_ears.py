"""Radios with nothing but ears, and the few verbs that tests of the air need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from nsptools.bench.air import Air, Transmission, Tuning
from virtual import VirtualLoop

SF9 = Tuning(869_475_000, 9, 125_000, 0x3444)


@dataclass
class Ears:
    """Always listening unless told otherwise."""

    name: str
    tuning: Tuning = SF9
    listening_since_s: float | None = 0.0
    heard: list[tuple[bytes, int, int]] = field(default_factory=list)

    def hear(self, data: bytes, rssi_dbm: int, snr_db: int) -> None:
        self.heard.append((data, rssi_dbm, snr_db))


def run_for(loop: VirtualLoop, seconds: float) -> None:
    """Let this much time pass on the air."""
    loop.run_until_complete(asyncio.sleep(seconds))


def _nothing() -> None:
    return None


def send(
    air: Air,
    radio: Ears,
    data: bytes = b"\xe0frame",
    done: Callable[[], None] = _nothing,
    power_dbm: float = 14,
) -> Transmission:
    """Start a frame at 4/5, preamble 8."""
    return air.transmit(radio, data, 5, 8, power_dbm, done)
