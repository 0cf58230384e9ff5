"""The situation in a few lines, for the region's own system and for reading out: no people, no text of calls. Pure.

What only a person can say stands as "…" to be filled in. What nobody knows is called unknown, also in a total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from nspgateway import exercise_mark, totals
from nspgateway.calls import Call
from nspgateway.crisis import Incident
from nspgateway.i18n import N_, Language
from nspgateway.region import Region
from nspgateway.reports import Reports
from nspgateway.totals import Totals
from nspgateway.view import NEED_HOURS, Overview, Point

# How far the number of calls for help looks back.
RECENT = timedelta(hours=6)
TO_FILL_IN = "…"
_TOPICS = 3
_STATUS_112 = {"works": N_("works"), "doubtful": N_("doubtful"), "off": N_("down")}
# Alarms that say that the radio itself is the trouble.
_DISTURBED = frozenset({"radio_jammed", "gateway_deaf"})


@dataclass(frozen=True, slots=True)
class CallTotals:
    """Calls for help: how many came within ``RECENT``, are open, are not passed on, and are of a team that is not safe.

    ``real``: how many of ``recent`` are no exercise.
    """

    recent: int = 0
    real: int = 0
    open: int = 0
    not_passed: int = 0
    unsafe: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the text is made of beside the overview. ``place``: the region, or the municipality that is told of.

    ``reports``: what each point said of itself, as far as it counts now, by slug.
    """

    place: str
    region: Region
    incident: Incident | None = None
    calls: CallTotals = CallTotals()
    reports: Mapping[str, Reports] = field(default_factory=dict)


def call_totals(calls: Iterable[Call], overview: Overview) -> CallTotals:
    """Count the calls of the points that are shown; an exercise's count only while one goes on."""
    shown = {point.slug for point in overview.points}
    exercising = exercise_mark.is_on(overview)
    ours = [one for one in calls if one.point in shown and (exercising or not one.exercise)]
    recent = [one for one in ours if overview.now - one.stored_at <= RECENT]
    still = [one for one in ours if one.is_open]
    return CallTotals(
        recent=len(recent),
        real=sum(not one.exercise for one in recent),
        open=len(still),
        not_passed=sum(one.stage in {"stored", "read"} for one in still),
        unsafe=sum(one.is_security for one in still),
    )


def text(lang: Language, overview: Overview, known: Known) -> str:
    """Return the text, a subject a line."""
    found = totals.of(overview.points)
    lines = (
        _title(lang, overview, known.place),
        *((exercise_mark.scope(lang, overview),) if exercise_mark.is_on(overview) else ()),
        f"{_activated(lang, overview, known)} {_points(lang, found)}",
        f"{_calls(lang, overview, known.calls)} {_said_112(lang, overview)}",
        _power(lang, overview, found),
        _link(lang, overview),
        _needs(lang, overview, known),
        _to_fill_in(lang),
    )
    return "\n".join(line for line in lines if line)


def _title(lang: Language, overview: Overview, place: str) -> str:
    _ = lang.gettext
    moment = f"{lang.date(overview.now, 'dd-MM')} {lang.clock(overview.now)}"
    title = _("Support points {place}, as of {moment}").format(place=place, moment=moment)
    return f"{title} {exercise_mark.word(lang, 'exercise')}" if exercise_mark.is_on(overview) else title


