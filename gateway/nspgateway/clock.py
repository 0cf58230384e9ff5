"""Time for the whole gateway: one clock, handed to everyone, faster than life in a demo."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The gateway's clock. ``speed`` = its seconds per second on the wall, above 0; ``stepped``: all steps together.

    It starts at the present and follows the monotonic clock, so that a
    correction of the box's date never makes an age jump or run backwards.
    Whoever knows that the box's date is right, and what hangs on it, steps it.
    """

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self.speed = speed
        self._wall = self.wall()
        self._start = start or self._wall
        self._from = self.monotonic()
        self.stepped = timedelta()

    def now(self) -> datetime:
        """Return this clock's time, UTC and aware."""
        return self._start + timedelta(seconds=(self.monotonic() - self._from) * self.speed)

    def wall(self) -> datetime:
        """Return what the box's date says, UTC and aware: only to compare with."""
        return datetime.now(UTC)

    def offset_s(self) -> float:
        """Return how far the box's date is ahead (+) of what this clock takes it for, in seconds.

        0 at the start; then by how much the date was set forward (+) or back (-), and not followed.
        """
        passed = timedelta(seconds=self.monotonic() - self._from)
        return (self.wall() - self._wall - passed).total_seconds()

    def step(self, delta: timedelta) -> None:
        """Go on so much later, or earlier: what was stamped before has to be moved along by the caller."""
        self._start += delta
        self._wall += delta
        self.stepped += delta

    def monotonic(self) -> float:
        """Return wall seconds that only grow; not scaled."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds on the wall; not scaled."""
        await asyncio.sleep(seconds)
