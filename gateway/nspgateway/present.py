"""From the gateway's overview to the words of the page, in one language. Pure.

The template only places what stands here: every sentence, figure and age is
made by these functions, so that tests need no browser to read the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nspgateway import bars, cells, exercise_mark, hours, words
from nspgateway.alarm_boxes import AlarmBox, alarm_box, in_language
from nspgateway.alarm_text import role_name
from nspgateway.bars import Bar
from nspgateway.cells import Cell, Level
from nspgateway.i18n import Language
from nspgateway.people import By
from nspgateway.view import CLOSED, Overview, Point, Status, is_ahead

# Alarms shown in full; the rest stand behind a button with their number.
ALARMS_IN_FULL = 4
# Names spelled out in the summary line before it goes on with a number.
_NAMES = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One support point: its head (name, number, deployment) and its cells in column order."""

    slug: str
    name: str
    number: str
    deployment: str
    deployment_text: str
    deployment_shape: str
    status: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the summary or of the system line; ``counters`` are (id, words, count)."""

    id: str
    label: str
    text: str
    level: Level = ""
    counters: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """What stands over every page: the time, what is wrong with our own equipment, and how many alarms are open.

    ``exercise``: the mark of an exercise that goes on, and at which points; "" = none does.
    """

    alarms: int
    clock: str
    date: str
    bars: tuple[Bar, ...]
    exercise: str
    exercise_scope: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that changes on the first page; ``closed_rows`` stand under a fold that says ``closed``."""

    headline: str
    summary: tuple[Fact, ...]
    alarms: tuple[AlarmBox, ...]
    more_alarms: tuple[AlarmBox, ...]
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    closed: str
    closed_rows: tuple[Row, ...]
    system: tuple[Fact, ...]


def head(overview: Overview, lang: Language) -> Head:
    """What stands over every page, in one language."""
    is_exercise = exercise_mark.is_on(overview)
    return Head(
        alarms=len(overview.alarms),
        clock=lang.seconds_clock(overview.now),
        date=lang.date(overview.now, "EEEE d MMMM"),
        bars=bars.bars(lang, overview),
        exercise=exercise_mark.word(lang, "exercise") if is_exercise else "",
        exercise_scope=exercise_mark.scope(lang, overview) if is_exercise else "",
    )


def page(overview: Overview, lang: Language) -> Page:
    """The first page in one language; points and alarms stay in the overview's order."""
    _ = lang.gettext
    now = overview.now
    names = {point.slug: point.name for point in overview.points}
    alarms = tuple(
        alarm_box(lang, alarm, names, now, exercise_mark.of_point(overview, alarm.point))
        for alarm in overview.alarms
    )
    # What must be done now never stands behind a button.
    critical = [n for n, a in enumerate(overview.alarms) if a.priority == "critical" and not a.is_returned]
    in_full = max(ALARMS_IN_FULL, *(n + 1 for n in critical), 0)
    is_folded = any(point.deployment not in CLOSED for point in overview.points)
    rows = [(_row(lang, point, now), is_folded and point.deployment in CLOSED) for point in overview.points]
    closed = tuple(row for row, is_closed in rows if is_closed)
    return Page(
        headline=bars.headline(lang, overview),
        summary=_summary(lang, overview),
        alarms=alarms[:in_full],
        more_alarms=alarms[in_full:],
        columns=tuple((field, _(heading)) for field, heading in words.COLUMNS.items()),
        rows=tuple(row for row, is_closed in rows if not is_closed),
        closed=lang.ngettext(
            "{n} point closed or in storage", "{n} points closed or in storage", len(closed)
        ).format(n=len(closed)),
        closed_rows=closed,
        system=_system(lang, overview),
    )


def printed(lang: Language, by: By, at: datetime) -> str:
    """What stands under a printed page: who printed it, and of when it is, with the year."""
    text = lang.gettext("Printed by {who}, {role}. Page opened {date}, {clock}.")
    role = role_name(lang.code, by.role)
    date = lang.date(at, "EEEE d MMMM y")
    return text.format(who=by.who, role=role, date=date, clock=lang.seconds_clock(at))


def banner(text: str | None, speed: float, lang: Language) -> tuple[str, str]:
    """The banner over the page and its explanation; two empty strings when there is none."""
    if speed == 1:
        return text or "", ""
    factor = lang.number(speed, 0 if speed == int(speed) else 1)
    mark = text or "DEMO"
    if f"x{factor}" not in mark:
        mark = f"{mark} x{factor}"
    note = lang.gettext("Simulated points. One second here is {duration} on this page.")
    return mark, note.format(duration=lang.duration(speed))


def _row(lang: Language, point: Point, now: datetime) -> Row:
    deployment = words.DEPLOYMENTS.get(point.deployment, words.Word(point.deployment, "question"))
    made = {
        "status": _status(lang, point, now),
        "hours": hours.cell(lang, point, now),
        "source": cells.source(lang, point, now),
        "fuel": cells.fuel(lang, point, now),
        "battery": cells.battery(lang, point, now),
        "load": cells.load(lang, point, now),
        "generator": cells.generator(lang, point, now),
        "link": cells.link(lang, point, now),
        "heard": cells.heard(lang, point, now),
    }
    return Row(
        slug=point.slug,
        name=point.name,
        number=f"NSP {point.number:02d}",
        deployment=point.deployment,
        deployment_text=lang.gettext(deployment.text),
        deployment_shape=deployment.shape,
        status=point.status,
        cells=tuple(made[field] for field in words.COLUMNS if field in made),
    )


