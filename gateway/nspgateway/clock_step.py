"""A step of the clock, and what it does to what was stamped by it since the start. Pure.

What the wrong clock stamped moves along, so that its age stays what it is. What an earlier
start stamped, and what lies ahead because a person named that hour, stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from msgspec import Struct, structs

from nspgateway.alarm_state import AlarmState
from nspgateway.people import Action, By, PlannedStop
from nspgateway.standing import Standing

_T = TypeVar("_T")
_GATEWAY = By("gateway", "gateway", "gateway")
# Ends that a person set as so long from now: they move with the moment they were set at.
_ENDS = ("shelved_until",)


@dataclass(frozen=True, slots=True)
class Step:
    """The clock went on ``delta`` later at its own ``at``. ``since``: its start, by the clock as it was until then."""

    delta: timedelta
    since: datetime
    at: datetime

    @property
    def to(self) -> datetime:
        """The time right after the step."""
        return self.at + self.delta

    def is_ours(self, at: datetime | None) -> bool:
        """Tell whether a moment was stamped since the start."""
        return at is not None and self.since <= at <= self.at

    def moved(self, value: _T) -> _T:
        """Return the value with every moment in it moved that was stamped since the start.

        Looks into records, tuples and mappings, however deep: a field that is added later moves too.
        """
        return _moved(self, value)  # type: ignore[return-value]  # the same type as it came in

    def moved_alarm(self, alarm: AlarmState) -> AlarmState:
        """Return an alarm as it stands after the step; its end, if it has one, moves with its begin."""
        after = self.moved(alarm)
        if self.is_ours(alarm.since):
            ends = {name: getattr(alarm, name, None) for name in _ENDS}
            late = {
                name: end + self.delta
                for name, end in ends.items()
                if isinstance(end, datetime) and end > self.at
            }
            after = structs.replace(after, **late) if late else after
        return after

    def moved_standing(self, standing: Standing) -> Standing:
        """Return what stands of a point after the step; a planned stop keeps its length."""
        after = self.moved(standing)
        until = standing.stop_until
        if until is not None and until > self.at and self.is_ours(standing.stop_since):
            after = replace(after, stop_until=until + self.delta)
        return after


def action(step: Step) -> Action:
    """Return the line of the audit trail."""
    detail: dict[str, float | int | str | None] = {
        "from": step.at.isoformat(timespec="seconds"),
        "to": step.to.isoformat(timespec="seconds"),
        "by_s": round(step.delta.total_seconds(), 1),
    }
    return Action(step.to, _GATEWAY, "clock_step", detail=detail)


def stops_moved(standings: Mapping[str, Standing], step: Step) -> tuple[Action, ...]:
    """Return what keeps the length of the planned stops that run now, also for the next start."""
    moved = {slug: step.moved_standing(one) for slug, one in standings.items()}
    return tuple(
        Action(step.to, _GATEWAY, "clock_step", slug, entry=PlannedStop(after.stop_until))
        for slug, after in moved.items()
        if after.stop_until is not None
        and after.stop_until != standings[slug].stop_until
        and after.is_stopped(step.to)
    )


def _moved(step: Step, value: object) -> object:
    if isinstance(value, datetime):
        return value + step.delta if step.is_ours(value) else value
    if isinstance(value, tuple):
        items: list[Any] = [_moved(step, item) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, Mapping):
        return {key: _moved(step, item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in fields(value)]
    elif isinstance(value, Struct):
        names = list(value.__struct_fields__)
    else:
        return value
    changed = {}
    for name in names:
        old = getattr(value, name)
        new = _moved(step, old)
        if new is not old:
            changed[name] = new
    if not changed:
        return value
    return structs.replace(value, **changed) if isinstance(value, Struct) else replace(value, **changed)
