"""From the gateway's overview to the words of the page, in one language. Pure.

The template only places what stands here: every sentence, figure and age is
made by these functions, so that tests need no browser to read the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nspgateway import bars, call_lines, clocks, exercise_mark, rows, totals, urgency, words
from nspgateway.alarm_boxes import AlarmBox, alarm_box
from nspgateway.alarm_text import role_name
from nspgateway.bars import Bar
from nspgateway.call_lines import CallLine
from nspgateway.cells import Level
from nspgateway.clocks import ClockLine
from nspgateway.exercise_mark import Mark
from nspgateway.i18n import Language
from nspgateway.people import By
from nspgateway.rows import Row
from nspgateway.totals import Fact
from nspgateway.view import Alarm, Overview

# Alarms shown in full; the rest stand behind a button with their number.
ALARMS_IN_FULL = 4


@dataclass(frozen=True, slots=True)
class Head:
    """What stands over every page: the time, what is wrong with our own equipment, and how many alarms are open.

    ``calls``: every open call for help.
    ``clocks``: since when the grid is out and T+, while something is activated.
    ``exercise``: the mark of an exercise that goes on, and at which points; "" = none does. ``sounds``: what sounds
    until somebody has seen it, as word:point/id@second, the loudest first.
    """

    alarms: int
    clock: str
    date: str
    bars: tuple[Bar, ...]
    calls: tuple[CallLine, ...]
    clocks: tuple[ClockLine, ...]
    exercise: str
    exercise_scope: str
    sounds: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that changes on the first page; ``closed_rows`` stand under a fold that says ``closed``.

    ``shelved``: alarms that were put aside, and when they come back.
    """

    headline: str
    summary: tuple[Fact, ...]
    alarms: tuple[AlarmBox, ...]
    more_alarms: tuple[AlarmBox, ...]
    shelved: tuple[AlarmBox, ...]
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
        calls=call_lines.lines(lang, overview),
        clocks=clocks.lines(lang, overview.clocks, overview.now),
        exercise=exercise_mark.word(lang, "exercise") if is_exercise else "",
        exercise_scope=exercise_mark.scope(lang, overview) if is_exercise else "",
        sounds=" ".join(
            f"{sound.word}:{sound.point}/{sound.id}@{sound.since.timestamp():.0f}"
            for sound in overview.sounding
        ),
    )


def page(overview: Overview, lang: Language) -> Page:
    """The first page in one language; points and alarms stay in the overview's order."""
    _ = lang.gettext
    alarms = boxes(overview.alarms, overview, lang)
    # What must be done now never stands behind a button.
    critical = [n for n, a in enumerate(overview.alarms) if a.priority == "critical" and not a.is_returned]
    in_full = max(ALARMS_IN_FULL, *(n + 1 for n in critical), 0)
    is_folded = not all(urgency.is_below(point) for point in overview.points)
    made = [
        (rows.row(lang, point, overview), is_folded and urgency.is_below(point)) for point in overview.points
    ]
    closed = tuple(row for row, is_closed in made if is_closed)
    return Page(
        headline=bars.headline(lang, overview),
        summary=totals.facts(lang, overview),
        alarms=alarms[:in_full],
        more_alarms=alarms[in_full:],
        shelved=boxes(overview.shelved, overview, lang),
        columns=tuple((field, _(heading)) for field, heading in words.COLUMNS.items()),
        rows=tuple(row for row, is_closed in made if not is_closed),
        closed=closed_points(lang, len(closed)),
        closed_rows=closed,
        system=_system(lang, overview),
    )


def closed_points(lang: Language, count: int) -> str:
    """How many points are not in use."""
    text = lang.ngettext("{n} point closed or in storage", "{n} points closed or in storage", count)
    return text.format(n=count)


def boxes(alarms: Iterable[Alarm], overview: Overview, lang: Language) -> tuple[AlarmBox, ...]:
    """These alarms as boxes, in their order; what is of no point is the coordinating point's own."""
    alarms = tuple(alarms)
    names = {alarm.point: overview.cp for alarm in alarms}
    names |= {point.slug: point.name for point in overview.points}
    return tuple(alarm_box(lang, alarm, names, overview.now, _mark(overview, alarm)) for alarm in alarms)


def _mark(overview: Overview, alarm: Alarm) -> Mark:
    place = exercise_mark.of_point(overview, alarm.point)
    return exercise_mark.of_alarm(place, overview.exercise_since, alarm)


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
