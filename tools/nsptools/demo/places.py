"""The demo's points: names, tanks and needs. The names of buildings are made up, as is the region."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

from nspgateway.config import Deployment, Device, PointConfig, Source
from nsptools.bench import profiles
from nsptools.bench.spec import PlantSpec
from nsptools.scenario.reader import Scenario

REGION, REGION_NAME = "voorbeeld", "Veiligheidsregio Voorbeeld"
CP, CP_NAME, CP_NUMBER = "kazerne-oost", "Kazerne Oost", 301
CP_PLACE = (52.212, 6.135)
MUNICIPALITY = "Oosterdam"
MAX_KITS = 63

_NAMES = (
    ("de-linde", "Buurthuis De Linde"),
    ("de-ark", "Kerk De Ark"),
    ("de-kuil", "Sporthal De Kuil"),
    ("dorpshuis-zuid", "Dorpshuis Zuid"),
    ("de-brug", "Wijkcentrum De Brug"),
    ("het-anker", "Basisschool Het Anker"),
    ("de-molen", "Buurthuis De Molen"),
    ("zwembad-noord", "Zwembad Noord"),
    ("de-schakel", "Multifunctioneel centrum De Schakel"),
    ("bibliotheek", "Bibliotheek Centrum"),
)
# The first point's fuel must be ordered early: its supplier needs four hours.
_FIRST_LEAD_TIME_H = 4.0
_LEAD_TIME_H = 3.0
# No two points in one direction, and none on top of another.
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_KM_A_DEGREE = 111.2


@dataclass(frozen=True)
class Place:
    """One point of the demo: as points.toml has it (address and intervals come with its kit), and its plant."""

    point: PointConfig
    plant: PlantSpec


def default(count: int) -> tuple[Place, ...]:
    """The demo's own points, ``count`` of them."""
    return tuple(Place(point(number), plant(number)) for number in range(1, count + 1))


def of_story(scenario: Scenario) -> tuple[Place, ...]:
    """The points of a scenario file, in its order."""
    return tuple(
        Place(
            _point(
                number,
                slug=one.slug,
                name=one.name,
                spec=one.plant,
                deployment=one.deployment,
                lead_time_h=one.lead_time_h,
            ),
            one.plant,
        )
        for number, one in enumerate(scenario.points, start=1)
    )


def point(number: int) -> PointConfig:
    """The demo's own point ``number`` (from 1) as points.toml has it; address and intervals come with its kit."""
    if number <= len(_NAMES):
        slug, name = _NAMES[number - 1]
    else:
        slug, name = f"nsp-{number:02d}", f"Noodsteunpunt {number:02d}"
    lead_time_h = _FIRST_LEAD_TIME_H if number == 1 else _LEAD_TIME_H
    return _point(
        number, slug=slug, name=name, spec=plant(number), deployment="open", lead_time_h=lead_time_h
    )


def plant(number: int) -> PlantSpec:
    """Its generator, battery and load; the first runs low, the others are healthy."""
    return profiles.demo_spec(number - 1)


def _point(
    number: int, *, slug: str, name: str, spec: PlantSpec, deployment: Deployment, lead_time_h: float
) -> PointConfig:
    latitude, longitude = _around(number)
    return PointConfig(
        slug=slug,
        name=name,
        number=number,
        municipality=MUNICIPALITY,
        latitude=round(latitude, 4),
        longitude=round(longitude, 4),
        deployment=deployment,
        tank_litres=spec.tank_l if spec.rated_w else None,
        dead_litres=spec.dead_l if spec.rated_w else 0.0,
        fuel_kind=spec.fuel_kind,
        rated_w=round(spec.rated_w) or None,
        burn_idle_l_per_kwh=spec.idle_l_per_kwh,
        burn_l_per_kwh=spec.slope_l_per_kwh,
        battery_wh=round(spec.battery_wh) or None,
        lead_time_h=lead_time_h,
        sources=_sources(spec),
        devices=cast("tuple[Device, ...]", spec.devices),
        address=f"Voorbeeldstraat {number}, {MUNICIPALITY}",
        backup="portofoon kanaal 3",
        filler="dop rechts achter, sleutel in de kluis bij de ingang",
        access="inrit aan de achterkant",
        supplier="brandstofdepot Oost",
        instructions=(
            "De kit hangt naast de meterkast.",
            "Het aggregaat staat buiten, achter het hek.",
            "Zet kachels en waterkokers uit als de brandstof laag is.",
        ),
        contacts=("Beheerder van het gebouw: 000-0000000",),
    )


def _sources(spec: PlantSpec) -> tuple[Source, ...]:
    here: dict[Source, bool] = {
        "grid": spec.has_grid,
        "generator": spec.rated_w > 0,
        "battery": spec.battery_wh > 0,
    }
    return tuple(source for source, is_here in here.items() if is_here)


def _around(number: int) -> tuple[float, float]:
    """Where a point lies, in degrees: around the coordinating point, each further out, as a town grows."""
    angle, distance_km = number * _GOLDEN_ANGLE, 0.8 * math.sqrt(number)
    north, east = distance_km * math.cos(angle), distance_km * math.sin(angle)
    return CP_PLACE[0] + north / _KM_A_DEGREE, CP_PLACE[1] + east / _KM_A_DEGREE / math.cos(
        math.radians(CP_PLACE[0])
    )
