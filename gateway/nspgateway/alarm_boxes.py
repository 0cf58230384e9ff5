"""An open alarm as the page shows it: how urgent, where, what is wrong, who does what, who is at it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from nspgateway import exercise_mark, words
from nspgateway.alarm_text import ROLE_NAME, catalogue, role_name
from nspgateway.exercise_mark import Mark
from nspgateway.i18n import Language
from nspgateway.view import Alarm, Hand


@dataclass(frozen=True, slots=True)
class Task:
    """What to do and who does it; ``who`` is empty where the text names nobody."""

    who: str
    what: str


@dataclass(frozen=True, slots=True)
class AlarmBox:
    """One open alarm in words. ``mark``: whether it is part of the exercise that goes on; ``mark_text``: the same to read.

    ``seen``, ``owner``: by whom and when, "" = by nobody yet. ``until``: put aside until then, "" = it is not.
    """

    id: str
    point: str
    name: str
    priority: str
    shape: str
    word: str
    response: str
    title: str
    since: str
    what: str
    tasks: tuple[Task, ...]
    mark: Mark = ""
    mark_text: str = ""
    seen: str = ""
    owner: str = ""
    until: str = ""

    @property
    def key(self) -> str:
        """What a form names it by."""
        return f"{self.point}/{self.id}"


def in_language(texts: dict[str, str], lang: Language) -> str:
    """The text in this language, else in Dutch, else whatever there is."""
    return texts.get(lang.code) or texts.get("nl") or next(iter(texts.values()), "")


def alarm_box(
    lang: Language, alarm: Alarm, names: dict[str, str], now: datetime, mark: Mark = ""
) -> AlarmBox:
    """An alarm as a box; ``names`` maps the slug of a point to its name."""
    shape, word, response = words.RETURNED if alarm.is_returned else words.PRIORITIES[alarm.priority]
    since = lang.moment(alarm.raised_at, now)
    return AlarmBox(
        id=alarm.id,
        point=alarm.point,
        name=names.get(alarm.point, alarm.point),
        priority="returned" if alarm.is_returned else alarm.priority,
        shape=shape,
        word=lang.gettext(word),
        response=lang.gettext(response),
        title=in_language(alarm.title, lang),
        since=lang.gettext("since {clock}").format(clock=since),
        what=in_language(alarm.what, lang),
        tasks=tasks(in_language(alarm.todo, lang)),
        mark=mark,
        mark_text=exercise_mark.word(lang, mark),
        seen=_by(lang, lang.gettext("Seen by {role} at {clock}"), alarm.seen, now),
        owner=owner(lang, alarm, now),
        until=_until(lang, alarm, now),
    )


def owner(lang: Language, alarm: Alarm, now: datetime) -> str:
    """Who takes care of it, and since when; "" = nobody yet."""
    return _by(lang, lang.gettext("{role} takes care of this since {clock}"), alarm.owner, now)


def _by(lang: Language, text: str, hand: Hand | None, now: datetime) -> str:
    if hand is None:
        return ""
    return text.format(role=role_name(lang.code, hand.role), clock=lang.moment(hand.at, now))


def _until(lang: Language, alarm: Alarm, now: datetime) -> str:
    if alarm.shelved_until is None:
        return ""
    return lang.gettext("comes back at {clock}").format(clock=lang.moment(alarm.shelved_until, now))


# "Logistiek: …" at the start of a sentence may be who does it; "Nodig: 21 liter" is not.
_WHO = re.compile(rf"({ROLE_NAME.pattern}): (.+)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.?!])\s+")


def first_task(lang: Language, alarm: Alarm) -> Task | None:
    """The first thing to do about it, in one sentence."""
    found = tasks(in_language(alarm.todo, lang))
    if not found:
        return None
    return Task(found[0].who, _SENTENCE.split(found[0].what)[0])


@cache
def _role_names() -> frozenset[str]:
    """Return how all roles are called, in all languages."""
    return frozenset(name for names in catalogue().roles.values() for name in names.values())


def tasks(todo: str) -> tuple[Task, ...]:
    """Split "Logistics: do this. Point: do that." into tasks, a line for each who."""
    found: list[tuple[str, list[str]]] = []
    for sentence in _SENTENCE.split(todo.strip()):
        match = _WHO.fullmatch(sentence)
        if match is not None and match[1] in _role_names():
            found.append((match[1], [match[2][0].upper() + match[2][1:]]))
        elif found:
            found[-1][1].append(sentence)
        elif sentence:
            found.append(("", [sentence]))
    return tuple(Task(who, " ".join(what)) for who, what in found)
