"""A call for help as it first comes in: what goes out at once, without anything that a person typed. Pure.

Each call is heard by itself: nothing here groups, limits or ends one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from nspgateway.alarm_text import LANGUAGES, catalogue
from nspgateway.config import PointConfig
from nspgateway.notify import Notice
from nspgateway.records import KitEvent
from nspgateway.uplinks import UNNAMED, Read

MEMORY = "calls_sounding"
_KINDS = frozenset({"fire_brigade", "ambulance", "police", "not_known"})


class Call(msgspec.Struct, frozen=True):
    """A call for help whose sound nobody has switched off yet. ``since``: when it came in."""

    id: str
    point: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What a frame makes of the calls: those that sound from now on, and what to write and to tell."""

    calls: tuple[Call, ...]
    memory: Mapping[str, str]
    notices: tuple[Notice, ...]


def call_id(event: KitEvent) -> str:
    """Return the name of a call: kit, boot and number, the same for its withdrawal."""
    boot = "x" if event.boot == UNNAMED else str(event.boot)
    return f"{event.kit}-{boot}-{event.n}"


def take(calls: tuple[Call, ...], point: PointConfig, read: Read, *, is_known: bool) -> Taken:
    """Return what a frame makes of the ``calls`` that sound; nothing unless it is a call, or news of one."""
    notice = None if is_known else of_event(point, read)
    if notice is None or read.event is None:
        return Taken(calls, {}, ())
    # News of a call sounds too: what comes may be the first of it that got through.
    if all(call.id != notice.id for call in calls):
        calls = (*calls, Call(notice.id, point.slug, notice.at))
    return Taken(calls, {MEMORY: to_json(calls)}, (notice,))


def of_event(point: PointConfig, read: Read) -> Notice | None:
    """Return the notice of a call for help; None for any other frame.

    A mark that we do not know is told as a call: one too many is the smaller harm.
    """
    event, frame = read.event, read.frame
    if event is None or event.kind != "help":
        return None
    kind = str(frame.fields.get("help_kind") or "")
    mark = event.mark if event.mark in ("withdrawn", "details") else "made"
    title: dict[str, str] = {}
    what: dict[str, str] = {}
    todo: dict[str, str] = {}
    text = f"help_{mark}" if kind != "security" or mark != "made" else "security_request"
    for language in LANGUAGES:
        words, roles = catalogue().phrases[language], catalogue().roles[language]
        found = catalogue().alarms[text][language]
        known = kind if kind in _KINDS else "not_known"
        gaps = {
            **roles,
            "punt": point.name,
            "nr": f"{point.number:02}",
            "soort": words["help_safety" if kind == "security" else f"help_short_{known}"],
            "hulp": words["help_safety" if kind == "security" else f"help_from_{known}"],
            "t": words.moment(event.began, frame.received_at),
            "t2": words.moment(frame.received_at, frame.received_at),
        }
        title[language] = found.title.format_map(gaps)
        what[language] = found.what.format_map(gaps)
        todo[language] = found.todo.format_map(gaps)
    name = call_id(event)
    return Notice(
        key=f"help/{name}/{event.generation}/{mark}",
        kind="help",
        action="raise" if mark == "made" else "update",
        at=frame.received_at,
        point=point.slug,
        name=point.name,
        id=name,
        priority="critical",
        title=title,
        what=what,
        todo=todo,
        exercise=frame.exercise,
    )


def to_json(calls: tuple[Call, ...]) -> str:
    """Return the calls that sound as JSON."""
    return msgspec.json.encode(calls).decode()


def restored(remembered: object) -> tuple[Call, ...]:
    """Return the calls that sounded when the gateway stopped. ``remembered``: as the memory has it, None = none."""
    return msgspec.convert(remembered or [], tuple[Call, ...])
