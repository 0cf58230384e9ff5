"""How many kits have something urgent at once. Pure.

When forty raise an alarm within seconds, most of their frames collide and the tries of
the unlucky ones grow far apart. Then no kit is told what arrived and none is answered
twice, and when the air is calm again a word to all brings those back that still wait: for
a kit it is a hint that somebody listens, and it tries again within 16 s.
"""

from __future__ import annotations

from collections import deque

SPAN_MS = 20_000
# Two or three at once are chance; what follows is sized for many.
CROWD_KITS = 6
HINTS_MS = ((45_000, 55_000), (80_000, 90_000), (115_000, 125_000))
# How long a crowd is taken to last, so that it is noticed once.
LASTS_MS = 180_000


class Crowd:
    """Kits that were heard with an alarm, its end or a call for help lately."""

    def __init__(self) -> None:
        self._heard: deque[tuple[int, int]] = deque()
        self._since_ms: int | None = None

    def heard(self, kit: int, now_ms: int) -> bool:
        """Take note; True when with this one a crowd begins."""
        self._heard.append((now_ms, kit))
        if not self.is_there(now_ms) or (self._since_ms is not None and now_ms - self._since_ms < LASTS_MS):
            return False
        self._since_ms = now_ms
        return True

    def is_there(self, now_ms: int) -> bool:
        """Tell whether many kits have something urgent now."""
        while self._heard and now_ms - self._heard[0][0] > SPAN_MS:
            self._heard.popleft()
        return len({kit for _, kit in self._heard}) >= CROWD_KITS
