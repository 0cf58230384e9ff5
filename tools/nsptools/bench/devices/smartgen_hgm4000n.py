"""SmartGen HGM4000N on the bus: function 3 for values, function 1 for alarms and the mode, unit 1.

The map is that of one working reader, not of the maker: unconfirmed. Currents are shown in 0.1 A.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench import controller
from nsptools.bench.engine import State
from nsptools.bench.registers import READ_HOLDING, Bit, Device, Kind, Missing, Register, Value, same

_STATES = {
    State.STOPPED: 0,
    State.PRE_START: 1,
    State.CRANKING: 3,
    State.CRANK_REST: 4,
    State.WARMING: 7,
    State.RUNNING: 9,
    State.COOLING: 10,
}
_ON_LOAD = 8
_MODE_COILS = {"test": "mode_test", "auto": "mode_auto", "manual": "mode_manual", "off": "mode_stop"}
_ALARM_COILS = {
    "emergency_stop": "emergency_stop",
    "fail_to_start": "crank_failure",
    "under_speed": "underspeed",
    "low_fuel": "low_fuel_warning",
    "starter_low": "battery_undervoltage",
    "overload": "overpower_warning",
}
_WORDS, _COILS = 0x52, 0x55


def _three(address: int, pattern: str) -> tuple[Register, ...]:
    return tuple(Register(address + i, pattern.format(i + 1), Kind.U16) for i in range(3))


_TABLE = (
    *_three(0x00, "mains_l{}_v"),
    *(Register(0x03 + i, f"mains_{pair}_v", Kind.U16) for i, pair in enumerate(("l1_l2", "l2_l3", "l3_l1"))),
    Register(0x06, "mains_dhz", Kind.U16),
    *_three(0x07, "l{}_v"),
    *(Register(0x0A + i, f"{pair}_v", Kind.U16) for i, pair in enumerate(("l1_l2", "l2_l3", "l3_l1"))),
    Register(0x0D, "frequency_dhz", Kind.U16),
    *_three(0x0E, "l{}_da"),
    Register(0x11, "coolant_c", Kind.S16),
    Register(0x13, "oil_pressure_kpa", Kind.U16),
    Register(0x15, "fuel_percent", Kind.U16),
    Register(0x17, "engine_rpm", Kind.U16),
    Register(0x18, "starter_dv", Kind.U16),
    Register(0x19, "charge_alternator_dv", Kind.U16),
    Register(0x1A, "total_kw", Kind.U16),
    Register(0x1B, "total_kvar", Kind.S16),
    Register(0x1C, "total_kva", Kind.U16),
    Register(0x1D, "pf_percent", Kind.S16),
    Register(0x20, "maintenance_h", Kind.U16),
    Register(0x21, "maintenance_min", Kind.U16),
    Register(0x22, "engine_state", Kind.U16),
    Register(0x28, "mains_state", Kind.U16),
    Register(0x2A, "run_h", Kind.U32),
    Register(0x2C, "run_min", Kind.U16),
    Register(0x2D, "run_s", Kind.U16),
    Register(0x2E, "starts", Kind.U32),
    Register(0x30, "energy_kwh", Kind.U32),
    *_three(0x34, "l{}_kw"),
    Register(0x37, "load_percent", Kind.U16),
    Register(0x42, "burn_dl_per_h", Kind.U16),
    Register(0x44, "burnt_dl", Kind.U32),
    Register(0x47, "model", Kind.U16),
)
# fmt: off
_SHUTDOWNS = (
    (0x08, "emergency_stop"), (0x09, "overspeed"), (0x0A, "underspeed"), (0x0B, "speed_lost"),
    (0x0C, "overfrequency"), (0x0D, "underfrequency"), (0x0E, "overvoltage"), (0x0F, "undervoltage"),
    (0x10, "overcurrent"), (0x11, "crank_failure"), (0x12, "high_water"), (0x13, "low_oil"),
    (0x15, "input_shutdown"), (0x16, "low_fuel_shutdown"), (0x17, "low_coolant"),
)
_WARNINGS = (
    (0x18, "high_water_warning"), (0x19, "low_oil_warning"), (0x1A, "overcurrent_warning"),
    (0x1B, "stop_failure_warning"), (0x1C, "low_fuel_warning"), (0x1D, "charging_warning"),
    (0x1E, "battery_undervoltage"), (0x1F, "battery_overvoltage"), (0x25, "fuel_sensor_open"),
    (0x3F, "maintenance_due"), (0x46, "charger_warning"), (0x47, "overpower_warning"),
)
_OTHERS = (
    (0x00, "common_alarm"), (0x01, "common_warning"), (0x02, "common_shutdown"), (0x03, "remote_mode"),
    (0x06, "mains_on_load"), (0x07, "generator_on_load"),
    (0x28, "mode_test"), (0x29, "mode_auto"), (0x2A, "mode_manual"), (0x2B, "mode_stop"),
)
# fmt: on
_COMMON = {"common_warning": _WARNINGS, "common_shutdown": _SHUTDOWNS}


class SmartGenHgm4000n(Device):
    """An HGM4010N or 4020N. Running hours are whole hours beside minutes and seconds."""

    name = "generator"
    unit = 1
    function = READ_HOLDING
    table = _TABLE
    bit_table = tuple(Bit(address, name) for address, name in (*_OTHERS, *_SHUTDOWNS, *_WARNINGS))
    spans = (range(_WORDS),)
    coils = (range(_COILS),)
    block_limit = 125
    # No data from the engine's own computer; the wire of a sensor is open.
    sentinels = same({Missing.UNIMPLEMENTED: 32767, Missing.TRANSDUCER_FAULT: 32766}, Kind.U16, Kind.S16)
    reply_ms = (30.0, 70.0)

    def values(self) -> dict[str, Value]:
        """As in Device; the common alarm coils follow overridden alarms."""
        values = super().values()
        for common, causes in _COMMON.items():
            if common not in self.overrides:
                values[common] = any(values[name] for _, name in causes)
        if "common_alarm" not in self.overrides:
            values["common_alarm"] = bool(values["common_warning"] or values["common_shutdown"])
        return values

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each register, and the coils that are on."""
        plant, engine = self.plant, self.plant.engine
        on_load = engine.state is State.RUNNING and plant.generator_w > 0
        values: dict[str, Value] = {
            "mains_dhz": plant.grid_hz() * 10,
            "frequency_dhz": plant.generator_hz() * 10,
            "coolant_c": engine.coolant_c,
            "oil_pressure_kpa": engine.oil_kpa,
            "fuel_percent": plant.fuel_fraction * 100,
            "engine_rpm": engine.rpm,
            "starter_dv": engine.starter_v * 10,
            "charge_alternator_dv": engine.starter_v * 10 if engine.turning else 0,
            "total_kw": plant.generator_w / 1000,
            "total_kvar": 0,
            "total_kva": plant.generator_w / 1000,
            "pf_percent": 100 if plant.generator_w else 0,
            "maintenance_h": 250,
            "maintenance_min": 0,
            "engine_state": _ON_LOAD if on_load else _STATES[engine.state],
            "mains_state": 0 if plant.grid_on else 1,
            "run_h": engine.run_s // 3600,
            "run_min": engine.run_s // 60 % 60,
            "run_s": engine.run_s % 60,
            "starts": engine.starts,
            "energy_kwh": plant.energy.generator_wh / 1000,
            "load_percent": controller.load_fraction(plant) * 100,
            "burn_dl_per_h": engine.burn_l_per_h * 10,
            "burnt_dl": engine.burnt_l * 10,
            "model": 4020,
            "mains_on_load": plant.grid_on,
            "generator_on_load": on_load,
            _MODE_COILS[engine.mode]: 1,
        }
        values.update({_ALARM_COILS[cause]: 1 for cause in controller.alarms(plant)})
        values.update(self._phases())
        return values

    def _phases(self) -> Mapping[str, Value]:
        plant = self.plant
        values: dict[str, Value] = {}
        phases = zip(plant.phases_w(plant.generator_w), controller.phase_amps(plant), strict=True)
        for number, (watts, amps) in enumerate(phases, start=1):
            values[f"l{number}_kw"] = watts / 1000
            values[f"l{number}_da"] = amps * 10
            values[f"l{number}_v"] = plant.generator_v()
            values[f"mains_l{number}_v"] = plant.grid_v()
        for pair in ("l1_l2", "l2_l3", "l3_l1"):
            values[f"{pair}_v"] = plant.generator_v() * 3**0.5
            values[f"mains_{pair}_v"] = plant.grid_v() * 3**0.5
        return values
