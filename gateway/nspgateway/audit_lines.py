"""Lines of the audit trail as a reader sees them: who did what, when, where and with which figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from nspgateway.alarm_text import catalogue, role_name
from nspgateway.audit_words import DETAILS, OF_ACT, ORIGINS, TEXT_OF, VALUES
from nspgateway.i18n import Language
from nspgateway.people import Action
from nspgateway.region import Region


@dataclass(frozen=True, slots=True)
class Line:
    """One line in words. ``who`` and ``note`` are personal: for a logged-in role only. ``number``: of the trail."""

    number: int
    date: str
    clock: str
    what: str
    point: str
    alarm: str
    details: tuple[str, ...]
    who: str = field(repr=False)
    role: str
    origin: str
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called: ``places`` by slug; ``terms``: of the region, by the key of a detail and then by id."""

    places: Mapping[str, str]
    terms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, lang: Language, region: Region, places: Mapping[str, str]) -> Names:
        """Return them as a region calls its own."""
        terms = {
            "decider": {one.id: one.name(lang.code) for one in region.decider},
            "milestone": {one.id: one.name(lang.code) for one in region.milestone},
        }
        return cls(places, terms)


def lines(lang: Language, actions: Iterable[Action], names: Names) -> tuple[Line, ...]:
    """Return the lines in the order of ``actions``."""
    return tuple(line(lang, action, names) for action in actions)


def line(lang: Language, action: Action, names: Names) -> Line:
    """Return one line; what this version has no words for is shown as it was written down."""
    _ = lang.gettext
    origin = action.by.origin
    return Line(
        number=action.id,
        date=lang.date(action.at, "EEE d MMM y"),
        clock=lang.seconds_clock(action.at),
        what=_(TEXT_OF.get(action.what, action.what)),
        point=names.places.get(action.point, action.point),
        alarm=alarm_title(lang, action.alarm),
        details=tuple(_details(lang, action, names)),
        who=action.by.who,
        role=role_name(lang.code, action.by.role),
        origin=_(ORIGINS[origin]) if origin in ORIGINS else origin,
        note=action.note,
    )


def alarm_title(lang: Language, alarm: str) -> str:
    """Return the title of an alarm as far as it holds for every case of it; "" for none."""
    texts = catalogue().alarms.get(alarm)
    if texts is None:
        return alarm
    title = texts[lang.code].title
    return title.split("{")[0].rstrip(" :") if "{" in title else title


def _details(lang: Language, action: Action, names: Names) -> Iterator[str]:
    for key, value in action.detail.items():
        if value not in {None, ""}:
            name = lang.gettext(DETAILS[key]) if key in DETAILS else key
            yield f"{name}: {_value(lang, action, key, names)}"


def _value(lang: Language, action: Action, key: str, names: Names) -> str:
    value: float | int | str | None = action.detail[key]
    if isinstance(value, float):
        return lang.number(value, 0 if value.is_integer() else 1)
    words = OF_ACT.get(action.what, VALUES.get(key, {})) if key == "word" else VALUES.get(key, {})
    if str(value) in words:
        return lang.gettext(words[str(value)])
    if not isinstance(value, str):
        return str(value)
    if key == "role":
        return role_name(lang.code, value)
    return names.terms.get(key, {}).get(value) or _moment(lang, value) or value


def _moment(lang: Language, text: str) -> str:
    """Return a time as people write it; "" for what is none."""
    if len(text) < len("2027-01-01T00:00") or text[10] != "T":
        return ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return "" if at.tzinfo is None else f"{lang.date(at)} {lang.clock(at)}"
