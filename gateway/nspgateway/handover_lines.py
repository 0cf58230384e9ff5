"""The page for a change of shift: what is open and whose it is, what was promised, who runs dry, and both signatures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nspgateway import audit_lines, call_words, exercise_mark, hours, words
from nspgateway.alarm_text import role_name
from nspgateway.audit_lines import Line, Names
from nspgateway.cells import Level
from nspgateway.exercise_mark import Mark
from nspgateway.i18n import N_, Language
from nspgateway.people import Action, By
from nspgateway.refuel_lines import litres
from nspgateway.resident_messages import Messages
from nspgateway.shift import Shift
from nspgateway.standing import Standing
from nspgateway.view import CLOSED, CallView, Overview, Point

# Hours that a shift may take, to look ahead over the next one.
SHIFTS = (4, 6, 8, 12)
USUAL_H = 8


# Stage of a call for help -> what is still to be done.
_STAGES = {
    "stored": N_("not read yet: read it now"),
    "read": N_("read, not passed on yet"),
    "passed_on": N_("passed on, no answer to the point yet"),
    "answered": N_("answered, not closed yet"),
}


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call for help that is open: where, which help, how far people are, and since when; nothing that was typed."""

    name: str
    kind: str
    made: str
    stage: str
    since: str
    level: Level
    mark: Mark
    mark_text: str


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that was promised. ``at``: by when, "" = no time; ``who``: who entered it. ``is_late``: its time is over."""

    where: str
    what: str
    at: str
    who: str = field(repr=False)
    is_late: bool
    mark: Mark
    mark_text: str


@dataclass(frozen=True, slots=True)
class Dry:
    """A point that runs dry before the next shift ends, or of which nobody knows."""

    name: str
    when: str
    level: Level
    mark: Mark
    mark_text: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who handed over, what they left, and who took over; "" = nobody yet. ``offer``: what is to be taken over, "" = nothing."""

    given: str = field(repr=False)
    note: str = field(repr=False)
    taken: str = field(repr=False)
    offer: str


def open_calls(lang: Language, overview: Overview) -> tuple[OpenCall, ...]:
    """Return the open calls for help, first task first."""
    return tuple(_open_call(lang, call, overview) for call in overview.calls)


def promises(
    lang: Language,
    overview: Overview,
    standings: Mapping[str, Standing],
    messages: Messages,
    planned_by: Mapping[int, By],
) -> tuple[Promise, ...]:
    """Return what was promised of the points that are shown; what is late first, then by time.

    ``planned_by``: who planned a delivery, by the id of the action.
    """
    found = [
        (at, promise)
        for point in overview.points
        if point.slug in standings
        for at, promise in _of_point(lang, overview, point, standings[point.slug], messages, planned_by)
    ]
    last = datetime.max.replace(tzinfo=overview.now.tzinfo)
    return tuple(promise for _at, promise in sorted(found, key=lambda one: one[0] or last))


def dry(lang: Language, overview: Overview, within: timedelta) -> tuple[Dry, ...]:
    """Return who runs dry within this time at the earliest, the first first; then of whom nobody knows."""
    found: list[tuple[datetime, Dry]] = []
    unknown: list[Dry] = []
    for point in overview.points:
        if point.deployment in CLOSED:
            continue
        forecast = hours.first_empty(point)
        if hours.is_dark(point):
            found.append((overview.now, _dry(lang, overview, point, lang.gettext("no power now"))))
        elif forecast is not None and not hours.is_on_grid(point):
            if forecast.empty_low <= overview.now + within:
                clocks = (
                    lang.day_and_clock(at, overview.now) for at in (forecast.empty_low, forecast.empty_high)
                )
                when = lang.gettext("between {low} and {high}").format(low=next(clocks), high=next(clocks))
                found.append((forecast.empty_low, _dry(lang, overview, point, when)))
        elif hours.is_unknown(point):
            unknown.append(_dry(lang, overview, point, lang.gettext("nobody knows when")))
    return (*(one for _at, one in sorted(found, key=lambda pair: pair[0])), *unknown)


