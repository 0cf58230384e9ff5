"""One cause at many points: when it is a storm, which alarms are part of it, and how many lines people get. Pure.

When the grid of a town fails, forty points report within seconds. People get one line of the
coordinating point for it (``many_sites``) and at most ``lines`` new ones a minute in all. Alarms of a
family of the storm are hidden by it as they come. They come out again when it is over, critical ones
after ``hold_s``: by then people know of the storm and can look at one point at a time. What finds no
room and belongs to no storm waits for a minute at most. An alarm without a family is never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from nspgateway.alarm_state import AlarmState
from nspgateway.facts import StormFacts
from nspgateway.mains import Mains
from nspgateway.rules import MANY_SITES, Rule, Storm
from nspgateway.view import is_ahead

GRID = "grid"
# What follows from the loss of the grid. A generator that fails does not: it should have run.
OF_GRID = frozenset({"power"})

Kept = Mapping[str, Mapping[str, AlarmState]]


class Crowd(Struct, frozen=True):
    """What one point has to know of all places before it says anything new.

    ``storms``: families of storms that this point is part of or would join; ``standing``: those
    that the line of the coordinating point names. ``others``: how many other points have come by an alarm
    of a family lately. ``room``: how many new alarms may be said now. ``figures``: what makes a storm.
    """

    figures: Storm = msgspec.field(default_factory=Storm)
    storms: frozenset[str] = frozenset()
    standing: frozenset[str] = frozenset()
    others: Mapping[str, int] = msgspec.field(default_factory=dict)
    room: int = 1_000_000

    def takes(self, family: str, alarm: AlarmState, now: datetime) -> bool:
        """Tell whether a new alarm of a family is part of a storm."""
        if not family or alarm.said_at is not None:
            return False
        if alarm.opened_at is not None and now - alarm.opened_at > self._within:
            return False
        joined = self.others.get(family, 0) + 1 >= self.figures.points
        return joined or (family in OF_GRID and GRID in self.storms)

    def keeps(self, family: str, alarm: AlarmState, now: datetime) -> bool:
        """Tell whether an alarm that a storm hides stays hidden."""
        covered = family in self.standing or (family in OF_GRID and GRID in self.standing)
        # A clock that was set back must not hide it any longer.
        long_ago = now - alarm.since >= timedelta(seconds=self.figures.hold_s) or is_ahead(alarm.since, now)
        return covered and not (alarm.priority == "critical" and long_ago)

    @property
    def _within(self) -> timedelta:
        return timedelta(seconds=self.figures.within_s)


def look(
    slug: str,
    kept: Kept,
    mains: Mapping[str, Mains],
    own: Mapping[str, AlarmState],
    rules: Mapping[str, Rule],
    figures: Storm,
    now: datetime,
) -> Crowd:
    """Return what the point ``slug`` has to know. ``kept`` and ``mains`` by point; ``own``: the coordinating point's."""
    within = timedelta(seconds=figures.within_s)
    others: dict[str, int] = {}
    for name, alarms in kept.items():
        if name != slug:
            for family in _lately(alarms.values(), rules, within, now):
                others[family] = others.get(family, 0) + 1
    storms = frozenset({GRID}) if _lost_with_others(slug, mains, figures, now) else frozenset[str]()
    line = own.get(MANY_SITES)
    # What a person has put aside takes nothing more in: whatever comes of it now is told by itself.
    aside = _families(line) if line is not None and line.state == "shelved" else frozenset[str]()
    return Crowd(
        figures,
        storms - aside,
        named(line),
        {family: points for family, points in others.items() if family not in aside},
        _room(kept, own, rules, figures, now) if len(kept) >= figures.points else 1_000_000,
    )


def named(line: AlarmState | None) -> frozenset[str]:
    """Return the families that the line of the coordinating point names while it stands."""
    return _families(line) if line is not None and line.is_active else frozenset()


def _families(line: AlarmState) -> frozenset[str]:
    return frozenset(str(line.values.get("by", "")).split(",")) - {""}


