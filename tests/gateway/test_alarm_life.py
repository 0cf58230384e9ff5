"""The life of an alarm beside raising and ending: put aside, coming back, flapping, said again, commented on."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from alarm_room import Room, bits, tank
from gateway_box import Box
from nspgateway import alarms
from nspgateway.desk import Desk, Refused
from nspgateway.facts import Facts
from nspgateway.people import By
from point_facts import NOON
from storm_town import OFFICER, Town

MINUTE = timedelta(minutes=1)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Three open points, so that a storm is possible and none is there."""
    return Town(tmp_path, 3)


def shelve(town: Town, alarm: str, minutes: float, note: str = "") -> None:
    """Put an alarm of the first point aside."""
    until = town.box.clock.now() + timedelta(minutes=minutes)
    town.desk.shelve("punt-1", alarm, OFFICER, until, note)


def test_what_is_put_aside_comes_back_by_itself(town: Town) -> None:
    """Protects against the forgotten alarm: at its end it is new again, also over a restart, with its reason."""
    town.report(0, "power_lost", power_source="none")
    shelve(town, "power_lost", 20, "belt terug")
    assert town.shown() == set()
    town.restart()
    town.report(0, "power_lost", power_source="none")
    town.wait(19 * 60, 60)
    assert town.state(0, "power_lost") == "shelved"
    town.wait(61, 10)
    assert town.state(0, "power_lost") == "unacknowledged"
    assert town.raised() == ["punt-1/power_lost"] * 2
    (action,) = town.box.store.actions()
    assert (action.what, action.by, action.alarm, action.note) == (
        "shelve",
        OFFICER,
        "power_lost",
        "belt terug",
    )
    said = [m["state"] for topic, m in town.box.outbox() if topic == "punt-1/alarm/power_lost"]
    assert said[:2] == ["unacknowledged", "shelved"]
    assert not any("belt terug" in str(m) for _, m in town.box.outbox())


def test_what_ended_while_it_was_put_aside_does_not_come_back(town: Town) -> None:
    """Protects the list: the kit's own clear ends a shelved alarm for good."""
    town.report(0, "power_lost", power_source="none")
    shelve(town, "power_lost", 20)
    town.clear(0, "power_lost")
    town.wait(25 * 60, 60)
    assert town.raised() == ["punt-1/power_lost"]
    assert town.shown() == set()


def test_what_only_heartbeats_call_over_is_shown_as_not_confirmed(town: Town) -> None:
    """Protects against a forged all-clear in the shade: at the end a person still has to look."""
    town.report(0, "power_lost", power_source="none")
    shelve(town, "power_lost", 20)
    town.report(0)
    town.wait(10 * 60, 60)
    assert town.state(0, "power_lost") == "shelved"
    town.report(0)
    town.wait(11 * 60, 60)
    assert town.state(0, "power_lost") == "returned_unacknowledged"


def test_unshelve_shows_it_at_once(town: Town) -> None:
    """Protects a change of mind."""
    town.report(0, "power_lost", power_source="none")
    shelve(town, "power_lost", 20)
    town.desk.unshelve("punt-1", "power_lost", OFFICER)
    assert town.shown() == {"punt-1/power_lost"}
    with pytest.raises(Refused, match="not put aside"):
        town.desk.unshelve("punt-1", "power_lost", OFFICER)


def test_ends_that_cannot_be_are_refused_with_what_can(town: Town) -> None:
    """Protects an open point: its critical alarm is put aside for half an hour at most, others for eight hours."""
    town.report(0, "power_lost", "overload", power_source="none")
    with pytest.raises(Refused, match="at most 30 minutes"):
        shelve(town, "power_lost", 31)
    with pytest.raises(Refused, match="in the past"):
        shelve(town, "power_lost", -1)
    with pytest.raises(Refused, match="at most 480 minutes"):
        shelve(town, "overload", 481)
    with pytest.raises(Refused, match="time zone"):
        town.desk.shelve("punt-1", "overload", OFFICER, datetime(2027, 1, 15, 20))  # noqa: DTZ001 - the fault itself
    with pytest.raises(Refused, match="No alarm"):
        shelve(town, "fuel_low", 5)
    with pytest.raises(Refused, match="at most 500"):
        shelve(town, "overload", 5, "x" * 501)
    assert town.box.store.actions() == []
    shelve(town, "overload", 480)


