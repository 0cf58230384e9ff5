"""ComAp InteliLite 4 on the bus with its default configuration: functions 3 and 4, coil 4700, unit 1."""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench import controller
from nsptools.bench.devices import comap
from nsptools.bench.registers import Bit, Kind, Register, Text, Value, spans_of

_MODES = {"off": 0, "manual": 1, "auto": 2, "test": 3}
_THREE_PHASES = 3
_ALARM_WORDS, _ALARM_LINES = 27, 6

_TABLE = (
    Register(1004, "engine_rpm", Kind.U16),
    Register(1006, "coolant_c", Kind.S16),
    Register(1008, "oil_pressure_dbar", Kind.S16),
    Register(1013, "run_dh", Kind.U32),
    Register(1020, "total_kw", Kind.S16),
    *(Register(1021 + i, f"l{i + 1}_kw", Kind.S16) for i in range(3)),
    Register(1036, "frequency_dhz", Kind.U16),
    *(Register(1037 + i, f"l{i + 1}_v", Kind.U16) for i in range(3)),
    *(Register(1043 + i, f"l{i + 1}_a", Kind.U16) for i in range(3)),
    Register(1053, "starter_dv", Kind.U16),
    Register(1055, "fuel_percent", Kind.U16),
    Register(1228, "nominal_kw", Kind.U16),
    Register(1263, "energy_kwh", Kind.U32),
    Register(1298, "engine_state", Kind.U16),
    Register(1301, "connection", Kind.U16),
    Register(1382, "mode", Kind.U16),
    Register(4214, "alarm_count", Kind.U16),
)
_TEXTS = (
    Text(1307, 16, "ident"),
    Text(1323, 8, "firmware"),
    Text(3000, 8, "title"),
    *(Text(4215 + _ALARM_WORDS * i, _ALARM_WORDS, f"alarm{i + 1}") for i in range(_ALARM_LINES)),
)
_FIXED = {"ident": "InteliLite4-AMF25", "firmware": "1.8.0", "title": "InteliLite4"}


class ComApIl4(comap.ComApGenset):
    """An InteliLite 4. Alarms are texts: a count and one record of 27 registers a line."""

    table = _TABLE
    texts = _TEXTS
    spans = spans_of(_TABLE, _TEXTS)
    bit_table = (Bit(4700, "remote_start"),)
    coils = (range(4700, 4701),)
    block_limit = 125

    def text(self, name: str) -> str:
        """As in Device: what it is, or a line of the alarm list."""
        if name in _FIXED:
            return _FIXED[name]
        line = int(name.removeprefix("alarm")) - 1
        lines = comap.alarm_lines(self.plant)
        return lines[line] if line < len(lines) else ""

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each register."""
        plant, engine = self.plant, self.plant.engine
        values: dict[str, Value] = {
            "engine_rpm": engine.rpm,
            "coolant_c": engine.coolant_c,
            "oil_pressure_dbar": engine.oil_kpa / 10,
            "run_dh": engine.run_s / 360,
            "total_kw": plant.generator_w / 1000,
            "frequency_dhz": plant.generator_hz() * 10,
            "starter_dv": engine.starter_v * 10,
            "fuel_percent": plant.fuel_fraction * 100,
            "nominal_kw": plant.spec.rated_w / 1000,
            "energy_kwh": plant.energy.generator_wh / 1000,
            "engine_state": comap.engine_state(plant),
            "connection": _THREE_PHASES,
            "mode": _MODES[engine.mode],
            "alarm_count": len(comap.alarm_lines(plant)),
        }
        phases = zip(plant.phases_w(plant.generator_w), controller.phase_amps(plant), strict=True)
        for number, (watts, amps) in enumerate(phases, start=1):
            values[f"l{number}_kw"] = watts / 1000
            values[f"l{number}_v"] = plant.generator_v()
            values[f"l{number}_a"] = amps
        return values
