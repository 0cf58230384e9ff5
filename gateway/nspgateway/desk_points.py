"""What people say of a point: what it is used for, and that its generator stands still for refuelling."""

from __future__ import annotations

from datetime import datetime, timedelta

from nspgateway.config import Deployment as Word
from nspgateway.desk_base import DeskBase, Refused, note_of
from nspgateway.people import By, Deployment, PlannedStop

STOP_MINUTES = 15
STOP_MOST_MINUTES = 60


class PointDesk(DeskBase):
    """Points: their deployment and planned stops."""

    def set_deployment(
        self, point: str, word: Word, by: By, *, opens_at: datetime | None = None, note: str = ""
    ) -> None:
        """Say what a point is used for from now on, or when it is to be open. Raises Refused."""
        self._point(point)
        self._enter("deployment", point, Deployment(word, opens_at), by, {"word": word}, note_of(note))

    def plan_stop(self, point: str, by: By, minutes: int = STOP_MINUTES) -> datetime:
        """Announce that the generator is stopped for refuelling; return the end. Raises Refused."""
        self._point(point)
        if not 1 <= minutes <= STOP_MOST_MINUTES:
            raise Refused("out_of_range", f"A planned stop takes 1 to {STOP_MOST_MINUTES} minutes.")
        until = self._clock.now() + timedelta(minutes=minutes)
        self._enter("plan_stop", point, PlannedStop(until), by, {"minutes": minutes})
        return until

    def end_stop(self, point: str, by: By) -> None:
        """Say that the planned stop is over. Raises Refused when there is none."""
        now = self._clock.now()
        if not self._situation.standings[self._point(point)].is_stopped(now):
            raise Refused("no_stop", "No planned stop covers this moment.")
        self._enter("end_stop", point, PlannedStop(now), by)
