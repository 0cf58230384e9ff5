"""The first night of an outage, as far as alarms go: four points, from the grid's failure to refuelling."""

from datetime import timedelta
from pathlib import Path

import pytest

from alarm_room import Room, tank
from nspgateway.alarm_text import texts
from point_facts import NOON
from storm_town import OFFICER, Town

A, B, C, D = range(4)
LINE = "kazerne-oost/many_sites"


@pytest.fixture
def night(tmp_path: Path) -> Town:
    """18:00 local time, four closed points on the grid."""
    return Town(tmp_path, 4, "closed")


def grid_fails(night: Town) -> None:
    """The grid goes off everywhere; A's set starts, D has a battery, B and C have nothing."""
    night.report(A, power_source="none")
    night.report(B, power_source="none")
    night.report(C, power_source="none")
    night.report(D, power_source="battery")
    night.wait(20)
    night.report(A, power_source="generator", generator_state="running")
    night.wait(20)
    night.report(B, "generator_failed", "generator_not_ready", "emergency_stop", generator_state="fault")
    night.wait(25)
    night.report(B, "generator_failed", "generator_not_ready", "emergency_stop", "power_lost")
    night.report(C, "power_lost")
    night.wait(55)


def test_the_grid_fails_at_four_closed_points(night: Town) -> None:
    """18:00: one grouped line within two minutes, no siren for a point, and B's set by itself as high."""
    grid_fails(night)
    assert night.raised() == [LINE, "punt-2/generator_failed"]
    line, failed = (n for n in night.heard if n.action == "raise")
    assert line.title == {"nl": "Veel punten tegelijk: net uit", "en": "Many points at once: grid down"}
    assert (line.at - night.box.clock.now()) < timedelta(minutes=2)
    assert line.what["nl"].startswith("Rond 18:00 kregen 3 punten hetzelfde probleem: net uit.")
    assert failed.priority == "high"
    assert "noodstop ingedrukt" in failed.what["nl"]
    (now,) = [a for a in night.box.ingest.overview().alarms if a.id == "many_sites"]
    assert "kregen 4 punten" in now.what["nl"] or "kregen 3 punten" in now.what["nl"]
    assert night.state(C, "power_lost") == "suppressed"
    assert night.state(B, "power_lost") == "suppressed"


def test_the_generator_returns_and_still_waits_to_be_seen(night: Town) -> None:
    """18:52: B runs again; its alarm is reported restored, until somebody has pressed Gezien."""
    grid_fails(night)
    night.report(B, power_source="generator", generator_state="running")
    night.wait(120)
    assert night.state(B, "generator_failed") == "returned_unacknowledged"
    night.desk.acknowledge("punt-2", "generator_failed", OFFICER)
    assert night.shown() == {LINE}


def test_fuel_low_stays_within_its_deadband_until_refuelled() -> None:
    """21:15 to 00:40: 7.8 h raises, 8.6 h keeps, 8.0 h is no second alarm, 34 h ends it."""
    room = Room()
    minute = timedelta(minutes=1)
    hours = [7.8] * 100 + [8.6] * 35 + [8.0] * 50
    said = room.see_all(tank(NOON + n * minute, 10.0, left) for n, left in enumerate(hours))
    assert said == ["raise fuel_low"]
    start = NOON + len(hours) * minute
    assert room.see_all(tank(start + n * minute, 30.0, 34.0) for n in range(12)) == ["clear fuel_low"]


def test_a_pulled_plug_is_a_missing_reading_and_nothing_else(night: Town) -> None:
    """22:10: device_lost at A after its delay; the fuel is unknown, and raises nothing; it returns by itself."""
    night.desk.set_deployment("punt-1", "open", OFFICER)
    night.report(A, power_source="generator", generator_state="running", fuel_permille=900)
    night.wait(5)
    lost = {"q_generator": None, "q_tank": None}
    night.report(A, power_source="generator", **lost)
    night.report(A, "device_lost", power_source="generator", **lost)
    night.wait(600, 10)
    night.report(A, "device_lost", power_source="generator", **lost)
    night.wait(600, 10)
    assert night.raised() == ["punt-1/device_lost"]
    night.report(A, power_source="generator", q_generator="good", q_tank="good")
    night.clear(A, "device_lost")
    night.wait(5)
    assert night.shown() == set()


