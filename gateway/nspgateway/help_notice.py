"""What a frame makes of the calls for help, and what goes out at once of each: nothing that a person typed. Pure.

Each call is heard by itself: nothing here groups, limits or ends one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nspgateway import calls
from nspgateway.alarm_text import LANGUAGES, catalogue
from nspgateway.calls import Call, CallNews, Late, Step
from nspgateway.config import PointConfig
from nspgateway.messages import OutboxMessage
from nspgateway.notify import Notice
from nspgateway.phrases import Phrases
from nspgateway.records import KitEvent
from nspgateway.uplinks import Read

_KINDS = frozenset({"fire_brigade", "ambulance", "police", "not_known"})
_MARKS = frozenset({"withdrawn", "details"})


@dataclass(frozen=True, slots=True)
class Taken:
    """What a frame makes of the calls: ``call`` as it is with it, what to write, and what to tell. None: no call.

    ``messages``: for MQTT, put there by the situation.
    """

    call: Call | None = None
    news: tuple[CallNews, ...] = ()
    notices: tuple[Notice, ...] = ()
    messages: tuple[OutboxMessage, ...] = ()


NOTHING = Taken()


def news_of(read: Read) -> tuple[str, Step] | None:
    """Return which call a frame speaks of and what it says; None for a frame that is about none.

    A mark that we do not know is taken as a call: one too many is the smaller harm.
    """
    event, frame = read.event, read.frame
    if event is None or event.kind != "help":
        return None
    what = event.mark if event.mark in _MARKS else "made"
    kind = str(frame.fields.get("help_kind") or "")
    step = Step(what, frame.received_at, None, event.began, frame.counter, kind, tail=event.tail)
    return calls.name_of(event.kit, event.generation, event.boot, event.n), step


class Journal(Protocol):
    """What is asked of the store."""

    def has_event(self, event: KitEvent) -> bool:
        """Tell whether the kit's event is written down."""
        ...

    def has_news(self, call: str, news: Step) -> bool:
        """Tell whether this word of a kit about its call is written down."""
        ...


def is_known(read: Read, journal: Journal) -> bool:
    """Tell whether what this frame brings under a name of its own is written down already."""
    call = news_of(read)
    if call is not None:
        return journal.has_news(*call)
    return read.event is not None and journal.has_event(read.event)


def take(known: Mapping[str, Call], point: PointConfig, read: Read, *, during_exercise: bool) -> Taken:
    """Return what a frame makes of the calls; it may be the first of its call that got through, whatever it says.

    What could not be written before is told again and written now, and stands there once.
    """
    found, event = news_of(read), read.event
    if found is None or event is None:
        return NOTHING
    name, step = found
    call = known.get(name) or Call(
        name,
        point.slug,
        "kit",
        step.word or None,
        read.frame.exercise,
        during_exercise,
        event.began,
        read.frame.received_at,
        event.kit,
        event.generation,
        event.boot,
        event.n,
    )
    after = call.with_news(step)
    return Taken(after, (CallNews(after, step),), (of_news(point, after, step, read.frame.received_at),))


def of_news(point: PointConfig, call: Call, step: Step, now: datetime) -> Notice:
    """Return the notice of a call, or of what came to it."""
    made = step.what in {"made", "entered"}
    text = "security_request" if call.is_security and made else f"help_{'made' if made else step.what}"
    alike = [one.tail for one in call.steps if one.what == step.what]
    return _notice(
        point,
        call,
        text,
        key=f"{step.what}/{alike.index(step.tail)}",
        action="raise" if made else "update",
        now=now,
        t=step.happened_at,
        t2=step.at,
    )


def of_late(
    point: PointConfig, call: Call, late: Late, since: datetime, now: datetime, *, second: bool
) -> Notice:
    """Return the notice that a call still waits for a person; ``second``: a second place is to hear of it too."""
    reader = call.first(*calls.SEEN)
    return _notice(
        point,
        call,
        late,
        key=f"{late}/{now.isoformat()}",
        action="remind",
        now=now,
        since=since,
        role=reader.by.role if reader is not None and reader.by is not None else "",
        second=second,
    )


def _notice(
    point: PointConfig,
    call: Call,
    text: str,
    *,
    key: str,
    action: str,
    now: datetime,
    t: datetime | None = None,
    t2: datetime | None = None,
    since: datetime | None = None,
    role: str = "",
    second: bool = False,
) -> Notice:
    filled: dict[str, tuple[str, str, str]] = {}
    for language in LANGUAGES:
        words, roles = catalogue().phrases[language], catalogue().roles[language]
        found = catalogue().alarms[text][language]
        gaps = {
            **roles,
            **_gaps(words, call),
            "punt": point.name,
            "nr": f"{point.number:02}",
            "rol": roles.get(role, roles["cp_medewerker"]),
            "t": words.moment(t, now),
            "t2": words.moment(t2, now),
            "m": _minutes(words, since, now),
        }
        filled[language] = (
            found.title.format_map(gaps),
            found.what.format_map(gaps),
            found.todo.format_map(gaps),
        )
    return Notice(
        key=f"help/{call.id}/{key}",
        kind="help",
        action=action,
        at=now,
        point=point.slug,
        name=point.name,
        id=call.id,
        priority="critical",
        title={language: one[0] for language, one in filled.items()},
        what={language: one[1] for language, one in filled.items()},
        todo={language: one[2] for language, one in filled.items()},
        exercise=call.exercise,
        is_second=second,
    )


def _gaps(words: Phrases, call: Call) -> dict[str, str]:
    """What is asked for, in one language."""
    known = call.kind if call.kind in _KINDS else "not_known"
    safety = words["help_safety"]
    return {
        "soort": safety if call.is_security else words[f"help_short_{known}"],
        "hulp": safety if call.is_security else words[f"help_from_{known}"],
    }


def _minutes(words: Phrases, since: datetime | None, now: datetime) -> str:
    """Return how long it has waited, such as "3 minuten"; "onbekend" when the clock was set back meanwhile."""
    waited = None if since is None else calls.waited_s(since, now)
    if waited is None:
        return words["unknown"]
    minutes = int(waited // 60)
    return words["age_minute"] if minutes == 1 else words.fill("age_minutes", n=str(minutes))
