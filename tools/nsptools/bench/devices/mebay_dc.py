"""Mebay DC4x to DC9x on the bus: function 3, unit 1, slow, and silent about every error."""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench import controller
from nsptools.bench.controller import Level
from nsptools.bench.engine import Shutdown, State
from nsptools.bench.registers import READ_HOLDING, Device, Flag, Kind, Missing, Register, Value, same

_MODES = {"off": 51, "manual": 102, "auto": 153, "test": 204}
_ON_MAINS, _ON_NOTHING, _ON_GENERATOR = 0x0000, 0x0066, 0x0099
_ALARM, _STANDBY = 5, 6
_STATES = {
    State.PRE_START: 7,
    State.CRANKING: 11,
    State.CRANK_REST: 4,
    State.WARMING: 17,
    State.RUNNING: 18,
    State.COOLING: 20,
}
_ALARM_CODES = {"emergency_stop": 0x2E, "fail_to_start": 0x2F, "under_speed": 0x02}
_WARNINGS = {
    "low_fuel": "warn_low_fuel_sensor",
    "starter_low": "warn_battery_low",
    "overload": "warn_overpower",
}
_IDLE_INPUTS = 0b1_1111_1110  # auxiliary inputs are on when 0, the emergency stop when 1
_PSI_PER_KPA = 0.145038


def _row(address: int, *names: str) -> tuple[Register, ...]:
    """Words in a row; an empty name is a place that is kept free."""
    return tuple(Register(address + i, name, Kind.U16) for i, name in enumerate(names) if name)


_LINES = ("l1_v", "l2_v", "l3_v", "l1_l2_v", "l2_l3_v", "l3_l1_v")
_TABLE = (
    *_row(0x1000, "engine_rpm", "starter_dv", "charge_alternator_dv"),
    *_row(0x1009, "frequency_dhz", *_LINES, "l1_da", "l2_da", "l3_da", "total_da"),
    *_row(0x1014, *(f"{where}_hva" for where in ("l1", "l2", "l3", "total"))),
    *_row(0x1018, *(f"{where}_hw" for where in ("l1", "l2", "l3", "total"))),
    *_row(0x101C, *(f"{where}_hvar" for where in ("l1", "l2", "l3", "total"))),
    *_row(0x1020, *(f"{where}_pf_percent" for where in ("l1", "l2", "l3", "total"))),
    *_row(0x1024, "mains_dhz", *(f"mains_{name}" for name in _LINES)),
    Register(0x102D, "maintenance_h", Kind.U16),
    *_row(0x1032, "inputs", "outputs", "this_run_dh", "cranks"),
    Register(0x1036, "run_dh", Kind.U32),
    Register(0x1039, "load_percent", Kind.U16),
    Register(0x103B, "energy_kwh", Kind.U32),
    *_row(0x103F, "mode", "transfer_switch", "engine_state", "lamps", "alarm_code"),
    *_row(0x1044, "warnings_4", "warnings_3", "warnings_2", "warnings_1", "model"),
    *_row(0x1053, "oil_pressure_psi", "coolant_c", "oil_c", "cylinder_c", "box_c", "fuel_percent"),
)
_NOT_FITTED = ("oil_c", "cylinder_c", "box_c", "maintenance_h")

# fmt: off
_FLAGS = (
    *(Flag("warnings_1", bit, f"warn_{name}") for bit, name in enumerate((
        "overspeed", "underspeed", "low_oil_sensor", "low_oil_switch", "high_water_sensor",
        "high_water_switch", "high_oil_temperature_sensor", "high_oil_temperature_switch",
        "high_cylinder_sensor", "high_cylinder_switch", "high_box_sensor", "high_box_switch",
        "low_fuel_sensor", "low_fuel_switch", "low_oil_level_switch", "instant_open_switch"))),
    Flag("warnings_2", 0, "warn_instant_switch"),
    *(Flag("warnings_2", bit, f"warn_{name}") for bit, name in enumerate((
        "speed_lost", "oil_sensor_open", "water_sensor_open", "oil_temperature_sensor_open",
        "cylinder_sensor_open", "box_sensor_open", "fuel_sensor_open", "overfrequency", "underfrequency",
        "overvoltage", "undervoltage", "overcurrent", "current_unbalance", "overpower"), start=2)),
    *(Flag("warnings_3", bit, f"warn_{name}") for bit, name in enumerate((
        "genset_switch_on", "genset_switch_off", "mains_switch_on", "mains_switch_off", "maintenance_1",
        "maintenance_2", "maintenance_3", "ecu", "ecu_link", "low_water_switch", "battery_high",
        "battery_low", "charger", "battery_charger"), start=2)),
    Flag("inputs", 0, "emergency_stop_input"),
    Flag("outputs", 0, "fuel_output"), Flag("outputs", 1, "crank_output"),
    Flag("lamps", 0, "generator_normal"), Flag("lamps", 1, "generator_on_load"),
    Flag("lamps", 2, "mains_normal"), Flag("lamps", 3, "mains_on_load"),
)
# fmt: on


