"""What sounds now: alarms that nobody has seen, calls for help, a test. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from nspgateway.alarm_state import AlarmState
from nspgateway.call_watch import Waiting
from nspgateway.calls import NEWS, Call, in_order
from nspgateway.view import Sound

# Priorities that have a sound on a screen; each has another one.
PRIORITIES: Mapping[str, Literal["critical", "high"]] = {"critical": "critical", "high": "high"}
_UNSEEN = frozenset({"unacknowledged", "returned_unacknowledged"})


def unseen(alarms: Iterable[AlarmState], priorities: Collection[str]) -> list[AlarmState]:
    """Return the alarms of these priorities that stand in the list and that nobody has seen yet, oldest first."""
    found = [one for one in alarms if one.state in _UNSEEN and one.priority in priorities]
    return sorted(found, key=lambda one: one.raised_at or one.since)


def sounding(
    alarms: Iterable[AlarmState],
    calls: Iterable[Call],
    late: Mapping[str, Waiting],
    test: Sound | None = None,
) -> tuple[Sound, ...]:
    """Return what sounds: calls for help, first task first, then critical and high, oldest first; a test comes last."""
    loud = unseen(alarms, PRIORITIES)
    loud.sort(key=lambda one: one.priority != "critical")
    return (
        *(_of_call(call, late.get(call.id)) for call in in_order(calls) if call.is_unseen or call.id in late),
        *(Sound(PRIORITIES[one.priority], one.point, one.id, one.raised_at or one.since) for one in loud),
        *((test,) if test is not None else ()),
    )


def _of_call(call: Call, waiting: Waiting | None) -> Sound:
    """Return the sound of a call that nobody has seen all of, or that waits too long for a person."""
    if waiting is not None:
        return Sound("help_late", call.point, call.id, waiting.begun_at, waiting.is_second)
    news = call.last(*NEWS)
    return Sound("help", call.point, call.id, call.stored_at if news is None else news.at)