def test_a_hidden_alarm_is_put_aside_by_its_cause(town: Town) -> None:
    """Protects the reader: what is hidden already names what hides it."""
    town.report(0, "generator_failed", "power_lost", power_source="none")
    with pytest.raises(Refused, match="belongs to generator_failed"):
        shelve(town, "power_lost", 5)


def test_what_ends_just_behind_its_cause_is_never_told(town: Town) -> None:
    """Protects from a line that was never news: a kit tells one end after the other, a frame each."""
    town.report(0, "generator_failed", "generator_not_ready", power_source="grid")
    town.clear(0, "generator_failed")
    town.wait(5)
    town.clear(0, "generator_not_ready")
    town.wait(120)
    assert town.raised() == ["punt-1/generator_failed"]
    assert town.shown() == {"punt-1/generator_failed"}


def test_what_outlasts_its_cause_is_told(town: Town) -> None:
    """Protects a set that runs again and would not start once more: a minute after what hid it, it is told."""
    town.report(0, "generator_failed", "generator_not_ready", power_source="grid")
    town.clear(0, "generator_failed")
    town.wait(50)
    assert "punt-1/generator_not_ready" not in town.shown()
    town.wait(15)
    assert "punt-1/generator_not_ready" in town.shown()


def test_what_is_critical_waits_for_nothing_behind_its_cause(town: Town) -> None:
    """Protects an open point that stays dark: with what hid it gone, that it has no power is told at once."""
    town.report(0, "generator_failed", "power_lost", power_source="none")
    town.clear(0, "generator_failed")
    town.wait(2)
    assert "punt-1/power_lost" in town.shown()


def test_what_ended_while_nobody_saw_it_hides_nothing(town: Town) -> None:
    """Protects an open point without power: a stop hid both alarms, and the one that explained the other never shows."""
    town.desk.plan_stop("punt-1", OFFICER, 5)
    town.report(0, "generator_failed", "power_lost", power_source="none")
    town.report(0, "power_lost", power_source="none")
    assert town.shown() == set()
    town.desk.end_stop("punt-1", OFFICER)
    town.wait(1)
    assert town.shown() == {"punt-1/power_lost"}


def test_a_cause_put_aside_hides_nothing_as_urgent(town: Town) -> None:
    """Protects an open point without power: that somebody knows of the generator does not cover it."""
    town.report(0, "generator_failed", "power_lost", "generator_not_ready", power_source="none")
    shelve(town, "generator_failed", 20)
    town.wait(2)
    assert town.shown() == {"punt-1/power_lost"}


def test_low_put_aside_does_not_cover_critical() -> None:
    """Protects the tank: fuel_low put aside leaves fuel_critical its own line."""
    room = Room()
    room.see_all(tank(NOON + n * MINUTE, 8.0, 6.5) for n in range(3))
    now = NOON + 3 * MINUTE
    room.kept["fuel_low"] = alarms.shelve(room.kept["fuel_low"], now, now + timedelta(hours=8))
    said = room.see_all(tank(NOON + n * MINUTE, 4.0, 2.0) for n in range(3, 6))
    assert said == ["raise fuel_critical"]
    assert room.state("fuel_low") == "shelved"


