"""LiFePO4 pack: flat voltage curve, current limits, charge counted in ampere-hours. Pure physics."""

from __future__ import annotations

import itertools
import math

from nsptools.bench.spec import PlantSpec

NOMINAL_CELL_V = 3.2
# fmt: off
# Open-circuit cell voltage at a share of charge. Flat in the middle: voltage tells nothing there.
_CURVE = (
    (0.00, 2.60), (0.02, 2.90), (0.05, 3.08), (0.10, 3.19), (0.20, 3.24), (0.40, 3.285),
    (0.60, 3.30), (0.70, 3.32), (0.90, 3.335), (0.97, 3.36), (1.00, 3.42),
)
# fmt: on
_TAPER_FROM = 0.95  # above this the charge current falls in a line to zero at full
_CUT_OFF, _CUT_ON = 0.02, 0.05  # the discharge switch opens below, closes again above
_FREEZING_C = 0.0  # no charging below: it plates lithium
_THERMAL_TAU_S = 4 * 3600.0
_WARMING_K_PER_W = 0.02  # steady rise per watt lost in the pack


def open_circuit_v(charge: float) -> float:
    """Cell voltage without current at a share of charge 0 to 1."""
    for (low, low_v), (high, high_v) in itertools.pairwise(_CURVE):
        if charge <= high:
            return low_v + (high_v - low_v) * (max(charge, low) - low) / (high - low)
    return _CURVE[-1][1]


class Pack:
    """One pack. Positive current charges."""

    def __init__(self, spec: PlantSpec) -> None:
        self._spec = spec
        self.capacity_ah = spec.battery_wh / (NOMINAL_CELL_V * spec.cells)
        self.charge_ah = self.capacity_ah * spec.soc
        self.current_a = 0.0  # set by every charge, discharge or rest step
        self.temperature_c = spec.ambient_c + 6.0
        self.no_charge = False  # fault: the charge switch stays open
        self.moved_ah = 0.0  # discharged since the plant was made
        self._discharge_open = spec.soc <= _CUT_OFF

    @property
    def fitted(self) -> bool:
        """There is a battery at this site."""
        return self.capacity_ah > 0

    @property
    def soc(self) -> float:
        """State of charge, 0 to 1."""
        return self.charge_ah / self.capacity_ah if self.fitted else 0.0

    @soc.setter
    def soc(self, value: float) -> None:
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"state of charge is {value:g}; expected 0 to 1")
        self.charge_ah = value * self.capacity_ah
        self._watch_switch()

    @property
    def voltage_v(self) -> float:
        """Terminal voltage with the present current."""
        if not self.fitted:
            return 0.0
        return self._rest_v() + self.current_a * self._spec.resistance_ohm

    @property
    def charge_switch(self) -> bool:
        """Charging is allowed by the battery management."""
        return self.fitted and not self.no_charge and self.temperature_c > _FREEZING_C

    @property
    def discharge_switch(self) -> bool:
        """Discharging is allowed by the battery management."""
        return self.fitted and not self._discharge_open

    def limit_w(self) -> float:
        """Largest DC power that the pack gives now, W."""
        if not self.discharge_switch:
            return 0.0
        amps = self._spec.max_discharge_a
        return amps * (self._rest_v() - amps * self._spec.resistance_ohm)

    def discharge(self, step_s: float, power_w: float) -> None:
        """Give `power_w` (at most limit_w) at the terminals for the step."""
        rest, ohm = self._rest_v(), self._spec.resistance_ohm
        amps = (rest - math.sqrt(max(0.0, rest * rest - 4 * ohm * power_w))) / (2 * ohm)
        amps = min(amps, self.charge_ah * 3600.0 / step_s)
        self._move(step_s, -amps)

    def charge(self, step_s: float, offered_w: float) -> float:
        """Take up to `offered_w` at the terminals for the step; gives the power taken, W."""
        amps = self._charge_amps(offered_w)
        room_ah = (self.capacity_ah - self.charge_ah) / self._spec.charge_efficiency
        amps = min(amps, room_ah * 3600.0 / step_s)
        taken_w = amps * (self._rest_v() + amps * self._spec.resistance_ohm)
        self._move(step_s, amps)
        return taken_w

    def _charge_amps(self, offered_w: float) -> float:
        if not self.charge_switch or offered_w <= 0:
            return 0.0
        rest, ohm = self._rest_v(), self._spec.resistance_ohm
        amps = (math.sqrt(rest * rest + 4 * ohm * offered_w) - rest) / (2 * ohm)
        taper = min(1.0, (1.0 - self.soc) / (1.0 - _TAPER_FROM))
        return min(amps, self._spec.max_charge_a * taper)

    def _move(self, step_s: float, amps: float) -> None:
        self.current_a = amps
        if amps > 0:
            self.charge_ah += amps * self._spec.charge_efficiency * step_s / 3600.0
        else:
            self.charge_ah += amps * step_s / 3600.0
            self.moved_ah -= amps * step_s / 3600.0
        self.charge_ah = min(max(self.charge_ah, 0.0), self.capacity_ah)
        self._watch_switch()
        lost_w = amps * amps * self._spec.resistance_ohm
        target_c = self._spec.ambient_c + 6.0 + _WARMING_K_PER_W * lost_w
        self.temperature_c += (target_c - self.temperature_c) * (1 - math.exp(-step_s / _THERMAL_TAU_S))

    def _watch_switch(self) -> None:
        if self.soc <= _CUT_OFF:
            self._discharge_open = True
        elif self.soc >= _CUT_ON:
            self._discharge_open = False

    def _rest_v(self) -> float:
        return open_circuit_v(self.soc) * self._spec.cells
