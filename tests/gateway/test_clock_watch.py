"""A box without a clock of its own: what time it is, when that can be believed, and what a step does."""

from __future__ import annotations

import signal
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from gateway_box import T0, Box, VirtualClock
from mqtt_peers import Listener, Mosquitto, until
from nspgateway.clock import Clock
from nspgateway.clock_watch import FILE, ClockWatch
from nspgateway.desk import Desk
from nspgateway.messages import OutboxMessage
from nspgateway.own import OwnBox
from nspgateway.people import By
from nspgateway.store import Store
from nspgateway.timesync import BoxDate, is_plausible
from publishers import ListOutbox, config, message, publishing

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
WHO = By("k.devries", "cp_techniek", "page")


class Kernel:
    """What a kernel would say of its date."""

    def __init__(self, *, synchronised: bool = False, rtc: bool = False, boot: str = "boot-1") -> None:
        self.synchronised, self.rtc, self.name = synchronised, rtc, boot

    def is_synchronised(self) -> bool:
        return self.synchronised

    def was_set_by_rtc(self) -> bool:
        return self.rtc

    def boot(self) -> str:
        return self.name


def watch(folder: Path, clock: Clock, kernel: Kernel, known: datetime | None = None) -> ClockWatch:
    return ClockWatch(folder, clock, known, kernel)


def pass_time(box: Box, seconds: int) -> None:
    """Let the gateway live through it, second by second."""
    for _ in range(seconds):
        box.clock.move(1)
        box.tick()


def ages(box: Box) -> dict[str, float | None]:
    """The age of every quantity of a point in minutes, as the page shows it."""
    overview = box.ingest.overview()
    (point,) = [one for one in overview.points if one.slug == "de-linde"]
    return {
        name: None if reading.good_at is None else round((overview.now - reading.good_at) / MINUTE, 1)
        for name, reading in point.readings.items()
    }


@pytest.mark.parametrize("year", [1970, 2000, 2025])
def test_a_start_without_a_clock_is_not_before_what_is_known(tmp_path: Path, year: int) -> None:
    """Protects the order of history: a box that wakes in 1970 goes on where the journal or its own note ends."""
    wrong = datetime(year, 1, 1, tzinfo=UTC)
    clock = VirtualClock(wrong)
    first = watch(tmp_path, clock, Kernel())
    assert (first.is_trusted, clock.now()) == (False, wrong)
    clock = VirtualClock(wrong)
    assert watch(tmp_path, clock, Kernel(), known=T0).is_trusted is False
    assert clock.now() == T0
    clock.move(600)
    ClockWatch.save(watch(tmp_path, clock, Kernel()))
    clock = VirtualClock(wrong)
    watch(tmp_path, clock, Kernel(), known=T0)
    assert clock.now() == T0 + 10 * MINUTE, "the note is newer than the journal"


def test_a_journal_from_the_future_does_not_hold_the_clock_there(tmp_path: Path) -> None:
    """Protects the next start: what a clock that ran ahead left in the journal is no bound once it was set right."""
    watch(tmp_path, VirtualClock(), Kernel(synchronised=True))
    clock = VirtualClock(datetime(2000, 1, 1, tzinfo=UTC))
    watch(tmp_path, clock, Kernel(boot="boot-2"), known=T0 + timedelta(days=3000))
    assert clock.now() == T0
    clock = VirtualClock(datetime(2000, 1, 1, tzinfo=UTC))
    watch(tmp_path, clock, Kernel(boot="boot-3"), known=T0 + MINUTE)
    assert clock.now() == T0 + MINUTE


def test_a_note_that_cannot_be_read_is_as_none(tmp_path: Path) -> None:
    """Protects the start: a file that a power cut left empty, or that lies, stops nothing."""
    for content in (b"", b"{", b'{"at": "2027-01-15T17:00:00"}', b'{"at": "9999-01-01T00:00:00Z"}'):
        (tmp_path / FILE).write_bytes(content)
        clock = VirtualClock(datetime(2000, 1, 1, tzinfo=UTC))
        watch(tmp_path, clock, Kernel())
        assert clock.now().year == 2000


