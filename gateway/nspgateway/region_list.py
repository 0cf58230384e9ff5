"""The list of the region: thousands of points in a line each, in order of urgency, with totals. Pure.

Clock times stand here instead of ages: they hold until the next picture, however long that takes to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from nspgateway import hours, rows, totals, words
from nspgateway.alarm_boxes import in_language
from nspgateway.cells import NEVER
from nspgateway.i18n import Language
from nspgateway.totals import Fact
from nspgateway.view import Overview, Point, is_ahead

# A browser lays out only the blocks in sight.
BLOCK = 40
COLUMNS = {
    "point": words.COLUMNS["point"],
    "status": words.COLUMNS["status"],
    "hours": words.COLUMNS["hours"],
    "source": words.COLUMNS["source"],
    "heard": words.COLUMNS["heard"],
}


@dataclass(frozen=True, slots=True)
class Line:
    """One point. ``why``: the shortest reason for its state; ``empty``, ``source``, ``heard``: words, never blank."""

    slug: str
    name: str
    where: str
    deployment: str
    deployment_shape: str
    status: str
    status_text: str
    why: str
    empty: str
    source: str
    heard: str


@dataclass(frozen=True, slots=True)
class Place:
    """How many points of one municipality are open, in use, without power and without contact."""

    name: str
    open: int
    used: int
    no_power: int
    no_contact: int


@dataclass(frozen=True, slots=True)
class Region:
    """``blocks``: the lines, some at a time. ``found``: how many lines there are of how many points, and of when."""

    summary: tuple[Fact, ...]
    places: tuple[Place, ...]
    columns: tuple[tuple[str, str], ...]
    blocks: tuple[tuple[Line, ...], ...]
    found: str


def region(overview: Overview, lang: Language, wanted: str = "") -> Region:
    """The list in one language. ``wanted``: a part of the name or number of a point, or of its municipality."""
    points = [point for point in overview.points if _matches(point, wanted.strip().casefold())]
    lines = [_line(lang, point, overview.now) for point in points]
    found = lang.ngettext(
        "{n} of {total} point, at {clock}", "{n} of {total} points, at {clock}", len(overview.points)
    )
    return Region(
        summary=totals.facts(lang, overview),
        places=tuple(_places(overview.points)),
        columns=tuple((field, lang.gettext(heading)) for field, heading in COLUMNS.items()),
        blocks=tuple(tuple(lines[at : at + BLOCK]) for at in range(0, len(lines), BLOCK)),
        found=found.format(
            n=lang.number(len(lines)),
            total=lang.number(len(overview.points)),
            clock=lang.seconds_clock(overview.now),
        ),
    )


def _matches(point: Point, wanted: str) -> bool:
    return not wanted or any(
        wanted in text.casefold() for text in (point.name, point.municipality, rows.number(point))
    )


def _line(lang: Language, point: Point, now: datetime) -> Line:
    deployment = words.DEPLOYMENTS.get(point.deployment, words.Word(point.deployment, "question"))
    return Line(
        slug=point.slug,
        name=point.name,
        where=f"{rows.number(point)}, {point.municipality}",
        deployment=lang.gettext(deployment.text),
        deployment_shape=deployment.shape,
        status=point.status,
        status_text=lang.gettext(words.STATUSES[point.status].text),
        why=_why(lang, point),
        empty=_empty(lang, point, now),
        source=_source(lang, point),
        heard=_heard(lang, point, now),
    )


def _why(lang: Language, point: Point) -> str:
    """The shortest reason for the state of a point; people who ask for help come first."""
    if point.calls:
        text = lang.ngettext("{n} call for help", "{n} calls for help", point.calls)
        return text.format(n=point.calls)
    if point.alarms and point.status != "no_contact":
        return in_language(point.alarms[0].title, lang)
    return ""


def _empty(lang: Language, point: Point, now: datetime) -> str:
    forecast = hours.first_empty(point)
    if forecast is None or hours.is_on_grid(point) or hours.is_dark(point):
        return hours.in_short(lang, point, now).text
    return _moment(lang, forecast.empty_likely, now)


def _source(lang: Language, point: Point) -> str:
    reading = point.readings.get("power_source", NEVER)
    if reading.quality != "good" or reading.value is None:
        return lang.gettext("unknown")
    return lang.gettext(words.SOURCES.get(str(reading.value), str(reading.value)))


def _heard(lang: Language, point: Point, now: datetime) -> str:
    if point.last_heard is None:
        return lang.gettext("never")
    if is_ahead(point.last_heard, now):
        return lang.gettext("time unknown")
    return _moment(lang, point.last_heard, now)


def _moment(lang: Language, at: datetime, now: datetime) -> str:
    """The clock time and its date: to the minute, so that thousands of points share a few texts."""
    return _written(lang, at.replace(second=0, microsecond=0), now.replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _written(lang: Language, at: datetime, now: datetime) -> str:
    return lang.day_and_clock(at, now)


def _places(points: Sequence[Point]) -> list[Place]:
    """Return the municipalities, those with trouble first; none where there is but one."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.municipality, []).append(point)
    if len(found) == 1:
        return []
    made = []
    for name, ours in found.items():
        sums = totals.of(ours)
        made.append(
            Place(
                name,
                sums.open + sums.partly_open,
                len(sums.used),
                len(sums.no_power),
                len(sums.no_contact),
            )
        )
    return sorted(made, key=lambda place: (-place.no_power, -place.no_contact, place.name))
