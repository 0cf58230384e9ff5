"""The four points of the first night: what is known of them, and what their buildings really have, as the story's file has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nspgateway.rule_changes import RuleChange
from nsptools.bench.spec import PlantSpec
from nsptools.demo import places
from nsptools.scenario.files import load
from story_kit import BATTERY, GENERATOR, METER, Plant

STORY = load(Path(__file__).parents[2] / "docs/examples/first-night.toml")
START = STORY.start
RULES = {
    "fuel_low": RuleChange(hours=8.0),
    "fuel_critical": RuleChange(hours=4.0),
    "battery_low": RuleChange(hours=4.0),
    "battery_critical": RuleChange(hours=2.0),
}
_KNOWN = (
    *("name", "tank_litres", "dead_litres", "fuel_kind", "rated_w", "burn_idle_l_per_kwh", "burn_l_per_kwh"),
    *("battery_wh", "devices", "sources"),
)
SITES: dict[str, dict[str, Any]] = {
    place.point.slug: {name: getattr(place.point, name) for name in _KNOWN}
    for place in places.of_story(STORY)
}
_QUANTITIES = {"generator": GENERATOR, "battery": BATTERY, "meter": METER}


def plants() -> dict[str, Plant]:
    """Return the buildings as they are before the grid goes."""
    return {point.slug: _plant(point.plant) for point in STORY.points}


def _plant(spec: PlantSpec) -> Plant:
    return Plant(
        tuple(name for device in spec.devices for name in _QUANTITIES[device]),
        "grid" if spec.grid_on else "none",
        round(spec.load_w),
        spec.fuel_l,
        spec.tank_l,
        wh=spec.soc * spec.battery_wh,
        battery_wh=spec.battery_wh,
        burn=(spec.idle_l_per_kwh * spec.rated_w / 1000, spec.slope_l_per_kwh),
    )
