"""ComAp InteliGen NTC on the bus with its default configuration: functions 3 and 4, unit 1.

The map is that of one working reader, not of the maker: unconfirmed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nsptools.bench import controller
from nsptools.bench.devices import comap
from nsptools.bench.registers import Flag, Kind, Register, Value

_WARMING = 19
_MODE_FLAGS = {"off": "mode_off", "manual": "mode_manual", "auto": "mode_auto", "test": "mode_auto"}
_ACTIVE = 6  # active, not confirmed
_LEVEL_BITS = 3

# fmt: off
# Two protections to a word, one in the high byte and one in the low.
_PROTECTIONS = (
    (0x1678, "emergency_stop_input", "low_water"),
    (0x1679, "battery_charger", "fuel_leak"),
    (0x16E6, "oil_pressure", "coolant"),
    (0x16E7, "low_fuel", ""),
    (0x1742, "starter_low", "earth_fault"),
    (0x174A, "emergency_stop", "over_rpm"),
    (0x174B, "can2_empty", "charge_alternator"),
    (0x174C, "stop_fail", "over_speed"),
    (0x174D, "under_speed", "pickup"),
    (0x1750, "fail_to_start", "start_blocking"),
    (0x1846, "short_circuit", "overload"),
)
_TABLE = (
    Register(0x000C, "starter_dv", Kind.U16),
    Register(0x000E, "charge_alternator_dv", Kind.U16),
    Register(0x000F, "oil_pressure_dbar", Kind.S16),
    Register(0x0010, "coolant_c", Kind.S16),
    Register(0x0011, "fuel_percent", Kind.U16),
    Register(0x0086, "outputs_6", Kind.U16),
    Register(0x00A2, "engine_state", Kind.U16),
    *(Register(0x00F8 + i, f"l{i + 1}_v", Kind.U16) for i in range(3)),
    Register(0x00FF, "frequency_dhz", Kind.U16),
    *(Register(0x0101 + i, f"l{i + 1}_a", Kind.U16) for i in range(3)),
    Register(0x0107, "total_kw", Kind.S16),
    *(Register(0x0109 + i, f"l{i + 1}_kw", Kind.S16) for i in range(3)),
    Register(0x013A, "engine_rpm", Kind.U16),
    Register(0x0196, "alarm_classes", Kind.U32),
    Register(0x0BC0, "nominal_kw", Kind.U16),
    Register(0x0E02, "run_h", Kind.U32),
    Register(0x0E04, "starts", Kind.U16),
    Register(0x0E0A, "energy_kwh", Kind.U32),
    *(Register(address, f"protections_{address:04x}", Kind.U16) for address, _, _ in _PROTECTIONS),
)
_SPANS = (
    range(0x0002, 0x0003), range(0x000B, 0x0012), range(0x0081, 0x0089), range(0x009D, 0x00A0),
    range(0x00A2, 0x00A4), range(0x00A7, 0x00A9), range(0x00AC, 0x00AF), range(0x00F8, 0x0100),
    range(0x0101, 0x0104), range(0x0105, 0x0106), range(0x0107, 0x0108), range(0x0109, 0x010D),
    range(0x010E, 0x011A), range(0x013A, 0x013B), range(0x0196, 0x0198), range(0x0BC0, 0x0BC2),
    range(0x0BCA, 0x0BCE), range(0x0BCF, 0x0BD0), range(0x0BD1, 0x0BD3), range(0x0E02, 0x0E0C),
    range(0x1677, 0x167A), range(0x16AE, 0x16B2), range(0x16E6, 0x16E8), range(0x1724, 0x1770),
    range(0x1838, 0x184F),
)
# fmt: on


def _protection_flags() -> Sequence[Flag]:
    """Every bit of every named protection: three of level 1, three of level 2, two of the sensor."""
    bits = ("l1_0", "l1_1", "l1_2", "l2_0", "l2_1", "l2_2", "sensor_0", "sensor_1")
    return [
        Flag(f"protections_{address:04x}", first + i, f"{name}_{bit}")
        for address, high, low in _PROTECTIONS
        for first, name in ((8, high), (0, low))
        if name
        for i, bit in enumerate(bits)
    ]


class ComApNtc(comap.ComApGenset):
    """An InteliGen NTC. `NAME_l1_0` to `NAME_sensor_1` are the bits of one protection."""

    table = _TABLE
    flags = (
        Flag("outputs_6", 7, "mode_off"),
        Flag("outputs_6", 8, "mode_manual"),
        Flag("outputs_6", 9, "mode_auto"),
        *_protection_flags(),
    )
    spans = _SPANS
    block_limit = 127

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each register."""
        plant, engine = self.plant, self.plant.engine
        values: dict[str, Value] = {
            "starter_dv": engine.starter_v * 10,
            "charge_alternator_dv": engine.starter_v * 10 if engine.turning else 0,
            "oil_pressure_dbar": engine.oil_kpa / 10,
            "coolant_c": engine.coolant_c,
            "fuel_percent": plant.fuel_fraction * 100,
            "outputs_6": 0,
            _MODE_FLAGS[engine.mode]: 1,
            "engine_state": comap.engine_state(plant, _WARMING),
            "frequency_dhz": plant.generator_hz() * 10,
            "total_kw": plant.generator_w / 1000,
            "engine_rpm": engine.rpm,
            "nominal_kw": plant.spec.rated_w / 1000,
            "run_h": engine.run_s // 3600,
            "starts": engine.starts,
            "energy_kwh": plant.energy.generator_wh / 1000,
        }
        phases = zip(plant.phases_w(plant.generator_w), controller.phase_amps(plant), strict=True)
        for number, (watts, amps) in enumerate(phases, start=1):
            values[f"l{number}_kw"] = watts / 1000
            values[f"l{number}_v"] = plant.generator_v()
            values[f"l{number}_a"] = amps
        values.update(dict.fromkeys((name for name in self.names() if name.startswith("protections_")), 0))
        values.update(self._protections())
        return values

    def _protections(self) -> Mapping[str, Value]:
        found = controller.alarms(self.plant)
        values: dict[str, Value] = {}
        for cause, level in found.items():
            word = "l2" if level is controller.Level.SHUTDOWN else "l1"
            values.update({f"{cause}_{word}_{bit}": _ACTIVE >> bit & 1 for bit in range(_LEVEL_BITS)})
        shutdown = controller.Level.SHUTDOWN in found.values()
        warning = controller.Level.WARNING in found.values()
        # Bit 0 active level 1, bit 1 active level 2, then the same not confirmed.
        values["alarm_classes"] = 0b0101 * warning | 0b1010 * shutdown
        return values
