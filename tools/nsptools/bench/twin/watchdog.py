"""The watchdog of a board, on the bench's event loop."""

import asyncio
from collections.abc import Callable


class Watchdog:
    """Off until ``start``; then ``bite`` is called when no ``feed`` comes for the time-out.

    ``catch_up`` is called first when the time is over: feeds that already wait in the
    pipe count, so a bench that was busy for a moment does not reset its boards.
    """

    def __init__(self, catch_up: Callable[[], None], bite: Callable[[], None]) -> None:
        self._catch_up = catch_up
        self._bite = bite
        self._timeout_s = 0.0
        self._deadline = 0.0  # loop time at which it bites
        self._timer: asyncio.TimerHandle | None = None  # None: off

    def start(self, timeout_s: float) -> None:
        """Start, or change the time-out, which counts from now."""
        self.stop()
        self._timeout_s = timeout_s
        self._arm()

    def feed(self) -> None:
        """Put the end off. Before ``start`` it does nothing."""
        self._deadline = asyncio.get_running_loop().time() + self._timeout_s

    def stop(self) -> None:
        """Power off."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _arm(self) -> None:
        self.feed()
        self._timer = asyncio.get_running_loop().call_at(self._deadline, self._due)

    def _due(self) -> None:
        loop, timer = asyncio.get_running_loop(), self._timer
        self._catch_up()
        if self._timer is not timer:  # what was caught up with included a reset or a new time-out
            return
        if loop.time() < self._deadline:
            self._timer = loop.call_at(self._deadline, self._due)
            return
        self._timer = None
        self._bite()
