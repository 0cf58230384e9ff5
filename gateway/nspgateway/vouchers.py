"""Who vouches for a quantity: the device that it is read from, by the kit's word for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

# Whose quality bits speak for a quantity. The kit itself vouches for the rest.
SOURCES: Mapping[str, str] = {
    "fuel_permille": "q_tank",
    "generator_state": "q_generator",
    "generator_mode": "q_generator",
    "generator_w": "q_generator",
    "generator_v": "q_generator",
    "generator_dhz": "q_generator",
    "engine_dh": "q_generator",
    "engine_starts": "q_generator",
    "starter_dv": "q_generator",
    "battery_permille": "q_battery",
    "battery_cv": "q_battery",
    "battery_da": "q_battery",
    "battery_c": "q_battery",
    "load_w": "q_meter",
}
# The same the other way round: the quantities that a device's word speaks for.
BEHIND: Mapping[str, tuple[str, ...]] = {
    word: tuple(name for name, its in SOURCES.items() if its == word) for word in SOURCES.values()
}
