"""Generator set: engine, tank, starter battery and the start sequence of its controller. Pure physics.

    stopped -> pre_start -> cranking -> warming -> running -> cooling -> stopped
                              |  ^
                              v  |
                           crank_rest          (after the last attempt: shutdown)

A shutdown latches with its reason until `reset`, as on a real controller.
"""

from __future__ import annotations

import math
from enum import StrEnum

from nsptools.bench.spec import MODES, PlantSpec

# Starter battery of a 12 V set, in volt. Rest and dip fall together as the battery empties.
_REST_EMPTY_V, _REST_FULL_V = 11.8, 12.8
_CRANK_DIP_V = 0.6
_ALTERNATOR_V = 14.2
_CRANK_DRAIN_PER_S = 0.001  # about 200 A out of 60 Ah
_RECHARGE_PER_S = 1 / (3 * 3600)
_CRANK_MINIMUM = 0.2  # below this share of charge the starter only clicks

_HOT_C = 82.0
_HEAT_TAU_S, _COOL_TAU_S = 180.0, 3600.0
_NOMINAL_RPM = 1500.0
_CRANK_RPM = 180.0


class State(StrEnum):
    """Where the start sequence is."""

    STOPPED = "stopped"
    PRE_START = "pre_start"
    CRANKING = "cranking"
    CRANK_REST = "crank_rest"
    WARMING = "warming"
    RUNNING = "running"
    COOLING = "cooling"


class Shutdown(StrEnum):
    """Why the controller holds the engine off."""

    NONE = "none"
    EMERGENCY_STOP = "emergency_stop"
    FAIL_TO_START = "fail_to_start"
    OUT_OF_FUEL = "out_of_fuel"


_TURNING = (State.WARMING, State.RUNNING, State.COOLING)


