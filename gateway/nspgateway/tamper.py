"""Frames that pretend to come from one of our kits: counted per kit, and their cost bounded. Pure.

A frame counts only when its address is that of a kit of ours with a key: frames of
neighbours and strangers never do. One forged or played-back frame is nothing, since noise
and reflections make them too; many in an hour are somebody.

The radio lets through some ten frames a second, each of which costs at most two attempts to
open it. Once a kit's address has had too many that failed, only frames whose counter the kit
itself could use next are still tried: all that verify, and no others. So a flood costs less,
and hides nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Literal

HOUR_MS = 3_600_000
# More than these within an hour.
BAD_TAGS = 20
REPLAYS = 5
# Of each kind, remembered: enough to tell "many" from "too many".
_REMEMBERED = 256

Kind = Literal["bad_tag", "replay"]
# What became of a frame -> as what it counts.
OUTCOMES: Mapping[str, Kind] = {"bad_tag": "bad_tag", "implausible": "bad_tag", "replay": "replay"}
_LIMITS: Mapping[Kind, int] = {"bad_tag": BAD_TAGS, "replay": REPLAYS}


class Tamper:
    """Refused frames of each kit in the last hour."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, Kind], deque[int]] = {}

    def note(self, kit: int, outcome: str, now_ms: int) -> None:
        """Count a frame with this kit's address, by what became of it; most outcomes say nothing."""
        kind = OUTCOMES.get(outcome)
        if kind is not None:
            self._seen.setdefault((kit, kind), deque(maxlen=_REMEMBERED)).append(now_ms)

    @property
    def is_quiet(self) -> bool:
        """True while not one frame that counts was ever refused."""
        return not self._seen

    def count(self, kit: int, kind: Kind, now_ms: int) -> int:
        """Return how many there were in the last hour, up to some hundreds."""
        seen = self._seen.get((kit, kind))
        if not seen:
            return 0
        while seen and seen[0] <= now_ms - HOUR_MS:
            seen.popleft()
        return len(seen)

    def is_suspected(self, kit: int, now_ms: int) -> bool:
        """Tell whether somebody plays with this kit's address."""
        return not self.is_quiet and any(
            self.count(kit, kind, now_ms) > limit for kind, limit in _LIMITS.items()
        )

    def is_limited(self, kit: int, now_ms: int) -> bool:
        """Tell whether frames that can hardly be the kit's own are to be dropped unopened."""
        return self.count(kit, "bad_tag", now_ms) > BAD_TAGS
