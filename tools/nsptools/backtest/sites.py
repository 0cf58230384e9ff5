"""The sites that run dry: those of the first night, and larger tanks. The seed varies each a little."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from nspgateway.config import PointConfig
from nsptools.bench.spec import PlantSpec

# What one set burns beside what its curve says, as a share.
CURVE_ERROR = 0.08


@dataclass(frozen=True)
class Site:
    """One simulated site and what the gateway's settings say of it.

    ``is_gauged``: a controller tells the level. ``refuels``: how often it is filled up on the way, by a
    planned stop. ``steps``: by how much the load may jump, as a share of its first value.
    """

    kind: str
    spec: PlantSpec
    point: PointConfig
    is_gauged: bool = True
    refuels: int = 0
    steps: tuple[float, float] = (0.8, 1.25)


def kinds() -> tuple[str, ...]:
    """Names of all sites."""
    return tuple(_SITES)


def site(kind: str, seed: int) -> Site:
    """Return one of the sites, varied by the seed. Raises KeyError for a kind that is not there."""
    rng = random.Random(f"{kind} {seed}")
    settings, plant, more = _SITES[kind]
    point = PointConfig(
        slug=kind,
        name=kind,
        number=1,
        municipality="Lindendam",
        region="oost",
        cp="kazerne-oost",
        latitude=52.1,
        longitude=5.9,
        kit_address=65,
        deployment="open",
        **settings,
    )
    idle, slope = point.burn_idle_l_per_kwh, point.burn_l_per_kwh
    burns = rng.uniform(1 - CURVE_ERROR, 1 + CURVE_ERROR)
    spec = PlantSpec(
        rated_w=point.rated_w or 0.0,
        tank_l=point.tank_litres or 1.0,
        dead_l=point.dead_litres,
        idle_l_per_kwh=idle * burns,
        slope_l_per_kwh=slope * burns,
        battery_wh=point.battery_wh or 0.0,
        running=bool(point.rated_w),
        grid_on=False,
        **plant,
    )
    spec = replace(spec, load_w=spec.load_w * rng.uniform(0.85, 1.15))
    return Site(kind, spec, point, **more)


_GENERATOR: dict[str, Any] = {"sources": ("grid", "generator"), "devices": ("generator", "meter")}
# Settings of the point, the plant, the story.
_SITES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "diesel-60": (
        {**_GENERATOR, "tank_litres": 60.0, "dead_litres": 5.0, "rated_w": 10_000},
        {"fuel_l": 24.0, "load_w": 2_400.0},
        {},
    ),
    "diesel-40": (
        {**_GENERATOR, "tank_litres": 40.0, "dead_litres": 2.0, "rated_w": 8_000},
        {"fuel_l": 18.0, "load_w": 2_000.0},
        {},
    ),
    "diesel-145": (
        {**_GENERATOR, "tank_litres": 145.0, "dead_litres": 6.0, "rated_w": 16_000},
        {"fuel_l": 46.0, "load_w": 6_000.0},
        {},
    ),
    "diesel-300": (
        {**_GENERATOR, "tank_litres": 300.0, "dead_litres": 12.0, "rated_w": 30_000, "lead_time_h": 2.0},
        {"fuel_l": 92.0, "load_w": 14_000.0},
        {},
    ),
    "petrol-13": (
        {
            "tank_litres": 13.0,
            "dead_litres": 0.5,
            "fuel_kind": "petrol",
            "rated_w": 2_400,
            "burn_idle_l_per_kwh": 0.35 / 2.4,
            "burn_l_per_kwh": 0.5,
            "lead_time_h": 3.0,
            "sources": ("grid", "generator"),
            "devices": ("meter",),
        },
        {"fuel_l": 13.0, "load_w": 950.0},
        {"is_gauged": False, "refuels": 1, "steps": (0.8, 1.2)},
    ),
    "battery-20": (
        {"battery_wh": 20_000, "sources": ("grid", "battery"), "devices": ("battery",)},
        {"fuel_l": 0.0, "soc": 0.85, "load_w": 1_000.0},
        {},
    ),
}
