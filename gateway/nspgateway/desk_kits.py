"""Kits that were lost or stolen: their key is refused at once, and their point keeps its history."""

from __future__ import annotations

from nspgateway.desk_base import DeskBase, Refused, note_of
from nspgateway.entries import KeyWithdrawal
from nspgateway.kit_keys import KitKeys
from nspgateway.people import Action, By


class KitDesk(DeskBase):
    """``kit_keys``: None = this program opens no frames."""

    kit_keys: KitKeys | None = None

    def withdraw_kit(self, point: str, why: str, by: By) -> None:
        """Refuse the key of the kit at a point from now on, for good. Raises Refused.

        A kit that takes its place has a key of its own, made at the station; the point's history stays.
        """
        kit = self._situation.states[self._point(point)].point.kit_address
        if kit is None:
            raise Refused("no_kit", f"There is no kit at {point!r}.")
        reason = note_of(why)
        if not reason:
            raise Refused("empty", "Say why: lost, stolen, broken beyond repair.")
        if self.kit_keys is None:
            raise Refused("not_here", "This program opens no frames.")
        generation = self.kit_keys.generation(kit)
        if generation is None:
            raise Refused("no_key", f"The key of the kit at {point!r} is refused already.")
        entry = KeyWithdrawal(kit, generation)
        detail = {"kit": kit & 63, "generation": generation}
        self._write(Action(self._clock.now(), by, "kit_withdrawn", point, "", detail, reason, entry))
        self.kit_keys.refuse(entry)
