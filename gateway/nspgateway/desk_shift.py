"""The change of shift at the coordinating point, signed off by both."""

from __future__ import annotations

from nspgateway.desk_base import DeskBase, Refused, note_of
from nspgateway.entries import HandOver, TakeShift
from nspgateway.people import By


class ShiftDesk(DeskBase):
    """Handing a shift over, and taking it over."""

    def hand_over(self, by: By, note: str = "") -> int:
        """Say that everything is told to the next shift; return the id, by which it is taken over. Raises Refused."""
        return self._enter("hand_over", "", HandOver(), by, note=note_of(note))

    def take_shift(self, offer: int, by: By) -> None:
        """Say that one has read what was handed over, and goes on from there. Raises Refused."""
        shift = self._situation.course.shift
        if shift.offer is None or shift.offer.id != offer:
            raise Refused("no_handover", f"Nothing was handed over as {offer}, or something newer was since.")
        if shift.taken_by is not None:
            raise Refused("taken_over", f"This was taken over already, by {shift.taken_by.role}.")
        if shift.offer.by.who == by.who:
            raise Refused("same_hands", "Who hands over does not take over: let the next shift do that.")
        self._enter("take_shift", "", TakeShift(offer), by, {"handover": offer})
