"""What became of a point's alarms, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nspgateway import words
from nspgateway.alarm_state import AlarmState
from nspgateway.audit_lines import alarm_title
from nspgateway.i18n import N_, Language

# By the state that an alarm came into; of one that is over also how.
_STATES = {
    "unacknowledged": N_("Raised"),
    "acknowledged": N_("Seen"),
    "returned_unacknowledged": N_("Cause gone, not seen yet"),
    "shelved": N_("Put aside"),
    "suppressed": N_("Belongs to another alarm"),
    "normal": N_("Over"),
}
_RETURNED = N_("No longer reported by the kit")
_CHANGED = N_("Changed")


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """What happened to an alarm: ``action`` of ``decision.Action``, and the alarm as it then was."""

    at: datetime
    alarm: str
    action: str
    state: AlarmState


@dataclass(frozen=True, slots=True)
class Line:
    """One event: when, which alarm, how urgent (word and shape), what happened."""

    clock: str
    title: str
    priority: str
    word: str
    shape: str
    happened: str


def lines(lang: Language, events: Iterable[AlarmEvent], now: datetime) -> tuple[Line, ...]:
    """Return what happened to a point's alarms, newest first as given."""
    return tuple(_line(lang, event, now) for event in events)


def _line(lang: Language, event: AlarmEvent, now: datetime) -> Line:
    shape, word, _response = words.PRIORITIES[event.state.priority]
    return Line(
        clock=lang.moment(event.at, now),
        title=alarm_title(lang, event.alarm),
        priority=event.state.priority,
        word=lang.gettext(word),
        shape=shape,
        happened=lang.gettext(_happened(event)),
    )


def _happened(event: AlarmEvent) -> str:
    if event.action == "return":
        return _RETURNED
    # An update that brought no new state changed its urgency, its cause or its words.
    if event.action == "update" and event.state.since != event.at:
        return _CHANGED
    return _STATES[event.state.state]