def test_who_vouches_for_the_date(tmp_path: Path) -> None:
    """Protects the kits and the log: trusted by a time source, a clock with a battery, or this same boot."""
    assert watch(tmp_path / "a", VirtualClock(), Kernel()).source == ""
    assert watch(tmp_path / "a", VirtualClock(), Kernel(rtc=True)).source == "rtc"
    old = VirtualClock(datetime(2000, 1, 1, tzinfo=UTC))
    assert watch(tmp_path / "a", old, Kernel(rtc=True, synchronised=True)).source == ""
    kernel = Kernel(synchronised=True)
    folder = tmp_path / "b"
    folder.mkdir()
    assert watch(folder, VirtualClock(), kernel).source == "synchronised"
    assert watch(folder, VirtualClock(), Kernel()).source == "this_boot"
    assert watch(folder, VirtualClock(), Kernel(boot="boot-2")).source == ""


def test_a_person_may_set_the_date_but_not_to_nonsense(tmp_path: Path) -> None:
    """Protects the cure that the alarm names: a clock set by hand counts; one set to 1970 does not."""
    clock = VirtualClock()
    seen = watch(tmp_path, clock, Kernel())
    clock.move(1)
    assert seen.tick() is None
    clock.date += timedelta(minutes=20)
    step = seen.tick()
    assert step is not None
    assert (seen.source, step.delta, clock.now()) == ("by_hand", 20 * MINUTE, clock.date)
    clock.date = datetime(1970, 1, 1, tzinfo=UTC)
    assert (seen.tick(), seen.source) == (None, "")
    assert clock.now().year == T0.year


def test_a_month_without_a_jump_takes_no_step(tmp_path: Path) -> None:
    """Protects the ages: what a time server slews, and less than 2 s of it, never steps the clock."""
    clock, kernel = VirtualClock(), Kernel(synchronised=True)
    seen = watch(tmp_path, clock, kernel)
    for hour in range(30 * 6):
        clock.move(4 * 3600)
        clock.date += timedelta(milliseconds=(hour % 5 - 2) * 300)
        kernel.synchronised = hour % 7 != 0
        assert seen.tick() is None
    assert seen.is_trusted
    assert clock.now() == T0 + timedelta(days=30)
    assert abs(seen.ahead_s()) < 2


@pytest.fixture
def kernel() -> Kernel:
    """A kernel that has not heard of a time server yet."""
    return Kernel()


def box_at(folder: Path, kernel: Kernel, date: datetime = T0) -> Box:
    folder.mkdir(exist_ok=True)
    return Box(folder, linked=True, deployment="open", kernel=kernel, clock=VirtualClock(date))


def test_the_time_arrives_four_hours_late(tmp_path: Path, kernel: Kernel) -> None:
    """Protects a start without a clock: ages stay right, no alarm is lost or false, and the trail says from-to."""
    box = box_at(tmp_path, kernel)
    box.boot(1)
    box.vital(2, alarms=1)
    (raised,) = box.alarms()
    pass_time(box, 90)
    assert box.transmitter is not None
    assert box.transmitter.utc_min() is None
    assert box.alarms() == {raised, "clock_bad"}
    before, since = ages(box), box.ingest.overview().gateway_since
    box.clock.date += 4 * HOUR
    kernel.synchronised = True
    box.clock.move(1)
    box.tick()
    now = box.clock.now()
    assert now == T0 + 4 * HOUR + timedelta(seconds=91)
    assert ages(box) == before
    overview = box.ingest.overview()
    assert since is not None
    assert overview.gateway_since == since + 4 * HOUR
    assert box.alarms() == {raised}, "our clock is right now, and nobody fell silent"
    (alarm,) = overview.alarms
    assert now - alarm.raised_at == timedelta(seconds=91)
    assert box.transmitter.utc_min() is not None
    (action,) = [one for one in box.store.actions() if one.what == "clock_step"]
    assert (action.by.origin, action.detail["from"], action.detail["to"]) == (
        "gateway",
        "2027-01-15T17:01:31+00:00",
        "2027-01-15T21:01:31+00:00",
    )
    pass_time(box, 120)
    assert box.alarms() == {raised}
    box.restart()
    (alarm,) = [one for one in box.ingest.overview().alarms if one.id == raised]
    assert alarm.raised_at == T0 + 4 * HOUR, "the alarm's own record was written anew"


