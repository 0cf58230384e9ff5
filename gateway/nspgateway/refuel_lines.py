"""The refuel list as logistics reads it: who to drive to first, with what, and what is on its way. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from nspgateway import cells, exercise_mark, words
from nspgateway.cells import Level
from nspgateway.exercise_mark import Mark
from nspgateway.i18n import N_, Language
from nspgateway.refuel_list import Line, Planned, RefuelList

_SOURCES = {
    "gauge": N_("measured"),
    "by_hand": N_("entered by hand, less what was burnt since"),
    "estimate": N_("estimate from the last reading"),
}
_WHY = {
    "level_unknown": N_("Nobody knows what is in the tank: ask the point to dip it."),
    "consumption_unknown": N_("Nobody knows how much it burns: ask the point for its load."),
    "on_grid": N_("runs on the grid"),
}
# Who has to be left for within this time is not left for the next round.
_SOON = timedelta(hours=1)
_MANY_LITRES = 10


@dataclass(frozen=True, slots=True)
class Load:
    """A delivery on its way. ``is_late``: it should have been there."""

    plan: int
    text: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One point. ``leave``: the latest moment to leave, with ``level``; ``why``: why there is none, or may be none.

    ``bring``: litres and kind; ``tank``: what is in it, and how that is known. ``place``: filler, access, supplier.
    """

    slug: str
    name: str
    number: str
    deployment: str
    priority: str
    leave: str
    level: Level
    empty: str
    why: str
    bring: str
    fits: str
    tank: str
    told: tuple[str, ...]
    loads: tuple[Load, ...]
    delivered: str
    place: tuple[tuple[str, str], ...]
    mark: Mark
    mark_text: str


@dataclass(frozen=True, slots=True)
class Total:
    """All of one kind of fuel."""

    kind: str
    needed: str
    planned: str
    unknown: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The list. ``hours``: how far the litres have to reach."""

    hours: str
    rows: tuple[Row, ...]
    totals: tuple[Total, ...]


def shown(lang: Language, found: RefuelList) -> Shown:
    """Return the list in words, in its own order."""
    return Shown(
        hours=lang.number(found.hours, 0 if found.hours == round(found.hours) else 1),
        rows=tuple(_row(lang, line, found.now) for line in found.lines),
        totals=tuple(_total(lang, found, kind) for kind in found.needed),
    )


def litres(lang: Language, value: float) -> str:
    """Return litres as people say them: with a decimal only where there are few."""
    return lang.number(value, 0 if value >= _MANY_LITRES or value == round(value) else 1)


def suggested(line: Line | None) -> str:
    """Return how much to bring in whole litres, as it stands in a field; "" where nobody knows."""
    if line is None or not line.needed:
        return ""
    return str(math.ceil(line.needed if line.fits is None else min(line.needed, line.fits)))


def _row(lang: Language, line: Line, now: datetime) -> Row:
    _ = lang.gettext
    deployment = words.DEPLOYMENTS.get(line.deployment)
    kind = _(words.FUELS.get(line.fuel_kind, line.fuel_kind))
    leave, level = _leave(lang, line, now)
    return Row(
        slug=line.slug,
        name=line.name,
        number=f"NSP {line.number:02d}",
        deployment=line.deployment if deployment is None else _(deployment.text),
        priority=_("priority {n}").format(n=line.priority),
        leave=leave,
        level=level,
        empty=""
        if line.empty_low is None
        else _("empty around {clock} at the earliest").format(clock=lang.day_and_clock(line.empty_low, now)),
        why=_(_WHY[line.why]) if line.why else "",
        bring=_("unknown")
        if line.needed is None
        else _("{litres} l {kind}").format(litres=litres(lang, line.needed), kind=kind),
        fits="" if line.fits is None else _("{litres} l fits in").format(litres=litres(lang, line.fits)),
        tank=_("unknown")
        if line.litres is None
        else _("{litres} l {kind}").format(litres=litres(lang, line.litres), kind=kind),
        told=_told(lang, line, now),
        loads=tuple(_load(lang, one, now) for one in line.planned),
        delivered=_delivered(lang, line, now),
        place=tuple(
            (name, text)
            for name, text in (
                (_("Filler"), line.filler),
                (_("Access"), line.access),
                (_("Supplier"), line.supplier),
            )
            if text
        ),
        mark=line.mark,
        mark_text=exercise_mark.word(lang, line.mark),
    )


def _leave(lang: Language, line: Line, now: datetime) -> tuple[str, Level]:
    """When somebody has to leave at the latest; an unknown tank is as urgent as one that has to be left for now."""
    at = line.drive_before
    if line.why == "on_grid":
        return lang.gettext("no hurry"), ""
    if at is None:
        return lang.gettext("unknown"), "attention"
    if at <= now:
        return lang.gettext("now"), "critical"
    return lang.day_and_clock(at, now), "attention" if at - now < _SOON else ""


def _told(lang: Language, line: Line, now: datetime) -> tuple[str, ...]:
    """Who says what is in the tank, and how long ago."""
    if line.source is None:
        return ()
    age = () if line.at is None else (cells.ago(lang, cells.seconds_since(line.at, now)),)
    return (lang.gettext(_SOURCES[line.source]), *age)


def _load(lang: Language, one: Planned, now: datetime) -> Load:
    _ = lang.gettext
    text = _("{litres} l").format(litres=litres(lang, one.litres))
    if one.due_at is None:
        return Load(one.plan, text, is_late=False)
    is_late = one.due_at < now
    due = _("{litres}, should have been there {clock}") if is_late else _("{litres}, there {clock}")
    return Load(one.plan, due.format(litres=text, clock=lang.day_and_clock(one.due_at, now)), is_late)


def _delivered(lang: Language, line: Line, now: datetime) -> str:
    if line.delivered is None:
        return ""
    came, at = line.delivered
    return lang.gettext("last delivered: {litres} l, {clock}").format(
        litres=litres(lang, came), clock=lang.day_and_clock(at, now)
    )


def _total(lang: Language, found: RefuelList, kind: str) -> Total:
    _ = lang.gettext
    unknown = found.unknown[kind]
    text = lang.ngettext("and unknown at {n} point", "and unknown at {n} points", unknown).format(n=unknown)
    return Total(
        kind=_(words.FUELS.get(kind, kind)),
        needed=_("{litres} l").format(litres=litres(lang, found.needed[kind])),
        planned=_("{litres} l").format(litres=litres(lang, found.planned[kind])),
        unknown=text if unknown else "",
    )
