"""Virtual time: an asyncio loop whose clock jumps to the next timer, so that days pass in seconds.

All that runs on it must wait by timers of the loop: nothing from outside (sockets, threads) ever wakes it. What would be
done in a thread is done at once: time would run on meanwhile, further on a slower machine.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from nspkit.clock import Clock

T = TypeVar("T")

TICKS_PERIOD = 1 << 30  # of the board's millisecond counter
_WRAPS_AFTER_MS = 10_000


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: moves the loop's clock instead."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("deadlock: nothing is scheduled any more")
        if timeout > 0:
            self.loop.now_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Loop with a clock of its own, starting at 0 s."""

    def __init__(self) -> None:
        self.now_s = 0.0
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.now_s

    def run_in_executor(
        self,
        executor: object,  # noqa: ARG002 - there is no thread
        func: Callable[..., T],
        *args: object,
    ) -> asyncio.Future[T]:
        """Do it at once, in no time."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits it gets it, as from a thread
            done.set_exception(error)
        return done


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time. Raises RuntimeError when everything waits for ever."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        _cancel_all(loop)
        loop.close()


def _cancel_all(loop: VirtualLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


def clock() -> Clock:
    """The kit's clock over the running loop; its ticks wrap soon after the start, as on the board."""
    loop = asyncio.get_running_loop()

    def ticks_ms() -> int:
        return (round(loop.time() * 1000) - _WRAPS_AFTER_MS) % TICKS_PERIOD

    def ticks_diff(a: int, b: int) -> int:
        return ((a - b + TICKS_PERIOD // 2) % TICKS_PERIOD) - TICKS_PERIOD // 2

    async def sleep_ms(ms: int) -> None:
        # As asyncio.sleep, but for what that does when nobody cancels it: a fleet sleeps tens of millions of times.
        over = loop.create_future()
        timer = loop.call_later(ms / 1000, _end, over)
        try:
            await over
        except asyncio.CancelledError:
            timer.cancel()
            raise

    return Clock(ticks_ms, ticks_diff, sleep_ms)


def _end(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)
