"""Whatever happens, in whatever order: a critical trouble has one open alarm, and people were told of it.

The gateway is whole and on real files. What is true comes from what the kits were told to say, not from
the gateway; what people heard from the notices that left it.
"""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nspgateway.alarms import AlarmState, load_rules
from nspgateway.desk import Refused
from storm_town import OFFICER, Town

POINTS = 4
BITS = ("power_lost", "generator_failed", "generator_not_ready", "battery_low", "device_lost", "input_1")
# Critical at an open point by the kit's own word, and when the gateway must have said so.
CRITICAL = ("power_lost", "generator_failed")
ROOM = timedelta(seconds=61)
HIDDEN_MOST = timedelta(seconds=301)
SAID_AGAIN = timedelta(seconds=301)
KNOWN = timedelta(seconds=900)
ENDS = max(timedelta(seconds=max(rule.off_delay_s, rule.flap_quiet_s)) for rule in load_rules()) + ROOM
POINT = st.integers(0, POINTS - 1)
# Which of the alarms that are open just then a person acts on.
LINE = st.integers(0, 7)
STEP = st.one_of(
    st.tuples(
        st.just("report"),
        POINT,
        st.sets(st.sampled_from(BITS), max_size=3),
        st.sampled_from(["grid", "battery", "none"]),
        st.sampled_from([900, 20]),
    ),
    st.tuples(st.just("town"), st.sets(st.sampled_from(BITS), max_size=3), st.sampled_from(["grid", "none"])),
    st.tuples(st.just("clear"), POINT, st.sampled_from(BITS)),
    st.tuples(st.just("seen"), LINE),
    st.tuples(st.just("shelve"), LINE, st.sampled_from([5, 30, 400])),
    st.tuples(st.just("unshelve"), LINE),
    st.tuples(st.just("stop"), LINE, st.sampled_from([1, 15])),
    st.tuples(st.just("end_stop"), POINT),
    st.tuples(st.just("deploy"), POINT, st.sampled_from(["open", "closed", "setting_up"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 61, 130, 310, 700, 2000])),
    st.tuples(st.just("restart")),
)