def test_the_clock_is_set_back_two_hours(tmp_path: Path) -> None:
    """Protects a box that ran ahead: nothing becomes unknown, nothing expires, and the journal keeps its order."""
    box = box_at(tmp_path, Kernel(synchronised=True))
    box.boot(1)
    for counter in range(2, 8):
        pass_time(box, 20)
        box.vital(counter, alarms=counter % 2, fuel_permille=900 - counter)
    waiting = {message.topic: message.created for _, message in box.store.outbox("own", 1000)}
    before, alarms, now = ages(box), box.alarms(), box.clock.now()
    fuel = box.ingest.situation.states["de-linde"].fuel_history
    box.clock.date -= 2 * HOUR
    box.tick()
    assert box.clock.now() == now - 2 * HOUR
    assert ages(box) == before
    assert box.alarms() == alarms
    after = box.ingest.situation.states["de-linde"].fuel_history
    assert after == tuple(replace(one, at=one.at - 2 * HOUR) for one in fuel)
    moved = [m for _, m in box.store.outbox("own", 1000) if m.topic in waiting]
    assert moved
    assert all(m.created <= box.clock.now() for m in moved)
    assert box.vital(9) == "accepted"
    counters = [frame.counter for frame in box.store.frames("de-linde", T0 - 3 * HOUR)]
    assert counters == sorted(counters)
    assert box.store.newest() == box.clock.now()
    pass_time(box, 30)
    assert box.ingest.overview().clock_behind_s == 0
    pass_time(box, 300)
    said = [message.topic for _, message in box.store.outbox("own", 1000) if message.created > now - 2 * HOUR]
    assert any(topic.endswith("/gateway/stats") for topic in said), "the counters are not two hours late"
    assert "clock_bad" not in box.alarms()


def test_a_planned_stop_keeps_its_length(tmp_path: Path, kernel: Kernel) -> None:
    """Protects the alarms of a point: a stop of half an hour does not last for two and a half, nor does a restart."""
    box = box_at(tmp_path, kernel)
    desk = Desk(box.ingest.situation, box.ingest.recorder, box.clock)
    pass_time(box, 10)
    desk.plan_stop("de-linde", WHO, 30)
    box.clock.date -= 2 * HOUR
    kernel.synchronised = True
    box.tick()
    for _ in range(2):
        stands = box.ingest.situation.standings["de-linde"]
        assert stands.is_stopped(box.clock.now())
        assert stands.stop_until is not None
        assert stands.stop_until - box.clock.now() == 30 * MINUTE
        box.restart()


def test_what_an_earlier_start_stamped_stays(tmp_path: Path) -> None:
    """Protects the truth of old readings: hours without power show in their age once the time is known."""
    box = box_at(tmp_path, Kernel(synchronised=True))
    box.boot(1)
    box.vital(2)
    pass_time(box, 60)
    assert box.own is not None
    box.own.close()
    box.store.close()
    kernel = Kernel(boot="boot-2")
    again = box_at(tmp_path, kernel, datetime(1970, 1, 1, tzinfo=UTC))
    assert again.clock.now() == T0 + MINUTE, "no earlier than the last start knew"
    pass_time(again, 5)
    again.clock.date = T0 + 6 * HOUR
    kernel.synchronised = True
    again.tick()
    assert ages(again)["load_w"] == 360
    assert again.ingest.overview().points[0].readings["load_w"].quality == "unknown"


def test_a_full_disk_does_not_keep_the_clock_wrong(tmp_path: Path, kernel: Kernel) -> None:
    """Protects the page: what cannot be written down is true all the same."""
    box = box_at(tmp_path, kernel)
    box.boot(1)
    box.vital(2)
    pass_time(box, 5)
    before = ages(box)
    box.store.close()
    box.clock.date += 4 * HOUR
    kernel.synchronised = True
    box.tick()
    assert ages(box) == before


def test_a_demo_keeps_its_own_time(tmp_path: Path) -> None:
    """Protects the demo: nothing steps a clock that is meant to run ahead, and nothing is said of it."""
    box = Box(tmp_path)
    clock = Clock(60.0, T0)
    own = OwnBox(box.config, clock, box.store, Kernel(synchronised=True), demo=True)
    own.tick()
    assert own.watch is None
    assert own.facts(T0).clock_trusted is None
    assert not (tmp_path / FILE).exists()


