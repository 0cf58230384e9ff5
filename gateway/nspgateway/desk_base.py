"""How an act of a person is done: written first, true after that, then said.

Every act is one transaction with its line in the audit trail. A full disk refuses it
(StoreError): nobody may believe that something was seen, or a stop planned, that the next
start would not know of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from nspgateway.alarms import AlarmState, Decision
from nspgateway.clock import Clock
from nspgateway.errors import GatewayError
from nspgateway.judge import Judgement
from nspgateway.people import Action, By, Entry
from nspgateway.recorder import Recorder
from nspgateway.records import Changes
from nspgateway.situation import Situation


class Refused(GatewayError):
    """What was asked cannot be done; the text says why and what can. ``word``: the same for a program."""

    exit_code = 2

    def __init__(self, word: str, text: str) -> None:
        self.word = word
        super().__init__(text)


NOTE_MOST = 500
# A clock on the wall beside ours, or a minute typed too far.
SLACK = timedelta(minutes=2)


def note_of(text: str, most: int = NOTE_MOST) -> str:
    """Return what a person typed, within bounds. Raises Refused."""
    said = text.strip()
    if len(said) > most:
        raise Refused("too_long", f"What you typed may have at most {most} letters; it has {len(said)}.")
    return said


class DeskBase:
    """What every desk stands on. ``on_done`` is called after each act, so that screens and rules see it at once."""

    def __init__(
        self,
        situation: Situation,
        recorder: Recorder,
        clock: Clock,
        on_done: Callable[[], None] = lambda: None,
    ) -> None:
        self._situation = situation
        self._recorder = recorder
        self._clock = clock
        self._on_done = on_done

    def _point(self, slug: str) -> str:
        if slug not in self._situation.states:
            known = ", ".join(sorted(self._situation.states))
            raise Refused("no_point", f"There is no point {slug!r}; there are: {known}.")
        return slug

    def _past(self, at: datetime | None, oldest: timedelta, too_old: str = "is the date right?") -> datetime:
        """Return the moment that a person typed, None = now; at most ``oldest`` ago, and not in the future. Raises Refused."""
        now = self._clock.now()
        moment = at or now
        if moment.tzinfo is None:
            raise Refused("bad_time", f"{moment} has no time zone.")
        if moment > now + SLACK:
            raise Refused("in_future", f"{moment:%d-%m %H:%M %Z} is in the future.")
        if moment < now - oldest:
            raise Refused("too_old", f"{moment:%d-%m-%Y %H:%M %Z} is too long ago: {too_old}")
        return min(moment, now)

    def _alarm(self, point: str, alarm: str) -> AlarmState:
        found = self._situation.open_alarm(point, alarm)
        if found is None:
            raise Refused("no_alarm", f"No alarm {alarm!r} is open at {point!r}.")
        return found

    def _enter(
        self,
        what: str,
        point: str,
        entry: Entry,
        by: By,
        detail: Mapping[str, float | int | str | None] | None = None,
        note: str = "",
    ) -> int:
        """Write an entry of a person and let it count; return its id."""
        now = self._clock.now()
        return self._write(Action(now, by, what, point, "", detail or {}, note, entry))

    def _decide(self, action: Action, decisions: Sequence[Decision]) -> None:
        judged = self._situation.decide(action.point, decisions, action.at)
        self._write(action, (judged,))

    def _write(
        self, action: Action, judged: Sequence[Judgement] = (), memory: Mapping[str, str] | None = None
    ) -> int:
        changes = Changes(
            at=action.at,
            actions=(action,),
            alarms=tuple(change for one in judged for change in one.changes),
            messages=tuple(message for one in judged for message in one.messages),
            memory=memory or {},
        )
        (number,) = self._recorder.commit(changes, judged)
        self._situation.enter(replace(action, id=number))
        self._situation.keep(judged)
        self._on_done()
        return number

    def _write_all(self, actions: Sequence[Action], memory: Mapping[str, str] | None = None) -> list[int]:
        """Write several entries, all or none, and let them count; return their ids."""
        changes = Changes(at=actions[0].at, actions=tuple(actions), memory=memory or {})
        numbers = self._recorder.commit(changes)
        for number, action in zip(numbers, actions, strict=True):
            self._situation.enter(replace(action, id=number))
        self._on_done()
        return numbers
