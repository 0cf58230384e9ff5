"""Whether the point is in an exercise, and until when. No I/O; time is an argument."""


class Exercise:
    """Begun and ended by the coordinating point; it ends by itself where an end was named, and with a reboot."""

    def __init__(self) -> None:
        self._is_on = False
        self._until_ms: int | None = None

    def begin(self, minutes: int | None, now_ms: int) -> None:
        """It begins, or goes on so long from now; None = until it is ended."""
        self._is_on = True
        self._until_ms = None if minutes is None else now_ms + minutes * 60_000

    def end(self) -> None:
        """It is over."""
        self._is_on = False
        self._until_ms = None

    def is_on(self, now_ms: int) -> bool:
        """Whether it is on now."""
        if self._until_ms is not None and now_ms >= self._until_ms:
            self.end()
        return self._is_on
