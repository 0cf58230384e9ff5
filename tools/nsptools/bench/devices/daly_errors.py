"""Bits of the error words of Daly battery managers. A level takes three bits; its lowest has the name here.

Not every bit is a fault: see `STATES`.
"""

from __future__ import annotations

from nsptools.bench.registers import Flag

_BITS = {
    0x6D: {
        0: "alarm_cell_over_voltage",
        3: "alarm_cell_under_voltage",
        6: "smart_charger",
        7: "alarm_smart_charger",
        8: "alarm_cell_difference",
        11: "alarm_charge_over_temperature",
        14: "smart_discharger",
        15: "alarm_smart_discharger",
    },
    0x6E: {
        0: "alarm_charge_under_temperature",
        3: "alarm_discharge_over_temperature",
        6: "alarm_charge_mos_hot",
        8: "alarm_discharge_under_temperature",
        11: "alarm_temperature_difference",
        14: "alarm_discharge_mos_hot",
    },
    0x6F: {
        0: "alarm_pack_over_voltage",
        3: "alarm_pack_under_voltage",
        6: "alarm_short_circuit",
        7: "upgrading",
        8: "alarm_charge_over_current",
        11: "alarm_discharge_over_current",
    },
    0x70: {
        0: "alarm_low_charge",
        3: "alarm_low_health",
        6: "parallel",
        8: "alarm_mos_over_temperature",
        11: "alarm_thermal_runaway",
    },
    0x72: {8: "alarm_front_end", 14: "alarm_current_sensor", 15: "alarm_temperature_sensor"},
    0x73: {
        4: "alarm_charge_mos",
        5: "alarm_discharge_mos",
        8: "charge_off_by_bus",
        9: "discharge_off_by_bus",
        10: "charge_off_by_switch",
        11: "discharge_off_by_switch",
        12: "fan",
        13: "heating",
        14: "current_limit",
        15: "alarm_heating",
    },
}

FLAGS = tuple(
    Flag(f"errors_{address:x}", bit, name) for address, bits in _BITS.items() for bit, name in bits.items()
)
# What the words show beside faults: equipment that is there, or does what it should.
STATES = tuple(flag.name for flag in FLAGS if not flag.name.startswith("alarm_"))
