"""What can go wrong on the wire between kit and devices: bytes lost, added, changed or late.

A fault is a function of one burst (bytes that were written in one go, so usually one frame) and of the
line's seeded random source. It gives the extra delay in seconds and the bytes that arrive.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Fault = Callable[[bytes, random.Random], tuple[float, bytes]]


class Direction(StrEnum):
    """Which way bytes travel."""

    REQUEST = "request"  # kit to devices
    REPLY = "reply"  # devices to kit
    BOTH = "both"  # only for choosing where a fault acts


def silence(_burst: bytes, _random: random.Random) -> tuple[float, bytes]:
    """Nothing arrives: broken wire, swapped A and B."""
    return 0.0, b""


def noise(burst: bytes, source: random.Random) -> tuple[float, bytes]:
    """One to four random bytes before the frame, as a line without bias gives when a driver switches on."""
    return 0.0, source.randbytes(source.randint(1, 4)) + burst


def truncate(burst: bytes, source: random.Random) -> tuple[float, bytes]:
    """The end is missing: at least one byte, at most all but one."""
    return 0.0, burst[: source.randint(1, max(1, len(burst) - 1))] if len(burst) > 1 else b""


def crc(burst: bytes, source: random.Random) -> tuple[float, bytes]:
    """One bit differs, which a CRC always notices."""
    damaged = bytearray(burst)
    damaged[source.randrange(len(damaged))] ^= 1 << source.randrange(8)
    return 0.0, bytes(damaged)


def late(burst: bytes, source: random.Random) -> tuple[float, bytes]:
    """Whole and right, but 0.6 to 1.2 s later: the asker has given up by then."""
    return source.uniform(0.6, 1.2), burst


NAMED: Mapping[str, Fault] = MappingProxyType(
    {fault.__name__: fault for fault in (silence, noise, truncate, crc, late)}
)


@dataclass
class Injection:
    """A fault at work: which way, for what share of bursts (0 to 1), how many more times (None: no end)."""

    fault: Fault
    direction: Direction = Direction.REPLY
    share: float = 1.0
    times: int | None = None
    hits: int = field(default=0, init=False)

    def applies(self, direction: Direction, source: random.Random) -> bool:
        """Decide for one burst, and count it."""
        if self.direction not in (direction, Direction.BOTH) or self.times == 0:
            return False
        if self.share < 1.0 and source.random() >= self.share:
            return False
        self.hits += 1
        if self.times is not None:
            self.times -= 1
        return True


def named(name: str) -> Fault:
    """The fault of that name; ValueError listing the names when there is none."""
    if name not in NAMED:
        raise ValueError(f"no line fault {name!r}; there are {', '.join(NAMED)}")
    return NAMED[name]