def _activated(lang: Language, overview: Overview, known: Known) -> str:
    _, lasts = lang.gettext, known.incident
    if lasts is None:
        return _("Nothing is activated.")
    decider = known.region.decided_by(lasts.decider)
    who = lasts.decider if decider is None else decider.name(lang.code)
    hours = int((overview.now - lasts.t0).total_seconds() // 3600)
    moment = f"{lang.date(lasts.t0, 'dd-MM')} {lang.clock(lasts.t0)}"
    return _("Activated: {who}, {moment}, T+{hours} h.").format(who=who, moment=moment, hours=hours)


def _points(lang: Language, found: Totals) -> str:
    _ = lang.gettext
    silent = len(found.no_contact)
    names = f" ({_names(found.no_contact)})" if silent else ""
    return _("Open: {n} of {total}. Partly open: {partly}. No contact: {silent}{names}.").format(
        n=found.open, total=len(found.used), partly=found.partly_open, silent=silent, names=names
    )


def _calls(lang: Language, overview: Overview, calls: CallTotals) -> str:
    _ = lang.gettext
    recent = str(calls.recent)
    if exercise_mark.is_on(overview):
        recent = _("{n} (of which {real} no exercise)").format(n=recent, real=calls.real)
    return _("Calls for help in the last {hours} hours: {n}, open: {open}, not passed on: {waiting}.").format(
        hours=int(RECENT.total_seconds() // 3600),
        n=recent,
        open=calls.open,
        waiting=calls.not_passed,
    )


def _said_112(lang: Language, overview: Overview) -> str:
    _, said = lang.gettext, overview.status112
    if said.since is None:
        return _("112: nothing was said of it.")
    moment = lang.moment(said.since, overview.now)
    return _("112: {word} since {moment}.").format(word=_(_STATUS_112[said.word]), moment=moment)


def _power(lang: Language, overview: Overview, found: Totals) -> str:
    _ = lang.gettext
    dark = len(found.no_power)
    said = lang.ngettext("Power: {n} point without power", "Power: {n} points without power", dark)
    named = f" ({_names(found.no_power)})" if dark else ""
    unknown = totals.power_unknown_text(lang, found)
    parts = [
        said.format(n=dark) + named + (f", {unknown}." if unknown else "."),
        _("Empty first: {first}.").format(first=totals.first_text(lang, found, overview.now)),
    ]
    if found.hours_unknown:
        parts.append(_("Hours left unknown: {names}.").format(names=_names(found.hours_unknown)))
    litres = _("Fuel needed in the next {hours} hours: {litres}.")
    return " ".join([*parts, litres.format(hours=NEED_HOURS, litres=totals.litres_text(lang, found))])


def _link(lang: Language, overview: Overview) -> str:
    _ = lang.gettext
    word = _("good")
    if not overview.modem_ok:
        word = _("our own receiver is down")
    elif any(alarm.id in _DISTURBED for alarm in overview.alarms):
        word = _("disturbed")
    return _("Link: {word}, back-up: {backup}").format(word=word, backup=TO_FILL_IN)


def _needs(lang: Language, overview: Overview, known: Known) -> str:
    """What points are short of, people too, and what residents ask for most, by the reports that are not old."""
    _, region = lang.gettext, known.region
    short: dict[str, list[str]] = {}
    asked: Counter[int] = Counter()
    for point in overview.points:
        told = known.reports.get(point.slug, Reports())
        for line in _told(told, "stock_low", overview.now):
            short.setdefault(region.stock_name(line, lang.code), []).append(point.name)
        if _is_short_of_people(told, overview.now):
            short.setdefault(_("people"), []).append(point.name)
        for topic, count in _told(told, "topics", overview.now):
            asked[topic] += count
    shortages = "; ".join(f"{what} ({', '.join(where)})" for what, where in short.items())
    topics = ", ".join(
        f"{region.topic_name(topic, lang.code)} ({count})"
        for topic, count in asked.most_common(_TOPICS)
        if count
    )
    unsafe = known.calls.unsafe
    teams = lang.ngettext("{n} team is not safe", "{n} teams are not safe", unsafe).format(n=unsafe)
    return _("Shortages: {shortages} · Safety: {safety} · From the neighbourhood: {topics}").format(
        shortages=shortages or _("none reported"),
        safety=f"{teams}, {TO_FILL_IN}" if unsafe else TO_FILL_IN,
        topics=topics or _("nothing reported"),
    )


def _told(told: Reports, figure: str, now: datetime) -> tuple[Any, ...]:
    """Return what a point said in a list, as far as it is of now; empty for nothing."""
    said = told.recent(figure, now)
    return said.value if said is not None and isinstance(said.value, tuple) else ()


def _is_short_of_people(told: Reports, now: datetime) -> bool:
    there, needed = told.recent("staff", now), told.recent("staff_needed", now)
    if there is None or needed is None:
        return False
    return isinstance(there.value, int) and isinstance(needed.value, int) and there.value < needed.value


def _to_fill_in(lang: Language) -> str:
    return lang.gettext("Expected: {gap} · Decision asked for: {gap} · Next: {gap}").format(gap=TO_FILL_IN)


def _names(points: Iterable[Point]) -> str:
    return ", ".join(point.name for point in points)
