"""One clock for all of the kit: milliseconds that never wrap.

The board's ``ticks_ms`` wraps after 2**30 ms (12.4 days) and its difference is
only right within half of that, so the clock must be read at least once a
minute; the supervisor does. No wall-clock time leaves the kit.
"""


class Clock:
    """Milliseconds since start, extended from a wrapping counter.

    ``ticks_ms()`` and ``ticks_diff(a, b)`` as on the board; ``sleep_ms`` is a
    coroutine function.
    """

    def __init__(self, ticks_ms, ticks_diff, sleep_ms) -> None:
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._last = ticks_ms()
        self._ms = 0
        self.sleep_ms = sleep_ms

    def ms(self) -> int:
        """Milliseconds since the clock was made; rises for ever."""
        ticks = self._ticks_ms()
        self._ms += self._ticks_diff(ticks, self._last)
        self._last = ticks
        return self._ms
