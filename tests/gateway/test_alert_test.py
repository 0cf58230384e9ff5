"""The whole alarm path is tested daily: through real frames, the very rules, and every notifier; what fails is an alarm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from ear import Ear
from gateway_box import T0, Box
from nspgateway.alerting import Alerting
from nspgateway.config_parts import AlertTestConfig
from nspgateway.desk import Desk, Refused
from nspgateway.errors import StoreFull
from nspgateway.people import By
from nspgateway.records import Changes
from nsplink import frame

TECHNICIAN = By("post-2", "cp_techniek", "page")
WITHIN_S = 60.0
HEARTBEAT_S = 300


class Room:
    """A gateway that tests its path at 18:30 local time, half an hour after the begin, and two kits on the air."""

    def __init__(self, folder: Path, deployment: str = "open", at: str = "18:30") -> None:
        self.box = Box(folder, linked=True, deployment=deployment)
        self.box.config = structs.replace(
            self.box.config, alert_test=AlertTestConfig(at=at, within_s=WITHIN_S)
        )
        self.ear = Ear()
        self.counters = {65: 0, 66: 0}
        self.wire()

    def wire(self) -> None:
        box = self.box
        self.alerting = Alerting(
            box.config, box.ingest, box.store, box.transmitter, box.clock, notifiers=[self.ear]
        )
        self.desk = Desk(box.ingest.situation, box.ingest.recorder, box.clock, box.ingest.show)
        self.desk.alert_test = self.alerting.test

    def say(self, kind: str, kit: int = 65, **values: object) -> str:
        self.counters[kit] += 1
        return self.box.say(kind, self.counters[kit], kit, **values)

    def begin(self, kit: int = 65) -> None:
        """Let a kit be heard and known."""
        self.counters[kit] += 1
        self.box.boot(self.counters[kit], kit)
        self.say("vital", kit)

    async def live(self, seconds: float, step_s: float = 1.0) -> list[tuple[int, dict[str, object]]]:
        """Let the gateway work for so long; return the commands that it sent to the first kit, with their counters."""
        box, sent = self.box, len(self.box.mast.frames)
        assert box.transmitter is not None
        end = box.clock.passed_s + seconds
        while box.clock.passed_s < end:
            box.ingest.tick()
            self.alerting.tick()
            await asyncio.sleep(0)
            wait_s = await box.transmitter.step(box.mast)
            box.clock.move(min(wait_s, step_s, end - box.clock.passed_s))
            await self.settle()
        commands = []
        for data in box.mast.frames[sent:]:
            header, _ = frame.parse(data)
            if (header.address, header.kind) == (65, "command"):
                commands.append((header.counter, box.opened(data, 1)[1]))
        return commands

    async def settle(self) -> None:
        for _ in range(4):
            await asyncio.sleep(0)

    async def half_an_hour(self, *kits: int) -> None:
        """Let half an hour pass in which these kits are heard."""
        for _ in range(6):
            await self.live(HEARTBEAT_S, 10.0)
            for kit in kits:
                self.say("vital", kit)

    def alarm(self, kit: int = 65, age_s: int = 1) -> str:
        return self.say(
            "alarm", kit, event_boot=0, event_n=self.counters[kit], alarm="alarm_test", age_s=age_s
        )

    def alarms(self) -> set[str]:
        return self.box.alarms()

    def result(self) -> tuple[str, str]:
        test = self.box.ingest.overview().path_test
        assert test is not None
        return test.state, test.step

    def what(self) -> str:
        (alarm,) = [one for one in self.box.ingest.overview().alarms if one.id == "alert_path_test"]
        return alarm.what["nl"]


@asynccontextmanager
async def running(room: Room) -> AsyncIterator[None]:
    """Let the hub of the room's gateway deliver meanwhile."""
    task = asyncio.create_task(room.alerting.hub.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def test_a_test_that_arrives_is_told_and_raises_nothing(tmp_path: Path) -> None:
    """The daily test goes from the kit to every notifier, leaves its times in the audit trail, and no alarm anywhere."""
    room = Room(tmp_path)
    room.begin()
    async with running(room):
        await room.live(2)
        assert room.result() == ("running", "")
        assert room.alarm() == "accepted"
        await room.live(5)
        assert room.result() == ("ok", "")
    assert [(one.kind, one.id, one.point) for one in room.ear.heard] == [("test", "alarm_test", "de-linde")]
    assert room.ear.heard[0].title["nl"].startswith("TEST")
    assert room.alarms() == set()
    assert not [topic for topic, _ in room.box.outbox() if "/alarm/" in topic]
    asked, ended = room.box.store.actions()
    assert (asked.what, asked.point, ended.what) == ("alert_path_test", "de-linde", "alert_path_test_result")
    assert (ended.detail["result"], ended.detail["step"]) == ("ok", "")
    assert {"kit_s", "alarm_s", "rules_s", "notifier:page_s", "notifier:sms_s"} <= set(ended.detail)
    room.say("vital")


async def test_it_is_made_each_day_at_its_time(tmp_path: Path) -> None:
    """Nobody has to think of it; a gateway that is new makes its first test at once."""
    room = Room(tmp_path)
    room.begin()
    async with running(room):
        await room.live(2)
        room.alarm()
        assert await room.live(120) == []
        await room.half_an_hour(65)
    begun = [one.at for one in room.box.store.actions() if one.what == "alert_path_test"]
    assert begun[0] < T0 + timedelta(seconds=5)
    assert timedelta(minutes=30) <= begun[1] - T0 < timedelta(minutes=31)
    assert len(begun) == 2


async def test_the_kit_is_asked_on_the_air(tmp_path: Path) -> None:
    """What is tested begins at the kit: it is sent the command, sealed for it, until it answers."""
    room = Room(tmp_path)
    room.begin()
    room.desk.test_alert_path(TECHNICIAN)
    commands = await room.live(3)
    assert commands[0][1] == {"command": "alarm_test", "argument": b""}
    assert room.box.store.actions()[0].by == TECHNICIAN


async def test_a_test_sounds_as_a_test_and_hides_no_alarm(tmp_path: Path) -> None:
    """Protects people's trust in the sound: a test has its own, for a moment, and a real alarm beside it is told."""
    room = Room(tmp_path)
    room.begin()
    async with running(room):
        room.desk.test_alert_path(TECHNICIAN, "de-linde")
        await room.live(2)
        room.alarm()
        room.say("alarm", event_boot=0, event_n=200, alarm="power_lost", age_s=0)
        await room.settle()
        assert [one.word for one in room.box.ingest.overview().sounding] == ["critical", "test"]
        assert {one.kind for one in room.ear.heard} == {"alarm", "test"}
        assert room.alarms() == {"power_lost"}
        await room.live(15)
        assert [one.word for one in room.box.ingest.overview().sounding] == ["critical"]


async def ended_at(room: Room, step: str) -> None:
    """The path ends where it was cut; that is an alarm, told to whoever can still be told, until a test arrives."""
    assert room.result() == ("missed", step)
    assert room.alarms() == {"alert_path_test"}
    assert "De dagelijkse alarmtest van" in room.what()
    assert "{" not in room.what()


async def test_a_kit_that_does_not_answer(tmp_path: Path) -> None:
    """A question that reaches nobody is the first thing that can fail; a later test that arrives ends the alarm."""
    room = Room(tmp_path)
    room.begin()
    async with running(room):
        room.desk.test_alert_path(TECHNICIAN)
        await room.live(WITHIN_S + 2)
        await ended_at(room, "kit:de-linde")
        assert "kwam niet aan bij de kit van de-linde." in room.what()
        assert [one.id for one in room.ear.heard] == ["alert_path_test"]
        room.alarm(age_s=50)
        await room.settle()
        await ended_at(room, "kit:de-linde")
        room.say("vital")
        room.desk.test_alert_path(TECHNICIAN)
        room.alarm(age_s=120)
        await room.live(2)
        assert room.result() == ("running", "")
        room.alarm(age_s=0)
        await room.live(2)
        assert room.result() == ("ok", "")
        assert room.alarms() == set()


async def test_an_alarm_that_does_not_come_in(tmp_path: Path) -> None:
    """A kit that answers and whose alarm is not heard is told apart from one that does not answer."""
    room = Room(tmp_path)
    room.begin()
    room.desk.test_alert_path(TECHNICIAN)
    ((counter, _), *_) = await room.live(3)
    room.say("answer", answers=counter, result="done", value=b"")
    await room.live(WITHIN_S + 2)
    await ended_at(room, "alarm:de-linde")


async def test_a_kit_that_does_not_know_the_test(tmp_path: Path) -> None:
    """Older firmware says so at once, and nobody waits for it."""
    room = Room(tmp_path)
    room.begin()
    room.desk.test_alert_path(TECHNICIAN)
    ((counter, _), *_) = await room.live(3)
    room.say("answer", answers=counter, result="not_known", value=b"")
    await room.live(2)
    await ended_at(room, "refused:de-linde")


async def test_a_notifier_that_is_away(tmp_path: Path) -> None:
    """Each notifier has to confirm; the one that does not is named."""
    room = Room(tmp_path)
    room.begin()
    room.ear.is_away = True
    async with running(room):
        room.desk.test_alert_path(TECHNICIAN)
        await room.live(2)
        room.alarm()
        await room.live(WITHIN_S + 2)
        await ended_at(room, "notifier:sms")
        assert "de melder sms" in room.what()


async def test_a_restart_in_the_middle(tmp_path: Path) -> None:
    """A test that was under way when the gateway stopped did not arrive, also when its alarm comes afterwards."""
    room = Room(tmp_path)
    room.begin()
    room.desk.test_alert_path(TECHNICIAN)
    await room.live(2)
    room.box.restart()
    room.wire()
    await room.live(2)
    await ended_at(room, "restart")
    room.alarm()
    await room.live(2)
    await ended_at(room, "restart")
    assert [one.what for one in room.box.store.actions()] == ["alert_path_test", "alert_path_test_result"]


async def test_no_point_is_heard(tmp_path: Path) -> None:
    """A path that cannot be tested is not tested: that is told, once the points had time to be heard."""
    room = Room(tmp_path, at="17:30")
    await room.live(600, 10.0)
    assert "alert_path_test" not in room.alarms()
    await room.half_an_hour()
    assert room.result() == ("missed", "no_point")
    assert "geen enkel punt in gebruik is te horen" in room.what()
    await room.half_an_hour()
    assert len(room.box.store.actions()) == 1


async def test_nothing_is_tested_while_no_point_is_in_use(tmp_path: Path) -> None:
    """Kits in store are off: no alarm each day because of that."""
    room = Room(tmp_path, deployment="stored")
    await room.half_an_hour()
    assert room.alarms() == set()
    assert room.box.store.actions() == []


async def test_points_get_their_turn(tmp_path: Path) -> None:
    """Each day another kit: all of them are tested in time."""
    room = Room(tmp_path)
    for kit in (65, 66):
        room.begin(kit)
    asked = []
    for _ in range(4):
        asked.append(room.desk.test_alert_path(TECHNICIAN))
        kit = 65 if asked[-1] == "de-linde" else 66
        async with running(room):
            room.alarm(kit)
            await room.live(2)
    assert asked == ["de-ark", "de-linde"] * 2


def test_what_cannot_be_tested_is_refused(tmp_path: Path) -> None:
    """A button that does nothing says why."""
    room = Room(tmp_path)
    with pytest.raises(Refused, match="No point in use is heard"):
        room.desk.test_alert_path(TECHNICIAN)
    room.begin()
    with pytest.raises(Refused, match="'de-ark' is not heard"):
        room.desk.test_alert_path(TECHNICIAN, "de-ark")
    with pytest.raises(Refused, match="there are: de-"):
        room.desk.test_alert_path(TECHNICIAN, "de-aak")
    room.desk.test_alert_path(TECHNICIAN)
    with pytest.raises(Refused, match="under way"):
        room.desk.test_alert_path(TECHNICIAN)


async def test_a_full_disk_does_not_hide_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written is true all the same, and is written once it can be."""
    room = Room(tmp_path)
    room.begin()
    room.desk.test_alert_path(TECHNICIAN)
    store, whole = room.box.store, room.box.store.commit

    def refuse(_changes: Changes) -> list[int]:
        raise StoreFull("the disk is full")

    monkeypatch.setattr(store, "commit", refuse)
    await room.live(WITHIN_S + 2)
    await ended_at(room, "kit:de-linde")
    monkeypatch.setattr(store, "commit", whole)
    await room.live(2)
    assert [one.what for one in store.actions()][-1] == "alert_path_test_result"
