"""QDY30A level probe in the tank, on the bus: function 3, unit 1; a pressure cell that shows a column of liquid.

The value is a signed number with a separate place for its decimals and one for its unit. An empty tank reads
a little below zero. The cell weighs water: the same height of diesel reads less unless somebody corrected it.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench.devices.composed import Composed
from nsptools.bench.registers import READ_HOLDING, Kind, Register, Value

_METRES, _MILLIMETRES = 16, 17  # unit codes; they differ by seller
_BAUD_9600 = 3
_RANGE_M = 5.0
_ZERO_ERROR_M = -0.002
_NEUTRAL = 1000

_TABLE = (
    Register(0x00, "address", Kind.U16),
    Register(0x01, "baud_code", Kind.U16),
    Register(0x02, "unit_code", Kind.U16),
    Register(0x03, "decimals", Kind.U16),
    Register(0x04, "level", Kind.S16),
    Register(0x05, "zero", Kind.S16),
    Register(0x06, "full_scale", Kind.S16),
)


class LevelProbe(Composed):
    """Registers of the probe, from the height of the plant's fuel.

    An overridden `unit_code` (16 metres, 17 millimetres of water) or `decimals` (0 to 3) is followed by the
    values. `density_permille` 1000: corrected for the liquid; 840 shows diesel as an uncorrected probe does.
    """

    name = "tank"
    unit = 1
    function = READ_HOLDING
    table = _TABLE
    spans = (range(0x07),)
    inner = ("density_permille",)
    block_limit = 125
    reply_ms = (30.0, 60.0)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name; those that are composed stand at 0."""
        return {
            "address": self.unit,
            "baud_code": _BAUD_9600,
            "unit_code": _METRES,
            "decimals": 3,
            "level": 0,
            "zero": 0,
            "full_scale": 0,
            "density_permille": _NEUTRAL,
        }

    def composed(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Heights in the probe's own unit and decimals."""
        steps = 10 ** values["decimals"] * (1000 if values["unit_code"] == _MILLIMETRES else 1)
        height_m = self.plant.fuel_height_m * values["density_permille"] / _NEUTRAL
        return {"level": (height_m + _ZERO_ERROR_M) * steps, "full_scale": _RANGE_M * steps}
