"""Daly H, K, M and S battery managers on the bus: function 3, board n listens at 80h + n, answers as 50h + n.

The register numbers come from one community driver. Currents lie 30000 steps above zero, temperatures 40 K;
255 in a temperature means that there is no sensor. The error words hold a few bits that are no faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nsptools.bench.devices import cells
from nsptools.bench.devices.composed import Composed
from nsptools.bench.devices.daly_errors import FLAGS
from nsptools.bench.registers import READ_HOLDING, Kind, Missing, Register, Value

FIRST_BOARD = 0x81
_REQUEST_OFFSET, _REPLY_OFFSET = 0x80, 0x50
_MOST_CELLS, _MOST_SENSORS, _SENSORS = 48, 8, 4
_ZERO_A, _ZERO_C = 30_000, 40
_NO_SENSOR = 255

_TABLE = (
    *(Register(i, f"cell{i + 1}_mv", Kind.U16) for i in range(16)),
    *(Register(0x30 + i, f"temperature{i + 1}_raw", Kind.U16) for i in range(_MOST_SENSORS)),
    Register(0x38, "voltage_dv", Kind.U16),
    Register(0x39, "current_raw", Kind.U16),
    Register(0x3A, "soc_permille", Kind.U16),
    Register(0x3B, "soh_permille", Kind.U16),
    Register(0x3C, "cells", Kind.U16),
    Register(0x3D, "sensors", Kind.U16),
    Register(0x3E, "cell_high_mv", Kind.U16),
    Register(0x3F, "cell_high_number", Kind.U16),
    Register(0x40, "cell_low_mv", Kind.U16),
    Register(0x41, "cell_low_number", Kind.U16),
    Register(0x42, "cell_difference_mv", Kind.U16),
    Register(0x48, "direction", Kind.U16),
    Register(0x4B, "remaining_dah", Kind.U16),  # 0.1 Ah
    Register(0x4C, "cycles", Kind.U16),
    Register(0x52, "charge_mos", Kind.U16),
    Register(0x53, "discharge_mos", Kind.U16),
    Register(0x58, "power_w", Kind.U16),  # without sign
    Register(0x5A, "mos_temperature_raw", Kind.U16),
    *(Register(0x66 + i, f"errors_{0x66 + i:x}", Kind.U16) for i in range(4)),
    *(Register(0x6D + i, f"errors_{0x6D + i:x}", Kind.U16) for i in range(7)),
)
_ERRORS = tuple(register.name for register in _TABLE if register.name.startswith("errors_"))


class DalyBattery(Composed):
    """Registers of the pack, from the plant of the moment. Cells and sensors that are not fitted: 0 and 255.

    `reply_address` is 0 for the maker's rule, or the address under which another firmware answers (D2h).
    """

    name = "battery"
    unit = FIRST_BOARD
    function = READ_HOLDING
    table = _TABLE
    flags = FLAGS
    spans = (range(0x74), range(0x121, 0x123))
    inner = ("reply_address",)
    block_limit = 125
    sentinels = MappingProxyType({Missing.UNIMPLEMENTED: {Kind.U16: _NO_SENSOR}})
    reply_ms = (30.0, 60.0)

    @property
    def reply_unit(self) -> int:
        """50h + n for the board n that is asked at 80h + n, unless told otherwise."""
        forced = round(self.values()["reply_address"])
        if forced or self.unit < _REQUEST_OFFSET:
            return forced or self.unit
        return self.unit - _REQUEST_OFFSET + _REPLY_OFFSET

    def override(self, name: str, value: Value) -> None:
        """As in Device; only temperatures can be without a sensor."""
        if isinstance(value, Missing) and not name.startswith(("temperature", "mos_temperature")):
            self.kind(name)
            raise ValueError(f"the {self.name} has no not-available value for {name}; only temperatures have")
        super().override(name, value)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name."""
        plant, pack = self.plant, self.plant.pack
        shown = cells.cells_mv(plant)
        sensors = [celsius + _ZERO_C for celsius in cells.sensors_c(plant, _SENSORS)]
        values: dict[str, Value] = {
            "voltage_dv": pack.voltage_v * 10,
            "current_raw": _ZERO_A + pack.current_a * 10,
            "soc_permille": pack.soc * 1000,
            "soh_permille": 1000,
            "cells": plant.spec.cells,
            "sensors": _SENSORS,
            "cell_high_mv": max(shown),
            "cell_high_number": shown.index(max(shown)) + 1,
            "cell_low_mv": min(shown),
            "cell_low_number": shown.index(min(shown)) + 1,
            "cell_difference_mv": max(shown) - min(shown),
            "direction": cells.direction(plant),
            "remaining_dah": pack.charge_ah * 10,
            "cycles": cells.cycles(plant),
            "charge_mos": int(pack.charge_switch),
            "discharge_mos": int(pack.discharge_switch),
            "power_w": abs(pack.voltage_v * pack.current_a),
            "mos_temperature_raw": cells.switch_c(plant) + _ZERO_C,
            "reply_address": 0,
            **dict.fromkeys(_ERRORS, 0),
            "alarm_charge_under_temperature": cells.too_cold(plant),
            "alarm_pack_under_voltage": pack.fitted and not pack.discharge_switch,
            "alarm_low_charge": pack.fitted and pack.soc < cells.LOW_CHARGE,
            "alarm_charge_mos": pack.no_charge,
        }
        values.update({f"cell{i + 1}_mv": shown[i] if i < len(shown) else 0 for i in range(16)})
        values.update(
            {
                f"temperature{i + 1}_raw": sensors[i] if i < _SENSORS else Missing.UNIMPLEMENTED
                for i in range(_MOST_SENSORS)
            }
        )
        return values
