"""Eastron single-phase meters SDM120 and SDM220 on the bus: function 4, 32-bit floats high word first, unit 1.

They have the places of the maker's three-phase meters and fill those of the first phase only; the others,
also the total power, read 0.0. No not-available value: without power they show zeros.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench.registers import ILLEGAL_ADDRESS, ILLEGAL_VALUE, READ_INPUT, Device, Kind, Register, Value

_TABLE = (
    Register(0x00, "l1_v", Kind.F32),
    Register(0x06, "l1_a", Kind.F32),
    Register(0x0C, "l1_w", Kind.F32),
    Register(0x12, "l1_va", Kind.F32),
    Register(0x18, "l1_var", Kind.F32),
    Register(0x1E, "l1_pf", Kind.F32),
    Register(0x46, "frequency_hz", Kind.F32),
    Register(0x48, "import_kwh", Kind.F32),
    Register(0x4A, "export_kwh", Kind.F32),
    Register(0x156, "energy_kwh", Kind.F32),
)
_KWH_AT_START = 318.0


class SinglePhaseMeter(Device):
    """Registers of the meter, from the plant of the moment: the whole load hangs on one phase.

    An odd address is refused as a bad address, an odd quantity as a bad value. Which quantity is too much is
    known of two sisters, 80 and 60 registers: here the smaller holds.
    """

    name = "meter"
    unit = 1
    function = READ_INPUT
    table = _TABLE
    spans = (range(0x58), range(0x156, 0x158))
    block_limit = 60

    def refusal(self, function: int, address: int, count: int) -> int:
        """As in Device; halves of a float are not given."""
        code = super().refusal(function, address, count)
        if code:
            return code
        if address % 2:
            return ILLEGAL_ADDRESS
        return ILLEGAL_VALUE if count % 2 else 0

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name, in V, A, W, VA, var, Hz and kWh."""
        plant = self.plant
        volts, watts = plant.house_v(), plant.served_w
        kwh = _KWH_AT_START + plant.energy.served_wh / 1000
        return {
            "l1_v": volts,
            "l1_a": watts / volts if volts else 0.0,
            "l1_w": watts,
            "l1_va": watts,
            "l1_var": 0.0,
            "l1_pf": 1.0 if watts else 0.0,
            "frequency_hz": plant.house_hz(),
            "import_kwh": kwh,
            "export_kwh": 0.0,
            "energy_kwh": kwh,
        }


class Sdm120Meter(SinglePhaseMeter):
    """The smallest of the family, as delivered at 2,400 baud."""

    reply_ms = (30.0, 60.0)


class Sdm220Meter(SinglePhaseMeter):
    """The same registers in a wider housing. Its speed as delivered is taken from the SDM120, unconfirmed."""

    reply_ms = (20.0, 40.0)
