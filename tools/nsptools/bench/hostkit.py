"""The kit's own files on CPython: the same firmware without a VM, for tests and fleets.

No watchdog and no flash image: files lie in a folder, UARTs are pseudo-terminals
that are written at once (the line outside paces them), and the transceiver
turns by itself.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

from nspkit import app, start
from nspkit.clock import Clock
from nspkit.log import Log
from nspkit.pace import Pace
from nspkit.parts import Parts

# Reset and supply of a modem, each held with True and let go with False; None: no hand on it.
Hand = Callable[[bool], None] | None
ModemPower = tuple[Hand, Hand]
_TICK_MS = 250


class HostUart:
    """A pseudo-terminal with the part of ``machine.UART`` that the kit uses."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def any(self) -> int:
        """Bytes that wait."""
        waiting: int = struct.unpack("i", fcntl.ioctl(self._fd, termios.FIONREAD, bytes(4)))[0]
        return waiting

    def read(self, count: int) -> bytes | None:
        """At most ``count`` bytes, None when there are none."""
        return os.read(self._fd, count) if self.any() else None

    def readinto(self, buffer: bytearray | memoryview) -> int | None:
        """Fill from the start of ``buffer``; the number of bytes, None when there are none."""
        data = self.read(len(buffer))
        if not data:
            return None
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: bytes) -> int:
        """Hand everything over at once."""
        return os.write(self._fd, data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Leave the line."""
        os.close(self._fd)


class _Nothing:
    """Stands where a PC has no hardware: a watchdog that never bites."""

    def feed(self) -> None:
        """Take the watchdog's feed."""


class HostBoard:
    """What ``app.Kit`` needs of a board, on a PC.

    ``uarts``: id -> path of a pseudo-terminal; ``modem_power``: as ``Rui3Modem.hands``.
    """

    reset_cause = "power"
    interpreter = sys.implementation.version[:3]

    def __init__(
        self, folder: Path, uarts: dict[int, str], seed: int = 1, modem_power: ModemPower = (None, None)
    ) -> None:
        self.folder = f"{folder}/"
        self.clock = Clock(lambda: time.monotonic_ns() // 1_000_000, lambda a, b: a - b, _sleep_ms)
        self._paths = uarts
        self._modem_power = modem_power
        self._open: list[HostUart] = []
        self._random = random.Random(seed)

    def forget(self, modules: tuple[str, ...]) -> None:
        """A PC has room for modules that were for the start only."""

    def free_heap(self) -> None:
        """A PC's heap has no bound to come near to."""

    def access_point(self) -> None:
        """No Wi-Fi of its own."""

    def collect(self) -> None:
        """CPython's collector needs no help between requests."""

    def pace(self) -> Pace:
        """How a task waits for its next turn."""
        return Pace(self.clock, _TICK_MS)

    def rtc(self) -> None:
        """No memory outlives a reset here: each start is one after a loss of power."""

    def wdt(self) -> _Nothing:
        """No watchdog: a stuck test is ended by its own limit."""
        return _Nothing()

    def parts(self) -> Parts:
        """No buttons, no display, nothing to measure."""
        return Parts()

    def bus(self, conf: dict[str, int]) -> tuple[HostUart, None]:
        """UART of an RS485 bus; no direction pin."""
        return self._uart(conf["uart"]), None

    def radio(self, conf: dict[str, int]) -> HostUart:
        """UART of the modem."""
        return self._uart(conf["uart"])

    def modem_power(self, _conf: dict[str, int], _uart: HostUart) -> ModemPower:
        """The hand on the modem: its reset, its supply."""
        return self._modem_power

    def random_ms(self, limit: int) -> int:
        """Seeded, 0 to ``limit`` - 1."""
        return self._random.randrange(limit)

    def close(self) -> None:
        """Close every UART."""
        while self._open:
            self._open.pop().close()

    def _uart(self, number: int) -> HostUart:
        uart = HostUart(self._paths[number])
        self._open.append(uart)
        return uart


async def _sleep_ms(ms: int) -> None:
    await asyncio.sleep(ms / 1000)


async def run(board: HostBoard, say: Callable[[str], None]) -> None:
    """Run the kit of this board until cancelled; errors of its files are raised as they are."""
    try:
        await app.Kit(board, start.read(board.folder), Log(board.clock, say)).run()
    finally:
        board.close()
