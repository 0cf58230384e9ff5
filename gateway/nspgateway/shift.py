"""The change of shift: who handed over, and who of the next shift took over what was handed to them. Pure.

Both say so, each under their own name: a shift that was handed over to nobody is still the old one's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from nspgateway.entries import HandOver, TakeShift
from nspgateway.people import Action, By


@dataclass(frozen=True, slots=True)
class Offer:
    """What was handed over: ``id`` of the action; ``note``: what the next shift must know, as it was typed."""

    id: int
    at: datetime
    by: By
    note: str = field(repr=False)


class Shift(Struct, frozen=True):
    """The newest offer, None = there was none, and who took it over. ``begun_at``: when a shift last began so."""

    offer: Offer | None = None
    taken_by: By | None = None
    begun_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """True while something was handed over that nobody has taken over."""
        return self.offer is not None and self.taken_by is None


def after(shift: Shift, action: Action) -> Shift:
    """Return the shift after one more action; others leave it as it is."""
    match action.entry:
        case HandOver():
            # One that nobody took over is replaced: what was typed last is what counts.
            return Shift(Offer(action.id, action.at, action.by, action.note), None, shift.begun_at)
        case TakeShift(offer) if shift.offer is not None and shift.offer.id == offer:
            return Shift(shift.offer, action.by, action.at)
    return shift
