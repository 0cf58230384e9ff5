"""What sounds now: alarms that nobody has seen, calls for help, a test. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from nspgateway.alarm_state import AlarmState
from nspgateway.help_notice import Call
from nspgateway.view import Sound

# Priorities that have a sound on a screen; each has another one.
PRIORITIES: Mapping[str, Literal["critical", "high"]] = {"critical": "critical", "high": "high"}
_UNSEEN = frozenset({"unacknowledged", "returned_unacknowledged"})


def unseen(alarms: Iterable[AlarmState], priorities: Collection[str]) -> list[AlarmState]:
    """Return the alarms of these priorities that stand in the list and that nobody has seen yet, oldest first."""
    found = [one for one in alarms if one.state in _UNSEEN and one.priority in priorities]
    return sorted(found, key=lambda one: one.raised_at or one.since)


def sounding(
    alarms: Iterable[AlarmState], calls: Iterable[Call], test: Sound | None = None
) -> tuple[Sound, ...]:
    """Return what sounds: calls for help, then critical, then high, each oldest first; a test comes last."""
    loud = unseen(alarms, PRIORITIES)
    loud.sort(key=lambda one: one.priority != "critical")
    return (
        *(Sound("help", call.point, call.id, call.since) for call in calls),
        *(Sound(PRIORITIES[one.priority], one.point, one.id, one.raised_at or one.since) for one in loud),
        *((test,) if test is not None else ()),
    )
