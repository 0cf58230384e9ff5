"""In which order points and alarms stand: the first row is the first task. Pure.

What concerns people's lives first, then what keeps us from seeing, then open points in trouble, then who is
empty first. A closed or stored point never stands above one that is in use.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from nspgateway.view import CLOSED, OPEN, Alarm, Point, Priority

PRIORITIES: tuple[Priority, ...] = ("critical", "high", "medium", "low")
# The team of a point is in danger: that comes before anything that is merely broken.
SAFETY = frozenset({"co_alarm", "smoke_alarm"})
# What of our own keeps the whole page from being true.
OURS = ("cp_power", "gateway_deaf", "radio_jammed", "clock_bad")
_FAR = timedelta(days=36500)

Key = tuple[bool, int, datetime, str]


def of_point(point: Point, lead: timedelta, now: datetime, call: Literal[1, 2, 4] | None = None) -> Key:
    """Sort key of a point. ``lead``: how long fuel takes to get there; ``call``: the place of its most urgent call.

    A call that nobody has read, safety of the team, a call that was read, no power, no contact, empty before fuel can
    be there, hours unknown, then who is empty first. A point on the grid does not run down.
    """
    source = point.readings.get("power_source")
    on_grid = source is not None and source.quality == "good" and source.value == "grid"
    found = () if on_grid else (point.fuel, point.battery)
    forecasts = [forecast for forecast in found if forecast is not None]
    first = min((forecast.empty_likely for forecast in forecasts), default=now + _FAR)
    is_open = point.deployment in OPEN
    if call == 1:
        rank = 0
    elif call == 2 or any(alarm.id in SAFETY and not alarm.is_returned for alarm in point.alarms):
        rank = 1
    elif call is not None:
        rank = 2
    elif is_open and has_no_power(point):
        rank = 3
    elif is_open and point.status == "no_contact":
        rank = 4
    elif any(forecast.empty_low <= now + lead for forecast in forecasts):
        rank = 5
    elif is_open and not forecasts and not on_grid:
        rank = 6
    else:
        rank = 7
    return is_below(point), rank, first, point.name


def is_below(point: Point) -> bool:
    """Tell whether a point stands below the fold: nobody uses it, and nobody calls for help there."""
    return point.deployment in CLOSED and not point.calls


def has_no_power(point: Point) -> bool:
    """Tell by what is known now: the source, or an alarm that still holds; not one that may be over."""
    source = point.readings.get("power_source")
    lost = any(alarm.id == "power_lost" and not alarm.is_returned for alarm in point.alarms)
    return lost or (source is not None and source.value == "none")


def sort_alarms(alarms: Iterable[Alarm], closed: frozenset[str] = frozenset()) -> tuple[Alarm, ...]:
    """Return alarms in the order of the list. ``closed``: points that are not in use.

    Above all danger to a team, then that our own power, receiver or clock fails: with it goes everything else
    on the page. Then those of points in use, those that hold before those that may be over, by priority and age.
    """

    def order(alarm: Alarm) -> tuple[bool, bool, int, bool, int, datetime]:
        ours = OURS.index(alarm.id) if alarm.id in OURS and not alarm.is_returned else len(OURS)
        in_danger = alarm.id in SAFETY and not alarm.is_returned
        rank = PRIORITIES.index(alarm.priority)
        return not in_danger, alarm.point in closed, ours, alarm.is_returned, rank, alarm.raised_at

    return tuple(sorted(alarms, key=order))
