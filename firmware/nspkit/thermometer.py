"""A DS18B20 in the enclosure, on a pin of its own. Imported by a board that has one."""

import ds18x20
import onewire


class Thermometer:
    """Finds the sensor at each measurement, so that one that is plugged in later is seen. ``pin``: machine.Pin."""

    def __init__(self, pin) -> None:
        self._bus = ds18x20.DS18X20(onewire.OneWire(pin))
        self._found: list = []

    def convert(self) -> None:
        """Begin a measurement."""
        try:
            self._found = self._bus.scan()
            if self._found:
                self._bus.convert_temp()
        except onewire.OneWireError:
            self._found = []

    def read(self) -> int | None:
        """Its result in 1/16 degC, None when no sensor answered or its check does not fit."""
        if not self._found:
            return None
        try:
            data = self._bus.read_scratch(self._found[0])
        except Exception:  # noqa: BLE001 - the board's driver raises nothing more special where the CRC is wrong
            return None
        raw = data[1] << 8 | data[0]
        return raw - 0x10000 if raw & 0x8000 else raw
