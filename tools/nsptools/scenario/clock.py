"""The clock of a story: it stands at the story's beginning until the whole stage is up."""

from __future__ import annotations

from datetime import datetime

from nspgateway.clock import Clock


class StoryClock(Clock):
    """A demo's clock that begins at ``start`` when told to, so that starting up costs no time of the story."""

    def __init__(self, speed: float, start: datetime) -> None:
        super().__init__(speed, start)
        self._held = True

    def begin(self) -> None:
        """Let time run, from ``start``."""
        super().__init__(self.speed, self._start)
        self._held = False

    def now(self) -> datetime:
        """As in Clock; ``start`` until begun."""
        return self._start if self._held else super().now()
