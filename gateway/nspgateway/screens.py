"""The gateway's own screens as a notifier: what sounds there is in the overview, and they are woken for it."""

from __future__ import annotations

from collections.abc import Callable

from nspgateway.clock import Clock
from nspgateway.notify import Notice
from nspgateway.view import Sound

TEST_S = 10.0


class Screens:
    """Confirms a notice once every open screen is woken for it. ``test``: the test that sounds now, or None."""

    name = "page"

    def __init__(self, clock: Clock, show: Callable[[], None]) -> None:
        self._clock = clock
        self._show = show
        self._test: Sound | None = None
        self._until_s = 0.0

    @property
    def test(self) -> Sound | None:
        """The test that sounds for a moment, never as an alarm does."""
        return self._test if self._clock.monotonic() < self._until_s else None

    async def notify(self, notice: Notice) -> None:
        """Let it be seen and heard."""
        if notice.kind == "test":
            self._test = Sound("test", notice.point, notice.id, notice.at)
            self._until_s = self._clock.monotonic() + TEST_S
        self._show()