def _status(lang: Language, point: Point, now: datetime) -> Cell:
    word = words.STATUSES[point.status]
    reason = _reason(lang, point, now)
    return Cell(
        field="status",
        quality="unknown" if point.status in {"no_contact", "unknown"} else "good",
        text=lang.gettext(word.text),
        value=point.status,
        lines=(reason,) if reason else (),
        level=_level(point.status),
        shape=word.shape,
    )


def _level(status: Status) -> Level:
    return status if status in {"attention", "critical"} else ""


def _reason(lang: Language, point: Point, now: datetime) -> str:
    """The shortest reason for the status: silence, the first alarm, or what is not known."""
    _ = lang.gettext
    if point.kit_address is None:
        return _("Without kit")
    if point.deployment in CLOSED and point.link == "none":
        deployment = words.DEPLOYMENTS[point.deployment].text
        return _("{deployment}. No contact is no problem now.").format(deployment=_(deployment))
    if point.last_heard is None:
        return _("No message received yet.")
    if is_ahead(point.last_heard, now):
        return _("Time unknown: our clock was set back.")
    if point.status == "no_contact":
        return _("We do not know how things are there since {clock}.").format(
            clock=lang.moment(point.last_heard, now)
        )
    if point.alarms:
        return in_language(point.alarms[0].title, lang)
    if point.doubt:
        return _(words.DOUBTS[point.doubt])
    for quality, text in (("unknown", _("unknown: {names}")), ("stale", _("old reading: {names}"))):
        names = [
            _(name)
            for field, name in words.QUANTITIES.items()
            if point.readings.get(field, cells.NEVER).quality == quality
        ]
        if names:
            return text.format(names=", ".join(names))
    return ""


def _summary(lang: Language, overview: Overview) -> tuple[Fact, ...]:
    _ = lang.gettext
    present = [point for point in overview.points if point.deployment not in CLOSED]
    unclear = [point.name for point in present if hours.cell(lang, point, overview.now).quality == "unknown"]
    return (
        _first_fact(lang, present, overview.now),
        _names_fact(lang, "silent", _("No contact"), [point.name for point in bars.silent(overview)]),
        _names_fact(lang, "unclear", _("Hours left unknown"), unclear),
    )


def _first_fact(lang: Language, points: list[Point], now: datetime) -> Fact:
    """Who is empty first, of the points that run down: on the grid nothing does."""
    _ = lang.gettext
    found = [
        (forecast, point)
        for point in points
        if not hours.is_on_grid(point) and (forecast := hours.first_empty(point))
    ]
    if not found:
        return Fact("first", _("First to run dry"), _("no forecast"))
    forecast, point = min(found, key=lambda pair: pair[0].likely_h)
    text = _("{name}, around {clock}").format(
        name=point.name, clock=lang.day_and_clock(forecast.empty_likely, now)
    )
    return Fact("first", _("First to run dry"), text, _level(point.status))


def _names_fact(lang: Language, key: str, label: str, names: list[str]) -> Fact:
    if not names:
        return Fact(key, label, lang.gettext("no point"))
    text = ", ".join(names[:_NAMES])
    if len(names) > _NAMES:
        text = lang.gettext("{names} and {n} more").format(names=text, n=len(names) - _NAMES)
    return Fact(key, label, text, "attention")


def _system(lang: Language, overview: Overview) -> tuple[Fact, ...]:
    _ = lang.gettext
    modem = _("works") if overview.modem_ok else _("does not respond")
    if bars.is_starting(overview):
        modem = _("starts up")
    broker = _("connected") if overview.broker_ok else _("not connected, messages wait")
    refused = tuple(
        (outcome, _(words.REFUSALS.get(outcome, outcome)), count)
        for outcome, count in sorted(overview.counters.items())
        if outcome != "accepted" and count
    )
    total = sum(count for _outcome, _label, count in refused)
    accepted = overview.counters.get("accepted", 0)
    return (
        Fact(
            "modem",
            _("Receiver"),
            modem,
            "" if overview.modem_ok or bars.is_starting(overview) else "critical",
        ),
        Fact("broker", _("Forwarding (MQTT)"), broker, "" if overview.broker_ok else "attention"),
        Fact("accepted", _("Messages received"), lang.number(accepted)),
        Fact(
            "refused",
            _("Messages not taken"),
            lang.number(total),
            "attention" if overview.counters.get("not_stored") else "",
            refused,
        ),
        *_own(lang, overview),
    )


def _own(lang: Language, overview: Overview) -> tuple[Fact, ...]:
    """What we know of our own box, as far as it is watched."""
    _ = lang.gettext
    own = overview.own
    found = []
    if own is not None and own.supply:
        supply = words.SUPPLIES[own.supply]
        level: Level = "" if own.supply == "line" else "critical" if own.supply == "battery" else "attention"
        found.append(Fact("supply", _("Our power"), _(supply), level))
    if own is not None and own.clock_trusted is not None:
        text = _("right") if own.clock_trusted else _("not known to be right")
        found.append(Fact("clock", _("Our clock"), text, "" if own.clock_trusted else "attention"))
    if own is not None and own.disk:
        text = _("full, new readings are not kept") if own.disk == "full" else _("nearly full")
        found.append(Fact("disk", _("Our disk"), text, "critical" if own.disk == "full" else "attention"))
    return tuple(found)