class Engine:
    """One set. `advance` moves the sequence, `burn` takes the fuel of the load that was carried."""

    def __init__(self, spec: PlantSpec) -> None:
        self._spec = spec
        self.state = State.RUNNING if spec.running else State.STOPPED
        self.shutdown = Shutdown.NONE
        self.fuel_l = spec.fuel_l  # 0 to tank_l; changed by burn, leak and refuelling
        self.burnt_l = 0.0  # since the plant was made
        self.burn_l_per_h = 0.0  # now
        self.run_s = spec.engine_h * 3600.0
        self.starts = spec.starts
        self.starter_charge = 1.0  # 0 to 1
        self.coolant_c = _HOT_C if spec.running else spec.ambient_c
        self.estop = False  # the red button, held in
        self.fail_start = False  # fault: cranks, never fires
        self.start_button = False  # only heeded in manual
        self._mode = spec.mode
        self._in_state_s = 0.0
        self._attempt = 0
        self._grid_away_s = 0.0 if spec.grid_on else spec.start_delay_s
        self._grid_back_s = spec.return_delay_s if spec.grid_on else 0.0

    @property
    def mode(self) -> str:
        """Selector of the controller: off, manual, auto or test."""
        return self._mode

    @mode.setter
    def mode(self, value: str) -> None:
        if value not in MODES:
            raise ValueError(f"mode is {value!r}; expected one of {', '.join(MODES)}")
        self._mode = value
        self.reset()

    def reset(self) -> None:
        """Clear a latched shutdown whose cause is gone: what pressing a mode button does."""
        if not self.estop:
            self.shutdown = Shutdown.NONE

    @property
    def turning(self) -> bool:
        """The engine runs by itself; it burns fuel and its alternators give voltage."""
        return self.state in _TURNING

    @property
    def rpm(self) -> float:
        """Engine speed, 1/min."""
        if self.turning:
            return _NOMINAL_RPM
        return _CRANK_RPM if self.state is State.CRANKING and self._can_crank() else 0.0

    @property
    def oil_kpa(self) -> float:
        """Oil pressure: falls a little as the oil warms; zero at rest."""
        return 460.0 - self.coolant_c if self.turning else 0.0

    @property
    def starter_v(self) -> float:
        """Starter battery: 12.8 V full at rest, 12.2 V cranking, 14.2 V on the charge alternator."""
        if self.turning:
            return _ALTERNATOR_V
        rest = _REST_EMPTY_V + (_REST_FULL_V - _REST_EMPTY_V) * self.starter_charge
        return rest - _CRANK_DIP_V if self.state is State.CRANKING else rest

    def advance(self, step_s: float, grid_on: bool) -> None:
        """Move the start sequence on by one small step (at most about a second)."""
        self._grid_away_s = 0.0 if grid_on else self._grid_away_s + step_s
        self._grid_back_s = self._grid_back_s + step_s if grid_on else 0.0
        self._in_state_s += step_s
        if self.estop:
            self.shutdown = Shutdown.EMERGENCY_STOP
        if self.shutdown is not Shutdown.NONE or self._mode == "off" or not self._spec.rated_w:
            self._enter(State.STOPPED)
        else:
            self._sequence()
        self._slow_parts(step_s)

    def burn(self, step_s: float, load_w: float) -> None:
        """Take the fuel for `load_w` on the alternator during the step; an empty tank shuts the set down."""
        self.burn_l_per_h = 0.0
        if not self.turning:
            return
        spec = self._spec
        self.burn_l_per_h = (spec.idle_l_per_kwh * spec.rated_w + spec.slope_l_per_kwh * load_w) / 1000.0
        usable_l = max(0.0, self.fuel_l - spec.dead_l)
        litres = min(usable_l, self.burn_l_per_h * step_s / 3600.0)
        self.fuel_l -= litres
        self.burnt_l += litres
        self.run_s += step_s
        if litres >= usable_l:
            self._stop_with(Shutdown.OUT_OF_FUEL)

    def _wanted(self) -> bool:
        if self._mode == "test":
            return True
        if self._mode == "manual":
            return self.start_button
        if self.state in (State.STOPPED, State.COOLING):
            return self._grid_away_s >= self._spec.start_delay_s
        return self._grid_back_s < self._spec.return_delay_s

    def _sequence(self) -> None:
        spec, wanted = self._spec, self._wanted()
        if self.state is State.STOPPED and wanted:
            self._attempt = 0
            self._enter(State.PRE_START)
        elif self.state in (State.PRE_START, State.CRANKING, State.CRANK_REST):
            self._starting(wanted)
        elif self.state is State.COOLING:
            if wanted:
                self._enter(State.RUNNING)
            elif self._in_state_s >= spec.cool_s:
                self._enter(State.STOPPED)
        elif self.turning and not wanted:
            self._enter(State.COOLING)
        elif self.state is State.WARMING and self._in_state_s >= spec.warm_s:
            self._enter(State.RUNNING)

    def _starting(self, wanted: bool) -> None:
        spec = self._spec
        if not wanted:
            self._enter(State.STOPPED)
        elif self.state is State.CRANKING:
            self._cranking()
        elif self._in_state_s >= (spec.prestart_s if self.state is State.PRE_START else spec.crank_rest_s):
            self._attempt += 1
            self._enter(State.CRANKING)

    def _cranking(self) -> None:
        spec = self._spec
        fires = not self.fail_start and self.fuel_l > spec.dead_l and self._can_crank()
        if fires and self._in_state_s >= spec.fire_s:
            self.starts += 1
            self._enter(State.WARMING)
        elif self._in_state_s < spec.crank_s:
            return
        elif self._attempt >= spec.attempts:
            self._stop_with(Shutdown.FAIL_TO_START)
        else:
            self._enter(State.CRANK_REST)

    def _slow_parts(self, step_s: float) -> None:
        target, tau = (_HOT_C, _HEAT_TAU_S) if self.turning else (self._spec.ambient_c, _COOL_TAU_S)
        self.coolant_c += (target - self.coolant_c) * (1 - math.exp(-step_s / tau))
        if self.turning:
            self.starter_charge = min(1.0, self.starter_charge + _RECHARGE_PER_S * step_s)
        elif self.state is State.CRANKING:
            self.starter_charge = max(0.0, self.starter_charge - _CRANK_DRAIN_PER_S * step_s)

    def _can_crank(self) -> bool:
        return self.starter_charge >= _CRANK_MINIMUM

    def _stop_with(self, reason: Shutdown) -> None:
        self.shutdown = reason
        self.burn_l_per_h = 0.0
        self._enter(State.STOPPED)

    def _enter(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._in_state_s = 0.0
