"""Who needs which fuel, how much and when: what logistics drives by. Pure.

In the order of the latest moment to leave: the early end of "empty around" less the lead time, then
the priority that the point was given. A point in use whose hours are unknown stands with those to
drive to now, with the reason: an unknown tank is no full tank.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from nspgateway import exercise_mark
from nspgateway.exercise_mark import Mark
from nspgateway.facts import Facts
from nspgateway.forecast import has_generator, usable_litres
from nspgateway.stock import Source
from nspgateway.view import CLOSED

# Why there is no moment to leave: "" = there is one.
Why = Literal["", "level_unknown", "consumption_unknown", "on_grid"]


class Planned(NamedTuple):
    """Fuel on its way: litres, when it is to be there, and the action that planned it."""

    litres: float
    due_at: datetime | None
    plan: int


@dataclass(frozen=True, slots=True)
class Line:
    """One point. Litres; ``needed``: to reach the hours asked for, None = unknown; ``fits``: in the tank.

    ``litres``, ``source``, ``at``: what is in it, who says so and when. ``planned``: on their way, the
    earliest first; ``delivered``: the newest that came. ``priority``: 1 = first. ``mark``: of an exercise, or real during one.
    """

    slug: str
    name: str
    number: int
    municipality: str
    deployment: str
    fuel_kind: str
    litres: float | None
    source: Source | None
    at: datetime | None
    needed: float | None
    fits: float | None
    empty_low: datetime | None
    drive_before: datetime | None
    why: Why
    priority: int
    planned: tuple[Planned, ...]
    delivered: tuple[float, datetime] | None
    filler: str
    access: str
    supplier: str
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class RefuelList:
    """``lines``: who to drive to first. ``needed`` and ``planned``: litres by kind of fuel.

    ``unknown``: by kind, at how many points the litres needed are not known.
    """

    now: datetime
    hours: float
    lines: tuple[Line, ...]
    needed: Mapping[str, float]
    planned: Mapping[str, float]
    unknown: Mapping[str, int]


def build(
    facts: Iterable[Facts], hours: float, now: datetime, exercising: Collection[str] = ()
) -> RefuelList:
    """Return the list of every point that burns fuel, or would. ``hours``: how far the fuel has to reach.

    ``exercising``: slugs of the points at which an exercise goes on.
    """
    lines = [
        _line(one, hours, exercise_mark.of(one.point.slug, exercising)) for one in facts if _belongs(one)
    ]
    return _of(tuple(sorted(lines, key=lambda line: _order(line, now))), hours, now)


def of_points(found: RefuelList, slugs: Collection[str]) -> RefuelList:
    """Return the list with these points only, and their litres."""
    return _of(tuple(line for line in found.lines if line.slug in slugs), found.hours, found.now)


def _of(lines: tuple[Line, ...], hours: float, now: datetime) -> RefuelList:
    kinds = dict.fromkeys(line.fuel_kind for line in lines)
    return RefuelList(
        now=now,
        hours=hours,
        lines=lines,
        needed={kind: sum(line.needed or 0.0 for line in lines if line.fuel_kind == kind) for kind in kinds},
        planned={
            kind: sum(one.litres for line in lines if line.fuel_kind == kind for one in line.planned)
            for kind in kinds
        },
        unknown={
            kind: sum(line.needed is None for line in lines if line.fuel_kind == kind) for kind in kinds
        },
    )


def _belongs(facts: Facts) -> bool:
    """A closed point is on it only while its set runs or fuel is on its way to it."""
    if not has_generator(facts.point):
        return False
    is_used = facts.point.deployment not in CLOSED
    planned = facts.standing is not None and bool(facts.standing.deliveries)
    return is_used or planned or _source(facts) == "generator"


def _line(facts: Facts, hours: float, mark: Mark) -> Line:
    point, stands, stock = facts.point, facts.standing, facts.stock
    litres = stock.litres if stock is not None else None
    rate = max(facts.burn.known) if facts.burn is not None and facts.burn.known else None
    forecast = facts.fuel
    needed = None
    if forecast is not None and rate is not None:
        # By the hours that are left, not by the litres: a last level that is hours old has gone on falling.
        needed = max(0.0, hours - forecast.likely_h) * rate
    room = None if point.tank_litres is None or litres is None else max(0.0, point.tank_litres - litres)
    if room is not None and forecast is not None and rate is not None and point.tank_litres is not None:
        room = max(room, usable_litres(point, point.tank_litres) - forecast.likely_h * rate)
    on_grid = _source(facts) == "grid"
    why: Why = ""
    if on_grid:
        why = "on_grid"
    elif forecast is None:
        why = "level_unknown" if litres is None or rate is not None else "consumption_unknown"
    on_their_way = stands.deliveries.items() if stands else ()
    planned = (Planned(one.litres, one.due_at, number) for number, one in on_their_way)
    return Line(
        slug=point.slug,
        name=point.name,
        number=point.number,
        municipality=point.municipality,
        deployment=point.deployment,
        fuel_kind=point.fuel_kind,
        litres=litres,
        source=stock.source if stock is not None else None,
        at=stock.at if stock is not None else None,
        needed=needed,
        fits=room,
        empty_low=forecast.empty_low if forecast else None,
        drive_before=forecast.empty_low - timedelta(hours=point.lead_time_h) if forecast else None,
        why=why,
        priority=point.priority,
        planned=tuple(sorted(planned, key=lambda one: (one.due_at is None, one.due_at, one.plan))),
        delivered=stands.delivered if stands else None,
        filler=point.filler,
        access=point.access,
        supplier=point.supplier,
        mark=mark,
    )


def _order(line: Line, now: datetime) -> tuple[bool, datetime, int, int]:
    """Sort key: what runs down before what the grid carries; then when to leave, then the priority."""
    leave = line.drive_before
    if leave is None:
        # Nobody knows: as urgent as one that has to be left for this minute, unless the grid carries it.
        leave = now
    return line.why == "on_grid" or line.deployment in CLOSED, leave, line.priority, line.number


def _source(facts: Facts) -> int | str | None:
    reading = facts.readings.get("power_source")
    return reading.value if reading is not None and reading.quality == "good" else None
