"""Tests the whole path of an alarm: a kit's own input, its alarm on the air, the rules, every notifier.

Once a day, and when somebody asks. The gateway chooses a point in use that it hears, each in its
turn; the kit switches a test input on, and the rest is as with any alarm. What is tested are the
very functions: only the rule is another, so that no list, no screen and no point counts a test.
A step that is not reached in time is the alarm ``alert_path_test``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from nspgateway import judge, path_test, status
from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.config_parts import AlertTestConfig
from nspgateway.downlinks import Ticket
from nspgateway.errors import StoreError
from nspgateway.facts import OwnFacts
from nspgateway.notify import Notice
from nspgateway.path_test import Record
from nspgateway.people import Action, By
from nspgateway.recorder import Recorder
from nspgateway.records import Changes, KitEvent
from nspgateway.rules import Priorities, Rule
from nspgateway.situation import Situation
from nspgateway.state import PointState
from nspgateway.transmitter import Transmitter
from nspgateway.view import CLOCK_SLACK, WATCHED, PathTest

CAUSE = "alarm_test"
RULE = Rule(
    id=CAUSE, condition="local_bit", bit=CAUSE, role="cp_techniek", priority=Priorities("high", "high")
)
GATEWAY = By("gateway", "", "gateway")
# After its start, or once a point is put to use, the gateway waits so long for a point that it can ask.
PATIENCE = timedelta(minutes=15)

_log = structlog.get_logger(__name__)


class AlertTest:
    """The tests of one gateway. ``daily``: None = only when asked. ``notifiers``: names of all that must confirm."""

    def __init__(
        self,
        daily: AlertTestConfig | None,
        situation: Situation,
        recorder: Recorder,
        transmitter: Transmitter | None,
        notifiers: Sequence[str],
        remembered: object,
        clock: Clock,
        on_done: Callable[[], None] = lambda: None,
    ) -> None:
        self._daily = daily
        self._within_s = (daily or AlertTestConfig()).within_s
        self._situation = situation
        self._recorder = recorder
        self._transmitter = transmitter
        self._notifiers = tuple(notifiers)
        self._clock = clock
        self._on_done = on_done
        self._record = path_test.restored(remembered)
        self._is_unwritten = self._record is not None and self._record.step == "restart"
        self._in_use_since: datetime | None = None
        self._ticket: Ticket | None = None
        self._begun_s = 0.0
        self._key = ""

    @property
    def is_running(self) -> bool:
        """True while a test is under way."""
        return self._record is not None and self._record.state == "running"

    def view(self) -> PathTest | None:
        """Return the newest test; None = there was none yet."""
        return None if self._record is None else self._record.view()

    def facts(self, own: OwnFacts, now: datetime) -> OwnFacts:
        """Return what is true of the coordinating point, with what the tests tell."""
        record, since = self._record, self._in_use_since
        if record is not None and record.step:
            return replace(own, test_step=record.step, test_at=record.failed_at)
        if self._daily is not None and since is not None and path_test.is_overdue(record, since, now):
            at = record.ok_at if record is not None else None
            return replace(own, test_step="daily", test_at=at or since)
        ok_at = record.ok_at if record is not None else None
        return replace(own, test_at=ok_at)

    def candidates(self) -> list[str]:
        """Return the points in use that are heard and can be asked, the one that waited longest first."""
        asked = self._record.asked if self._record is not None else {}
        found = [slug for slug in self._in_use() if self.can_ask(slug)]
        long_ago = datetime.min.replace(tzinfo=self._clock.now().tzinfo)
        return sorted(found, key=lambda slug: (asked.get(slug, long_ago), slug))

    def can_ask(self, slug: str) -> bool:
        """Tell whether a point is heard now, by a kit that we can send to."""
        state = self._situation.states[slug]
        kit = state.point.kit_address
        if self._transmitter is None or kit is None or state.heard is None:
            return False
        contact = self._transmitter.link.contact(kit)
        is_silent = status.is_silent(state.heard.at, state.point.interval_s, self._clock.now())
        return contact is not None and contact.epoch is not None and not is_silent

    def begin(self, slug: str, by: By = GATEWAY) -> None:
        """Ask a point for its test alarm. Raises StoreError when that cannot be written down."""
        point = self._situation.states[slug].point
        if self._transmitter is None or point.kit_address is None:
            raise ValueError(f"{slug} cannot be asked")
        now = self._clock.now()
        begun = (self._record or Record(state="ok", at=now)).begun(slug, now)
        self._commit(begun, now, (Action(now, by, "alert_path_test", slug),))
        self._record, self._begun_s, self._key = begun, self._clock.monotonic(), ""
        self._is_unwritten = False
        fields = {"command": CAUSE, "argument": b""}
        self._ticket = self._transmitter.ask(point.kit_address, "command", fields)
        self._on_done()

    def tick(self) -> None:
        """Let time pass. Call about once a second."""
        now = self._clock.now()
        if not self._in_use():
            self._in_use_since = None
        elif self._in_use_since is None:
            self._in_use_since = now
        if self._is_unwritten and self._record is not None:
            self._finish(self._record, now)
        elif self.is_running:
            self._look(now)
        elif self._daily is not None and path_test.is_due(self._record, now, self._daily.at):
            self._begin_daily(self._daily, now)

    def step(self, step: Step) -> None:
        """Follow a step of the clock: a box that learns the date has missed no test by it."""
        self._in_use_since = step.moved(self._in_use_since)
        before, self._record = self._record, step.moved(self._record)
        if self._record is not None and self._record != before:
            with suppress(StoreError):
                self._commit(self._record, step.to, ())

    def alarm_came(self, point: PointState, event: KitEvent) -> None:
        """Take the test alarm of a kit, once it is durable; one that nobody waits for changes nothing."""
        record = self._record
        if not self.is_running or record is None or record.point != point.point.slug:
            return
        if "alarm" in record.steps or event.began < record.at - CLOCK_SLACK:
            return
        now = self._clock.now()
        self._reach("kit")
        self._reach("alarm")
        judged = judge.judge(self._situation.facts(point, now), {}, (RULE,))
        notices = [replace(one, kind="test", key=f"test/{one.key}") for one in judged.notices]
        if not notices or self._record is None:
            return
        self._reach("rules")
        self._key = notices[0].key
        # Told also when it cannot be written: as any alarm is.
        with suppress(StoreError):
            self._commit(self._record, now, (), notices)
        self._end_if_arrived(now)

    def delivered(self, notifier: str, notice: Notice) -> None:
        """Hear that a notifier has made a notice heard."""
        if self.is_running and notice.key == self._key:
            self._reach(f"notifier:{notifier}")
            self._end_if_arrived(self._clock.now())

    def _in_use(self) -> list[str]:
        return [
            slug
            for slug, state in self._situation.states.items()
            if state.point.deployment in WATCHED and state.point.kit_address is not None
        ]

    def _begin_daily(self, daily: AlertTestConfig, now: datetime) -> None:
        if self._in_use_since is None:
            return
        found = self.candidates()
        if found:
            with suppress(StoreError):
                self.begin(found[0])
            return
        if now - max(self._in_use_since, path_test.scheduled(now, daily.at)) >= PATIENCE:
            self._finish((self._record or Record(state="missed", at=now)).unasked(now), now)

    def _look(self, now: datetime) -> None:
        """See how far the test has come: what the kit answered, and whether its time is over."""
        record, ticket = self._record, self._ticket
        if record is None:
            return
        name = self._situation.states[record.point].point.name
        if ticket is not None and ticket.state == "answered" and "alarm" not in record.steps:
            if ticket.result != "done":
                self._finish(record.missed(f"refused:{name}"), now)
                return
            self._reach("kit")
        if self._clock.monotonic() - self._begun_s >= self._within_s and self._record is not None:
            step = path_test.missing(self._record, name, self._notifiers)
            self._finish(self._record.missed(step), now)

    def _reach(self, step: str) -> None:
        if self._record is not None:
            self._record = self._record.reached(step, self._clock.monotonic() - self._begun_s)

    def _end_if_arrived(self, now: datetime) -> None:
        record = self._record
        if record is not None and not path_test.missing(record, "", self._notifiers):
            self._finish(record.arrived(now), now)

    def _finish(self, record: Record, now: datetime) -> None:
        """Let the result be true, and write it down; what could not be written is tried again at each tick."""
        if self._transmitter is not None and self._ticket is not None:
            # Its alarm has come, or comes too late: no second one is wanted.
            self._transmitter.link.take_back(self._ticket)
        self._record, self._ticket, self._key = record, None, ""
        if not self._is_unwritten:
            _log.info("test of the alarm path", state=record.state, point=record.point, step=record.step)
        detail: Mapping[str, float | int | str | None] = {
            "result": record.state,
            "step": record.step,
            **{f"{step}_s": seconds for step, seconds in record.steps.items()},
        }
        self._is_unwritten = True
        with suppress(StoreError):
            self._commit(
                record, now, (Action(now, GATEWAY, "alert_path_test_result", record.point, "", detail),)
            )
            self._is_unwritten = False
        self._on_done()

    def _commit(
        self, record: Record, now: datetime, actions: tuple[Action, ...], notices: Sequence[Notice] = ()
    ) -> None:
        memory = {path_test.MEMORY: path_test.to_json(record)}
        self._recorder.commit(Changes(at=now, actions=actions, memory=memory), (), notices)
