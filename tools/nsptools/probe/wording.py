"""Names and numbers as a technician reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from nsptools.probe.readout import Reading

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "engine_state": "engine",
        "generator_mode": "mode",
        "fuel_permille": "fuel level",
        "starter_dv": "starter battery",
        "generator_dhz": "generator frequency",
        "generator_v": "generator voltage",
        "generator_w": "generator power",
        "mains_v": "mains voltage",
        "engine_dh": "running hours",
        "engine_starts": "starts",
        "engine_rpm": "speed",
        "battery_permille": "state of charge",
        "battery_cv": "battery voltage",
        "battery_da": "battery current (+ charges)",
        "battery_c": "battery temperature",
        "battery_mah": "charge left",
        "battery_full_mah": "charge when full",
        "sun_w": "solar power",
        "load_w": "load",
        "meter_v": "voltage at the meter",
        "meter_dhz": "frequency at the meter",
        "tank_raw": "level probe, raw",
    }
)
NOT_AVAILABLE = "not available"
_DECIMALS = {"0.1 ": 1, "0.01 ": 2}
_PLAIN: Mapping[str, str] = MappingProxyType({"mAh": "mAh", "degC": "°C"})


def title(quantity: str) -> str:
    """What a panel would call it."""
    if quantity.startswith("_"):
        return f"({quantity.lstrip('_').replace('_', ' ')})"
    if quantity.startswith("alarm_"):
        return f"alarm: {quantity.removeprefix('alarm_').replace('_', ' ')}"
    return TITLES.get(quantity, quantity.replace("_", " "))


def is_flag(quantity: str) -> bool:
    """Whether a quantity is a matter of yes or no."""
    return quantity.startswith("alarm_")


def number(value: int, unit: str) -> tuple[str, str]:
    """A scaled integer as a decimal number, and its unit: (12.4, V) of 124 in 0.1 V."""
    for head, decimals in _DECIMALS.items():
        if unit.startswith(head):
            shown = f"{'-' if value < 0 else ''}{abs(value) // 10**decimals}.{abs(value) % 10**decimals:0{decimals}d}"
            return shown, unit.removeprefix(head)
    return str(value), _PLAIN.get(unit, unit)


def shown(reading: Reading) -> str:
    """Value and unit; *not available* is never a number."""
    if reading.value is None:
        return NOT_AVAILABLE
    if isinstance(reading.value, str):
        return reading.value
    if is_flag(reading.quantity):
        return "YES" if reading.value else "no"
    return " ".join(number(reading.value, reading.unit)).strip()


def hex_words(words: Iterable[int]) -> str:
    """Raw words as manuals print them."""
    return " ".join(f"{word:04X}" for word in words)
