"""A display of 128 x 64 dots on I2C that behaves as an SSD1306 does, and can be read as text."""

from __future__ import annotations

from functools import cache

from nsptools.bench.vm import run_script

ADDRESS = 0x3C
_WIDTH, _PAGES = 128, 8
_LETTER = 8
# Arguments that follow a command, by its first byte (SSD1306 datasheet, command table); others have none.
_ARGUMENTS = {
    0x20: 1,
    0x21: 2,
    0x22: 2,
    0x81: 1,
    0x8D: 1,
    0xA8: 1,
    0xD3: 1,
    0xD5: 1,
    0xD9: 1,
    0xDA: 1,
    0xDB: 1,
}
_FONT = """
import framebuf
dots = bytearray(8)
page = framebuf.FrameBuffer(dots, 8, 8, framebuf.MONO_VLSB)
for code in range(32, 127):
    page.fill(0)
    page.text(chr(code), 0, 0)
    print("".join(["%02x" % one for one in dots]))
"""


@cache
def _letters() -> dict[bytes, str]:
    """Dots of eight columns -> letter, as the interpreter draws them."""
    lines = run_script(_FONT, files={}).stdout.split()
    return {bytes.fromhex(line): chr(32 + index) for index, line in enumerate(lines)}


class Ssd1306:
    """RAM, commands, charge pump. ``writes``: transfers that it acknowledged. Dark until it was set up and is on."""

    def __init__(self) -> None:
        self.writes = 0
        self.cut()

    def cut(self) -> None:
        """Lose the supply: what was in its RAM is random, here all ones; it is off and its charge pump too."""
        self._ram = bytearray(b"\xff" * _WIDTH * _PAGES)
        self._on = self._pump = False
        self._by_page = True  # page addressing is what it wakes up with
        self._page = self._column = 0

    def write(self, data: bytes) -> None:
        """Take one transfer: a control byte, then commands or data."""
        self.writes += 1
        if data[:1] == b"\x40":
            for byte in data[1:]:
                self._ram[self._page * _WIDTH + self._column] = byte
                self._column = (self._column + 1) % _WIDTH
        elif data[:1] == b"\x00":
            self._commands(data[1:])

    def _commands(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            command = data[at]
            arguments = data[at + 1 : at + 1 + _ARGUMENTS.get(command, 0)]
            at += 1 + len(arguments)
            if command in (0xAE, 0xAF):
                self._on = command == 0xAF
            elif command == 0x8D:
                self._pump = arguments == b"\x14"
            elif command == 0x20:
                self._by_page = arguments == b"\x02"
            elif 0xB0 <= command <= 0xB7:
                self._page = command & 7
            elif command <= 0x0F:
                self._column = self._column & 0xF0 | command
            elif command <= 0x1F:
                self._column = (self._column & 0x0F | (command & 7) << 4) % _WIDTH

    @property
    def lit(self) -> bool:
        """Whether anything can be seen."""
        return self._on and self._pump and self._by_page

    def dots(self) -> bytes:
        """All dots as they are in its RAM."""
        return bytes(self._ram)

    def lines(self) -> list[str]:
        """The text that shows, in letters of twice their height: four lines, without empty ones at the end.

        Nothing while it is dark; "?" for dots that are no letter.
        """
        if not self.lit:
            return []
        rows = [self._row(page) for page in range(0, _PAGES, 2)]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def _row(self, page: int) -> str:
        upper, lower = (self._ram[one * _WIDTH : (one + 1) * _WIDTH] for one in (page, page + 1))
        dots = bytes(_halved(a) | _halved(b) << 4 for a, b in zip(upper, lower, strict=True))
        cells = (dots[at : at + _LETTER] for at in range(0, _WIDTH, _LETTER))
        return "".join(_letters().get(cell, "?") for cell in cells).rstrip()


def _halved(byte: int) -> int:
    """Every second dot of a column of eight, which come in pairs."""
    return sum(1 << dot for dot in range(4) if byte >> 2 * dot & 1)
