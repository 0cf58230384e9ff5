"""The course of what happens beyond one point: decisions, messages to residents, exercises. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from nspgateway import crisis
from nspgateway.crisis import Crisis
from nspgateway.people import Action


class Course(Struct, frozen=True):
    """All of it, as of now."""

    crisis: Crisis = Crisis()


def after(course: Course, action: Action) -> Course:
    """Return the course after one more action; an action of one point alone leaves it as it is."""
    return Course(crisis.after(course.crisis, action))


def restored(actions: Iterable[Action]) -> Course:
    """Return the course after all ``actions``, oldest first."""
    found = Course()
    for action in actions:
        found = after(found, action)
    return found
