"""Lines of the audit trail as a reader sees them: who did what, when, where and with which figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from nspgateway.alarm_text import catalogue, role_name
from nspgateway.audit_words import DETAILS, ORIGINS, TEXT_OF, VALUES
from nspgateway.i18n import Language
from nspgateway.people import Action


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


def lines(lang: Language, actions: Iterable[Action], names: Mapping[str, str]) -> tuple[Line, ...]:
    """Return the lines in the order of ``actions``; ``names``: slug of a place to its name."""
    return tuple(line(lang, action, names) for action in actions)


def line(lang: Language, action: Action, names: Mapping[str, str]) -> Line:
    """Return one line; what this version has no words for is shown as it was written down."""
    _ = lang.gettext
    origin = action.by.origin
    return Line(
        number=action.id,
        date=lang.date(action.at, "EEE d MMM y"),
        clock=lang.seconds_clock(action.at),
        what=_(TEXT_OF.get(action.what, action.what)),
        point=names.get(action.point, action.point),
        alarm=alarm_title(lang, action.alarm),
        details=tuple(
            _detail(lang, key, value) for key, value in action.detail.items() if value not in {None, ""}
        ),
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


def _detail(lang: Language, key: str, value: float | str | None) -> str:
    _ = lang.gettext
    name = _(DETAILS[key]) if key in DETAILS else key
    return f"{name}: {_value(lang, key, value)}"


def _value(lang: Language, key: str, value: float | str | None) -> str:
    _ = lang.gettext
    if isinstance(value, str):
        known = VALUES.get(key, {}).get(value)
        if known is not None:
            return _(known)
        if key == "role":
            return role_name(lang.code, value)
        return _moment(lang, value) or value
    if value is None:
        return _("unknown")
    return lang.number(value, 0 if value == round(value) else 1)


def _moment(lang: Language, text: str) -> str:
    """Return a time as people write it; "" for what is none."""
    if len(text) < len("2027-01-01T00:00") or text[10] != "T":
        return ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return "" if at.tzinfo is None else f"{lang.date(at)} {lang.clock(at)}"
