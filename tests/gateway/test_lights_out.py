"""When a point goes dark: by its source of now, with what stands behind it, and what is not known said."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway_box import Box
from nspgateway.facts import Facts
from nspgateway.lights_out import had_power, lights_out
from nspgateway.view import LightsOut
from point_facts import NOON, good, hours, make_facts, make_point

LOAD = {"load_w": 2000, "generator_mode": "auto"}


def at(source: str | None, **values: Any) -> Facts:
    """A point with a set and a 20 kWh battery at 60 %, of which so much is known."""
    readings = good(battery_permille=600, **LOAD)
    if source is not None:
        readings |= good(power_source=source)
    point = values.pop("point", make_point())
    return replace(make_facts(point, readings=readings, fuel=hours(8.0)), **values)


def left(found: LightsOut) -> list[float]:
    """Hours from noon to each of the three moments."""
    return [(one - NOON) / timedelta(hours=1) for one in (found.low, found.likely, found.high) if one]


def test_the_battery_carries_on_where_the_fuel_ends() -> None:
    """Protects the combined moment: 8 h of fuel, then 10 kWh at 2 kW."""
    found = lights_out(at("generator"))
    assert (found.word, found.parts, found.missing) == ("runs_down", ("fuel", "battery"), ())
    assert left(found)[1] == pytest.approx(13.0)
    assert left(found)[0] < 12.0
    assert left(found)[2] > 14.0


def test_on_the_grid_it_is_the_case_that_the_grid_fails() -> None:
    """Protects against a false deadline: the grid runs nothing down, and the word says "if"."""
    found = lights_out(at("grid"))
    assert (found.word, found.parts, found.missing) == ("if_grid_fails", ("fuel", "battery"), ())
    by_hand = lights_out(at("grid", readings=good(power_source="grid", load_w=2000, battery_permille=600)))
    assert by_hand.missing == ("start_by_hand",)
    broken = lights_out(at("grid", local_alarms=frozenset({"generator_not_ready"})))
    assert (broken.parts, broken.missing) == (("battery",), ("generator_not_ready",))
    assert left(broken)[1] == pytest.approx(5.0)
    assert lights_out(at("sun")).word == "if_sun_fails"


def test_without_anything_behind_the_grid_it_is_dark_at_once() -> None:
    """Protects the point that has nothing: when the grid fails now, it is dark now."""
    bare = make_point(sources=("grid",), devices=(), battery_wh=None)
    found = lights_out(at("grid", point=bare, fuel=None))
    assert (found.word, found.parts) == ("if_grid_fails", ())
    assert left(found) == [0.0, 0.0, 0.0]


def test_a_battery_that_carries_the_load_has_its_own_hours() -> None:
    """Protects the battery site: its forecast is the moment; one that rests has none."""
    found = lights_out(at("battery", battery=hours(4.0)))
    assert (found.word, found.parts, left(found)[1]) == ("runs_down", ("battery",), 4.0)
    resting = lights_out(at("battery"))
    assert (resting.word, resting.likely, resting.missing) == ("unknown", None, ("not_running_down",))


def test_a_dark_point_says_since_when() -> None:
    """Protects the residents: no power is no forecast but a fact, with its moment."""
    since = NOON - timedelta(hours=1)
    assert lights_out(at("none", dark_since=since)) == LightsOut("dark", since=since)


def test_what_is_not_known_is_named() -> None:
    """Protects against a guess: without source or fuel there is no moment; without charge it is left out."""
    assert lights_out(at(None)) == LightsOut("unknown", missing=("source_unknown",))
    assert lights_out(at("generator", fuel=None)).word == "unknown"
    half = lights_out(at("generator", readings=good(power_source="generator", load_w=2000)))
    assert (half.word, half.parts, half.missing) == ("runs_down", ("fuel",), ("battery_unknown",))
    assert left(half)[1] == pytest.approx(8.0)


def test_dark_since_is_the_first_word_of_it_also_after_a_restart(tmp_path: Path) -> None:
    """Protects the log of the night: a restart does not make an outage younger, and power back ends it."""
    box = Box(tmp_path, deployment="open")
    box.vital(1)
    box.clock.move(300)
    since = box.clock.now()
    box.vital(2, power_source="none", generator_state="stopped", load_w=0)
    box.clock.move(300)
    box.vital(3, power_source="none", generator_state="stopped", load_w=0)
    box.clock.move(60)
    box.restart()

    def seen() -> LightsOut | None:
        return next(p for p in box.ingest.overview().points if p.slug == "de-linde").lights_out

    assert seen() == LightsOut("dark", since=since)
    box.vital(4, power_source="grid", generator_state="stopped", load_w=500)
    found = seen()
    assert found is not None
    assert found.word == "if_grid_fails"


@pytest.mark.parametrize(
    ("known", "had"),
    [
        ({"last_source": "grid"}, True),
        ({"last_source": "sun"}, True),
        ({"last_source": "generator"}, True),
        ({"last_source": "generator", "fuel": hours(0.9)}, None),
        ({"last_source": "generator", "fuel": None}, None),
        ({"last_source": "battery", "last_charge_permille": 300}, True),
        ({"last_source": "battery", "last_charge_permille": 299}, None),
        ({"last_source": "battery"}, None),
        ({"last_source": "none"}, False),
        ({"last_source": "grid", "dark_since": NOON}, False),
        ({}, None),
    ],
)
def test_power_is_ruled_out_as_a_cause_only_where_it_is_known(
    known: dict[str, Any], had: bool | None
) -> None:
    """Protects who is sent out: "probably its kit" is said of a silent point only if it had power for hours."""
    assert had_power(at(None, **known)) is had
