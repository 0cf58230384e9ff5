"""Runs on the MicroPython VM: a clock and a UART that live in the virtual time of modbus_wire.py.

The bytes go through a real pseudo-terminal. Time passes only when somebody sleeps or sends, and then at
once: sleeping asks the wire, over standard input and output, to deliver what has come until then.
"""

import struct
import sys

COMMAND = "<BBHq"  # kind, outcome, number of values that follow, virtual microseconds
ANSWER = "<qq"  # time of the next byte on the wire, bytes delivered now (or: 1 go on, 0 stop)
WROTE, ADVANCE, RESULT = 1, 2, 3
TICKS_PERIOD = 1 << 30
_RXBUF = 512
_IDLE_US = 500


class World:
    """Virtual time. ``tick_us``: a sleep ends at the next such tick, as the ESP32's; 0: when it should.

    ``wakes``: silence after received bytes ends a sleep before its tick, as an interrupt does.
    """

    def __init__(self, path: str, tick_us: int = 0, wakes: bool = False) -> None:
        self.now_us = 1
        self.tick_us = tick_us
        self.wakes = wakes
        self.received = 0  # bytes delivered and not yet taken by the UART
        self.last_us = 0  # when the last byte came
        self.port = open(path, "r+b", 0)  # noqa: PTH123, SIM115 - no pathlib on the VM; open while it lives
        self._next_us = 1 << 60
        self._command = bytearray(struct.calcsize(COMMAND))
        self._answer = bytearray(struct.calcsize(ANSWER))

    def tell(self, kind: int, outcome: int = 0, count: int = 0, values: bytes = b"") -> int:
        """Give the wire a command; the second number of its answer."""
        struct.pack_into(COMMAND, self._command, 0, kind, outcome, count, self.now_us)
        sys.stdout.buffer.write(self._command)
        if values:
            sys.stdout.buffer.write(values)
        if hasattr(sys.stdout.buffer, "flush"):
            sys.stdout.buffer.flush()
        sys.stdin.buffer.readinto(self._answer)  # type: ignore[union-attr]  # the VM's
        self._next_us, second = struct.unpack(ANSWER, self._answer)
        return int(second)

    def advance(self, us: int) -> None:
        """Let time pass, and bytes come."""
        target = self.now_us + us
        if self.tick_us:
            target = (target + self.tick_us - 1) // self.tick_us * self.tick_us
        while self._next_us <= target:
            before = self.now_us
            self.now_us = self._next_us if self.tick_us else target
            self.received += self.tell(ADVANCE)
            self.last_us = self.now_us
            if self.tick_us and self.wakes and self._next_us > self.now_us + _IDLE_US + 1000:
                self.now_us = min(target, max(before + us, self.now_us + 2 * _IDLE_US))
                return
        self.now_us = target

    async def sleep_ms(self, ms: int) -> None:
        """As asyncio's; nobody else runs here."""
        self.advance(ms * 1000)

    def ticks_ms(self) -> int:
        """Wraps at 2^30, soon after the start."""
        return (self.now_us // 1000 + TICKS_PERIOD - 10_000) % TICKS_PERIOD

    def ticks_diff(self, end: int, start: int) -> int:
        """As on the board."""
        return (end - start + TICKS_PERIOD // 2) % TICKS_PERIOD - TICKS_PERIOD // 2


class Uart:
    """The part of ``machine.UART`` that a Modbus master uses. ``write`` and ``flush`` last as long as the bits."""

    def __init__(self, world: World, baud: int) -> None:
        self._world = world
        self._character_us = 10_000_000 // baud
        self._buffer = bytearray(_RXBUF)
        self._view = memoryview(self._buffer)
        self._scrap = bytearray(64)
        self._held = 0
        self._sending_us = 0

    def write(self, data: bytes) -> int:
        """Hand a frame to the wire."""
        self._world.port.write(data)
        self._world.tell(WROTE, 0, len(data))
        self._sending_us = len(data) * self._character_us
        return len(data)

    def flush(self) -> None:
        """Wait for the last bit."""
        world, tick_us = self._world, self._world.tick_us
        world.tick_us = 0  # a blocking wait of the driver, not one of asyncio
        world.advance(self._sending_us)
        world.tick_us = tick_us
        self._sending_us = 0

    def any(self) -> int:
        """Bytes that wait; what no longer fits is lost."""
        world = self._world
        while world.received:
            room = _RXBUF - self._held
            target = self._view[self._held :] if room else memoryview(self._scrap)
            got = world.port.readinto(target[: min(len(target), world.received)]) or 0
            world.received -= got
            if room:
                self._held += got
        return self._held

    def readinto(self, target: bytearray) -> int:
        """Move the oldest bytes into ``target``; how many."""
        count = min(len(target), self.any())
        for index in range(count):
            target[index] = self._buffer[index]
        self._buffer[: self._held - count] = self._buffer[count : self._held]
        self._held -= count
        return count

    def read(self, count: int = _RXBUF) -> bytes | None:
        """At most ``count`` bytes, None when there are none."""
        data = bytearray(min(count, self.any()))
        self.readinto(data)
        return bytes(data) or None
