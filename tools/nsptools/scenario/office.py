"""The coordinating point as a story's people use it: the gateway's own desk, in their own names."""

from __future__ import annotations

from dataclasses import dataclass

from nspgateway.calls import Call
from nspgateway.clock import Clock
from nspgateway.desk import Desk, Refused
from nspgateway.people import By
from nspgateway.situation import Situation

# Whoever reads the log sees that a file did it, and in which role. Two of them where one person may not do both.
OFFICER = By("scenario", "cp_medewerker", "scenario")
RELIEF = By("scenario-relief", "cp_medewerker", "scenario")
PRESS = By("scenario-press", "communicatie", "scenario")
LEADER = By("scenario-lead", "oefenleiding", "scenario")
# Why the desk refuses what is about something that has not come in yet.
NOT_THERE_YET = frozenset({"no_alarm", "no_call"})


@dataclass(frozen=True)
class Office:
    """The desk, what lies on it, and the clock on the wall."""

    desk: Desk
    situation: Situation
    clock: Clock

    @property
    def place(self) -> str:
        """The slug of the coordinating point itself."""
        return self.situation.cp.point.slug

    def call(self, point: str, number: int | None) -> str:
        """Return the id of the point's how manieth call for help; None = its newest open one. Raises Refused."""
        mine = sorted(
            (one for one in self.situation.calls.values() if one.point == point),
            key=lambda one: one.stored_at,
        )
        found: list[Call] = [one for one in mine if one.is_open] if number is None else mine[:number]
        if len(found) < (number or 1):
            raise Refused("no_call", f"{point!r} has no call for help {number or 'that is open'}.")
        return found[-1].id

    def hanging(self) -> tuple[int, int]:
        """Return number and version of the message to residents that is to hang. Raises Refused."""
        now = self.situation.course.messages.on_air
        if now is None:
            raise Refused("no_message", "No message to residents was sent.")
        return now.number, now.version
