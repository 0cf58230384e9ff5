"""Calls for help as a screen may show them to anybody: without what was typed, where it is, or who did what. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from nspgateway import calls
from nspgateway.call_watch import Waiting
from nspgateway.calls import SEEN, Call
from nspgateway.config import PointConfig
from nspgateway.people import Action, Status112
from nspgateway.view import CallView, View112


def views(
    known: Iterable[Call],
    points: Mapping[str, PointConfig],
    late: Mapping[str, Waiting],
    is_shown: Callable[[Call], bool | None] = lambda _call: None,
) -> tuple[CallView, ...]:
    """Return the open calls, first task first. ``is_shown``: whether the kit of a call shows its stage."""
    return tuple(
        view(call, points.get(call.point), late.get(call.id), shown=is_shown(call))
        for call in calls.in_order(known)
    )


def view(
    call: Call, point: PointConfig | None, waiting: Waiting | None = None, *, shown: bool | None = None
) -> CallView:
    """Return one call, also a closed one. ``point``: None = there is no such point any more."""
    return CallView(
        id=call.id,
        point=call.point,
        name=call.point if point is None else point.name,
        number=None if point is None else point.number,
        kind=call.kind,
        row=calls.row(call),
        stage=call.stage,
        since=_since(call),
        made_at=call.made_at,
        stored_at=call.stored_at,
        mark=call.mark,
        is_unseen=call.is_unseen,
        needs_call_back=call.needs_call_back,
        late="" if waiting is None else waiting.what,
        exercise=call.exercise,
        is_real=call.is_real,
        by_hand=call.origin == "by_hand",
        is_shown=shown,
    )


def of_112(said: Action | None, told: Sequence[str], untold: Sequence[str]) -> View112:
    """Return what people said of 112, and which points' kits know; ``said`` None = nobody said anything."""
    if said is None or not isinstance(said.entry, Status112):
        return View112()
    return View112(said.entry.word, said.at, tuple(told), tuple(untold))


def _since(call: Call) -> datetime:
    """Return when the present stage began."""
    if call.stage == "stored":
        return call.stored_at
    began = call.first(*SEEN) if call.stage == "read" else call.last(call.stage)
    return call.stored_at if began is None else began.at
