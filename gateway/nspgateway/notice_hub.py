"""Takes every notice to every notifier. Each has a queue and a task of its own: one that hangs or fails delays no other.

A notifier that was away hears the newest of each alarm, not every change that it missed. Calls
for help wait in a queue without an end, each by itself, and go before everything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.errors import GatewayError
from nspgateway.notify import Notice, Notifier
from nspgateway.view import NotifierState

FIRST_AGAIN_S = 1.0
LONGEST_AGAIN_S = 60.0
# A notifier that has not returned by then is taken as failing; less while a call for help waits behind it.
TOO_LONG_S = 20.0
TOO_LONG_BEFORE_HELP_S = 2.0
# Beside calls for help; more alarms than that cannot be open at the points of one gateway for long.
MOST_WAITING = 500
# A full disk makes a kit say its call again, and the gateway tell it again: heard once is enough.
_HELP_REMEMBERED = 2000
_RANK = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_NO_ANSWER = "it does not answer"

_log = structlog.get_logger(__name__)


class _Lane:
    """One notifier, what waits for it, and how it does."""

    def __init__(self, notifier: Notifier, clock: Clock, on_delivered: Callable[[str, Notice], None]) -> None:
        self.notifier = notifier
        self._clock = clock
        self._on_delivered = on_delivered
        self._help: deque[Notice] = deque()
        self._known: deque[str] = deque(maxlen=_HELP_REMEMBERED)
        self._others: dict[tuple[str, str, str], Notice] = {}
        self._wake = asyncio.Event()
        self._limit: asyncio.Timeout | None = None
        self._begun: datetime | None = None
        self._begun_s = 0.0
        self._failing: datetime | None = None
        self._reason = ""
        self._success: datetime | None = None
        self._dropped = 0

    def put(self, notice: Notice) -> None:
        """Let a notice wait for its turn."""
        if notice.kind == "help":
            if notice.key in self._known:
                return
            self._known.append(notice.key)
            self._help.append(notice)
            self._hurry()
        else:
            self._put_other(notice)
        self._wake.set()

    def step(self, step: Step) -> None:
        """Follow a step of the clock."""
        self._begun = step.moved(self._begun)
        self._failing = step.moved(self._failing)
        self._success = step.moved(self._success)

    def state(self) -> NotifierState:
        """Return how it does; one that does not return fails, also when it cannot be stopped."""
        failing, reason = self._failing, self._reason
        if failing is None and self._begun and self._clock.monotonic() - self._begun_s > TOO_LONG_S:
            failing, reason = self._begun, _NO_ANSWER
        waiting = len(self._help) + len(self._others)
        return NotifierState(self.notifier.name, failing, reason, self._success, waiting, self._dropped)

    async def run(self) -> None:
        """Deliver until cancelled."""
        again_s = FIRST_AGAIN_S
        while True:
            notice = self._next()
            if notice is None:
                self._wake.clear()
                await self._wake.wait()
            elif await self._deliver(notice):
                again_s = FIRST_AGAIN_S
            else:
                await self._pause(again_s)
                again_s = min(2 * again_s, LONGEST_AGAIN_S)

    def _put_other(self, notice: Notice) -> None:
        subject = (notice.kind, notice.point, notice.id)
        before = self._others.pop(subject, None)
        if before is not None and before.action == "raise" and notice.action == "update":
            # Nobody has heard of it yet: to whoever does, it is news.
            notice = replace(notice, action="raise")
        self._others[subject] = notice
        if len(self._others) > MOST_WAITING:
            least = max(self._others, key=lambda one: _RANK[self._others[one].priority])
            del self._others[least]
            self._dropped += 1

    def _next(self) -> Notice | None:
        if self._help:
            return self._help[0]
        return min(self._others.values(), key=lambda one: _RANK[one.priority], default=None)

    async def _deliver(self, notice: Notice) -> bool:
        self._begun, self._begun_s = self._clock.now(), self._clock.monotonic()
        try:
            async with asyncio.timeout(TOO_LONG_S) as self._limit:
                await self.notifier.notify(notice)
        except TimeoutError:
            self._fail(_NO_ANSWER)
        except GatewayError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - a fault in one notifier must not silence the others
            self._fail(f"fault in the program: {type(error).__name__}")
        else:
            self._succeed(notice)
            return True
        finally:
            self._limit = self._begun = None
        return False

    def _hurry(self) -> None:
        """Give what is under way little more time: a call for help waits behind it."""
        if self._limit is None or self._limit.expired() or len(self._help) > 1:
            return
        soon = asyncio.get_running_loop().time() + TOO_LONG_BEFORE_HELP_S
        when = self._limit.when()
        self._limit.reschedule(soon if when is None else min(when, soon))

    def _succeed(self, notice: Notice) -> None:
        self._success = self._clock.now()
        if self._failing is not None:
            _log.info("notifier works again", name=self.notifier.name)
        self._failing, self._reason = None, ""
        if notice.kind == "help":
            self._help.popleft()
        else:
            # A newer one of the same matter may have come meanwhile: it is still to be told.
            subject = (notice.kind, notice.point, notice.id)
            if self._others.get(subject) is notice:
                del self._others[subject]
        self._on_delivered(self.notifier.name, notice)

    def _fail(self, reason: str) -> None:
        if reason != self._reason:
            _log.error("notifier fails", name=self.notifier.name, reason=reason)
        self._failing = self._failing or self._clock.now()
        self._reason = reason

    async def _pause(self, seconds: float) -> None:
        """Wait, or until there is something new: a call for help does not wait for a longer and longer pause."""
        calls = len(self._help)
        try:
            async with asyncio.timeout(seconds):
                while len(self._help) == calls:
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            pass


class NoticeHub:
    """All notifiers of a gateway. ``on_delivered`` hears of each notice that one of them has made heard."""

    def __init__(self, notifiers: Sequence[Notifier], clock: Clock) -> None:
        self.on_delivered: Callable[[str, Notice], None] = lambda _name, _notice: None
        self._lanes = [_Lane(one, clock, self._delivered) for one in notifiers]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the notifiers, in the order of the settings."""
        return tuple(lane.notifier.name for lane in self._lanes)

    def tell(self, notices: Sequence[Notice]) -> None:
        """Let these be heard; returns at once. Call from the event loop's thread."""
        for notice in notices:
            for lane in self._lanes:
                lane.put(notice)

    def tell_one(self, name: str, notices: Sequence[Notice]) -> None:
        """Let one notifier make these heard, and no other."""
        for lane in self._lanes:
            if lane.notifier.name == name:
                for notice in notices:
                    lane.put(notice)

    def step(self, step: Step) -> None:
        """Follow a step of the clock with what is told of each notifier."""
        for lane in self._lanes:
            lane.step(step)

    def states(self) -> tuple[NotifierState, ...]:
        """Return how each notifier does."""
        return tuple(lane.state() for lane in self._lanes)

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(lane.run(), name=f"notifier {lane.notifier.name}")

    def _delivered(self, name: str, notice: Notice) -> None:
        self.on_delivered(name, notice)
