"""``onewire`` as frozen into the ESP32's image, with a DS18B20 of the bench on a pin.

The sensor is written from its datasheet: it says 85 degC until it has measured, takes 750 ms for that, and sends
nine bytes of which the last is their check.
"""

from time import ticks_diff, ticks_ms

from channel import config

ABSENT, SPOILT = (
    40000,
    40001,
)  # in the place of a temperature in 1/16 degC: no sensor, and one whose bytes arrive damaged
_CONVERT_MS = 750
_ROM = b"\x28\x01\x02\x03\x04\x05\x06"
_sensed = {int(pin): raw for pin, raw in config["onewire"].items()}


class OneWireError(Exception):
    pass


def set_raw(pin, raw) -> None:
    """The outside warms the sensor at ``pin``, or takes it away."""
    _sensed[pin] = raw


class OneWire:
    SEARCH_ROM = 0xF0
    MATCH_ROM = 0x55
    SKIP_ROM = 0xCC

    def __init__(self, pin) -> None:
        self.pin = pin
        self._number = int(repr(pin)[4:-1])
        self._register = 0x0550
        self._measured = None
        self._began = None
        self._out = b""

    def _present(self) -> bool:
        present = _sensed.get(self._number, ABSENT) != ABSENT
        if not present:  # without its supply it forgets
            self._register, self._began = 0x0550, None
        return present

    def reset(self, required=False) -> bool:
        present = self._present()
        if required and not present:
            raise OneWireError
        self._out = b""
        return present

    def scan(self) -> list:
        return [bytearray(_ROM + bytes((_crc8(_ROM),)))] if self._present() else []

    def select_rom(self, rom) -> None:
        self.reset()
        self.writebyte(self.MATCH_ROM)
        self.write(rom)

    def writebyte(self, value) -> None:
        if not self._present():
            return
        if value == 0x44:
            raw = _sensed[self._number]
            self._measured, self._began = 400 if raw == SPOILT else raw, ticks_ms()
        elif value == 0xBE:
            if self._began is not None and ticks_diff(ticks_ms(), self._began) >= _CONVERT_MS:
                self._register, self._began = self._measured & 0xFFFF, None
            said = bytes((self._register & 0xFF, self._register >> 8, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10))
            said += bytes((_crc8(said),))
            self._out = b"\x00" + said[1:] if _sensed[self._number] == SPOILT else said

    def write(self, buf) -> None:
        pass  # the ROM of the one sensor there is

    def readinto(self, buf) -> None:
        for index in range(len(buf)):  # a line that nobody pulls down reads as ones
            buf[index] = self._out[index] if index < len(self._out) else 0xFF

    def crc8(self, data) -> int:
        return _crc8(data)


def _crc8(data) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc
