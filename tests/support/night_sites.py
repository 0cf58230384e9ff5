"""The four points of the first night: what is known of them, and what their buildings really have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nspgateway.rule_changes import RuleChange
from story_kit import BATTERY, GENERATOR, METER, Plant

START = datetime.fromisoformat("2027-01-15T17:40:00+01:00")
RULES = {
    "fuel_low": RuleChange(hours=8.0),
    "fuel_critical": RuleChange(hours=4.0),
    "battery_low": RuleChange(hours=4.0),
    "battery_critical": RuleChange(hours=2.0),
}
WITH_SET: dict[str, Any] = {"devices": ("generator", "meter"), "sources": ("grid", "generator")}
SITES: dict[str, dict[str, Any]] = {
    "a": {
        "name": "Buurthuis De Linde",
        "tank_litres": 60.0,
        "dead_litres": 5.0,
        "rated_w": 10_000,
        **WITH_SET,
    },
    "b": {"name": "Kerk De Ark", "tank_litres": 40.0, "dead_litres": 2.0, "rated_w": 8000, **WITH_SET},
    "c": {
        "name": "Sporthal De Kuil",
        "tank_litres": 13.0,
        "dead_litres": 0.5,
        "rated_w": 3000,
        "fuel_kind": "petrol",
        "burn_idle_l_per_kwh": 0.35 / 3,
        "burn_l_per_kwh": 0.5,
        # A meter at the sockets of a set that people carry in and start.
        "devices": ("meter",),
        "sources": ("generator",),
    },
    "d": {
        "name": "Dorpshuis Zuid",
        "tank_litres": None,
        "rated_w": None,
        "battery_wh": 20_000,
        "devices": ("battery", "meter"),
        "sources": ("grid", "battery"),
    },
}


def plants() -> dict[str, Plant]:
    """Return the buildings as they are before the grid goes."""
    diesel = {slug: (0.035 * SITES[slug]["rated_w"] / 1000, 0.255) for slug in "ab"}
    return {
        "a": Plant((*GENERATOR, *METER), "grid", 2400, 51, 60, burn=diesel["a"]),
        "b": Plant((*GENERATOR, *METER), "grid", 1600, 12, 40, burn=diesel["b"]),
        "c": Plant(METER, "none", 1200, 13, burn=(0.35, 0.5)),
        "d": Plant((*BATTERY, *METER), "grid", 800, wh=18_000, battery_wh=20_000),
    }
