"""Time for the whole gateway: one clock, handed to everyone, faster than life in a demo."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The gateway's clock. ``speed`` = its seconds per second on the wall, above 0.

    It starts at the present and follows the monotonic clock, so that a
    correction of the box's date never makes an age jump or run backwards.
    """

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self.speed = speed
        self._wall = self.wall()
        self._start = start or self._wall
        self._from = time.monotonic()

    def now(self) -> datetime:
        """Return this clock's time, UTC and aware."""
        return self._start + timedelta(seconds=(time.monotonic() - self._from) * self.speed)

    def wall(self) -> datetime:
        """Return what the box's date says, UTC and aware: only to compare with."""
        return datetime.now(UTC)

    def offset_s(self) -> float:
        """Return by how much the box's date was set forward (+) or back (-) since the start, in seconds."""
        passed = timedelta(seconds=time.monotonic() - self._from)
        return (self.wall() - self._wall - passed).total_seconds()

    def monotonic(self) -> float:
        """Return wall seconds that only grow; not scaled."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds on the wall; not scaled."""
        await asyncio.sleep(seconds)
