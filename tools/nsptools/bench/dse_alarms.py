"""Named alarms of DSE controllers: four to a register, the first in the top nibble, after a count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DISABLED, INACTIVE, WARNING, SHUTDOWN, TRIP, UNIMPLEMENTED = 0, 1, 2, 3, 4, 15
_TO_A_WORD = 4


@dataclass(frozen=True)
class AlarmPage:
    """One family's list. `names` in the order of the page; "" is a place whose name we do not know.

    `address` holds the count, the nibbles follow. `unused` is not configured on this set. Places without a
    name show as unimplemented.
    """

    address: int
    places: Sequence[str]
    unused: frozenset[str]

    @property
    def first(self) -> int:
        """Address of the first nibbles."""
        return self.address + 1

    @property
    def registers(self) -> int:
        """Words of nibbles."""
        return -(-len(self.places) // _TO_A_WORD)

    @property
    def names(self) -> tuple[str, ...]:
        """Every alarm that has a name."""
        return tuple(name for name in self.places if name)

    def resting(self) -> dict[str, int]:
        """Nibble of every named alarm on a healthy set."""
        return {name: DISABLED if name in self.unused else INACTIVE for name in self.names}

    def pack(self, nibbles: Mapping[str, int]) -> list[int]:
        """The words after the count."""
        words = [0] * self.registers
        for index in range(_TO_A_WORD * self.registers):
            name = self.places[index] if index < len(self.places) else ""
            word, place = divmod(index, _TO_A_WORD)
            words[word] |= (nibbles[name] if name else UNIMPLEMENTED) << 12 - 4 * place
        return words


# fmt: off
# Page 154 of 72xx, 73xx, 6120 and 74xx MkII. One row a register from 39425 on.
PAGE_154 = AlarmPage(39424, (
    "emergency_stop", "low_oil_pressure", "high_coolant", "low_coolant",
    "under_speed", "over_speed", "under_frequency", "over_frequency",
    "low_voltage", "high_voltage", "starter_low", "starter_high",
    "charge_alternator", "fail_to_start", "fail_to_stop", "fail_to_close",
    "mains_fail_to_close", "oil_sender", "speed_sensing_lost", "pickup_open",
    "high_current", "calibration_lost", "low_fuel", "ecu_warning",
    "ecu_shutdown", "ecu_data", "low_oil_switch", "high_temperature_switch",
    "low_fuel_switch", "expansion_watchdog", "overload", "negative_sequence",
    "earth_fault", "rotation", "voltage_sense", "maintenance",
    "loading_frequency", "loading_voltage", "fuel_use_running", "fuel_use_stopped",
    "protections_disabled", "protections_blocked", "short_circuit", "mains_high_current",
    *("",) * 20,
    "msc_priority", "fuel_sender_open", "overspeed_runaway", "over_frequency_runaway",
    "coolant_sender_open", "display_lost", "", "",
    *("",) * 8,
), frozenset({
    # It has no ECU, no expansion unit and no level switches.
    "ecu_warning", "ecu_shutdown", "ecu_data", "low_oil_switch", "high_temperature_switch", "low_fuel_switch",
    "expansion_watchdog", "oil_sender", "speed_sensing_lost", "pickup_open", "msc_priority", "display_lost",
    "negative_sequence", "earth_fault",
}))

# Page 8, the list of the first generation (3110 to 7450): 25 registers.
PAGE_8 = AlarmPage(2048, (
    "emergency_stop", "low_oil_pressure", "high_coolant", "high_oil_temperature",
    "under_speed", "over_speed", "fail_to_start", "fail_to_stop",
    "speed_sensing_lost", "low_voltage", "high_voltage", "under_frequency",
    "over_frequency", "high_current", "earth_fault", "reverse_power",
    "air_flap", "oil_sender", "coolant_sender", "oil_temperature_sender",
    "fuel_sender", "pickup_open", "ac_speed_lost", "charge_alternator",
    "starter_low", "starter_high", "low_fuel", "high_fuel",
    "fail_to_close", "mains_fail_to_close", "fail_to_open", "mains_fail_to_open",
    "mains_low_voltage", "mains_high_voltage", "bus_fail_to_close", "bus_fail_to_open",
    "mains_under_frequency", "mains_over_frequency", "mains_failed", "mains_rotation",
    "rotation", "maintenance", "clock_not_set", "display_config_lost",
    "telemetry_config_lost", "not_calibrated", "modem_power", "short_circuit",
    "fail_to_synchronise", "bus_live", "scheduled_run", "bus_rotation",
    "", "", "", "", "", "", "", "mains_reverse_power",
    "minimum_sets", "capacity", "expansion_input", "expansion_output",
    *("",) * 12,  # auxiliary senders
    "ecu_link", "ecu_failure", "ecu_error", "low_coolant_temperature",
    "out_of_synchronism", "low_oil_switch", "", "loss_of_excitation",
    "", "negative_sequence", "", "",
    *("",) * 4,
    "", "overload", "", "",
    *("",) * 4,
), frozenset({
    # One set with a simple engine: no ECU, no bus, nothing to synchronise with.
    "high_oil_temperature", "reverse_power", "air_flap", "oil_temperature_sender", "pickup_open",
    "bus_fail_to_close", "bus_fail_to_open", "mains_reverse_power", "fail_to_synchronise", "bus_live",
    "bus_rotation", "minimum_sets", "capacity", "expansion_input", "expansion_output", "ecu_link",
    "ecu_failure", "ecu_error", "out_of_synchronism", "low_oil_switch", "loss_of_excitation",
    "negative_sequence", "modem_power", "earth_fault", "scheduled_run",
}))
# fmt: on
