"""The wall screen: every point at once, seen from across a room, the first task first. Pure.

A screen on a wall cannot be scrolled. What does not fit is counted, and it is what is least urgent.
"""

from __future__ import annotations

from dataclasses import dataclass

from nspgateway import bars, hours, present, rows, totals, urgency
from nspgateway.alarm_boxes import AlarmBox
from nspgateway.cells import Cell
from nspgateway.i18n import N_, Language
from nspgateway.rows import Row
from nspgateway.totals import Fact
from nspgateway.view import Overview, Point, Quality

MOST = 40
# Alarms named in one line; the tiles tell of the others.
_ALARMS = 4
# Up to so many tiles -> columns; the last holds MOST.
_COLUMNS = ((1, 1), (4, 2), (6, 3), (12, 4), (20, 5), (30, 6), (MOST, 8))


_FACTS = {"source": N_("Power"), "battery": N_("Battery"), "fuel": N_("Fuel")}


@dataclass(frozen=True, slots=True)
class TileFact:
    """A value in a few letters; ``age``: of one that is old, "" = it is of the point's newest message."""

    field: str
    label: str
    text: str
    quality: Quality
    age: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One point: its row, of which the template takes the parts that are seen from afar, and a few values.

    ``hours``: until when there is power, in short; ``hours_age``: of an estimate from an old reading, "" = of now.
    ``calls``: its open calls for help, "" = none.
    """

    row: Row
    hours: Cell
    hours_age: str
    facts: tuple[TileFact, ...]
    calls: str


@dataclass(frozen=True, slots=True)
class Wall:
    """``columns``: how many tiles stand side by side. ``rest``: what is not shown, "" = everything is."""

    headline: str
    summary: tuple[Fact, ...]
    alarms: tuple[AlarmBox, ...]
    columns: int
    tiles: tuple[Tile, ...]
    rest: str


def wall(overview: Overview, lang: Language) -> Wall:
    """The wall screen in one language; points in the overview's order, without those below the fold."""
    used = [point for point in overview.points if not urgency.is_below(point)]
    tiles = tuple(_tile(lang, point, overview) for point in used[:MOST])
    return Wall(
        headline=bars.headline(lang, overview),
        summary=totals.facts(lang, overview, names=1),
        alarms=present.boxes(overview.alarms[:_ALARMS], overview, lang),
        columns=next(columns for most, columns in _COLUMNS if len(tiles) <= most),
        tiles=tiles,
        rest=_rest(lang, len(used) - len(tiles), len(overview.points) - len(used)),
    )


def _tile(lang: Language, point: Point, overview: Overview) -> Tile:
    row = rows.row(lang, point, overview)
    calls = lang.ngettext("{n} call for help", "{n} calls for help", point.calls).format(n=point.calls)
    facts = []
    for field, label in _FACTS.items():
        cell = row.cell(field)
        if cell.quality != "none":
            facts.append(TileFact(field, lang.gettext(label), cell.text, cell.quality, _old(lang, cell)))
    left = hours.in_short(lang, point, overview.now)
    return Tile(row, left, _old(lang, left), tuple(facts), calls if point.calls else "")


def _old(lang: Language, cell: Cell) -> str:
    """How old a value is that is not of the newest message; "" for any other."""
    return lang.duration(cell.age_s) if cell.quality == "stale" and cell.age_s is not None else ""


def _rest(lang: Language, left_out: int, closed: int) -> str:
    parts = []
    if left_out:
        text = lang.ngettext(
            "{n} less urgent point is not shown", "{n} less urgent points are not shown", left_out
        )
        parts.append(text.format(n=left_out))
    if closed:
        parts.append(present.closed_points(lang, closed))
    return " · ".join(parts)
