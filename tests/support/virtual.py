"""Virtual time: an asyncio loop whose clock jumps to the next timer, and a UART that lives in it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from nspkit.clock import Clock

T = TypeVar("T")


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: moves the loop's clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("deadlock: nothing is scheduled any more")
        assert self.loop is not None
        self.loop.now_s += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Loop with a clock of its own, starting at 0 s."""

    def __init__(self) -> None:
        self.now_s = 0.0
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return self.now_s


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()


def clock() -> Clock:
    """The kit's clock over the running loop; its ticks wrap soon after the start, as on the board."""
    loop = asyncio.get_running_loop()
    period = 1 << 30
    offset = period - 10_000

    def ticks_ms() -> int:
        return (round(loop.time() * 1000) + offset) % period

    def ticks_diff(a: int, b: int) -> int:
        return ((a - b + period // 2) % period) - period // 2

    async def sleep_ms(ms: int) -> None:
        await asyncio.sleep(ms / 1000)

    return Clock(ticks_ms, ticks_diff, sleep_ms)


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
