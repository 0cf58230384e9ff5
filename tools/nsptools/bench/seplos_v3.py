"""Seplos V3 battery management on the bus: function 4 for words, function 1 for bits, unit 1.

Voltage, current, remaining charge, state of charge, cycles, limits, cells and temperatures are confirmed by a
driver that works on real packs; the places marked * come from the general description of the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench.plant import Plant
from nsptools.bench.registers import READ_INPUT, Device, Kind, Register, Value

_PACK, _CELLS, _STATUS_BITS, _ALARM_BITS = 0x1000, 0x1100, 0x1200, 0x1400
_PACK_WORDS, _CELL_WORDS, _STATUS_COUNT, _ALARM_COUNT = 18, 26, 0x90, 0x50
_DISCHARGE_SWITCH, _CHARGE_SWITCH = 0x78, 0x79
_LOW_CHARGE_ALARM = 0x30
_LOW_CHARGE = 0.10
_MOST_CELLS = 16
# The pack counts tenths of a kelvin above a zero that working drivers put at -273.0 degC.
_ZERO_DK = 2730
_CYCLES_AT_START = 63

_TABLE = (
    Register(_PACK + 0x00, "voltage_cv", Kind.U16),
    Register(_PACK + 0x01, "current_ca", Kind.S16),
    Register(_PACK + 0x02, "remaining_cah", Kind.U16),
    Register(_PACK + 0x03, "capacity_cah", Kind.U16),  # *
    Register(_PACK + 0x04, "discharged_dah", Kind.U16),  # steps of 10 Ah
    Register(_PACK + 0x05, "soc_permille", Kind.U16),
    Register(_PACK + 0x06, "soh_permille", Kind.U16),  # *
    Register(_PACK + 0x07, "cycles", Kind.U16),
    Register(_PACK + 0x08, "cell_mean_mv", Kind.U16),  # *
    Register(_PACK + 0x09, "temperature_mean_dk", Kind.U16),  # *
    Register(_PACK + 0x0A, "cell_high_mv", Kind.U16),  # *
    Register(_PACK + 0x0B, "cell_low_mv", Kind.U16),  # *
    Register(_PACK + 0x0F, "discharge_limit_a", Kind.U16),
    Register(_PACK + 0x10, "charge_limit_a", Kind.U16),
    *(Register(_CELLS + i, f"cell{i + 1}_mv", Kind.U16) for i in range(_MOST_CELLS)),
    *(Register(_CELLS + 0x10 + i, f"temperature{i + 1}_dk", Kind.U16) for i in range(4)),
    Register(_CELLS + 0x18, "ambient_dk", Kind.U16),  # *
    Register(_CELLS + 0x19, "mosfet_dk", Kind.U16),
)


class SeplosBattery(Device):
    """Registers of the pack, from the plant of the moment. It has no not-available value."""

    name = "battery"
    unit = 1
    function = READ_INPUT
    table = _TABLE
    spans = (range(_PACK, _PACK + _PACK_WORDS), range(_CELLS, _CELLS + _CELL_WORDS))
    coils = (
        range(_STATUS_BITS, _STATUS_BITS + _STATUS_COUNT),
        range(_ALARM_BITS, _ALARM_BITS + _ALARM_COUNT),
    )
    block_limit = 125
    reply_ms = (8.0, 20.0)

    def __init__(self, plant: Plant, unit: int = 1) -> None:
        super().__init__(plant)
        self.unit = unit

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name."""
        pack, spec = self.plant.pack, self.plant.spec
        celsius = pack.temperature_c
        values: dict[str, Value] = {
            "voltage_cv": pack.voltage_v * 100,
            "current_ca": pack.current_a * 100,
            "remaining_cah": pack.charge_ah * 100,
            "capacity_cah": pack.capacity_ah * 100,
            "discharged_dah": _CYCLES_AT_START * pack.capacity_ah / 10 + pack.moved_ah / 10,
            "soc_permille": pack.soc * 1000,
            "soh_permille": 1000,
            "cycles": _CYCLES_AT_START + (pack.moved_ah // pack.capacity_ah if pack.fitted else 0),
            "temperature_mean_dk": _kelvin(celsius),
            "discharge_limit_a": spec.max_discharge_a if pack.discharge_switch else 0,
            "charge_limit_a": spec.max_charge_a if pack.charge_switch else 0,
            "ambient_dk": _kelvin(spec.ambient_c),
            "mosfet_dk": _kelvin(celsius + abs(pack.current_a) * 0.08),
        }
        values.update(self._cells(pack.voltage_v / spec.cells * 1000))
        values.update({f"temperature{i}_dk": _kelvin(celsius + 0.3 * (i - 2.5)) for i in (1, 2, 3, 4)})
        return values

    def bits(self, address: int, count: int) -> list[bool]:
        """Status bits are on when true; alarm bits are the other way round: 0 means active."""
        pack = self.plant.pack
        status = {
            _STATUS_BITS + _DISCHARGE_SWITCH: pack.discharge_switch,
            _STATUS_BITS + _CHARGE_SWITCH: pack.charge_switch,
            _ALARM_BITS + _LOW_CHARGE_ALARM: pack.soc >= _LOW_CHARGE,
        }
        return [status.get(bit, bit >= _ALARM_BITS) for bit in range(address, address + count)]

    def _cells(self, mean_mv: float) -> dict[str, Value]:
        cells = self.plant.spec.cells
        # A fixed spread of a few millivolt, as a balanced pack shows.
        spread = [((7 * i) % 9 - 4) * 0.7 for i in range(cells)]
        shown: list[float] = [mean_mv + off for off in spread] + [0.0] * (_MOST_CELLS - cells)
        values: dict[str, Value] = {f"cell{i + 1}_mv": value for i, value in enumerate(shown)}
        values.update(
            cell_mean_mv=mean_mv, cell_high_mv=mean_mv + max(spread), cell_low_mv=mean_mv + min(spread)
        )
        return values


def _kelvin(celsius: float) -> float:
    return celsius * 10 + _ZERO_DK
