"""Datakom D-500 on the bus: function 3, 32-bit values low word first, unit 1.

The map is that of one working reader; its alarm bits are not published there and not shown here.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench import controller
from nsptools.bench.engine import State
from nsptools.bench.registers import READ_HOLDING, Device, Kind, Missing, Register, Value, same, spans_of

_MODES = {"off": 1, "manual": 2, "auto": 4, "test": 8}
_STATES = {
    State.STOPPED: 0,
    State.PRE_START: 1,
    State.CRANKING: 5,
    State.CRANK_REST: 4,
    State.WARMING: 7,
    State.RUNNING: 8,
    State.COOLING: 22,
}
_ON_LOAD = 13
_MODEL, _FIRMWARE = 0xD500, 0x0560


def _three(address: int, pattern: str) -> tuple[Register, ...]:
    return tuple(Register(address + 2 * i, pattern.format(i + 1), Kind.U32_LO) for i in range(3))


_TABLE = (
    *_three(10240, "mains_l{}_dv"),
    *_three(10246, "l{}_dv"),
    *_three(10270, "l{}_da"),
    *_three(10286, "l{}_hw"),
    Register(10294, "total_hw", Kind.U32_LO),
    Register(10338, "mains_chz", Kind.U16),
    Register(10339, "frequency_chz", Kind.U16),
    Register(10341, "starter_cv", Kind.U16),
    Register(10361, "oil_pressure_dbar", Kind.U16),
    Register(10362, "coolant_dc", Kind.U16),
    Register(10363, "fuel_permille", Kind.U16),
    Register(10364, "oil_dc", Kind.U16),
    Register(10376, "engine_rpm", Kind.U16),
    Register(10604, "engine_state", Kind.U16),
    Register(10605, "mode", Kind.U16),
    Register(10609, "model", Kind.U16),
    Register(10611, "firmware", Kind.U16),
    Register(10616, "starts", Kind.U16),
    Register(10622, "run_ch", Kind.U32_LO),
    Register(10628, "energy_hwh", Kind.U32_LO),
)


class DatakomD500(Device):
    """A D-500. Only what its map holds can be read."""

    name = "generator"
    unit = 1
    function = READ_HOLDING
    table = _TABLE
    spans = spans_of(_TABLE)
    block_limit = 125
    sentinels = same({Missing.UNIMPLEMENTED: 0x7FFF, Missing.TRANSDUCER_FAULT: 0x7FFF}, Kind.U16)
    reply_ms = (30.0, 90.0)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each register."""
        plant, engine = self.plant, self.plant.engine
        on_load = engine.state is State.RUNNING and plant.generator_w > 0
        values: dict[str, Value] = {
            "total_hw": plant.generator_w / 100,
            "mains_chz": plant.grid_hz() * 100,
            "frequency_chz": plant.generator_hz() * 100,
            "starter_cv": engine.starter_v * 100,
            "oil_pressure_dbar": engine.oil_kpa / 10,
            "coolant_dc": engine.coolant_c * 10,
            "fuel_permille": plant.fuel_fraction * 1000,
            "oil_dc": Missing.UNIMPLEMENTED,
            "engine_rpm": engine.rpm,
            "engine_state": _ON_LOAD if on_load else _STATES[engine.state],
            "mode": _MODES[engine.mode],
            "model": _MODEL,
            "firmware": _FIRMWARE,
            "starts": engine.starts,
            "run_ch": engine.run_s / 36,
            "energy_hwh": plant.energy.generator_wh / 100,
        }
        phases = zip(plant.phases_w(plant.generator_w), controller.phase_amps(plant), strict=True)
        for number, (watts, amps) in enumerate(phases, start=1):
            values[f"mains_l{number}_dv"] = plant.grid_v() * 10
            values[f"l{number}_dv"] = plant.generator_v() * 10
            values[f"l{number}_da"] = amps * 10
            values[f"l{number}_hw"] = watts / 100
        return values
