"""Eastron SDM630 three-phase meter on the bus: function 4, 32-bit floats high word first, unit 2.

It meters the load's side. It has no not-available value: without power it shows zeros.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench.plant import Plant
from nsptools.bench.registers import ILLEGAL_ADDRESS, ILLEGAL_VALUE, READ_INPUT, Device, Kind, Register, Value

_SINGLE = (
    (0x34, "total_w"),
    (0x38, "total_va"),
    (0x3C, "total_var"),
    (0x3E, "total_pf"),
    (0x46, "frequency_hz"),
    (0x48, "import_kwh"),
    (0x4A, "export_kwh"),
    (0x156, "energy_kwh"),
)
_BY_PHASE = (
    (0x00, "{}_v"),
    (0x06, "{}_a"),
    (0x0C, "{}_w"),
    (0x12, "{}_va"),
    (0x18, "{}_var"),
    (0x1E, "{}_pf"),
)
_TABLE = (
    *(
        Register(address + 2 * i, pattern.format(f"l{i + 1}"), Kind.F32)
        for address, pattern in _BY_PHASE
        for i in range(3)
    ),
    *(Register(address, name, Kind.F32) for address, name in _SINGLE),
)
_KWH_AT_START = 5214.0


class Sdm630Meter(Device):
    """Registers of the meter, from the plant of the moment.

    A parameter is two registers: an odd address is refused as a bad address, an odd quantity or more than
    80 registers as a bad value. Parameters inside the map that this bench does not model read 0.0.
    """

    name = "meter"
    unit = 2
    function = READ_INPUT
    table = _TABLE
    spans = (range(0x58), range(0x156, 0x158))
    block_limit = 80
    reply_ms = (10.0, 25.0)

    def __init__(self, plant: Plant, unit: int = 2) -> None:
        super().__init__(plant)
        self.unit = unit

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
        values: dict[str, Value] = {
            "total_w": watts,
            "total_va": watts,
            "total_var": 0.0,
            "total_pf": 1.0 if watts else 0.0,
            "frequency_hz": plant.house_hz(),
            "import_kwh": kwh,
            "export_kwh": 0.0,
            "energy_kwh": kwh,
        }
        for number, phase_w in enumerate(plant.phases_w(watts), start=1):
            phase = f"l{number}"
            values.update(
                {
                    f"{phase}_v": volts,
                    f"{phase}_a": phase_w / volts if volts else 0.0,
                    f"{phase}_w": phase_w,
                    f"{phase}_va": phase_w,
                    f"{phase}_var": 0.0,
                    f"{phase}_pf": 1.0 if watts else 0.0,
                }
            )
        return values
