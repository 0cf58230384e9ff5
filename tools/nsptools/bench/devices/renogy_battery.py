"""Renogy smart lithium battery on the bus: function 3, unit 30h to 32h or F7h.

It shows charge in ampere-hours and no percentage: that is the reader's division. Cells come in steps of 0.1 V.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench.devices import cells
from nsptools.bench.registers import READ_HOLDING, Device, Kind, Register, Text, Value

_SENSORS, _MOST = 4, 16
_MODEL = "RBT100LFP12S-G1"

_TABLE = (
    Register(5000, "cells", Kind.U16),
    *(Register(5001 + i, f"cell{i + 1}_dv", Kind.U16) for i in range(_MOST)),
    Register(5017, "sensors", Kind.U16),
    *(Register(5018 + i, f"temperature{i + 1}_dc", Kind.S16) for i in range(_MOST)),
    Register(5042, "current_ca", Kind.S16),
    Register(5043, "voltage_dv", Kind.U16),
    Register(5044, "remaining_mah", Kind.U32),
    Register(5046, "capacity_mah", Kind.U32),
    Register(5223, "address", Kind.U16),
)


class RenogyBattery(Device):
    """Registers of the pack, from the plant of the moment. Places of cells and sensors that it has not read 0."""

    name = "battery"
    unit = 0x30
    function = READ_HOLDING
    table = _TABLE
    texts = (Text(5122, 8, "model"),)
    spans = (range(5000, 5048), range(5122, 5130), range(5223, 5224))
    block_limit = 125
    reply_ms = (20.0, 50.0)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name."""
        plant, pack = self.plant, self.plant.pack
        shown = cells.cells_mv(plant)
        sensors = cells.sensors_c(plant, _SENSORS)
        values: dict[str, Value] = {
            "cells": plant.spec.cells,
            "sensors": _SENSORS,
            "current_ca": pack.current_a * 100,
            "voltage_dv": pack.voltage_v * 10,
            "remaining_mah": pack.charge_ah * 1000,
            "capacity_mah": pack.capacity_ah * 1000,
            "address": self.unit,
        }
        values.update({f"cell{i + 1}_dv": shown[i] / 100 if i < len(shown) else 0 for i in range(_MOST)})
        values.update(
            {f"temperature{i + 1}_dc": sensors[i] * 10 if i < _SENSORS else 0 for i in range(_MOST)}
        )
        return values

    def text(self, name: str) -> str:
        """The model; there is no other text."""
        del name
        return _MODEL
