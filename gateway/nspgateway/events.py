"""Frames about one alarm: it began, or it ended, some time before they came. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from nspgateway.records import Frame
from nspgateway.view import is_ahead

# Frames that speak of one alarm, not of the state of the point.
KINDS = frozenset({"alarm", "clear"})


class Event(Struct, frozen=True):
    """What a frame says of one alarm: it began or ended, ``age_s`` of the kit's seconds before ``at``."""

    kind: str
    alarm: str
    at: datetime
    age_s: int

    def began(self, speed: float) -> datetime:
        """Return when it happened, by a gateway's clock of ``speed``; the kit's runs with the wall."""
        return self.at - timedelta(seconds=speed * self.age_s)


def of_frame(frame: Frame) -> Event | None:
    """Return what the frame says of one alarm; None when it speaks of something else, or names no alarm."""
    name, age_s = frame.fields.get("alarm"), frame.fields.get("age_s")
    if frame.kind not in KINDS or not isinstance(name, str):
        return None
    return Event(frame.kind, name, frame.received_at, age_s if isinstance(age_s, int) else 0)


def news(event: Event | None, longest_s: float, now: datetime) -> Event | None:
    """Return the event for ``longest_s`` seconds after it came; later, or from the future, it is none."""
    if event is None or is_ahead(event.at, now) or (now - event.at).total_seconds() > longest_s:
        return None
    return event
