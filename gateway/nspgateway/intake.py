"""Between port and ingest: a frame alone is taken at once, in a burst many go into one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Never

from nspgateway.ports import Reception

# Frames in one go; then whatever else waits in the event loop has its turn.
MOST = 64


class Intake:
    """Hands what a port heard to ``receive_all`` as soon as the event loop is free.

    Only what comes on the heels of the last transaction waits, until the brokers have what that one brought
    (``nudge``), and never longer than it took: on a slow disk a burst would else queue for one write a frame.
    ``run`` ends with what ``receive_all`` raises; without it that would be an entry in a log.
    """

    def __init__(self, receive_all: Callable[[Sequence[Reception]], object]) -> None:
        self._receive_all = receive_all
        self._waiting: deque[Reception] = deque()
        self._next: asyncio.Handle | None = None
        self._rest_until_s = 0.0  # by the event loop's time
        self._fault: Exception | None = None
        self._faulty = asyncio.Event()

    def put(self, reception: Reception) -> None:
        """Take one frame; called in the event loop's thread."""
        self._waiting.append(reception)
        if self._next is None and self._fault is None:
            self._call()

    def nudge(self) -> None:
        """Say that the brokers have all: nothing is gained by waiting."""
        self._rest_until_s = 0.0
        if self._next is not None:
            self._next.cancel()
            self._call()

    async def run(self) -> Never:
        """Wait for a fault of the receiver and raise it."""
        await self._faulty.wait()
        raise self._fault or RuntimeError("a fault without a reason")

    def _call(self) -> None:
        loop = asyncio.get_running_loop()
        rest_s = 0.0 if len(self._waiting) >= MOST else self._rest_until_s - loop.time()
        self._next = loop.call_later(rest_s, self._take) if rest_s > 0 else loop.call_soon(self._take)

    def _take(self) -> None:
        self._next = None
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        try:
            self._receive_all(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, `run` raises it where it is seen
            self._fault = error
            self._faulty.set()
            return
        ended_s = loop.time()
        self._rest_until_s = 2 * ended_s - began_s
        if self._waiting:
            self._call()
