"""How often what screens show has changed, and a way to wait for the next time."""

from __future__ import annotations

import asyncio


class Revision:
    """Counts changes; any number of screens may wait. Call it from the event loop's thread."""

    def __init__(self) -> None:
        self.number = 0
        self._changed = asyncio.Event()

    def bump(self) -> None:
        """Wake everybody who waits for a change."""
        self.number += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, known: int, timeout_s: float) -> int:
        """Return the present number once it is not ``known``, or after ``timeout_s`` wall seconds."""
        if self.number == known:
            changed = self._changed
            try:
                async with asyncio.timeout(timeout_s):
                    await changed.wait()
            except TimeoutError:
                pass
        return self.number
