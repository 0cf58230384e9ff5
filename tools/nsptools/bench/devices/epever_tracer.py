"""EPEver Tracer solar controller on the bus: function 4 for words, 2 for flags, 1 for its switches, unit 1.

Values of 32 bits go low word first, against the habit of Modbus. Places between two blocks do not exist,
while those within the first block that the maker does not name read 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench.devices import solar
from nsptools.bench.devices.composed import Composed
from nsptools.bench.registers import READ_COILS, READ_DISCRETE, READ_INPUT, Bit, Kind, Register, Value

_NIGHT_V = 5.0
_HOT_C = 65.0
_RUNNING, _FLOAT, _BOOST = 1, 1 << 2, 2 << 2
_LOW_VOLTAGE_DISCONNECT, _UNDER_VOLTAGE = 3, 2
_LOW_TEMPERATURE = 2 << 4
_FULL, _FREEZING_C = 0.98, 0.0
_CLASS_V = 12

_TABLE = (
    Register(0x3100, "panel_cv", Kind.U16),
    Register(0x3101, "panel_ca", Kind.U16),
    Register(0x3102, "panel_cw", Kind.U32_LO),
    Register(0x3104, "voltage_cv", Kind.U16),
    Register(0x3105, "charge_ca", Kind.U16),
    Register(0x3106, "charge_cw", Kind.U32_LO),
    Register(0x310C, "load_cv", Kind.U16),
    Register(0x310D, "load_ca", Kind.U16),
    Register(0x310E, "load_cw", Kind.U32_LO),
    Register(0x3110, "battery_cc", Kind.S16),  # 0.01 degC
    Register(0x3111, "case_cc", Kind.S16),
    Register(0x3112, "switch_cc", Kind.S16),
    Register(0x311A, "soc_percent", Kind.U16),
    Register(0x311B, "remote_cc", Kind.S16),
    Register(0x311D, "class_cv", Kind.U16),
    Register(0x3200, "battery_status", Kind.U16),
    Register(0x3201, "charge_status", Kind.U16),
    Register(0x3202, "load_status", Kind.U16),
    Register(0x331A, "net_voltage_cv", Kind.U16),
    Register(0x331B, "net_ca", Kind.S32_LO),
)
_BITS = (
    Bit(0x2000, "over_temperature", READ_DISCRETE),
    Bit(0x200C, "night", READ_DISCRETE),
    Bit(2, "load_switch", READ_COILS),
)


class EpeverTracer(Composed):
    """Registers of the controller, from the plant of the moment.

    `load_on_terminals` 0: the site's load is an inverter on the battery, which the controller does not see.
    """

    name = "solar"
    unit = 1
    function = READ_INPUT
    table = _TABLE
    bit_table = _BITS
    spans = (
        range(0x3100, 0x3113),
        range(0x311A, 0x311C),
        range(0x311D, 0x311E),
        range(0x3200, 0x3203),
        range(0x331A, 0x331D),
    )
    coils = (range(7),)
    discretes = (range(0x2000, 0x2001), range(0x200C, 0x200D))
    inner = (solar.ON_TERMINALS,)
    block_limit = 125
    reply_ms = (5.0, 15.0)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name."""
        plant, pack = self.plant, self.plant.pack
        on_terminals = bool(self.overrides.get(solar.ON_TERMINALS, 1))
        seen = solar.terminals(plant, on_terminals=on_terminals)
        case_c = plant.spec.ambient_c + 12 + seen.charge_a * 0.2
        return {
            "panel_cv": seen.panel_v * 100,
            "panel_ca": seen.panel_a * 100,
            "panel_cw": seen.panel_w * 100,
            "voltage_cv": pack.voltage_v * 100,
            "charge_ca": seen.charge_a * 100,
            "charge_cw": seen.charge_a * pack.voltage_v * 100,
            "load_cv": seen.load_v * 100,
            "load_ca": seen.load_a * 100,
            "load_cw": seen.load_w * 100,
            "battery_cc": pack.temperature_c * 100,
            "case_cc": case_c * 100,
            "switch_cc": case_c * 100,
            "soc_percent": pack.soc * 100,
            "remote_cc": pack.temperature_c * 100,
            "class_cv": round(plant.spec.cells * 3.2 / _CLASS_V) * _CLASS_V * 100,
            "battery_status": self._battery_status(),
            "charge_status": self._charge_status(),
            "load_status": int(seen.load_w > 0),
            "net_voltage_cv": pack.voltage_v * 100,
            "net_ca": seen.net_a * 100,
            "over_temperature": int(case_c > _HOT_C),
            "night": int(seen.panel_v < _NIGHT_V),
            "load_switch": int(on_terminals),
            solar.ON_TERMINALS: 1,
        }

    def _battery_status(self) -> int:
        pack = self.plant.pack
        status = _LOW_TEMPERATURE if pack.temperature_c <= _FREEZING_C else 0
        if pack.fitted and not pack.discharge_switch:
            return status | _LOW_VOLTAGE_DISCONNECT
        return status | (_UNDER_VOLTAGE if solar.low(self.plant) else 0)

    def _charge_status(self) -> int:
        if not solar.charges(self.plant):
            return _RUNNING
        return _RUNNING | (_FLOAT if self.plant.pack.soc > _FULL else _BOOST)
