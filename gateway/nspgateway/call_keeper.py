"""Looks each second whether a call for help waits too long for a person, writes that down and says it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from nspgateway import call_watch, help_notice
from nspgateway.alarm_state import AlarmState, to_json
from nspgateway.call_watch import Waiting
from nspgateway.calls import Call, late
from nspgateway.errors import StoreError
from nspgateway.notify import Notice
from nspgateway.recorder import Recorder
from nspgateway.records import AlarmChange, Changes
from nspgateway.rules import load_call_rules
from nspgateway.situation import Situation


class CallKeeper:
    """One for each gateway."""

    def __init__(self, situation: Situation, recorder: Recorder) -> None:
        self._situation = situation
        self._recorder = recorder
        self._rules = load_call_rules()

    def tick(self, now: datetime) -> bool:
        """Look, write and tell; True when there was something. What a full disk does not take is told all the same."""
        situation = self._situation
        found = call_watch.look(situation.calls, situation.late, self._rules, now)
        if not found.is_news:
            return False
        begun = [(name, found.waiting[name]) for name in found.began]
        changes = [
            *(
                _event(situation.calls[name], said, "clear", now)
                for name, said in found.ended
                if name in situation.calls
            ),
            *(_event(situation.calls[name], said, "raise", now) for name, said in begun),
        ]
        notices = [self._notice(name, found.waiting[name], now) for name in (*found.began, *found.again)]
        situation.late = dict(found.waiting)
        with suppress(StoreError):
            memory = {call_watch.MEMORY: call_watch.to_json(found.waiting)}
            told = [notice for notice in notices if notice is not None]
            self._recorder.commit(Changes(at=now, alarms=tuple(changes), memory=memory), notices=told)
        return True

    def _notice(self, name: str, waiting: Waiting, now: datetime) -> Notice | None:
        """Return what to say of a call; None when there is nothing to say any more."""
        call = self._situation.calls[name]
        place, due = self._situation.places_of_calls.get(call.point), late(call)
        if place is None or due is None:
            return None
        return help_notice.of_late(place, call, *due, now, second=waiting.is_second)


def _event(call: Call, waiting: Waiting, action: str, now: datetime) -> AlarmChange:
    """Return a line of the log: no alarm is kept of it, since the call itself is."""
    alarm = AlarmState(
        id=waiting.what,
        point=call.point,
        state="unacknowledged" if action == "raise" else "normal",
        priority="critical",
        since=now,
        raised_at=waiting.begun_at,
        reason=f"call {call.id}",
    )
    return AlarmChange(call.point, waiting.what, action, to_json(alarm), is_kept=False, is_event=True)