class MebayDc(Device):
    """A DC90D and its like. Wrong requests, and all functions but 3, get no answer at all."""

    name = "generator"
    unit = 1
    function = READ_HOLDING
    table = _TABLE
    flags = _FLAGS
    spans = (range(0x1000, 0x106A),)
    block_limit = 125
    # Switched off; the wire of a sensor is open.
    sentinels = same({Missing.UNIMPLEMENTED: 20000, Missing.TRANSDUCER_FAULT: 50000}, Kind.U16)
    silent_errors = True
    reply_ms = (500.0, 600.0)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each register, and the flags that are set."""
        plant, engine = self.plant, self.plant.engine
        values: dict[str, Value] = dict.fromkeys(_NOT_FITTED, Missing.UNIMPLEMENTED)
        values |= {
            "engine_rpm": engine.rpm,
            "starter_dv": engine.starter_v * 10,
            "charge_alternator_dv": engine.starter_v * 10 if engine.turning else 0,
            "frequency_dhz": plant.generator_hz() * 10,
            "mains_dhz": plant.grid_hz() * 10,
            "inputs": _IDLE_INPUTS,
            "outputs": 0,
            "this_run_dh": 0,
            "cranks": engine.starts,
            "run_dh": engine.run_s / 360,
            "load_percent": controller.load_fraction(plant) * 100,
            "energy_kwh": plant.energy.generator_wh / 1000,
            "mode": _MODES[engine.mode],
            "engine_state": self._state(),
            "lamps": 0,
            "model": 0,
            "oil_pressure_psi": engine.oil_kpa * _PSI_PER_KPA,
            "coolant_c": max(0.0, engine.coolant_c),
            "fuel_percent": plant.fuel_fraction * 100,
        }
        values.update(self._power())
        values.update(self._alarms())
        values.update(self._switches_on())
        return values

    def _state(self) -> int:
        engine = self.plant.engine
        if engine.state is State.STOPPED:
            return _STANDBY if engine.shutdown is Shutdown.NONE else _ALARM
        return _STATES[engine.state]

    def _alarms(self) -> Mapping[str, Value]:
        """The one code of what stopped it, and a bit for each warning."""
        found = controller.alarms(self.plant)
        codes = [_ALARM_CODES[cause] for cause, level in found.items() if level is Level.SHUTDOWN]
        values: dict[str, Value] = {f"warnings_{word}": 0 for word in (1, 2, 3, 4)}
        values["alarm_code"] = codes[0] if codes else 0
        values.update({_WARNINGS[cause]: 1 for cause, level in found.items() if level is Level.WARNING})
        return values

    def _switches_on(self) -> Mapping[str, Value]:
        plant, engine = self.plant, self.plant.engine
        on_load = plant.generator_w > 0
        transfer = _ON_MAINS if plant.grid_on else _ON_GENERATOR if on_load else _ON_NOTHING
        return {
            "transfer_switch": transfer,
            "emergency_stop_input": engine.estop,
            "fuel_output": engine.turning,
            "crank_output": engine.state is State.CRANKING,
            "generator_normal": engine.state in (State.RUNNING, State.COOLING),
            "generator_on_load": on_load,
            "mains_normal": plant.grid_on,
            "mains_on_load": plant.grid_on,
        }

    def _power(self) -> Mapping[str, Value]:
        plant = self.plant
        watts = (*plant.phases_w(plant.generator_w), plant.generator_w)
        amps = controller.phase_amps(plant)
        values: dict[str, Value] = {}
        for where, power, current in zip(("l1", "l2", "l3", "total"), watts, (*amps, sum(amps)), strict=True):
            values[f"{where}_hw"] = values[f"{where}_hva"] = power / 100
            values[f"{where}_hvar"] = 0
            values[f"{where}_pf_percent"] = 100 if power else 0
            values[f"{where}_da"] = current * 10
        for name in _LINES:
            factor = 3**0.5 if name.count("l") > 1 else 1.0
            values[name] = plant.generator_v() * factor
            values[f"mains_{name}"] = plant.grid_v() * factor
        return values
