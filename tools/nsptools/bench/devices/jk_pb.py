"""JK-BMS of the PB series on the bus: function 3, and addresses that count bytes.

A 16-bit value takes two addresses and a 32-bit value four, while the quantity still counts registers and the
data come without gaps: ten registers from 1200h are the cells at 1200h, 1202h, ... 1212h.

Measured on a bus of four: a battery that hears no write goes deaf to reads after some seconds, the first read
fails, and even with writes about half of the reads stay without an answer. Others poll a single pack and
report nothing of the kind: `warm` with `loss_permille` 0.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from nsptools.bench.devices import cells
from nsptools.bench.devices.composed import Composed, high_low
from nsptools.bench.plant import Plant
from nsptools.bench.registers import ILLEGAL_ADDRESS, READ_HOLDING, Flag, Kind, Register, Text, Value

_SETTINGS, _LIVE, _ABOUT = 0x1000, 0x1200, 0x1400
_MOST_CELLS = 32
_WRITE = 0x10
_MODEL = "JK_PB2A16S20P"
_STAYS_AWAKE_S = 5.0
_LOSS_PERMILLE = 500


def _at(address: int, name: str, kind: Kind) -> Register:
    """A line by its byte address; the table itself counts words."""
    return Register(address // 2, name, kind)


_TABLE = (
    _at(_SETTINGS + 0x04, "cell_under_mv", Kind.U32),
    _at(_SETTINGS + 0x0C, "cell_over_mv", Kind.U32),
    _at(_SETTINGS + 0x6C, "cell_count", Kind.U32),
    *(_at(_LIVE + 2 * i, f"cell{i + 1}_mv", Kind.U16) for i in range(_MOST_CELLS)),
    _at(_LIVE + 0x40, "cell_mask", Kind.U32),
    _at(_LIVE + 0x44, "cell_mean_mv", Kind.U16),
    _at(_LIVE + 0x46, "cell_difference_mv", Kind.U16),
    _at(_LIVE + 0x48, "cell_numbers", Kind.U16),  # highest cell, lowest cell
    _at(_LIVE + 0x8A, "mos_dc", Kind.S16),
    _at(_LIVE + 0x90, "voltage_mv", Kind.U32),
    _at(_LIVE + 0x94, "power_mw", Kind.U32),  # without sign
    _at(_LIVE + 0x98, "current_ma", Kind.S32),
    _at(_LIVE + 0x9C, "temperature1_dc", Kind.S16),
    _at(_LIVE + 0x9E, "temperature2_dc", Kind.S16),
    _at(_LIVE + 0xA0, "alarms", Kind.U32),
    _at(_LIVE + 0xA4, "balance_ma", Kind.S16),
    _at(_LIVE + 0xA6, "balance_and_soc", Kind.U16),
    _at(_LIVE + 0xA8, "remaining_mah", Kind.S32),
    _at(_LIVE + 0xAC, "capacity_mah", Kind.U32),
    _at(_LIVE + 0xB0, "cycles", Kind.U32),
    _at(_LIVE + 0xB8, "soh_and_precharge", Kind.U16),
    _at(_LIVE + 0xBC, "run_s", Kind.U32),
    _at(_LIVE + 0xC0, "mos", Kind.U16),
)
_INNER = (
    "soc_percent",
    "balance_state",
    "soh_percent",
    "charge_mos",
    "discharge_mos",
    "warm",
    "loss_permille",
)
# By bit, lowest first. None of them says that the charge is low.
_ALARMS = (
    "alarm_wire_resistance",
    "alarm_mos_over_temperature",
    "alarm_cell_count",
    "alarm_current_sensor",
    "alarm_cell_over_voltage",
    "alarm_pack_over_voltage",
    "alarm_charge_over_current",
    "alarm_charge_short",
    "alarm_charge_over_temperature",
    "alarm_charge_under_temperature",
    "alarm_processor",
    "alarm_cell_under_voltage",
    "alarm_pack_under_voltage",
    "alarm_discharge_over_current",
    "alarm_discharge_short",
    "alarm_discharge_over_temperature",
    "alarm_charge_mos",
    "alarm_discharge_mos",
    "gps_gone",
    "change_password",
    "alarm_discharge_on",
    "alarm_battery_over_temperature",
    "alarm_temperature_sensor",
    "alarm_module",
)


class JkBattery(Composed):
    """Registers of the pack, from the plant of the moment, when it answers at all; see the module.

    `warm` 1: it keeps answering, but leaves `loss_permille` of the reads without an answer. It says nothing
    where others refuse: whether it has exceptions is not known, and silence is what a reader must survive.
    """

    name = "battery"
    unit = 1
    function = READ_HOLDING
    table = _TABLE
    flags = tuple(Flag("alarms", bit, name) for bit, name in enumerate(_ALARMS))
    texts = (Text(_ABOUT // 2, 8, "model"),)
    # In words, as the table: one span for each block of byte addresses.
    spans = (
        range(_SETTINGS // 2, (_SETTINGS + 0x11A) // 2),
        range(_LIVE // 2, (_LIVE + 0x100) // 2),
        range(_ABOUT // 2, (_ABOUT + 0x40) // 2),
    )
    inner = _INNER
    block_limit = 40
    silent_errors = True
    reply_ms = (8.0, 20.0)

    def __init__(self, plant: Plant, unit: int | None = None) -> None:
        super().__init__(plant, unit)
        self.writes = 0  # heard since it was made
        self._awake_until_s: float | None = None  # None: it has not heard anything yet
        self._random = random.Random(f"jk_pb/{self.unit}")

    def hears(self, request: bytes, at_s: float) -> bool:
        """Whether it answers; see the module."""
        if request[0] == _WRITE:
            self.writes += 1
            self._awake_until_s = at_s + _STAYS_AWAKE_S
            return True
        values = self.values()
        if values["warm"]:
            return self._random.random() * 1000 >= values["loss_permille"]
        if self._awake_until_s is None:
            self._awake_until_s = at_s + _STAYS_AWAKE_S
            return False
        return at_s < self._awake_until_s

    def refusal(self, function: int, address: int, count: int) -> int:
        """As in Device, for an address in bytes. Between two registers there is nothing."""
        code = super().refusal(function, address // 2, count)
        return code or (ILLEGAL_ADDRESS if address % 2 else 0)

    def words(self, address: int, count: int) -> list[int]:
        """As in Device, for an address in bytes."""
        return super().words(address // 2, count)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name."""
        plant, pack, spec = self.plant, self.plant.pack, self.plant.spec
        shown = cells.cells_mv(plant)
        first_c, second_c = cells.sensors_c(plant, 2)
        values: dict[str, Value] = {
            "cell_under_mv": 2700,
            "cell_over_mv": 3600,
            "cell_count": spec.cells,
            "cell_mask": (1 << spec.cells) - 1,
            "cell_mean_mv": sum(shown) / len(shown),
            "cell_difference_mv": max(shown) - min(shown),
            "cell_numbers": high_low(shown.index(max(shown)), shown.index(min(shown))),
            "mos_dc": cells.switch_c(plant) * 10,
            "voltage_mv": pack.voltage_v * 1000,
            "power_mw": abs(pack.voltage_v * pack.current_a) * 1000,
            "current_ma": pack.current_a * 1000,
            "temperature1_dc": first_c * 10,
            "temperature2_dc": second_c * 10,
            "alarms": 0,
            "alarm_charge_under_temperature": cells.too_cold(plant),
            "alarm_cell_under_voltage": pack.fitted and not pack.discharge_switch,
            "alarm_pack_under_voltage": pack.fitted and not pack.discharge_switch,
            "alarm_charge_mos": pack.no_charge,
            "balance_ma": 0,
            "remaining_mah": pack.charge_ah * 1000,
            "capacity_mah": pack.capacity_ah * 1000,
            "cycles": cells.cycles(plant),
            "run_s": plant.elapsed_s,
            "soc_percent": pack.soc * 100,
            "balance_state": 0,
            "soh_percent": 100,
            "charge_mos": int(pack.charge_switch),
            "discharge_mos": int(pack.discharge_switch),
            "warm": 0,
            "loss_permille": _LOSS_PERMILLE,
        }
        values.update({f"cell{i + 1}_mv": shown[i] if i < len(shown) else 0 for i in range(_MOST_CELLS)})
        return values

    def text(self, name: str) -> str:
        """The model; there is no other text."""
        del name
        return _MODEL

    def composed(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Words of two bytes."""
        return {
            "balance_and_soc": high_low(values["balance_state"], values["soc_percent"]),
            "soh_and_precharge": high_low(values["soh_percent"], 0),
            "mos": high_low(values["charge_mos"], values["discharge_mos"]),
        }
