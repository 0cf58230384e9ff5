"""One cause at many points: few lines at first, and nothing that is lost by it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from storm_town import OFFICER, Town

LINE = "kazerne-oost/many_sites"
DARK = {"power_source": "none", "q_generator": None, "q_meter": None}


def _grid_only(town: Town, point: int) -> None:
    town.report(point, power_source="battery")


def _everything(town: Town, point: int) -> None:
    town.report(point, "power_lost", "device_lost", "generator_failed", **DARK)


def _by_turns(town: Town, point: int) -> None:
    """Every point another first alarm, the others later."""
    kinds = (
        "power_lost",
        "device_lost",
        "generator_failed",
        "generator_not_ready",
        "battery_low",
        "overload",
    )
    chosen = Random(point).sample(kinds, 4)
    for count in (1, 2, 4):
        town.report(point, *chosen[:count], power_source="none", q_battery=None)


def _frames_about_alarms(town: Town, point: int) -> None:
    """Heartbeats that tell of the source first, the alarm after it."""
    town.report(point, power_source="none")
    town.report(point, "power_lost", "generator_failed", power_source="none")


@pytest.mark.parametrize(
    "hit",
    [
        pytest.param(_grid_only, marks=pytest.mark.soak),
        _everything,
        _by_turns,
        pytest.param(_frames_about_alarms, marks=pytest.mark.soak),
    ],
)
def test_a_storm_of_40_points_is_at_most_three_lines_in_its_first_minute(
    tmp_path: Path, hit: Callable[[Town, int], None]
) -> None:
    """Protects the operator: whatever alarms the same event causes everywhere, three lines at most."""
    town = Town(tmp_path, 40)
    for count, point in enumerate(Random(7).sample(range(40), 40)):
        hit(town, point)
        town.box.clock.move(1.4)
        if count % 4 == 3:
            town.box.ingest.tick()
    town.wait(3)
    assert LINE in town.raised()
    assert len(town.raised()) <= 3, town.raised()
    assert len(town.shown()) <= 3, town.shown()


def test_nothing_critical_is_lost_in_a_storm(tmp_path: Path) -> None:
    """Protects forty open points without power: each is a line of its own once the first minutes are over."""
    town = Town(tmp_path, 40)
    for point in range(40):
        _everything(town, point)
    town.wait(60, 5)
    assert len(town.raised()) <= 3
    hidden = next(
        slug for n, slug in enumerate(town.slugs) if town.state(n, "generator_failed") == "suppressed"
    )
    page = {point.slug: point.status for point in town.box.ingest.overview().points}
    assert page[hidden] == "critical"
    town.restart()
    town.wait(300, 10)
    failed = {f"{slug}/generator_failed" for slug in town.slugs}
    assert failed <= set(town.raised())
    assert len(town.raised()) == len(set(town.raised()))
    assert not any("power_lost" in one for one in town.raised())
    for slug in town.slugs:
        assert (alarm := town.box.ingest.situation.open_alarm(slug, "power_lost"))
        assert alarm.cause == "generator_failed"


def test_at_closed_points_the_storm_is_the_only_line_until_it_is_over(tmp_path: Path) -> None:
    """Protects the order of work: what is not critical stays with the storm, and comes out when it ends."""
    town = Town(tmp_path, 6, "closed")
    for point in range(6):
        town.report(point, power_source="battery")
    town.wait(70)
    for point in (0, 1):
        town.report(point, "power_lost", power_source="none")
    town.wait(1200, 30)
    assert town.raised() == [LINE]
    assert town.state(0, "power_lost") == "suppressed"
    for point in range(1, 6):
        town.report(point, power_source="grid")
    town.report(0, "power_lost", power_source="none")
    town.wait(90)
    assert town.raised() == [LINE, "punt-1/power_lost"]
    assert town.state(1, "power_lost") == "normal"
    assert LINE not in town.shown()


def test_a_point_that_opens_in_a_storm_is_told_of_at_once(tmp_path: Path) -> None:
    """Protects a point that gets worse than the storm: high becomes critical when it opens."""
    town = Town(tmp_path, 4, "closed")
    for point in range(4):
        town.report(point, "power_lost", power_source="none")
    town.wait(400, 5)
    hidden = [n for n in range(4) if town.state(n, "power_lost") == "suppressed"]
    assert hidden
    before = town.raised()
    town.desk.set_deployment(town.slugs[hidden[0]], "open", OFFICER)
    town.wait(2)
    assert town.raised() == [*before, f"{town.slugs[hidden[0]]}/power_lost"]


def test_a_failed_generator_is_not_explained_by_the_grid(tmp_path: Path) -> None:
    """Protects the one point that differs: its set should have run, storm or no storm."""
    town = Town(tmp_path, 12, "closed")
    for point in range(12):
        town.report(point, power_source="battery")
    town.report(5, "generator_failed", power_source="none")
    assert town.raised() == [LINE, "punt-6/generator_failed"]


def test_gas_and_smoke_stand_alone_in_any_storm(tmp_path: Path) -> None:
    """Protects lives: an alarm without a family knows no limit, no grouping and no waiting."""
    town = Town(tmp_path, 8)
    for point in range(8):
        town.report(point, "generator_failed", "power_lost", "input_1", **DARK)
    assert sum(one.endswith("input_1") for one in town.raised()) == 8


def test_two_points_are_no_storm_and_wait_a_minute_at_most(tmp_path: Path) -> None:
    """Protects small troubles: what found no room in one minute is said in the next."""
    town = Town(tmp_path, 5)
    for point in (0, 1):
        town.report(point, "generator_failed", "device_lost", "overload", q_battery=None)
    assert town.raised() == ["punt-1/generator_failed", "punt-1/overload"]
    town.wait(62)
    assert len(set(town.raised())) == len(town.raised()) == 6
    assert LINE not in town.raised()


def test_a_second_storm_is_said_though_the_first_line_still_stands(tmp_path: Path) -> None:
    """Protects whoever has seen the first: a new storm, hours later, is no part of what they saw."""
    town = Town(tmp_path, 8)
    for point in range(4):
        town.report(point, power_source="battery")
    town.desk.acknowledge("kazerne-oost", "many_sites", OFFICER)
    town.wait(3600, 60)
    assert town.raised() == [LINE]
    for point in range(4, 8):
        town.report(point, "generator_failed")
    town.wait(2)
    assert town.raised().count(LINE) == 2
    assert len(town.raised()) <= 4


def test_a_second_storm_brings_back_a_line_that_was_put_aside(tmp_path: Path) -> None:
    """Protects what is new: who put the first storm aside has not heard of this, and its alarms are behind that line."""
    town = Town(tmp_path, 8)
    for point in range(4):
        town.report(point, power_source="battery")
    until = town.box.clock.now() + timedelta(minutes=30)
    town.desk.shelve("kazerne-oost", "many_sites", OFFICER, until)
    town.wait(130, 10)
    for point in range(4, 8):
        town.report(point, "generator_failed")
    town.wait(2)
    assert town.raised().count(LINE) == 2
    assert LINE in town.shown()


def test_what_joins_a_storm_that_was_put_aside_is_told_by_itself(tmp_path: Path) -> None:
    """Protects a point whose generator fails: a line that nobody sees hides nothing that comes."""
    town = Town(tmp_path, 8)
    for point in range(3):
        town.report(point, "generator_failed")
    town.wait(2)
    until = town.box.clock.now() + timedelta(minutes=30)
    town.desk.shelve("kazerne-oost", "many_sites", OFFICER, until)
    town.report(5, "generator_failed")
    assert town.state(5, "generator_failed") != "suppressed"
    town.wait(62)
    assert LINE not in town.shown()
    assert "punt-6/generator_failed" in town.shown()


def test_one_storm_after_the_other_hides_no_dark_point_for_longer(tmp_path: Path) -> None:
    """Protects a point without power: what it hides beside it in a second storm does not begin its while anew."""
    town = Town(tmp_path, 4)
    for point in range(4):
        town.report(point, "power_lost", power_source="none")
    town.wait(260, 10)
    for point in range(4):
        town.report(point, "power_lost", "generator_failed")
    town.wait(45)
    for slug in town.slugs:
        assert {f"{slug}/power_lost", f"{slug}/generator_failed"} & town.shown(), slug


def test_what_holds_again_is_known_while_its_cause_waits_for_a_line(tmp_path: Path) -> None:
    """Protects what is shown: with no room for what explains it, that it is true once more is not lost."""
    town = Town(tmp_path, 3)
    town.report(0, "power_lost", power_source="none")
    town.wait(120, 10)
    town.report(0)
    for point in (1, 2):
        town.report(point, "device_lost", "input_1")
    town.report(0, "power_lost", "generator_failed")
    assert town.state(0, "generator_failed") == "normal"
    found = town.box.ingest.situation.open_alarm("punt-1", "power_lost")
    assert found is not None
    assert found.pending_since is None


def test_a_restart_in_a_storm_says_nothing_twice(tmp_path: Path) -> None:
    """Protects the count: storm, hidden alarms and waiting ones are as they were after a power cut."""
    town = Town(tmp_path, 40)
    for point in range(20):
        _everything(town, point)
    town.restart()
    for point in range(20, 40):
        _everything(town, point)
        town.wait(1 if point % 5 == 0 else 0)
    assert len(town.raised()) <= 3


def test_the_grid_that_comes_back_to_a_town_is_not_forty_lines(tmp_path: Path) -> None:
    """Protects the list at the end of a storm; at one point alone it is told."""
    town = Town(tmp_path, 10, "closed")
    for point in range(10):
        town.report(point, power_source="battery")
    town.wait(600, 30)
    for point in range(10):
        town.report(point, power_source="grid")
    town.wait(200, 5)
    assert town.raised() == [LINE]
    assert town.shown() == set()
    town.report(3, power_source="battery")
    town.wait(300, 5)
    town.report(3, power_source="grid")
    town.wait(125, 5)
    assert town.raised() == [LINE, "punt-4/grid_back"]
    town.wait(1830, 60)
    assert town.shown() == set()
