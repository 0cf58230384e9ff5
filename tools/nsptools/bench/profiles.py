"""Named sites as data: `spec("diesel10k_dse7320", fuel_l=20)` gives a PlantSpec.

The values are typical figures for Dutch emergency support points, chosen by us; none is a measured site.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nsptools.bench.spec import PlantSpec

# A community centre: 10 kW diesel set with DSE 7320 MkII, 20 kWh LiFePO4 (48 V, 16 cells), three-phase meter.
_DIESEL10K: dict[str, Any] = {
    "rated_w": 10_000.0,
    "tank_l": 60.0,
    "fuel_l": 51.0,
    "dead_l": 5.0,
    "load_w": 2_400.0,
    "battery_wh": 20_000.0,
}

# fmt: off
# 0.35 l/h and 0.5 l a kWh: our own estimate of a small petrol set of 3 kVA.
_PETROL3K: dict[str, Any] = {
    "rated_w": 3_000.0, "tank_l": 13.0, "fuel_l": 13.0, "dead_l": 0.5, "fuel_kind": "petrol",
    "idle_l_per_kwh": 0.35 / 3, "slope_l_per_kwh": 0.5,
}
PROFILES: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    # Grid on, set standing ready in automatic.
    "diesel10k_dse7320": _DIESEL10K,
    # Half a small tank at heavy load: 0.35 + 0.255 * 8 = 2.4 l/h, so 8.4 h left. The demo's first point.
    "diesel10k_low_fuel": _DIESEL10K | {
        "tank_l": 40.0, "fuel_l": 20.0, "dead_l": 0.0, "load_w": 8_000.0, "grid_on": False, "running": True,
    },
    # Grid off, running on a full large tank: more than two days left.
    "diesel10k_running": _DIESEL10K | {
        "tank_l": 120.0, "fuel_l": 118.0, "load_w": 3_000.0, "grid_on": False, "running": True,
    },
    # Grid on, full tank, lighter load: nothing to worry about.
    "diesel10k_standby": _DIESEL10K | {"tank_l": 100.0, "fuel_l": 97.0, "load_w": 1_600.0},
    # Grid off and a part-charged battery that the set fills beside the load.
    "diesel10k_charging": _DIESEL10K | {
        "tank_l": 150.0, "fuel_l": 141.0, "load_w": 1_800.0, "grid_on": False, "running": True, "soc": 0.62,
    },
    # The same set with nothing beside it: between grid and set there is no power.
    "diesel10k_alone": _DIESEL10K | {"battery_wh": 0.0, "devices": ("generator", "meter")},
    # A portable set without controller, which people start by hand: its power goes past a meter, the grid does not.
    "petrol3k_by_hand": _PETROL3K | {
        "load_w": 1_200.0, "battery_wh": 0.0, "grid_on": False, "has_grid": False, "mode": "off",
        "devices": ("meter",),
    },
    # No set, only a battery.
    "battery20k": {
        "rated_w": 0.0, "battery_wh": 20_000.0, "soc": 0.9, "load_w": 800.0, "devices": ("battery", "meter"),
    },
})
# fmt: on

_DEMO_FIRST = "diesel10k_low_fuel"
_DEMO_REST = ("diesel10k_running", "diesel10k_standby", "diesel10k_charging")


def spec(profile: str, **changes: Any) -> PlantSpec:
    """The named profile with fields changed (names as in PlantSpec).

    Raises ValueError naming the profiles or fields there are, or the value that cannot be.
    """
    if profile not in PROFILES:
        raise ValueError(f"no plant profile {profile!r}; there are {', '.join(PROFILES)}")
    unknown = set(changes) - set(PlantSpec.__dataclass_fields__)
    if unknown:
        raise ValueError(
            f"a plant has no field {', '.join(sorted(unknown))}; it has {', '.join(PlantSpec.__dataclass_fields__)}"
        )
    return PlantSpec(**(dict(PROFILES[profile]) | changes))


def demo_spec(index: int) -> PlantSpec:
    """Plant of the demo's point number `index`, counted from 0: the first runs low, the others are healthy."""
    name = _DEMO_FIRST if index == 0 else _DEMO_REST[(index - 1) % len(_DEMO_REST)]
    return spec(name)
