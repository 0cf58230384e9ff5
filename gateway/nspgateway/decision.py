"""What was decided about one alarm. Pure."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from nspgateway.alarm_state import AlarmState

Action = Literal["raise", "update", "remind", "return", "clear", "hide", "wait", "forget"]


class Decision(Struct, frozen=True):
    """One change of one alarm; ``alarm`` is its new state, to be kept while ``alarm.is_kept``.

    raise: it is now open and shown (again). update: open, but priority, note or cause changed. remind: nobody
    has seen it yet, and it is critical, or the gateway has just started. return: the kit no longer reports it; it stays open until a person or the kit
    ends it. clear: back to normal, by the rule or because the kit says that the cause is over. hide: open, but
    something that is shown explains it. wait and forget: a delay began to run or was given up; nothing that
    anybody has to hear.
    """

    action: Action
    alarm: AlarmState
    reason: str
