"""The coordinating point as a story's people use it: the gateway's own desk, in their own names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from nspgateway.calls import Call
from nspgateway.clock import Clock
from nspgateway.desk import Desk, Refused
from nspgateway.facts import OwnFacts
from nspgateway.people import By
from nspgateway.situation import Situation

# Whoever reads the log sees that a file did it, and in which role. Two of them where one person may not do both.
OFFICER = By("scenario", "cp_medewerker", "scenario")
RELIEF = By("scenario-relief", "cp_medewerker", "scenario")
PRESS = By("scenario-press", "communicatie", "scenario")
LEADER = By("scenario-lead", "oefenleiding", "scenario")
# Why the desk refuses what is about something that has not come in yet.
NOT_THERE_YET = frozenset({"no_alarm", "no_call"})


class Ups:
    """What feeds the coordinating point, by the word of its UPS. It says nothing before the story does."""

    def __init__(self) -> None:
        self._facts = OwnFacts()

    def say(self, supply: Literal["line", "battery"], minutes: float | None, now: datetime) -> None:
        """From now on it runs on this; ``minutes``: that its battery lasts."""
        self._facts = OwnFacts(supply=supply, supply_min=minutes, supply_since=now)

    def add_to(self, facts: OwnFacts, now: datetime) -> OwnFacts:
        """Fill in what it says at ``now``; its minutes run down."""
        own = self._facts
        if not own.supply or own.supply_since is None:
            return facts
        passed_min = (now - own.supply_since).total_seconds() / 60
        left_min = None if own.supply_min is None else max(0.0, own.supply_min - passed_min)
        return replace(facts, supply=own.supply, supply_since=own.supply_since, supply_min=left_min)


@dataclass(frozen=True)
class Office:
    """The desk, what lies on it, the clock on the wall, and what feeds it all."""

    desk: Desk
    situation: Situation
    clock: Clock
    ups: Ups = field(default_factory=Ups)

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
