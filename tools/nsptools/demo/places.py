"""The demo's points: names, tanks and needs. The names of buildings are made up, as is the region."""

from __future__ import annotations

from nspgateway.config import PointConfig
from nsptools.bench import profiles
from nsptools.bench.spec import PlantSpec

REGION, REGION_NAME = "voorbeeld", "Veiligheidsregio Voorbeeld"
CP, CP_NAME, CP_NUMBER = "kazerne-oost", "Kazerne Oost", 301
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


def point(number: int) -> PointConfig:
    """Point ``number`` (from 1) as points.toml has it; address and intervals come with its kit."""
    spec = plant(number)
    if number <= len(_NAMES):
        slug, name = _NAMES[number - 1]
    else:
        slug, name = f"nsp-{number:02d}", f"Noodsteunpunt {number:02d}"
    return PointConfig(
        slug=slug,
        name=name,
        number=number,
        municipality=MUNICIPALITY,
        latitude=52.2 + number * 0.004,
        longitude=6.1 + number * 0.007,
        deployment="open",
        tank_litres=spec.tank_l,
        dead_litres=spec.dead_l,
        fuel_kind="diesel",
        rated_w=round(spec.rated_w),
        burn_idle_l_per_kwh=spec.idle_l_per_kwh,
        burn_l_per_kwh=spec.slope_l_per_kwh,
        battery_wh=round(spec.battery_wh),
        lead_time_h=_FIRST_LEAD_TIME_H if number == 1 else 3.0,
        sources=("grid", "generator", "battery"),
        devices=("generator", "battery", "meter"),
    )


def plant(number: int) -> PlantSpec:
    """Its generator, battery and load; the first runs low, the others are healthy."""
    return profiles.demo_spec(number - 1)