def storms(
    kept: Kept,
    mains: Mapping[str, Mains],
    line: AlarmState | None,
    rules: Mapping[str, Rule],
    figures: Storm,
    now: datetime,
) -> tuple[StormFacts, ...]:
    """Return the storms of now: those that begin, and those of ``line`` that still hold at enough points."""
    within = timedelta(seconds=figures.within_s)
    found: list[StormFacts] = []
    known = named(line) if line is not None else frozenset[str]()
    since = line.raised_at - 2 * within if line is not None and line.raised_at is not None else now
    fresh = grid_losses(mains, now - within, now)
    if len(fresh) >= _grid_points(mains, fresh, figures):
        found.append(_storm(GRID, fresh))
    elif GRID in known and len(lost := grid_losses(mains, since, now)) >= figures.points:
        found.append(_storm(GRID, lost))
    hit: dict[str, list[datetime]] = {}
    still: dict[str, list[datetime]] = {}
    for alarms in kept.values():
        for family, at in _lately(alarms.values(), rules, within, now).items():
            hit.setdefault(family, []).append(at)
        for family, at in _lately(alarms.values(), rules, now - since, now).items():
            still.setdefault(family, []).append(at)
    for family in sorted({*hit, *still}):
        new, lasting = hit.get(family, []), still.get(family, [])
        if len(new) >= figures.points:
            found.append(_storm(family, new))
        elif family in known and len(lasting) >= figures.points:
            found.append(_storm(family, lasting))
    return tuple(found)


def grid_losses(mains: Mapping[str, Mains], since: datetime, now: datetime) -> list[datetime]:
    """Return when points lost the grid that they are without, from ``since`` on."""
    return [one.left_at for one in mains.values() if one.left_at is not None and since <= one.left_at <= now]


def came_back_with_many(slug: str, mains: Mapping[str, Mains], figures: Storm) -> bool:
    """Tell whether many points got the grid back around the time at which this one did."""
    mine = mains[slug].back_at if slug in mains else None
    within = timedelta(seconds=figures.within_s)
    back = [one.back_at for one in mains.values() if one.back_at is not None]
    return mine is not None and sum(abs(at - mine) <= within for at in back) >= figures.points


def _lost_with_others(slug: str, mains: Mapping[str, Mains], figures: Storm, now: datetime) -> bool:
    """Tell whether this point lost the grid lately and as one of many."""
    mine = mains[slug].left_at if slug in mains else None
    hold, within = timedelta(seconds=figures.hold_s), timedelta(seconds=figures.within_s)
    if mine is None or not timedelta(0) <= now - mine <= hold:
        return False
    with_it = grid_losses(mains, mine - within, mine + within)
    return len(with_it) >= _grid_points(mains, with_it, figures)


def _grid_points(mains: Mapping[str, Mains], lost: list[datetime], figures: Storm) -> int:
    """Return how many points make a storm of the grid: half of those that were on it, within bounds."""
    had_it = len(lost) + sum(one.on is True for one in mains.values())
    return max(figures.points, min(figures.grid_points, (had_it + 1) // 2))


def _lately(
    alarms: Iterable[AlarmState], rules: Mapping[str, Rule], within: timedelta, now: datetime
) -> dict[str, datetime]:
    """Return the families of alarms that a place came by lately and that hold, also those not said yet."""
    found: dict[str, datetime] = {}
    for alarm in alarms:
        rule = rules.get(alarm.id)
        at = alarm.opened_at
        if rule is None or not rule.family or at is None or not timedelta(0) <= now - at <= within:
            continue
        if alarm.holds or alarm.pending_since is not None:
            found[rule.family] = max(at, found.get(rule.family, at))
    return found


def _room(
    kept: Kept, own: Mapping[str, AlarmState], rules: Mapping[str, Rule], figures: Storm, now: datetime
) -> int:
    """Return how many new alarms may still be said in this minute; one place is kept for the storm's own line."""
    span = timedelta(seconds=figures.lines_s)
    of_points = sum(
        _was_said(alarm, span, now)
        for alarms in kept.values()
        for alarm in alarms.values()
        if alarm.id in rules and rules[alarm.id].family
    )
    ours = sum(_was_said(alarm, span, now) for alarm in own.values())
    line = own.get(MANY_SITES)
    has_line = line is not None and _was_said(line, span, now)
    return figures.lines - of_points - ours - (0 if has_line else 1)


def _was_said(alarm: AlarmState, span: timedelta, now: datetime) -> bool:
    """Tell whether it was said for the first time in this span, not said again or let out of a storm."""
    said, opened = alarm.said_at, alarm.opened_at
    if said is None or opened is None:
        return False
    return timedelta(0) <= now - said < span and said - opened <= span


def _storm(family: str, moments: list[datetime]) -> StormFacts:
    return StormFacts(family, len(moments), min(moments), max(moments))
