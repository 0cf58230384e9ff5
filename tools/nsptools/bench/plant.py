"""One simulated site: grid, generator, battery, panels and load, in plant seconds. No clock, no I/O.

The load hangs on one source at a time: grid before generator before battery; with none of them there is
no power. Grid and generator also charge the battery with what they have left. Panels lie on the battery's
side: they carry the inverter first and charge with the rest; what nobody takes is never made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from nsptools.bench.engine import Engine, State
from nsptools.bench.pack import Pack
from nsptools.bench.spec import PlantSpec
from nsptools.bench.sun import Sun
from nsptools.bench.wobble import Wobble

_LONGEST_STEP_S = 1.0
_GENERATOR_BREAKER = 1.2  # of the rating: above this the generator's breaker opens
_CHARGE_HEADROOM = 0.9  # the charger leaves the generator at most this loaded
_PHASE_SHARES = (0.36, 0.33, 0.31)


class Source(StrEnum):
    """What carries the load now."""

    GRID = "grid"
    GENERATOR = "generator"
    BATTERY = "battery"
    NONE = "none"


@dataclass
class Energy:
    """Totals since the plant was made, Wh on the AC side unless said otherwise."""

    served_wh: float = 0.0
    unserved_wh: float = 0.0
    grid_wh: float = 0.0
    generator_wh: float = 0.0
    battery_out_dc_wh: float = 0.0
    battery_in_dc_wh: float = 0.0
    sun_dc_wh: float = 0.0  # part of what went in, or straight to the inverter


class Plant:
    """The site of `spec`; the seed chooses its small variations.

    Change `load_w`, `grid_on`, `clouds`, `leak_l_per_h` and the attributes of `engine` and `pack` between steps;
    everything else is for reading.
    """

    def __init__(self, spec: PlantSpec, seed: int = 1, longest_step_s: float = _LONGEST_STEP_S) -> None:
        """Make the site. ``longest_step_s``: up to 10 s for whoever only looks at fuel and charge."""
        self.spec = spec
        self._longest_step_s = longest_step_s
        self.engine = Engine(spec)
        self.pack = Pack(spec)
        self.energy = Energy()
        self.sun = Sun(spec, seed)
        self.clouds = spec.clouds  # 0 to 1
        self.load_w = spec.load_w  # base load, W, >= 0
        self.grid_on = spec.grid_on
        self.leak_l_per_h = 0.0  # fault: the tank loses this
        self.leaked_l = 0.0
        self.elapsed_s = 0.0  # plant time since it was made
        self.source = Source.NONE
        self.wanted_w = 0.0  # what the load asks now
        self.grid_w = 0.0
        self.generator_w = 0.0
        self.sun_w = 0.0  # what the panels give now, DC
        self._load_wobble = Wobble(seed, "load", 100.0, 1800.0)
        self._wobbles = {
            name: Wobble(seed, name, 7.0, 90.0) for name in ("grid_v", "grid_hz", "set_v", "set_hz")
        }
        self._balance(0.0)

    def step(self, dt_s: float) -> None:
        """Let `dt_s` plant seconds pass (0 to hours: it is cut into steps of at most one second, or ``longest_step_s``).

        Raises ValueError for a negative or non-finite time.
        """
        if not (math.isfinite(dt_s) and dt_s >= 0):
            raise ValueError(f"step of {dt_s} s; expected a time of 0 s or more")
        pieces = math.ceil(dt_s / self._longest_step_s)
        for _ in range(pieces):
            self._small_step(dt_s / pieces)

    @property
    def served_w(self) -> float:
        """AC power that the load gets, W; 0 when nothing carries it."""
        return 0.0 if self.source is Source.NONE else self.wanted_w

    @property
    def fuel_fraction(self) -> float:
        """Level in the tank, 0 to 1, dead volume included: what a float sees."""
        return self.engine.fuel_l / self.spec.tank_l

    @property
    def fuel_height_m(self) -> float:
        """Height of the fuel above the tank's floor, m."""
        return self.fuel_fraction * self.spec.tank_height_m

    def phases_w(self, total_w: float) -> tuple[float, float, float]:
        """A three-phase power split as the building's wiring does, W."""
        first, second, third = (total_w * share for share in _PHASE_SHARES)
        return first, second, third

    def grid_v(self) -> float:
        """Phase voltage of the grid, V; 0 when it is away."""
        return 231.0 + 1.5 * self._wobble("grid_v") if self.grid_on else 0.0

    def grid_hz(self) -> float:
        """Frequency of the grid, Hz; 0 when it is away."""
        return 50.0 + 0.02 * self._wobble("grid_hz") if self.grid_on else 0.0

    def generator_v(self) -> float:
        """Phase voltage of the alternator, V; 0 when the engine does not turn."""
        return 230.0 + 1.0 * self._wobble("set_v") if self.engine.turning else 0.0

    def generator_hz(self) -> float:
        """Frequency of the alternator, Hz: sags a little with load; 0 when the engine does not turn."""
        if not self.engine.turning:
            return 0.0
        return 50.3 - 0.4 * self.generator_w / self.spec.rated_w + 0.1 * self._wobble("set_hz")

    def house_v(self) -> float:
        """Phase voltage at the load, V; 0 when there is no power."""
        by_source = {Source.GRID: self.grid_v, Source.GENERATOR: self.generator_v}
        if self.source in by_source:
            return by_source[self.source]()
        return 230.0 if self.source is Source.BATTERY else 0.0

    def house_hz(self) -> float:
        """Frequency at the load, Hz; 0 when there is no power."""
        by_source = {Source.GRID: self.grid_hz, Source.GENERATOR: self.generator_hz}
        if self.source in by_source:
            return by_source[self.source]()
        return 50.0 if self.source is Source.BATTERY else 0.0

    def _wobble(self, name: str) -> float:
        return self._wobbles[name].at(self.elapsed_s)

    def _small_step(self, step_s: float) -> None:
        self.elapsed_s += step_s
        self.engine.advance(step_s, self.grid_on)
        self._leak(step_s)
        self._balance(step_s)
        self.engine.burn(step_s, self.generator_w)
        if self.source is Source.GENERATOR and not self.engine.turning:
            self._balance(0.0)  # it ran dry within this step: nobody may read a set that stands still on load

    def _leak(self, step_s: float) -> None:
        litres = min(self.engine.fuel_l, self.leak_l_per_h * step_s / 3600.0)
        self.engine.fuel_l -= litres
        self.leaked_l += litres

    def _balance(self, step_s: float) -> None:
        """Choose the source and move the step's energy; with step_s = 0 only the powers are set."""
        self.wanted_w = self.load_w * (1 + self.spec.load_variation * self._load_wobble.at(self.elapsed_s))
        self.source = self._choose()
        charge_w = self._move_battery(step_s) / self.spec.converter_efficiency
        self.grid_w = self.wanted_w + charge_w if self.source is Source.GRID else 0.0
        self.generator_w = self.wanted_w + charge_w if self.source is Source.GENERATOR else 0.0
        self._account(step_s)

    def _move_battery(self, step_s: float) -> float:
        """Charge or discharge for the step; gives the DC power that the charger took from the AC side, W."""
        if step_s <= 0:
            return 0.0
        sun_w = self.sun.power_w(self.elapsed_s, self.clouds) if self.pack.fitted else 0.0
        efficiency, hours = self.spec.converter_efficiency, step_s / 3600.0
        inverter_w = self.wanted_w / efficiency if self.source is Source.BATTERY else 0.0
        charger_w = self._spare_w() * efficiency
        taken_w = 0.0
        if inverter_w > sun_w:
            self.pack.discharge(step_s, inverter_w - sun_w)
            self.energy.battery_out_dc_wh += (inverter_w - sun_w) * hours
            self.sun_w = sun_w
        else:
            taken_w = self.pack.charge(step_s, sun_w - inverter_w + charger_w)
            self.energy.battery_in_dc_wh += taken_w * hours
            self.sun_w = min(sun_w, inverter_w + taken_w)
        self.energy.sun_dc_wh += self.sun_w * hours
        return max(0.0, taken_w + inverter_w - self.sun_w)

    def _choose(self) -> Source:
        if self.grid_on:
            return Source.GRID
        on_load = self.engine.state is State.RUNNING
        if on_load and self.wanted_w <= _GENERATOR_BREAKER * self.spec.rated_w:
            return Source.GENERATOR
        if self.wanted_w / self.spec.converter_efficiency <= self.pack.limit_w():
            return Source.BATTERY
        return Source.NONE

    def _spare_w(self) -> float:
        """AC power that the charger may take now, W."""
        if not self.pack.fitted:
            return 0.0
        if self.source is Source.GRID:
            return self.spec.battery_wh  # a one-hour charge; the pack's own limits are lower
        if self.source is Source.GENERATOR:
            return max(0.0, _CHARGE_HEADROOM * self.spec.rated_w - self.wanted_w)
        return 0.0

    def _account(self, step_s: float) -> None:
        hours, energy = step_s / 3600.0, self.energy
        energy.served_wh += self.served_w * hours
        energy.unserved_wh += (self.wanted_w - self.served_w) * hours
        energy.grid_wh += self.grid_w * hours
        energy.generator_wh += self.generator_w * hours
