"""What the crisis organisation decided: T+0, the points in scope, the milestones; every version is kept. Pure.

An incident begins with the first activation, at T+0, and ends when all points in its scope were scaled down. That of an
exercise also ends with the exercise, and never hides a real one.
A decision is never changed: one that corrects it stands in its place from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from nspgateway.entries import ExerciseEnd, MilestoneEntry, Ruling
from nspgateway.people import Action, By
from nspgateway.region import Milestone

ADDS = frozenset({"activate", "take_over"})
# A milestone is announced as due this long before.
DUE_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Decided:
    """A ruling as it was entered: ``id`` of its action, when and by whom; ``note``: the reason, as typed."""

    id: int
    at: datetime
    by: By
    ruling: Ruling
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A milestone that somebody stamped; ``id`` of the action."""

    id: int
    reached_at: datetime
    by: By


@dataclass(frozen=True, slots=True)
class Crisis:
    """All decisions, oldest first, with those that were corrected; ``stamps`` by milestone.

    ``practised``: ids of those that were part of an exercise which is over.
    """

    decided: tuple[Decided, ...] = ()
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    practised: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Incident:
    """What stands now. ``since``: the action that began it; ``taken_over``: point -> the coordinating point it was of.

    ``exercise``: it is part of one.
    """

    since: int
    t0: datetime
    decider: str
    points: tuple[str, ...]
    outage_since: datetime | None
    until: datetime | None
    taken_over: Mapping[str, str]
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the milestone table; ``word``: how it stands now."""

    milestone: Milestone
    due_at: datetime | None
    stamp: Stamp | None
    word: Literal["reached", "reached_late", "late", "due", "open"]


def after(crisis: Crisis, action: Action) -> Crisis:
    """Return all decisions after one more action; others leave them as they are."""
    match action.entry:
        case Ruling():
            one = Decided(action.id, action.at, action.by, action.entry, action.note)
            return replace(crisis, decided=(*crisis.decided, one))
        case MilestoneEntry(name, reached_at):
            left = {key: stamp for key, stamp in crisis.stamps.items() if key != name}
            new = {} if reached_at is None else {name: Stamp(action.id, reached_at, action.by)}
            return replace(crisis, stamps={**left, **new})
        case ExerciseEnd(ends_at) if ends_at <= action.at:
            practised = {one.id for one in crisis.decided if one.ruling.exercise}
            return replace(crisis, practised=crisis.practised | practised)
    return crisis


def standing(crisis: Crisis) -> tuple[Decided, ...]:
    """Return the decisions that stand, by the time that they were taken: of one that was corrected the newest version."""
    newest: dict[int, Decided] = {}
    first: dict[int, int] = {}
    for one in crisis.decided:
        corrects = one.ruling.corrects
        root = one.id if corrects is None else first.get(corrects, corrects)
        first[one.id] = root
        newest[root] = one
    return tuple(sorted(newest.values(), key=lambda one: (one.ruling.decided_at, one.id)))


def is_corrected(crisis: Crisis, number: int) -> bool:
    """Tell whether a later decision stands in the place of this one."""
    return all(one.id != number for one in standing(crisis))


def incident(crisis: Crisis) -> Incident | None:
    """Return the incident that lasts, or None: nothing was activated, or all was scaled down since."""
    stands = standing(crisis)
    real = _lasting(crisis, [one for one in stands if not one.ruling.exercise])
    if real is not None:
        return real
    return _lasting(crisis, [one for one in stands if one.ruling.exercise and one.id not in crisis.practised])


def _lasting(crisis: Crisis, decided: Iterable[Decided]) -> Incident | None:
    """Return what lasts after these decisions, in the order in which they were taken."""
    found: Incident | None = None
    for one in decided:
        ruling = one.ruling
        if found is not None:
            found = _with(found, ruling)
        elif ruling.kind in ADDS:
            found = Incident(
                _begun_by(crisis, one),
                ruling.decided_at,
                ruling.decider,
                ruling.points,
                ruling.outage_since,
                ruling.until,
                dict.fromkeys(ruling.points, ruling.from_cp) if ruling.kind == "take_over" else {},
                ruling.exercise,
            )
    return found


def milestones(crisis: Crisis, table: tuple[Milestone, ...], now: datetime) -> tuple[Row, ...]:
    """Return the milestone table of the incident that lasts, in the order of ``table``; empty without one."""
    lasts = incident(crisis)
    return () if lasts is None else tuple(_row(crisis, lasts, one, now) for one in table)


def _with(incident: Incident, ruling: Ruling) -> Incident | None:
    """Return the incident after one more ruling; None when nothing is left of it."""
    points, taken = incident.points, dict(incident.taken_over)
    if ruling.kind in ADDS:
        points = (*points, *(slug for slug in ruling.points if slug not in points))
        if ruling.kind == "take_over":
            taken.update(dict.fromkeys(ruling.points, ruling.from_cp))
    elif ruling.kind == "scale_down":
        points = tuple(slug for slug in points if slug not in ruling.points)
        if not points:
            return None
    return Incident(
        incident.since,
        incident.t0,
        incident.decider,
        points,
        ruling.outage_since or incident.outage_since,
        ruling.until or incident.until,
        {slug: cp for slug, cp in taken.items() if slug in points},
        incident.exercise,
    )


def _begun_by(crisis: Crisis, decided: Decided) -> int:
    """Return the action that first entered this decision: what was stamped before it is of an earlier incident."""
    number, ids = decided.ruling.corrects, {one.id: one for one in crisis.decided}
    first = decided.id
    while number is not None and number in ids:
        first, number = number, ids[number].ruling.corrects
    return first


def _row(crisis: Crisis, lasts: Incident, milestone: Milestone, now: datetime) -> Row:
    stamp = crisis.stamps.get(milestone.id)
    if stamp is not None and stamp.id < lasts.since:
        stamp = None
    due_at = None if milestone.due_h is None else lasts.t0 + timedelta(hours=milestone.due_h)
    word: Literal["reached", "reached_late", "late", "due", "open"] = "open"
    if stamp is not None:
        word = "reached" if due_at is None or stamp.reached_at <= due_at else "reached_late"
    elif due_at is not None and now > due_at:
        word = "late"
    elif due_at is not None and now >= due_at - DUE_WITHIN:
        word = "due"
    return Row(milestone, due_at, stamp, word)
