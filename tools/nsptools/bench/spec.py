"""What one simulated site is made of: sizes, delays and where it starts. Data only, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

_NONE: Mapping[str, str] = MappingProxyType({})
_NO_UNITS: Mapping[str, int] = MappingProxyType({})
OWNERS = ("generator", "battery", "meter", "tank", "solar")
MODES = ("off", "manual", "auto", "test")


@dataclass(frozen=True, kw_only=True)
class PlantSpec:
    """One site. Raises ValueError naming the field when a value cannot be.

    Units are in the names: _l litres, _w watt, _wh watt-hour, _s plant seconds, _a ampere, _h hours.
    """

    # Generator set and tank. rated_w = 0: no generator here.
    rated_w: float = 10_000.0
    tank_l: float = 100.0
    fuel_l: float = 100.0
    dead_l: float = 0.0  # below the suction pipe: in the tank, on the gauge, never burnt
    fuel_kind: Literal["diesel", "petrol"] = "diesel"
    tank_height_m: float = 1.0  # of the full tank, which is a box: level and litres go together
    # Burn in l/h = idle * rated kW + slope * load kW; fits published diesel tables of 8-20 kW.
    idle_l_per_kwh: float = 0.035
    slope_l_per_kwh: float = 0.255
    mode: str = "auto"
    running: bool = False  # start the story with the engine warm and on load
    engine_h: float = 412.0
    starts: int = 188
    start_delay_s: float = 5.0  # grid away this long before an automatic start
    prestart_s: float = 10.0
    fire_s: float = 3.0  # a healthy engine fires after cranking this long
    crank_s: float = 10.0
    crank_rest_s: float = 10.0
    attempts: int = 3
    warm_s: float = 20.0
    return_delay_s: float = 30.0  # grid back this long before the set unloads
    cool_s: float = 60.0

    # House battery (LiFePO4) behind an inverter/charger. battery_wh = 0: no battery here.
    battery_wh: float = 20_000.0
    cells: int = 16
    soc: float = 1.0
    max_charge_a: float = 100.0
    max_discharge_a: float = 200.0
    resistance_ohm: float = 0.016
    converter_efficiency: float = 0.93  # each way, AC to DC and DC to AC
    charge_efficiency: float = 0.99  # of the ampere-hours put in

    # Solar panels on the battery's DC side. panels_w = 0: none here. Hours are local time of day.
    panels_w: float = 0.0  # peak
    clouds: float = 0.4  # 0 is a clear sky; at 1 the thickest cloud takes everything
    start_h: float = 12.0  # time of day when the story starts
    sunrise_h: float = 6.0
    sunset_h: float = 18.0

    # The AC side.
    load_w: float = 2_000.0
    load_variation: float = 0.03  # +- fraction, slow and seeded
    grid_on: bool = True
    has_grid: bool = True  # False: no line of the grid comes to what is measured here
    ambient_c: float = 8.0

    # Which of OWNERS answer on the bus, of which model (an id of catalogue.py) and at which address, by name;
    # what is not named is as the catalogue has it.
    devices: tuple[str, ...] = ("generator", "battery", "meter")
    models: Mapping[str, str] = field(default_factory=lambda: _NONE, hash=False)
    units: Mapping[str, int] = field(default_factory=lambda: _NO_UNITS, hash=False)

    def __post_init__(self) -> None:
        """Refuse what no site can be, with the field's name."""
        if self.mode not in MODES:
            raise ValueError(f"mode is {self.mode!r}; expected one of {', '.join(MODES)}")
        if self.grid_on and not self.has_grid:
            raise ValueError("grid_on is true; this site is not on the grid")
        _within("tank_l", self.tank_l, 0.1, 1e6)
        _within("fuel_l", self.fuel_l, 0.0, self.tank_l)
        _within("dead_l", self.dead_l, 0.0, self.tank_l)
        _within("soc", self.soc, 0.0, 1.0)
        _within("cells", self.cells, 1, 16)
        _within("attempts", self.attempts, 1, 10)
        _within("load_variation", self.load_variation, 0.0, 0.5)
        _within("tank_height_m", self.tank_height_m, 0.05, 20.0)
        _within("clouds", self.clouds, 0.0, 1.0)
        _within("start_h", self.start_h, 0.0, 24.0)
        _within("sunrise_h", self.sunrise_h, 0.0, 23.0)
        _within("sunset_h", self.sunset_h, self.sunrise_h + 0.5, 24.0)
        for name in ("rated_w", "battery_wh", "load_w", "panels_w", "max_charge_a", "max_discharge_a"):
            _within(name, getattr(self, name), 0.0, 1e6)
        for name in ("converter_efficiency", "charge_efficiency"):
            _within(name, getattr(self, name), 0.1, 1.0)
        for name, given in (("devices", self.devices), ("models", self.models), ("units", self.units)):
            unknown = set(given) - set(OWNERS)
            if unknown:
                raise ValueError(f"{name} has {sorted(unknown)}; expected {', '.join(OWNERS)}")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value:g}; expected {low:g} to {high:g}")
