"""Exercises: begun and ended by people, with an end in advance; how each kit stands towards that. Pure.

An exercise is what the kits' frames say it is: what was agreed here says which of them should.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from msgspec import Struct, structs

from nspgateway.entries import ExerciseEnd, ExerciseStart
from nspgateway.people import Action, By

Word = Literal["on", "asked", "not_reached", "off", "still_on", "real", "no_kit"]


class Exercise(Struct, frozen=True):
    """The newest one. ``ended_at``: None = nobody has ended it; ``ends_at``: as planned last."""

    name: str
    points: tuple[str, ...]
    begun_at: datetime
    begun_by: By
    ends_at: datetime
    ended_at: datetime | None = None

    def is_on(self, now: datetime) -> bool:
        """Tell whether it should be going on."""
        return self.ended_at is None and now < self.ends_at


def after(exercise: Exercise | None, action: Action) -> Exercise | None:
    """Return the newest exercise after one more action; others leave it as it is."""
    match action.entry:
        case ExerciseStart(name, ends_at, points):
            return Exercise(name, points, action.at, action.by, ends_at)
        case ExerciseEnd(ends_at) if exercise is not None and ends_at <= action.at:
            return structs.replace(exercise, ended_at=action.at)
        case ExerciseEnd(ends_at) if exercise is not None:
            return structs.replace(exercise, ends_at=ends_at)
    return exercise


def since(exercise: Exercise | None) -> datetime | None:
    """Return when the exercise began that nobody has ended yet; None = there is none."""
    return None if exercise is None or exercise.ended_at is not None else exercise.begun_at


class Marked(Struct, frozen=True):
    """What the frames of a place say. ``is_on``: its newest one is part of an exercise.

    ``since``: when the one began that people here agreed on, None = none runs.
    """

    is_on: bool = False
    since: datetime | None = None

    def covers(self, raised_at: datetime) -> bool:
        """Tell whether an alarm is part of it: what was there before people began the exercise is not."""
        return self.is_on and (self.since is None or raised_at >= self.since)


class Forgotten(Struct, frozen=True):
    """Kits that say exercise although none should: ``kits`` of them. ``name``, ``ends_at``: of the newest one, if any."""

    kits: int
    name: str = ""
    ends_at: datetime | None = None


def forgotten(exercise: Exercise | None, marking: Collection[str], now: datetime) -> Forgotten:
    """Return which exercise goes on that should not. ``marking``: points whose newest frame says exercise."""
    inside = set(exercise.points) if exercise is not None and exercise.is_on(now) else set()
    left = len(set(marking) - inside)
    return Forgotten(left) if exercise is None else Forgotten(left, exercise.name, exercise.ends_at)


def word(*, should: bool, marks: bool, has_kit: bool, asked: str, is_confirmed: bool) -> Word:
    """Return how a point stands. ``marks``: whether its newest frame says exercise; ``asked``: state of the request, "" = none.

    ``is_confirmed``: the kit has read back what it was asked, although no frame of it has said so yet.
    """
    if not has_kit:
        return "no_kit"
    if asked == "waiting":
        return "asked"
    if asked == "failed" and marks is not should:
        return "not_reached"
    if should:
        return "on" if marks or is_confirmed else "off"
    return "still_on" if marks and not is_confirmed else "real"
