"""Named alarms of a DSE 72xx/73xx/74xx MkII: GenComm page 154, four to a register, first in the top nibble."""

from __future__ import annotations

ALARM_PAGE = 39424  # the number of named alarms; the nibbles follow
FIRST = ALARM_PAGE + 1
REGISTERS = 20

DISABLED, INACTIVE, WARNING, SHUTDOWN, TRIP, UNIMPLEMENTED = 0, 1, 2, 3, 4, 15

# fmt: off
# One row a register from 39425 on. "" = a place whose name we do not know; the unit shows it unimplemented.
LAYOUT = (
    ("emergency_stop", "low_oil_pressure", "high_coolant", "low_coolant"),
    ("under_speed", "over_speed", "under_frequency", "over_frequency"),
    ("low_voltage", "high_voltage", "starter_low", "starter_high"),
    ("charge_alternator", "fail_to_start", "fail_to_stop", "fail_to_close"),
    ("mains_fail_to_close", "oil_sender", "speed_sensing_lost", "pickup_open"),
    ("high_current", "calibration_lost", "low_fuel", "ecu_warning"),
    ("ecu_shutdown", "ecu_data", "low_oil_switch", "high_temperature_switch"),
    ("low_fuel_switch", "expansion_watchdog", "overload", "negative_sequence"),
    ("earth_fault", "rotation", "voltage_sense", "maintenance"),
    ("loading_frequency", "loading_voltage", "fuel_use_running", "fuel_use_stopped"),
    ("protections_disabled", "protections_blocked", "short_circuit", "mains_high_current"),
    ("", "", "", ""), ("", "", "", ""), ("", "", "", ""), ("", "", "", ""), ("", "", "", ""),
    ("msc_priority", "fuel_sender_open", "overspeed_runaway", "over_frequency_runaway"),
    ("coolant_sender_open", "display_lost", "", ""),
    ("", "", "", ""), ("", "", "", ""),
)

# Not configured on this set: it has no ECU, no expansion unit and no level switches.
NOT_USED = frozenset({
    "ecu_warning", "ecu_shutdown", "ecu_data", "low_oil_switch", "high_temperature_switch", "low_fuel_switch",
    "expansion_watchdog", "oil_sender", "speed_sensing_lost", "pickup_open", "msc_priority", "display_lost",
    "negative_sequence", "earth_fault",
})
# fmt: on
NAMES = tuple(name for row in LAYOUT for name in row if name)


def resting() -> dict[str, int]:
    """Nibble of every named alarm on a healthy set."""
    return {name: DISABLED if name in NOT_USED else INACTIVE for name in NAMES}


def pack(nibbles: dict[str, int]) -> list[int]:
    """The 20 words of page 154 after the count."""
    words = []
    for row in LAYOUT:
        word = 0
        for name in row:
            word = word << 4 | (nibbles[name] if name else UNIMPLEMENTED)
        words.append(word)
    return words
