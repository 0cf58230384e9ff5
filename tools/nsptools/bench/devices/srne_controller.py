"""SRNE solar controller, also sold by Renogy (Rover, Wanderer), on the bus: function 3, unit 1.

Temperatures are bytes with a sign bit and a magnitude: 83h is -3 degC. One word holds the controller's in its
high byte and the battery's in its low byte; another the load switch and the charge state. It knows the
charge current only, never what the battery gives.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench.devices import solar
from nsptools.bench.devices.composed import Composed, high_low
from nsptools.bench.registers import READ_HOLDING, Kind, Register, Text, Value

_MODEL = "RNG-CTRL-RVR40  "
_SIGN = 0x80
_LOAD_ON = 0x80
_LITHIUM = 4
_OFF, _TRACKING, _FLOAT = 0, 2, 5
_FULL = 0.98

_TABLE = (
    Register(0x1A, "address", Kind.U16),
    Register(0x100, "soc_percent", Kind.U16),
    Register(0x101, "voltage_dv", Kind.U16),
    Register(0x102, "charge_ca", Kind.U16),
    Register(0x103, "temperatures", Kind.U16),
    Register(0x104, "load_dv", Kind.U16),
    Register(0x105, "load_ca", Kind.U16),
    Register(0x106, "load_w", Kind.U16),
    Register(0x107, "panel_dv", Kind.U16),
    Register(0x108, "panel_ca", Kind.U16),
    Register(0x109, "sun_w", Kind.U16),
    Register(0x10A, "load_switch", Kind.U16),
    Register(0x120, "states", Kind.U16),
    Register(0x121, "faults", Kind.U32),
    Register(0xE004, "battery_type", Kind.U16),
)


class SrneController(Composed):
    """Registers of the controller, from the plant of the moment.

    `controller_c`, `battery_c`, `load_on` and `charge_state` are the bytes of the two shared words;
    `load_on_terminals` 0: the site's load is an inverter on the battery, which the controller does not see.
    """

    name = "solar"
    unit = 1
    function = READ_HOLDING
    table = _TABLE
    texts = (Text(0x0C, 8, "model"),)
    spans = (range(0x0A, 0x23), range(0x100, 0x123), range(0xE001, 0xE022))
    inner = ("controller_c", "battery_c", "load_on", "charge_state", solar.ON_TERMINALS)
    block_limit = 125
    reply_ms = (20.0, 50.0)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name."""
        plant, pack = self.plant, self.plant.pack
        on_terminals = bool(self.overrides.get(solar.ON_TERMINALS, 1))
        seen = solar.terminals(plant, on_terminals=on_terminals)
        values: dict[str, Value] = {
            "address": self.unit,
            "soc_percent": pack.soc * 100,
            "voltage_dv": pack.voltage_v * 10,
            "charge_ca": seen.charge_a * 100,
            "load_dv": seen.load_v * 10,
            "load_ca": seen.load_a * 100,
            "load_w": seen.load_w,
            "panel_dv": seen.panel_v * 10,
            "panel_ca": seen.panel_a * 100,
            "sun_w": seen.panel_w,
            "load_switch": int(on_terminals),
            "faults": 0,
            "battery_type": _LITHIUM,
            "controller_c": plant.spec.ambient_c + 12 + seen.charge_a * 0.2,
            "battery_c": pack.temperature_c,
            "load_on": int(on_terminals),
            "charge_state": self._charge_state(),
            solar.ON_TERMINALS: 1,
        }
        return values

    def text(self, name: str) -> str:
        """The model; there is no other text."""
        del name
        return _MODEL

    def composed(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Words of two bytes."""
        return {
            "temperatures": high_low(_signed_byte(values["controller_c"]), _signed_byte(values["battery_c"])),
            "states": high_low(_LOAD_ON if values["load_on"] else 0, values["charge_state"]),
        }

    def _charge_state(self) -> int:
        if not solar.charges(self.plant):
            return _OFF
        return _FLOAT if self.plant.pack.soc > _FULL else _TRACKING


def _signed_byte(celsius: Value) -> int:
    """Sign in the top bit, magnitude below, held at 127."""
    magnitude = min(round(abs(celsius)), _SIGN - 1)
    return magnitude | (_SIGN if celsius < 0 and magnitude else 0)
