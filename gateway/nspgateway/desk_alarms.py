"""What people do with alarms."""

from __future__ import annotations

from datetime import datetime

from nspgateway import alarms
from nspgateway.alarms import Action as AlarmAction
from nspgateway.alarms import AlarmState, Decision
from nspgateway.desk_base import DeskBase, Refused, note_of
from nspgateway.people import Action, By


class AlarmDesk(DeskBase):
    """Alarms: seen, taken on, put aside for a time, commented on."""

    def acknowledge(self, point: str, alarm: str, by: By) -> None:
        """Say that a person has seen an alarm; one that has returned is then over. Raises Refused."""
        now = self._clock.now()
        found = self._alarm(point, alarm)
        after = alarms.acknowledge(found, now, by.role)
        if after == found:
            return
        action: AlarmAction = "clear" if after.state == "normal" else "update"
        self._decide(
            Action(now, by, "acknowledge", point, alarm), [Decision(action, after, f"seen by {by.role}")]
        )

    def take_on(self, point: str, alarm: str, by: By) -> None:
        """Say that this person takes care of an alarm, in the place of whoever did before. Raises Refused."""
        now = self._clock.now()
        found = self._alarm(point, alarm)
        if found.state == "suppressed":
            raise Refused("hidden", f"{alarm!r} is not shown: it belongs to {found.cause}. Take on that one.")
        after = alarms.take_on(found, now, by.role)
        action: AlarmAction = "clear" if after.state == "normal" else "update"
        self._decide(
            Action(now, by, "take_on", point, alarm), [Decision(action, after, f"taken on by {by.role}")]
        )

    def shelve(self, point: str, alarm: str, by: By, until: datetime, note: str = "") -> None:
        """Put an alarm aside until then ("later herinneren"); what lasts comes back by itself. Raises Refused.

        ``until``: aware. The longest time is the rule's; it is short for a critical alarm at an open point.
        """
        now = self._clock.now()
        found = self._alarm(point, alarm)
        if not found.is_shown and found.state != "shelved":
            raise Refused(
                "hidden", f"{alarm!r} is not shown: it belongs to {found.cause}. Put that one aside."
            )
        self._check_end(point, found, until, now)
        after = alarms.shelve(found, now, until)
        reason = f"put aside by {by.role} until {until.isoformat()}"
        action = Action(now, by, "shelve", point, alarm, {"until": until.isoformat()}, note_of(note))
        self._decide(action, [Decision("update", after, reason)])

    def unshelve(self, point: str, alarm: str, by: By) -> None:
        """Take back that an alarm is put aside: it is shown at once. Raises Refused."""
        now = self._clock.now()
        found = self._alarm(point, alarm)
        if found.state != "shelved":
            raise Refused("not_shelved", f"{alarm!r} at {point!r} is not put aside.")
        after = alarms.unshelve(found, now)
        action: AlarmAction = "return" if after.is_returned else "raise"
        self._decide(
            Action(now, by, "unshelve", point, alarm), [Decision(action, after, f"taken back by {by.role}")]
        )

    def comment(self, point: str, alarm: str, by: By, note: str) -> None:
        """Write a person's remark about an open alarm into the audit trail, and nowhere else. Raises Refused."""
        self._alarm(point, alarm)
        if not note.strip():
            raise Refused("empty", "A comment needs a text.")
        self._write(Action(self._clock.now(), by, "comment", point, alarm, note=note_of(note)))

    def _check_end(self, point: str, alarm: AlarmState, until: datetime, now: datetime) -> None:
        if until.tzinfo is None:
            raise Refused("bad_end", "The end needs a time zone.")
        try:
            latest = self._situation.shelved_at_most(point, alarm, now)
        except KeyError:
            raise Refused("no_rule", f"No rule speaks of {alarm.id!r} any more; it ends by itself.") from None
        if until <= now:
            raise Refused("bad_end", "The end lies in the past.")
        if until > latest:
            minutes = round((latest - now).total_seconds() / 60)
            raise Refused("too_long", f"This alarm can be put aside for at most {minutes} minutes now.")