def test_a_planned_stop_covers_what_follows_from_it_and_no_more(night: Town) -> None:
    """00:25: the set stands still for refuelling: no generator_failed, no power_lost; the battery is no part of it."""
    night.desk.set_deployment("punt-2", "open", OFFICER)
    night.report(B, power_source="generator", generator_state="running")
    night.desk.plan_stop("punt-2", OFFICER)
    night.report(B, "generator_failed", "generator_not_ready", "power_lost", power_source="none")
    night.wait(60)
    night.report(B, "generator_failed", "generator_not_ready", "power_lost", "input_1", power_source="none")
    assert night.raised() == ["punt-2/input_1"]
    night.clear(B, "input_1")
    night.wait(600, 10)
    night.report(B, power_source="generator", generator_state="running")
    for name in ("generator_failed", "generator_not_ready", "power_lost"):
        night.clear(B, name)
    night.wait(600, 10)
    assert night.raised() == ["punt-2/input_1"]
    assert night.shown() == set()


def test_what_lasts_longer_than_the_stop_is_said_when_it_is_over(night: Town) -> None:
    """Protects the point that stays dark: at the end of the stop its alarm comes out, critical, also after a restart."""
    night.desk.set_deployment("punt-2", "open", OFFICER)
    night.desk.plan_stop("punt-2", OFFICER, minutes=15)
    night.report(B, "generator_failed", "power_lost", power_source="none")
    night.wait(800, 20)
    night.restart()
    night.report(B, "generator_failed", "power_lost", power_source="none")
    assert night.raised() == []
    night.wait(110, 10)
    assert night.raised() == ["punt-2/generator_failed"]
    assert night.heard[-1].priority == "critical"


def test_an_alarm_that_came_before_its_stop_was_announced_is_covered(night: Town) -> None:
    """Protects the volunteer who presses late: "wordt er getankt? Geef dat door" has its effect."""
    night.desk.set_deployment("punt-2", "open", OFFICER)
    night.report(B, "generator_failed", power_source="none")
    assert night.shown() == {"punt-2/generator_failed"}
    night.desk.plan_stop("punt-2", OFFICER)
    night.wait(1)
    assert night.shown() == set()
    night.desk.end_stop("punt-2", OFFICER)
    night.wait(1)
    assert night.shown() == {"punt-2/generator_failed"}


def test_a_point_that_does_not_open_in_time_is_told(night: Town) -> None:
    """19:30: planned to be open and still being set up; opening ends it, and so does a new time."""
    opens_at = night.box.clock.now() + timedelta(minutes=10)
    night.desk.set_deployment("punt-3", "activated", OFFICER, opens_at=opens_at)
    night.desk.set_deployment("punt-3", "setting_up", OFFICER)
    night.wait(590, 10)
    assert night.raised() == []
    night.restart()
    night.wait(20, 10)
    assert night.raised() == ["punt-3/site_not_open"]
    assert "om 18:10 open zijn. Stand: wordt ingericht." in night.heard[-1].what["nl"]
    night.desk.set_deployment("punt-3", "open", OFFICER)
    night.wait(1)
    assert night.shown() == set()


def test_texts_name_the_storm_as_it_was_when_it_is_over(night: Town) -> None:
    """Protects the log: also without the facts of then the line says what it was about."""
    grid_fails(night)
    kept = night.box.ingest.situation.open_alarm("kazerne-oost", "many_sites")
    assert kept is not None
    said = texts(kept, night.box.ingest.situation.facts(night.box.ingest.situation.states["punt-1"], NOON))
    assert said.title["nl"] == "Veel punten tegelijk: net uit"
