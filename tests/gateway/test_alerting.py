"""What happens at the points is heard in the room: the wiring from a frame to sound, relay and notifiers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from call_room import CallRoom
from ear import Ear
from gateway_box import Box
from mqtt_peers import until
from nspgateway import retold
from nspgateway.alerting import Alerting
from nspgateway.clock_step import Step
from nspgateway.config_parts import AlertTestConfig, RelayConfig
from nspgateway.desk import Desk
from nspgateway.errors import ConfigError, StoreFull
from nspgateway.notify import Notice
from nspgateway.people import By
from nspgateway.records import Changes
from nspgateway.relay import Relay
from nsplink.fields import ALARMS
from relay_pin import Pin

OFFICER = By("post-1", "cp_medewerker", "page")


class Room:
    """A gateway with a relay of which only the pin is a stand-in."""

    def __init__(self, folder: Path) -> None:
        self.box = box = Box(folder, deployment="open")
        box.config = structs.replace(box.config, relay=RelayConfig(line=17))
        self.pin = Pin()
        self.alerting = Alerting(
            box.config, box.ingest, box.store, None, box.clock, relay=Relay(lambda: self.pin, box.clock)
        )
        self.desk = Desk(box.ingest.situation, box.ingest.recorder, box.clock, box.ingest.show)
        self.tick()

    def tick(self, seconds: float = 1.0) -> None:
        self.box.clock.move(seconds)
        self.box.ingest.tick()
        self.alerting.tick()

    def words(self) -> list[str]:
        return [one.word for one in self.box.ingest.overview().sounding]


def test_a_tank_that_runs_dry_is_heard(tmp_path: Path) -> None:
    """The promise of it all: fuel goes down, and before it is gone lamp and buzzer come, until a person has seen it."""
    room = Room(tmp_path)
    heard_at = None
    for minute in range(0, 20 * 60, 5):
        litres = max(0.0, 40.0 - minute * 2.4 / 60)  # as its load explains
        room.box.vital(minute + 1, fuel_permille=round(litres * 25), load_w=8000, generator_state="running")
        for _ in range(5):
            room.tick(60)
        if "critical" in room.words():
            heard_at = litres
            break
        assert room.pin.level
    assert heard_at is not None
    assert heard_at > 5  # two hours
    assert not room.pin.level
    room.desk.acknowledge("de-linde", "fuel_critical", OFFICER)
    room.tick()
    assert room.words() == []
    assert room.pin.level


def test_a_call_for_help_lets_the_relay_go_until_a_person_reads_it(tmp_path: Path) -> None:
    """Calls sound whatever priorities the settings name, and nothing but a person ends that."""
    room = Room(tmp_path)
    room.box.say("help", 1, event_boot=3, event_n=1, help_kind="police", help_mark="made", text=b"")
    room.tick()
    assert not room.pin.level
    for _ in range(3):
        room.tick(3600)
    assert not room.pin.level
    room.desk.read_call("65-1-3-1", OFFICER)
    room.tick()
    assert room.pin.level


def test_a_full_disk_silences_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written is heard all the same, in the room and by every notifier."""
    room = Room(tmp_path)
    told: list[Notice] = []
    room.box.ingest.recorder.on_notices = told.extend

    def refuse(_changes: Changes) -> list[int]:
        raise StoreFull("the disk is full")

    monkeypatch.setattr(room.box.store, "commit", refuse)
    said = room.box.say("help", 1, event_boot=3, event_n=1, help_kind="police", help_mark="made", text=b"")
    assert said == "not_stored"
    assert [one.kind for one in told] == ["help"]
    assert room.words() == ["help"]
    room.tick()
    assert not room.pin.level


def test_a_relay_that_does_not_work_is_seen_before_anything_happens(tmp_path: Path) -> None:
    """A pulled-out board shows in the overview at once, not at the first alarm."""
    room = Room(tmp_path)
    page, relay = room.box.ingest.overview().notifiers
    assert (page.name, relay.name, relay.failing_since) == ("page", "relay", None)
    room.pin.fault = OSError(19, "No such device")
    room.box.vital(1, alarms=1 << 2)
    room.tick()
    _, relay = room.box.ingest.overview().notifiers
    assert relay.failing_since == room.box.clock.now()
    assert "No such device" in relay.reason


def test_a_relay_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """Whoever set a relay up believes in it: without it the gateway does not begin."""
    box = Box(tmp_path)
    box.config = structs.replace(box.config, relay=RelayConfig(chip=tmp_path / "gpiochip9", line=17))
    with pytest.raises(ConfigError, match="no such GPIO chip"):
        Alerting(box.config, box.ingest, box.store, None, box.clock)


