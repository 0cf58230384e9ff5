"""How a task waits for its next turn."""


class Pace:
    """Waits until the next turn, at most ``tick_ms``: on the board nothing can wake a task that sleeps."""

    def __init__(self, clock, tick_ms: int) -> None:
        self._clock = clock
        self._tick_ms = tick_ms

    async def wait(self, ms: int) -> None:
        """Wait ``ms``, or less."""
        await self._clock.sleep_ms(min(ms, self._tick_ms))

    def wake(self) -> None:
        """Something new has to be looked at: it is, within a tick."""
