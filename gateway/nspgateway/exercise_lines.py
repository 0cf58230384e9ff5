"""The page of an exercise in words: how each kit stands towards it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nspgateway import exercises, words
from nspgateway.downlinks import Ticket
from nspgateway.exercises import Exercise
from nspgateway.i18n import N_, Language
from nspgateway.view import Overview

_WORDS: Mapping[str, words.Word] = {
    "on": words.Word(N_("In the exercise, read back"), "check"),
    "asked": words.Word(N_("Asked, no answer yet"), "quarter"),
    "not_reached": words.Word(N_("Not reached: the kit is as it was"), "cross"),
    "off": words.Word(N_("Should be in the exercise, and is not"), "triangle"),
    "still_on": words.Word(N_("Still in an exercise, and should not be"), "square"),
    "real": words.Word(N_("Real"), "check"),
    "no_kit": words.Word(N_("Without kit: tell them by voice"), "pencil"),
}


@dataclass(frozen=True, slots=True)
class ExerciseLine:
    """How one point stands. ``inside``: it is to be in the exercise; ``can_ask``: its kit can be told again."""

    slug: str
    name: str
    inside: bool
    state: str
    shape: str
    text: str
    can_ask: bool


@dataclass(frozen=True, slots=True)
class ExerciseHead:
    """The newest exercise. ``state``: "on", "over" (its end has passed, nobody ended it) or "ended"."""

    name: str
    state: str
    text: str
    begun: str


def head(lang: Language, exercise: Exercise | None, now: datetime) -> ExerciseHead | None:
    """Return the newest exercise in words; None when there never was one."""
    if exercise is None:
        return None
    _ = lang.gettext
    begun = _("Begun {when} by {who}").format(
        when=lang.moment(exercise.begun_at, now), who=exercise.begun_by.who
    )
    if exercise.ended_at is not None:
        text = _("Ended {moment}.").format(moment=lang.moment(exercise.ended_at, now))
        return ExerciseHead(exercise.name, "ended", text, begun)
    ends = lang.moment(exercise.ends_at, now)
    if exercise.is_on(now):
        left = lang.duration((exercise.ends_at - now).total_seconds())
        return ExerciseHead(
            exercise.name, "on", _("Ends {moment}, in {duration}.").format(moment=ends, duration=left), begun
        )
    return ExerciseHead(
        exercise.name,
        "over",
        _("Its end was at {moment}. The kits end it by themselves.").format(moment=ends),
        begun,
    )


def lines(
    lang: Language, overview: Overview, exercise: Exercise | None, asked: Mapping[str, Ticket]
) -> tuple[ExerciseLine, ...]:
    """Return how each point stands, those in the exercise first. ``asked``: the newest command to each kit."""
    runs = exercise is not None and exercise.is_on(overview.now)
    inside = frozenset(exercise.points) if runs and exercise is not None else frozenset[str]()
    found = []
    for point in sorted(overview.points, key=lambda one: (one.slug not in inside, one.number)):
        ticket, should = asked.get(point.slug), point.slug in inside
        wanted = "exercise_on" if should else "exercise_off"
        is_of_this = ticket is not None and ticket.fields.get("command") == wanted
        state = exercises.word(
            should=should,
            marks=point.exercise,
            has_kit=point.kit_address is not None,
            asked=ticket.state if ticket is not None and is_of_this else "",
            is_confirmed=ticket is not None and is_of_this and _is_read_back(ticket),
        )
        word = _WORDS[state]
        can_ask = state in ("not_reached", "off", "still_on")
        found.append(
            ExerciseLine(point.slug, point.name, should, state, word.shape, lang.gettext(word.text), can_ask)
        )
    return tuple(found)


def _is_read_back(ticket: Ticket) -> bool:
    """Whether the kit did it, and for an exercise named the same minutes."""
    if ticket.state != "answered" or ticket.result != "done":
        return False
    return ticket.fields.get("command") == "exercise_off" or ticket.value == ticket.fields.get("argument")