def test_the_kernel_is_asked_without_rights(tmp_path: Path) -> None:
    """Protects the service: the real call gives an answer; a clock without a battery counts for nothing."""
    assert BoxDate().is_synchronised() in {True, False}
    rtc = tmp_path / "sys/class/rtc/rtc0"
    rtc.mkdir(parents=True)
    box = BoxDate(tmp_path)
    assert box.boot() == ""
    assert not box.was_set_by_rtc()
    for hctosys, seconds, counts in (
        ("1", str(int(T0.timestamp())), True),
        ("0", str(int(T0.timestamp())), False),
        ("1", "0", False),
        ("1", "99999999999999", False),
        ("1", "", False),
    ):
        (rtc / "hctosys").write_text(hctosys + "\n")
        (rtc / "since_epoch").write_text(seconds + "\n")
        assert box.was_set_by_rtc() is counts
    assert not is_plausible(datetime(2019, 1, 1, tzinfo=UTC))


def test_the_newest_frame_is_the_last_one(tmp_path: Path) -> None:
    """Protects the start after a wrong year: one frame from the future does not hold the clock there."""
    box = Box(tmp_path)
    box.clock.at = datetime(2035, 1, 1, tzinfo=UTC)
    box.vital(1)
    box.clock.at = T0
    box.vital(2)
    box.store.close()
    assert Store(box.config.database).newest() == T0


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 20))])
def test_jumps_change_nothing_but_the_date(tmp_path: Path, seed: int) -> None:
    """Protects every rule at once: beside a box whose date jumps, one with a steady date says and shows the same."""
    chance = Random(seed)
    boxes = [box_at(tmp_path / name, Kernel(synchronised=True)) for name in ("steady", "jumping")]
    steady, jumping = boxes
    for box in boxes:
        box.boot(1)
    for counter in range(2, 30):
        seconds, alarms = chance.choice([5, 60, 130, 400]), chance.choice([0, 0, 1, 2, 5])
        speaks, jump = (
            chance.random() < 0.7,
            timedelta(seconds=chance.choice([0, 0, 14400, -7200, 90, -90, 1e6])),
        )
        jumping.clock.date += jump
        for box in boxes:
            for _ in range(0, seconds, 5):
                box.clock.move(5)
                box.tick()
            if speaks:
                assert box.vital(counter, alarms=alarms, fuel_permille=900 - counter) == "accepted"
        assert jumping.alarms() == steady.alarms()
        assert ages(jumping) == ages(steady)
    shown = [[(a.id, box.clock.now() - a.raised_at) for a in box.ingest.overview().alarms] for box in boxes]
    assert shown[0] == shown[1]
    assert jumping.clock.now() == jumping.clock.date
    assert len([one for one in jumping.store.actions() if one.what == "clock_step"]) > 5


class Watched(ListOutbox):
    """An outbox that remembers whether something was taken to be sent."""

    is_taken = False

    def next_batch(self, limit: int, without: Collection[str] = ()) -> list[tuple[int, OutboxMessage]]:
        batch = super().next_batch(limit, without)
        self.is_taken = self.is_taken or bool(batch)
        return batch


async def test_what_is_on_its_way_does_not_expire_by_a_step(mosquitto: Mosquitto) -> None:
    """Protects the broker's picture: a state that waits behind another one is not dropped as one from the future."""
    clock, outbox = Clock(), Watched()
    async with (
        Listener(mosquitto.port) as listener,
        publishing(config(mosquitto.port), outbox, clock=clock) as publisher,
    ):
        await until(lambda: publisher.state == "online")
        mosquitto.signal(signal.SIGSTOP)
        outbox.put(message("ark/state", 1, expiry_s=900), message("ark/state", 2, expiry_s=900))
        await until(lambda: outbox.is_taken)
        clock.step(-2 * HOUR)
        mosquitto.signal(signal.SIGCONT)
        await until(lambda: len(listener.payloads("/state")) == 2)
        assert publisher.expired == 0
