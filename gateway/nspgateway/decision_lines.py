"""The page of decisions in words: what stands, the milestones, the points, and every decision with its versions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nspgateway import crisis, exercise_mark, words
from nspgateway.crisis import Crisis, Decided, Incident, Row
from nspgateway.i18n import N_, Language
from nspgateway.region import Region
from nspgateway.standing import Standing
from nspgateway.view import Point

KINDS: Mapping[str, str] = {
    "activate": N_("Activate"),
    "take_over": N_("Take over"),
    "extend": N_("Extend"),
    "scale_down": N_("Scale down"),
}
_STATES: Mapping[str, words.Word] = {
    "reached": words.Word(N_("Reached"), "check"),
    "reached_late": words.Word(N_("Reached, later than planned"), "check"),
    "late": words.Word(N_("Not reached in time"), "square"),
    "due": words.Word(N_("Within an hour"), "triangle"),
    "open": words.Word(N_("To come"), "ring"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A line about what stands."""

    id: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class MilestoneLine:
    """A line of the milestone table; ``state``: its word's id. ``can_reach``: nobody stamped it."""

    id: str
    name: str
    due: str
    state: str
    shape: str
    text: str
    can_reach: bool


@dataclass(frozen=True, slots=True)
class PointLine:
    """What a point is used for, with its plan and since when it is so."""

    slug: str
    name: str
    deployment: str
    shape: str
    text: str
    since: str
    planned: str
    open_since: str
    taken_over: str


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision as it was entered. ``is_corrected``: a later version stands in its place; ``entered``: when, by whom.

    ``mark``: that it is part of an exercise, "" = it is real.
    """

    id: int
    mark: str
    title: str
    scope: str
    facts: tuple[Fact, ...]
    reason: str
    entered: str
    is_corrected: bool
    corrects: str


def facts(
    lang: Language, lasts: Incident | None, region: Region, names: Mapping[str, str], now: datetime
) -> tuple[Fact, ...]:
    """Return what stands now; none without an incident. ``names``: of the points that may be seen, by slug."""
    if lasts is None:
        return ()
    _ = lang.gettext
    found = [
        Fact("t0", _("Activated (T+0)"), lang.moment(lasts.t0, now)),
        Fact("decider", _("Decided by"), _decider(region, lasts.decider, lang)),
        Fact("scope", _("Points in scope"), _scope(lang, lasts.points, names)),
    ]
    if lasts.until is not None:
        found.append(Fact("until", _("Lasts until, as planned"), lang.moment(lasts.until, now)))
    if lasts.exercise:
        found.append(Fact("exercise", _("Part of"), exercise_mark.word(lang, "exercise")))
    return tuple(found)


def milestones(lang: Language, rows: Sequence[Row], now: datetime) -> tuple[MilestoneLine, ...]:
    """Return the milestone table in one language."""
    return tuple(_milestone(lang, row, now) for row in rows)


def points(
    lang: Language,
    shown: Sequence[Point],
    standings: Mapping[str, Standing],
    lasts: Incident | None,
    now: datetime,
) -> tuple[PointLine, ...]:
    """Return the points with their plan and their actual times, in the order in which they are given."""
    return tuple(_point(lang, one, standings[one.slug], lasts, now) for one in shown)


def decisions(
    lang: Language, known: Crisis, region: Region, names: Mapping[str, str], now: datetime
) -> tuple[DecisionLine, ...]:
    """Return every decision as it was entered, the newest first."""
    return tuple(_decision(lang, known, one, region, names, now) for one in reversed(known.decided))


def _milestone(lang: Language, row: Row, now: datetime) -> MilestoneLine:
    _ = lang.gettext
    word = _STATES[row.word]
    due = _("no certain time")
    if row.due_at is not None and row.milestone.due_h is not None:
        hours = lang.number(row.milestone.due_h, 0 if row.milestone.due_h.is_integer() else 1)
        due = f"T+{hours} · {lang.moment(row.due_at, now)}"
    text = _(word.text)
    if row.stamp is not None:
        text += f", {lang.moment(row.stamp.reached_at, now)}"
    name = row.milestone.name(lang.code)
    return MilestoneLine(row.milestone.id, name, due, row.word, word.shape, text, row.stamp is None)


def _point(
    lang: Language, point: Point, stands: Standing, lasts: Incident | None, now: datetime
) -> PointLine:
    word = words.DEPLOYMENTS[point.deployment]
    of = None if lasts is None else lasts.taken_over.get(point.slug)
    return PointLine(
        point.slug,
        point.name,
        point.deployment,
        word.shape,
        lang.gettext(word.text),
        "" if stands.deployment_at is None else lang.moment(stands.deployment_at, now),
        "" if stands.opens_at is None else lang.moment(stands.opens_at, now),
        "" if stands.open_since is None else lang.moment(stands.open_since, now),
        "" if of is None else lang.gettext("Taken over from {cp}").format(cp=of),
    )


def _decision(
    lang: Language, known: Crisis, one: Decided, region: Region, names: Mapping[str, str], now: datetime
) -> DecisionLine:
    _ = lang.gettext
    ruling = one.ruling
    mark = exercise_mark.word(lang, "exercise") if ruling.exercise else ""
    title = _("{what}, {when}, by {who}").format(
        what=_(KINDS[ruling.kind]),
        when=lang.moment(ruling.decided_at, now),
        who=_decider(region, ruling.decider, lang),
    )
    entered = _("Entered {when} by {who}").format(when=lang.moment(one.at, now), who=one.by.who)
    moments = (
        ("opens_at", _("Open, as planned"), ruling.opens_at),
        ("until", _("Lasts until, as planned"), ruling.until),
        ("outage_since", _("Outage since"), ruling.outage_since),
    )
    more = [Fact(id_, label, lang.moment(at, now)) for id_, label, at in moments if at is not None]
    if ruling.from_cp:
        more.append(Fact("from_cp", _("Taken over from"), ruling.from_cp))
    corrects = "" if ruling.corrects is None else _("Corrects decision {n}").format(n=ruling.corrects)
    scope = _scope(lang, ruling.points, names) if ruling.points else ""
    return DecisionLine(
        one.id,
        mark,
        title,
        scope,
        tuple(more),
        one.note,
        entered,
        crisis.is_corrected(known, one.id),
        corrects,
    )


def _decider(region: Region, name: str, lang: Language) -> str:
    """A role that the region has taken from its list since keeps its id."""
    found = region.decided_by(name)
    return name if found is None else found.name(lang.code)


def _scope(lang: Language, slugs: Sequence[str], names: Mapping[str, str]) -> str:
    """Name the points; those that this visitor may not see are only counted."""
    seen = [names[slug] for slug in slugs if slug in names]
    rest = len(slugs) - len(seen)
    if not rest:
        return ", ".join(seen)
    if not seen:
        return lang.ngettext("{n} point elsewhere", "{n} points elsewhere", rest).format(n=rest)
    return lang.gettext("{names} and {n} more").format(names=", ".join(seen), n=rest)
