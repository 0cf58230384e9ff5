"""A relay's output where hardware would stand."""

from __future__ import annotations

import threading


class Pin:
    """An output as the kernel has it: off at first, and off once it is closed. ``fault``: raised at each use."""

    def __init__(self) -> None:
        self.level = False
        self.is_open = True
        self.is_stuck = False
        self.fault: OSError | None = None
        self.went_off = threading.Event()

    def set(self, *, on: bool) -> None:
        if self.fault is not None:
            raise self.fault
        if not self.is_stuck:
            self._be(on=on)

    def get(self) -> bool:
        if self.fault is not None:
            raise self.fault
        return self.level

    def close(self) -> None:
        self.is_open = False
        self._be(on=False)

    def _be(self, *, on: bool) -> None:
        self.level = on
        if not on:
            self.went_off.set()
