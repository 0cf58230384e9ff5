"""The points of a scenario's file as the gateway and the kits know them: nothing that their buildings have not."""

from pathlib import Path

import pytest

from nsptools.bench import profiles
from nsptools.bench.doors import read_variable, write_variable
from nsptools.bench.plant import Plant
from nsptools.demo import places
from nsptools.scenario.errors import ScenarioError
from nsptools.scenario.files import load
from nsptools.scenario.reader import read
from story import HEAD

NIGHT = Path(__file__).parents[2] / "docs/examples/first-night.toml"


def test_a_point_has_the_sources_devices_and_tank_of_its_plant() -> None:
    """A point without a set is asked for no fuel, and one that people carry a set to is no point on the grid."""
    points = {place.point.slug: place.point for place in places.of_story(load(NIGHT))}
    assert {slug: one.sources for slug, one in points.items()} == {
        "a": ("grid", "generator"),
        "b": ("grid", "generator"),
        "c": ("generator",),
        "d": ("grid", "battery"),
    }
    assert {slug: one.devices for slug, one in points.items()} == {
        "a": ("generator", "meter"),
        "b": ("generator", "meter"),
        "c": ("meter",),
        "d": ("battery", "meter"),
    }
    assert [(one.tank_litres, one.rated_w, one.battery_wh, one.fuel_kind) for one in points.values()] == [
        (60, 10_000, None, "diesel"),
        (40, 8000, None, "diesel"),
        (13, 3000, None, "petrol"),
        (None, None, 20_000, "diesel"),
    ]


def test_the_grid_does_not_come_where_no_line_is() -> None:
    """`grid_on` for everybody must not feed a hall that only a portable set feeds."""
    plant = Plant(profiles.spec("petrol3k_by_hand"))
    write_variable(plant, "grid_on", "1")
    plant.step(1.0)
    assert [read_variable(plant, name) for name in ("grid_on", "source")] == ["0", "none"]
    write_variable(plant, "mode", "manual")
    write_variable(plant, "start", "1")
    plant.step(60.0)
    assert read_variable(plant, "source") == "generator"
    with pytest.raises(ScenarioError, match="grid_on is true; this site is not on the grid"):
        read(HEAD.replace('"diesel10k_dse7320"\ntank_l', '"petrol3k_by_hand"\ngrid_on = true\ntank_l'), "s")
