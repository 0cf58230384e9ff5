"""What says OEFENING and what says GEEN OEFENING on screen, print and export: the one place that knows. Pure.

An exercise goes on while the frames of a kit say so. What is of a point in it is part of it; all else is real,
our own equipment too, and has to stay visibly so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal

from nspgateway.exercises import Marked
from nspgateway.i18n import N_, Language
from nspgateway.view import CLOSED, Alarm, CallView, Overview

# "" = no exercise goes on, so nothing has to be told apart.
Mark = Literal["", "exercise", "real"]
WORDS: Mapping[Mark, str] = {"": "", "exercise": N_("EXERCISE"), "real": N_("NOT AN EXERCISE")}


def exercising(overview: Overview) -> frozenset[str]:
    """Return at which points an exercise goes on."""
    return frozenset(point.slug for point in overview.points if point.exercise)


def is_on(overview: Overview) -> bool:
    """Tell whether an exercise goes on at any point."""
    return bool(exercising(overview))


def of(slug: str, exercising: Collection[str]) -> Mark:
    """Return the mark of what is of this point, or of the coordinating point, while it goes on at these."""
    if not exercising:
        return ""
    return "exercise" if slug in exercising else "real"


def of_point(overview: Overview, slug: str) -> Mark:
    """Return the mark of what is of this point, or of the coordinating point."""
    return of(slug, exercising(overview))


def of_alarm(mark: Mark, since: datetime | None, alarm: Alarm) -> Mark:
    """Return the mark of an alarm: what was there before people began the exercise is not part of it.

    ``mark``: of its place; ``since``: as ``Overview.exercise_since``.
    """
    return mark if not mark or Marked(is_on=True, since=since).covers(alarm.raised_at) else "real"


def of_call(call: CallView, overview: Overview) -> Mark:
    """Return the mark of a call for help, also of one that was there when the exercise began."""
    if call.exercise:
        return "exercise"
    return "real" if call.is_real or is_on(overview) else ""


def of_message(lang: Language, overview: Overview, nl: str, sent_at: datetime) -> Mark:
    """Return the mark of a message to residents with the Dutch text ``nl``, in whose language ``lang`` its sheet is.

    It went to every kit: it is part of the exercise when it says so itself, or when all points in use take part.
    """
    if not is_on(overview):
        return ""
    if nl.casefold().startswith(word(lang, "exercise").casefold()):
        return "exercise"
    during = Marked(is_on=True, since=overview.exercise_since).covers(sent_at)
    return "exercise" if during and _is_everywhere(overview) else "real"


def _is_everywhere(overview: Overview) -> bool:
    return all(point.exercise for point in overview.points if point.deployment not in CLOSED)


def word(lang: Language, mark: Mark) -> str:
    """Return a mark as it is shown; "" for none."""
    return lang.gettext(WORDS[mark]) if mark else ""


def scope(lang: Language, overview: Overview) -> str:
    """Return at which points the exercise goes on, as a sentence; "" where that is all points in use."""
    inside = [point.name for point in overview.points if point.exercise]
    if _is_everywhere(overview):
        return ""
    return lang.gettext("Exercise at {names}. All else is real.").format(names=", ".join(inside))
