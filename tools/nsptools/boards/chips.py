"""What the pins of a chip can and cannot do, from Espressif's datasheets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chip:
    """Pins by number. ``taken``: why a pin is not free; ``input_only``; ``strapping``: read by the chip at reset.

    ``adc``: pins of the first converter; the second one does not work beside Wi-Fi.
    """

    pins: frozenset[int]
    taken: Mapping[int, str]
    input_only: frozenset[int]
    strapping: frozenset[int]
    adc: frozenset[int]


def _spans(*spans: tuple[int, int]) -> frozenset[int]:
    return frozenset(pin for first, last in spans for pin in range(first, last + 1))


CHIPS: Mapping[str, Chip] = {
    # ESP32 datasheet: pin list, strapping pins, ADC; WROVER modules need 16 and 17 for their PSRAM.
    "esp32": Chip(
        pins=_spans((0, 19), (21, 23), (25, 27), (32, 39)),
        taken=dict.fromkeys(range(6, 12), "the flash") | {16: "the PSRAM", 17: "the PSRAM"},
        input_only=_spans((34, 39)),
        strapping=frozenset({0, 2, 5, 12, 15}),
        adc=_spans((32, 39)),
    ),
    # ESP32-S3 datasheet: pin list, strapping pins, ADC1. 33 to 37 are free unless the module has octal PSRAM.
    "esp32s3": Chip(
        pins=_spans((0, 21), (26, 48)),
        taken=dict.fromkeys(range(26, 33), "the flash") | {19: "the USB", 20: "the USB"},
        input_only=frozenset(),
        strapping=frozenset({0, 3, 45, 46}),
        adc=_spans((1, 10)),
    ),
}