class Watch:
    """What is true at the points, and whether people know."""

    def __init__(self, folder: Path) -> None:
        self.town = Town(folder, POINTS)
        self.since: dict[tuple[int, str], datetime] = {}
        self.reported = [self.now] * POINTS
        self.told: dict[tuple[str, str], datetime] = {}
        self.read = 0

    @property
    def now(self) -> datetime:
        """The moment of the gateway's clock."""
        return self.town.box.clock.now()

    def do(self, what: str, *args: object) -> None:
        """Do one step; what a person may not do is refused, and changes nothing."""
        getattr(self, f"_{what}")(*args)
        self.check()

    def _report(self, point: int, bits: set[str], source: str, fuel: int) -> None:
        self.town.report(point, *bits, power_source=source, fuel_permille=fuel)
        self.reported[point] = self.now
        for bit in CRITICAL:
            if bit in bits:
                self.since.setdefault((point, bit), self.now)
            else:
                self.since.pop((point, bit), None)

    def _town(self, bits: set[str], source: str) -> None:
        for point in range(POINTS):
            self._report(point, bits, source, 900)

    def _clear(self, point: int, bit: str) -> None:
        self.town.clear(point, bit)
        self.reported[point] = min(self.reported[point], self.now)
        self.since.pop((point, bit), None)

    def _person(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Refused:
            return

    def _line(self, number: int) -> tuple[str, str]:
        """One of the open alarms, the line of a storm among them; of the first point when there is none."""
        kept = self.town.box.ingest.situation.alarms
        found = [(slug, a.id) for slug, alarms in kept.items() for a in alarms.values() if a.is_open]
        return found[number % len(found)] if found else (self.town.slugs[0], "power_lost")

    def _seen(self, number: int) -> None:
        self._person(lambda: self.town.desk.acknowledge(*self._line(number), OFFICER))

    def _shelve(self, number: int, minutes: int) -> None:
        until = self.now + timedelta(minutes=minutes)
        self._person(lambda: self.town.desk.shelve(*self._line(number), OFFICER, until))

    def _unshelve(self, number: int) -> None:
        self._person(lambda: self.town.desk.unshelve(*self._line(number), OFFICER))

    def _stop(self, number: int, minutes: int) -> None:
        self._person(lambda: self.town.desk.plan_stop(self._line(number)[0], OFFICER, minutes))

    def _end_stop(self, point: int) -> None:
        self._person(lambda: self.town.desk.end_stop(self.town.slugs[point], OFFICER))

    def _deploy(self, point: int, word: str) -> None:
        self.town.desk.set_deployment(self.town.slugs[point], word, OFFICER)

    def _wait(self, seconds: int) -> None:
        # A tick a second is what runs; the bounds below hold for it, so the last second is not left out.
        if seconds > 1:
            self.town.wait(seconds - 1, max(1.0, (seconds - 1) / 3))
        self.town.wait(1)

    def _restart(self) -> None:
        self.town.restart()
        self.town.wait(1)

    def check(self) -> None:
        """Look at every promise."""
        self.town.box.ingest.tick()
        self._listen()
        self._true_is_open()
        situation = self.town.box.ingest.situation
        lines = [(a.point, a.id) for a in self.town.box.ingest.overview().alarms]
        assert len(lines) == len(set(lines))
        for slug in self.town.slugs:
            for alarm in situation.alarms[slug].values():
                if not (alarm.is_open and alarm.holds and alarm.priority == "critical"):
                    continue
                if alarm.pending_since is None:
                    self._is_known_to_people(slug, alarm)
                else:
                    self._only_waits_for_its_end(slug, alarm)

    def _listen(self) -> None:
        for notice in self.town.heard[self.read :]:
            key = (notice.point, notice.id)
            if notice.action in {"clear", "hide"}:
                self.told.pop(key, None)
            else:
                self.told[key] = notice.at
        self.read = len(self.town.heard)

    def _true_is_open(self) -> None:
        """What a kit has reported for longer than an alarm may wait for its turn is an open alarm."""
        for (point, bit), since in self.since.items():
            if self.now - since >= ROOM and self.now - self.reported[point] <= KNOWN:
                found = self.town.box.ingest.situation.open_alarm(self.town.slugs[point], bit)
                assert found is not None, (point, bit)
                assert found.holds, found

    def _only_waits_for_its_end(self, slug: str, alarm: AlarmState) -> None:
        """What is not said again, or not shown once its cause has gone, is over by the kit's own word, and soon ends."""
        assert (self.town.slugs.index(slug), alarm.id) not in self.since, alarm
        assert alarm.pending_since is not None
        assert self.now - alarm.pending_since <= ENDS, alarm

    def _is_known_to_people(self, slug: str, alarm: AlarmState) -> None:
        situation, key = self.town.box.ingest.situation, (slug, alarm.id)
        if alarm.is_shown:
            assert key in self.told, alarm
            if alarm.state == "unacknowledged":
                assert self.now - self.told[key] <= SAID_AGAIN, alarm
        elif alarm.state == "shelved":
            assert alarm.said_at is not None
            assert alarm.shelved_until is not None
            assert alarm.shelved_until > self.now
            if situation.states[slug].point.deployment == "open":
                assert self.now - alarm.since < timedelta(minutes=30)
        elif alarm.cause == "planned_stop":
            assert situation.standings[slug].is_stopped(self.now)
        elif alarm.cause == "many_sites":
            self._is_line("kazerne-oost", "many_sites")
            assert self.now - alarm.since <= HIDDEN_MOST, alarm
        else:
            self._is_line(slug, alarm.cause or "")

    def _is_line(self, slug: str, name: str) -> None:
        """What is named as a cause is on the page, and people heard of it."""
        cause = self.town.box.ingest.situation.open_alarm(slug, name)
        assert cause is not None
        assert cause.is_shown
        assert (slug, name) in self.told


def _run(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        watch = Watch(Path(folder))
        for what, *args in steps:
            watch.do(str(what), *args)
        watch.town.box.store.close()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEP, min_size=12, max_size=30))
def test_people_know_of_everything_critical(steps: list[tuple[object, ...]]) -> None:
    """Protects the promise of the whole: no order of events hides a critical trouble, or says it as two."""
    _run(steps)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEP, min_size=20, max_size=60))
def test_people_know_of_everything_critical_long(steps: list[tuple[object, ...]]) -> None:
    """The same with many more and longer orders of events."""
    _run(steps)
