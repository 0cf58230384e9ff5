"""What people do with alarms."""

from __future__ import annotations

from nspgateway import alarms
from nspgateway.alarms import Action as AlarmAction
from nspgateway.alarms import Decision
from nspgateway.desk_base import DeskBase
from nspgateway.people import Action, By


class AlarmDesk(DeskBase):
    """Alarms: seen, put aside for a time, commented on."""

    def acknowledge(self, point: str, alarm: str, by: By) -> None:
        """Say that a person has seen an alarm; one that has returned is then over. Raises Refused."""
        now = self._clock.now()
        found = self._alarm(point, alarm)
        after = alarms.acknowledge(found, now)
        if after == found:
            return
        action: AlarmAction = "clear" if after.state == "normal" else "update"
        self._decide(
            Action(now, by, "acknowledge", point, alarm), [Decision(action, after, f"seen by {by.role}")]
        )
