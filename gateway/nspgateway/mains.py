"""Whether a point is on the grid, and since when: the one thing that many points lose at once. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Mains(Struct, frozen=True):
    """``on``: None = not known yet. ``changed_at``: when it last went or came; None = we did not see it.

    ``before_s``: how long it was the other way before that; None = not known.
    """

    on: bool | None = None
    changed_at: datetime | None = None
    before_s: float | None = None

    @property
    def left_at(self) -> datetime | None:
        """When the point lost the grid that it is still without, as far as we saw it."""
        return self.changed_at if self.on is False else None

    @property
    def back_at(self) -> datetime | None:
        """When the point got back the grid that it still has."""
        return self.changed_at if self.on else None


def after(mains: Mains, source: object, at: datetime) -> Mains:
    """Return what is known after a frame; ``source``: its ``power_source``, None (unknown) says nothing."""
    if source is None:
        return mains
    on = source == "grid"
    if mains.on is None or mains.on == on:
        return Mains(on, mains.changed_at, mains.before_s)
    before_s = None if mains.changed_at is None else (at - mains.changed_at).total_seconds()
    return Mains(on, at, before_s)
