"""The course of what happens beyond one point: decisions, messages to residents, changes of shift, exercises. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from heapq import merge

from msgspec import Struct, structs

from nspgateway import crisis, exercises, popups, resident_messages, shift
from nspgateway.crisis import Crisis
from nspgateway.entries import KeyWithdrawal
from nspgateway.exercises import Exercise
from nspgateway.kit_words import KitReport, Receipt
from nspgateway.people import Action
from nspgateway.resident_messages import Messages
from nspgateway.shift import Shift


class Course(Struct, frozen=True):
    """All of it, as of now. ``newest_popup``: the highest number of a point that nobody had planned.

    ``withdrawn``: keys that are refused.
    """

    crisis: Crisis = Crisis()
    messages: Messages = Messages()
    shift: Shift = Shift()
    exercise: Exercise | None = None
    newest_popup: int = 0
    withdrawn: tuple[KeyWithdrawal, ...] = ()


def after(course: Course, action: Action) -> Course:
    """Return the course after one more action; an action of one point alone leaves it as it is."""
    return Course(
        crisis.after(course.crisis, action),
        resident_messages.after(course.messages, action),
        shift.after(course.shift, action),
        exercises.after(course.exercise, action),
        popups.newest_number(course.newest_popup, action),
        course.withdrawn + ((action.entry,) if isinstance(action.entry, KeyWithdrawal) else ()),
    )


def receive(course: Course, receipt: Receipt) -> Course:
    """Return the course after a kit's word on a message to residents."""
    return structs.replace(course, messages=resident_messages.receive(course.messages, receipt))


def receive_report(course: Course, report: KitReport) -> Course:
    """Return the course after a point's report: it may say which message hangs."""
    return structs.replace(course, messages=resident_messages.receive_report(course.messages, report))


def restored(
    actions: Iterable[Action], receipts: Iterable[Receipt] = (), reports: Iterable[KitReport] = ()
) -> Course:
    """Return the course after all ``actions`` and ``receipts``, and of all ``reports`` of kits, each oldest first."""
    found = Course()
    said: Iterable[Action | Receipt | KitReport] = merge(actions, receipts, reports, key=_at)
    for one in said:
        match one:
            case Action():
                found = after(found, one)
            case Receipt():
                found = receive(found, one)
            case KitReport():
                found = receive_report(found, one)
    return found


def _at(one: Action | Receipt | KitReport) -> datetime:
    return one.at