async def test_what_a_killed_gateway_could_not_tell_is_told_at_the_next_start(tmp_path: Path) -> None:
    """Protects the alarm between disk and notifier: written, and the process dies before anybody has heard it."""
    box = Box(tmp_path)
    box.vital(1, alarms=1 << ALARMS.index("overload"))  # high: nothing else would say it again
    box.vital(2, kit=66, alarms=1 << ALARMS.index("generator_failed"))
    seen = Desk(box.ingest.situation, box.ingest.recorder, box.clock)
    seen.acknowledge("de-ark", "generator_failed", OFFICER)
    box.restart()
    ear = Ear()
    alerting = Alerting(box.config, box.ingest, box.store, None, box.clock, notifiers=[ear])
    task = asyncio.create_task(alerting.run())
    await until(lambda: bool(ear.heard))
    task.cancel()
    await asyncio.wait([task])
    assert [(one.point, one.id, one.action) for one in ear.heard] == [("de-linde", "overload", "remind")]


async def heard_by(room: CallRoom, *ears: Ear) -> None:
    """Let the screens and these notifiers deliver all that waits for them."""
    box = room.box
    alerting = Alerting(box.config, box.ingest, box.store, None, box.clock, notifiers=ears)
    task = asyncio.create_task(alerting.run())
    await until(lambda: not any(one.waiting for one in alerting.states()))
    task.cancel()
    await asyncio.wait([task])


async def test_a_notifier_that_was_not_there_hears_of_each_open_call_once(tmp_path: Path) -> None:
    """Protects who is called out by a pager that was added, or mended, after a call came and the gateway was killed."""
    room = CallRoom(tmp_path, deployment="open")
    room.press(1)
    room.say(1, kit=65, mark="withdrawn")
    room.press(2)
    await heard_by(room)
    for n in (1, 2):
        room.desk.read_call(f"65-1-3-{n}", OFFICER)
    room.desk.close_call("65-1-3-2", OFFICER, "helped")
    room.restart()
    ear = Ear()
    await heard_by(room, ear)
    assert [(one.id, one.action) for one in ear.heard] == [("65-1-3-1", "raise"), ("65-1-3-1", "update")]
    room.restart()
    await heard_by(room, ear)
    assert len(ear.heard) == 2, "what is read and was told is told to nobody again"
    told = retold.restored(room.box.store.memory(retold.MEMORY))
    assert {name: len(keys) for name, keys in told.items()} == {"page": 2, "sms": 2}
    room.desk.close_call("65-1-3-1", OFFICER, "helped")
    room.press(3)
    await heard_by(room, ear)
    told = retold.restored(room.box.store.memory(retold.MEMORY))
    assert {key.split("/")[1] for keys in told.values() for key in keys} == {"65-1-3-3"}
    room.box.store.close()


async def test_a_disk_that_is_full_costs_a_notice_twice_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects the notifiers from the record of what they told: it cannot be written, and they go on."""

    def full(*_: object) -> list[int]:
        raise StoreFull("full")

    room, ear = CallRoom(tmp_path, deployment="open"), Ear()
    room.press()
    with monkeypatch.context() as patch:
        patch.setattr(room.box.store, "commit", full)
        await heard_by(room, ear)
    assert [one.action for one in ear.heard] == ["raise"]
    assert room.box.store.memory(retold.MEMORY) is None
    room.box.store.close()


def test_a_box_that_learns_the_date_has_missed_no_test(tmp_path: Path) -> None:
    """Protects from a false alarm, and from wrong times of notifiers, when a box without a clock hears what day it is."""
    room = Room(tmp_path)
    box = room.box
    box.config = structs.replace(box.config, alert_test=AlertTestConfig(at="18:30"))
    alerting = Alerting(box.config, box.ingest, box.store, None, box.clock, relay=Relay(Pin, box.clock))
    box.say("help", 1, event_boot=3, event_n=1, help_kind="police", help_mark="made", text=b"")
    alerting.tick()
    begun = box.clock.now()
    step = Step(timedelta(days=60), begun, begun)
    box.clock.step(step.delta)
    box.ingest.step(step)
    alerting.step(step)
    alerting.tick()
    box.ingest.tick()
    assert box.ingest.situation.own(box.clock.now()).test_step == ""
    box.clock.move(26 * 3600)  # but a day without one is told as that, whatever arrived before
    box.ingest.tick()
    (missing,) = (alarm for alarm in box.ingest.overview().alarms if alarm.id == "alert_path_test")
    assert "is er geen alarmtest gelukt." in missing.what["nl"]
    assert box.ingest.situation.calls["65-1-3-1"].stored_at == begun + step.delta
    box.restart()  # what was written down keeps its stamp, as all of the journal does
    assert box.ingest.situation.calls["65-1-3-1"].is_unseen
