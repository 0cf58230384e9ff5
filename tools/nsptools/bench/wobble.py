"""Small seeded variation as a pure function of time.

A sum of sines instead of random steps: the same seed gives the same value at the same plant time
whatever the step size was, so a run at 60 times speed equals a slow one.
"""

from __future__ import annotations

import math
import random

_TERMS = 3


class Wobble:
    """A smooth signal between -1 and 1 that averages to zero.

    `seed` and `name` choose the signal; the periods lie between `fastest_s` and `slowest_s` (seconds).
    """

    def __init__(self, seed: int, name: str, fastest_s: float, slowest_s: float) -> None:
        source = random.Random(f"{seed}/{name}")
        self._terms = tuple(
            (2 * math.pi / source.uniform(fastest_s, slowest_s), source.uniform(0, 2 * math.pi))
            for _ in range(_TERMS)
        )

    def at(self, time_s: float) -> float:
        """Value at a plant time in seconds, -1 to 1."""
        return sum(math.sin(omega * time_s + phase) for omega, phase in self._terms) / _TERMS
