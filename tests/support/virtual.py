"""A UART that lives in virtual time, beside the loop and the clock that the tools have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nsptools.bench.virtual_time import VirtualLoop, clock, run

__all__ = ["Uart", "VirtualLoop", "clock", "run"]


class Uart:
    """A UART on a wire at ``baud``: what is written takes its time, what comes back comes byte by byte.

    ``slave(request) -> [(delay_s after the request's end, bytes), ...]`` is the
    far end. ``sent``: (time its first bit left, bytes). Beyond ``rxbuf`` unread
    bytes the newest are lost.
    """

    def __init__(
        self, slave: Callable[[bytes], list[tuple[float, bytes]]], baud: int = 19200, rxbuf: int = 512
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._slave = slave
        self._character_s = 10 / baud
        self._rxbuf = rxbuf
        self._arriving: list[tuple[float, int]] = []
        self._received = bytearray()
        self.sent: list[tuple[float, bytes]] = []

    def write(self, data: bytes) -> int:
        now = self._loop.time()
        self.sent.append((now, bytes(data)))
        end = now + len(data) * self._character_s
        for delay, answer in self._slave(bytes(data)):
            self.arrive(end + delay, answer)
        return len(data)

    def arrive(self, at_s: float, data: bytes) -> None:
        """Bytes whose first begins to arrive at ``at_s``."""
        self._arriving += [(at_s + (i + 1) * self._character_s, byte) for i, byte in enumerate(data)]
        self._arriving.sort(key=lambda item: item[0])

    def flush(self) -> None:
        return None

    def any(self) -> int:
        now = self._loop.time()
        while self._arriving and self._arriving[0][0] <= now:
            _, byte = self._arriving.pop(0)
            if len(self._received) < self._rxbuf:
                self._received.append(byte)
        return len(self._received)

    def readinto(self, buffer: memoryview) -> int | None:
        count = min(len(buffer), self.any())
        buffer[:count] = self._received[:count]
        del self._received[:count]
        return count or None

    def read(self, count: int) -> bytes | None:
        data = bytes(self._received[: min(count, self.any())])
        del self._received[: len(data)]
        return data or None
