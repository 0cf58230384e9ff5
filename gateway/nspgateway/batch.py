"""Frames that were taken and are not yet durable: written together, answered only afterwards. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from nspgateway.authenticate import Opened
from nspgateway.judge import Judgement
from nspgateway.kit_words import KitReport
from nspgateway.notify import Notice
from nspgateway.records import Changes, Frame, Window
from nspgateway.state import PointState


class Taken(Struct, frozen=True):
    """One frame and all it changes. ``point``: as it is with it; ``before``: its kit's replay window without it.

    ``report``: of the point, when it holds one that was not told before.
    """

    opened: Opened
    frame: Frame
    changes: Changes
    judged: Sequence[Judgement]
    notices: Sequence[Notice]
    point: PointState
    before: Window | None
    report: KitReport | None = None


@dataclass(slots=True)
class Batch:
    """What one transaction is to write: at most one frame of each kit, in order of arrival.

    ``kits``: whose. Each goes with its place in the list of those that came.
    """

    kits: set[int] = field(default_factory=set)
    _taken: list[tuple[int, Taken]] = field(default_factory=list)

    def add(self, place: int, taken: Taken) -> None:
        """Take one more along."""
        self.kits.add(taken.frame.kit)
        self._taken.append((place, taken))

    def close(self) -> list[tuple[int, Taken]]:
        """Return all of it, and begin anew."""
        taken, self._taken = self._taken, []
        self.kits.clear()
        return taken