def test_a_rise_of_the_priority_ends_the_putting_aside(town: Town) -> None:
    """Protects a point that opens: what was put aside while it was closed is critical now."""
    town.desk.set_deployment("punt-1", "closed", OFFICER)
    town.report(0, "power_lost", power_source="none")
    shelve(town, "power_lost", 400)
    town.wait(60, 20)
    town.desk.set_deployment("punt-1", "open", OFFICER)
    town.wait(1)
    assert town.state(0, "power_lost") == "unacknowledged"
    assert town.raised()[-1] == "punt-1/power_lost"


def test_a_rise_of_the_priority_asks_to_be_seen_again(town: Town) -> None:
    """Protects the one who looked: seen as high is not seen as critical."""
    town.desk.set_deployment("punt-1", "closed", OFFICER)
    town.report(0, "power_lost", power_source="none")
    town.desk.acknowledge("punt-1", "power_lost", OFFICER)
    town.desk.set_deployment("punt-1", "open", OFFICER)
    town.wait(1)
    assert town.state(0, "power_lost") == "unacknowledged"
    assert (town.heard[-1].action, town.heard[-1].priority) == ("update", "critical")


def test_critical_is_said_again_until_somebody_has_seen_it(town: Town) -> None:
    """Protects against an empty room: every five minutes, until "Gezien"; high is said once."""
    town.report(0, "power_lost", "overload", power_source="none")
    for _ in range(4):
        town.wait(300, 20)
        town.report(0, "power_lost", "overload", power_source="none")
    again = [n.id for n in town.heard if n.action == "remind"]
    assert again == ["power_lost"] * 4
    assert len({n.key for n in town.heard}) == len(town.heard)
    town.desk.acknowledge("punt-1", "power_lost", OFFICER)
    town.wait(700, 20)
    assert [n.id for n in town.heard if n.action == "remind"] == again


def test_an_alarm_that_flaps_is_held_open_and_not_said_each_time() -> None:
    """Protects the ear: the third time within half an hour is the last that is said until it was quiet."""
    room = Room()
    for n in range(12):
        room.see(bits(NOON + 2 * n * MINUTE, "overload"))
        room.see_all(bits(NOON + (2 * n + k / 4) * MINUTE) for k in range(1, 8))
        if n == 5:
            room.restart()
    assert sum(d.action == "raise" for d in room.said) == 3
    assert room.note("overload") == "flapping"
    assert room.state("overload") == "unacknowledged"
    quiet = room.see_all(bits(NOON + (24 + n) * MINUTE) for n in range(12))
    assert quiet == ["return overload"]


def test_flapping_ends_by_the_kits_word_after_quiet() -> None:
    """Protects the end: an alarm that the kit ends each time is cleared once it stays away."""
    room = Room()
    for n in range(5):
        room.see(bits(NOON + n * MINUTE, "overload"))
        room.see(_ended(bits(NOON + (n + 0.5) * MINUTE)))
    assert room.note("overload") == "flapping"
    said = room.see_all(_ended(bits(NOON + (5 + n) * MINUTE)) for n in range(12))
    assert said == ["clear overload"]


def _ended(facts: Facts) -> Facts:
    """The same facts with the kit's word that the overload is over."""
    return replace(facts, ended=frozenset({"overload"}))


def test_a_comment_is_in_the_audit_trail_and_nowhere_else(tmp_path: Path) -> None:
    """Protects who typed it: written with name, moment and place, and in no message that leaves the gateway."""
    box = Box(tmp_path)
    box.vital(1, alarms=1 << 2)
    desk = Desk(box.ingest.situation, box.ingest.recorder, box.clock)
    by = By("post-2", "cp_coordinator", "mqtt:wall")
    before = box.outbox()
    desk.comment("de-linde", "power_lost", by, "Piet belt de netbeheerder")
    (action,) = box.store.actions()
    assert (action.what, action.by, action.note) == ("comment", by, "Piet belt de netbeheerder")
    assert box.outbox() == before
    with pytest.raises(Refused, match="needs a text"):
        desk.comment("de-linde", "power_lost", by, "  ")