def signature(lang: Language, shift: Shift, now: datetime) -> Signature:
    """Return who signed off the newest change of shift."""
    offer = shift.offer
    if offer is None:
        return Signature("", "", "", "")
    taken = ""
    if shift.taken_by is not None and shift.begun_at is not None:
        taken = _signed(lang, shift.taken_by, shift.begun_at, now)
    return Signature(
        _signed(lang, offer.by, offer.at, now), offer.note, taken, str(offer.id) if shift.is_open else ""
    )


def since(lang: Language, actions: Iterable[Action], shift: Shift, names: Names) -> tuple[Line, ...]:
    """Return the lines of the log since the shift began; ``actions``: newest first."""
    begun = shift.begun_at
    return audit_lines.lines(lang, (one for one in actions if begun is None or one.at >= begun), names)


def _open_call(lang: Language, call: CallView, overview: Overview) -> OpenCall:
    _, now = lang.gettext, overview.now
    stage = _(_STAGES.get(call.stage, call.stage))
    if call.needs_call_back:
        stage = _("withdrawn: call the point back")
    mark = exercise_mark.of_call(call, overview)
    return OpenCall(
        name=call.name,
        kind=_(call_words.KINDS.get(call.kind or "not_known", call.kind or "")),
        made=lang.moment(call.made_at, now),
        stage=stage,
        since=_("since {clock}").format(clock=lang.moment(call.since, now)),
        level="critical" if call.is_unseen or call.late else "attention",
        mark=mark,
        mark_text=exercise_mark.word(lang, mark),
    )


def _of_point(
    lang: Language,
    overview: Overview,
    point: Point,
    standing: Standing,
    messages: Messages,
    planned_by: Mapping[int, By],
) -> Iterable[tuple[datetime | None, Promise]]:
    _, now = lang.gettext, overview.now

    def made(
        what: str, at: datetime | None, by: By | None = None, *, ends: bool = False
    ) -> tuple[datetime | None, Promise]:
        mark = exercise_mark.of_point(overview, point.slug)
        clock = "" if at is None else lang.day_and_clock(at, now)
        who = "" if by is None else f"{by.who}, {role_name(lang.code, by.role)}"
        is_late = at is not None and at < now and not ends
        return at, Promise(point.name, what, clock, who, is_late, mark, exercise_mark.word(lang, mark))

    for number, one in standing.deliveries.items():
        kind = _(words.FUELS.get(point.fuel_kind, point.fuel_kind))
        what = _("Delivery: {litres} l {kind}").format(litres=litres(lang, one.litres), kind=kind)
        yield made(what, one.due_at, planned_by.get(number))
    if standing.is_stopped(now):
        yield made(_("Refuelling, the generator stands still until"), standing.stop_until, ends=True)
    if standing.opens_at is not None:
        yield made(_("Would be open"), standing.opens_at)
    relief = standing.of_now(exercise=point.exercise).reports.recent("relief_at", now)
    if relief is not None and isinstance(relief.value, datetime):
        yield made(_("Relief of the team"), relief.value)
    hangs = messages.hanging(point.slug)
    if hangs is not None and not hangs.is_done and point.deployment not in CLOSED:
        what = (
            _("Message {n} for residents: hang it up")
            if hangs.is_text
            else _("Message {n} for residents: take it down")
        )
        yield made(what.format(n=hangs.number if hangs.is_text or hangs.old is None else hangs.old[0]), None)


def _dry(lang: Language, overview: Overview, point: Point, when: str) -> Dry:
    mark = exercise_mark.of_point(overview, point.slug)
    level: Level = "critical" if point.status == "critical" else "attention"
    return Dry(point.name, when, level, mark, exercise_mark.word(lang, mark))


def _signed(lang: Language, by: By, at: datetime, now: datetime) -> str:
    return lang.gettext("{who}, {role}, {moment}").format(
        who=by.who, role=role_name(lang.code, by.role), moment=lang.moment(at, now)
    )


def shifts(lang: Language) -> Sequence[tuple[str, str]]:
    """Return the lengths of a shift that can be chosen."""
    return [(str(n), lang.gettext("{n} hours").format(n=n)) for n in SHIFTS]
