"""What people can do, each with a name, a moment and a place: written first, true after that, then said.

Every act is one transaction with its line in the audit trail. A full disk refuses it
(StoreError): nobody may believe that something was seen, or a stop planned, that the next
start would not know of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from nspgateway import alarms
from nspgateway.alarms import Action as AlarmAction
from nspgateway.alarms import AlarmState, Decision
from nspgateway.clock import Clock
from nspgateway.config import Deployment as Word
from nspgateway.errors import GatewayError
from nspgateway.judge import Judgement
from nspgateway.people import Action, By, Deployment, Entry, PlannedStop
from nspgateway.recorder import Recorder
from nspgateway.records import Changes
from nspgateway.situation import Situation

STOP_MINUTES = 15
STOP_MOST_MINUTES = 60


class Refused(GatewayError):
    """What was asked cannot be done; the text says why and what can. ``word``: the same for a program."""

    exit_code = 2

    def __init__(self, word: str, text: str) -> None:
        self.word = word
        super().__init__(text)


class Desk:
    """Where every act of a person comes in, from the page, MQTT or a command. One for each gateway.

    ``on_done`` is called after each act, so that screens and rules see it at once.
    """

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

    # Alarms

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

    # Points

    def set_deployment(
        self, point: str, word: Word, by: By, *, opens_at: datetime | None = None, note: str = ""
    ) -> None:
        """Say what a point is used for from now on, or when it is to be open. Raises Refused."""
        self._point(point)
        self._enter("deployment", point, Deployment(word, opens_at), by, {"word": word}, note)

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

    # How each of them is done

    def _point(self, slug: str) -> str:
        if slug not in self._situation.states:
            known = ", ".join(sorted(self._situation.states))
            raise Refused("no_point", f"There is no point {slug!r}; there are: {known}.")
        return slug

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

    def _write(self, action: Action, judged: Sequence[Judgement] = ()) -> int:
        changes = Changes(
            at=action.at,
            actions=(action,),
            alarms=tuple(change for one in judged for change in one.changes),
            messages=tuple(message for one in judged for message in one.messages),
        )
        (number,) = self._recorder.commit(changes, judged)
        self._situation.enter(replace(action, id=number))
        self._situation.keep(judged)
        self._on_done()
        return number
