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
