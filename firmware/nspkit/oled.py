"""A display of 128 x 64 dots with an SSD1306 on I2C: four lines of 16 letters. Imported by a board that has one.

Written line by line, so that nothing waits long. One that does not answer is tried again, and never holds up the kit.
"""

import framebuf

ADDRESS = 0x3C
_RETRY_MS = 30_000
_RENEW_MS = 60_000  # it may have lost its supply for a moment, and would stay dark
_RESET_MS = 20
# SSD1306 datasheet, software flow: off, clock, 64 rows, no offset, charge pump, page addressing, turned by 180 degrees,
# pins, dim (it lasts longer), precharge, level, from RAM, not inverted, on.
_START = b"\x00\xae\xd5\x80\xa8\x3f\xd3\x00\x40\x8d\x14\x20\x02\xa1\xc8\xda\x12\x81\x40\xd9\xf1\xdb\x40\xa4\xa6\xaf"
_TWICE = b"\x00\x03\x0c\x0f\x30\x33\x3c\x3f\xc0\xc3\xcc\xcf\xf0\xf3\xfc\xff"  # four dots of a column, each twice


class Oled:
    """``i2c``: machine.I2C; ``reset``: low resets, ``power``: low is on; a function each, or None."""

    def __init__(self, i2c, reset=None, power=None) -> None:
        self._i2c = i2c
        self._reset = reset
        self._power = power
        self._dots = bytearray(128)
        self._letters = framebuf.FrameBuffer(self._dots, 128, 8, framebuf.MONO_VLSB)
        self._page = bytearray(129)
        self._page[0] = 0x40
        self._shown: list = [None] * 4
        self._next_ms = 0
        self._renew_ms = 0
        self.state = "off"  # "off", "reset", "on"; "off" after an error until it is tried again

    def show(self, lines: tuple, now: int) -> None:
        """Bring one line, or one step of the start, nearer to ``lines``; call it often."""
        if now < self._next_ms:
            return
        try:
            self._step(lines, now)
        except OSError:
            self.state = "off"
            self._next_ms = now + _RETRY_MS

    def dark(self) -> None:
        """Switch it off."""
        try:
            self._i2c.writeto(ADDRESS, b"\x00\xae")
        except OSError:
            pass
        if self._power is not None:
            self._power(1)

    def _step(self, lines: tuple, now: int) -> None:
        if self.state == "off":
            if self._power is not None:
                self._power(0)
            if self._reset is not None:
                self._reset(0)
            self.state = "reset"
            self._next_ms = now + _RESET_MS
        elif self.state == "reset":
            if self._reset is not None:
                self._reset(1)
            self._begin(now)
            self.state = "on"
        elif now >= self._renew_ms:
            self._begin(now)
        else:
            for row in range(4):
                text = lines[row] if row < len(lines) else ""
                if text != self._shown[row]:
                    self._write(row, text)
                    self._shown[row] = text
                    return

    def _begin(self, now: int) -> None:
        self._i2c.writeto(ADDRESS, _START)
        self._shown = [None] * 4
        self._renew_ms = now + _RENEW_MS

    def _write(self, row: int, text: str) -> None:
        self._letters.fill(0)
        self._letters.text(text, 0, 0)
        for half in (0, 1):
            for column in range(128):
                self._page[column + 1] = _TWICE[self._dots[column] >> 4 * half & 15]
            self._i2c.writeto(ADDRESS, bytes((0, 0xB0 | row * 2 + half, 0x00, 0x10)))
            self._i2c.writeto(ADDRESS, self._page)
