"""The first page as values: status of each point, order by urgency, open alarms. Pure.

What needs somebody first comes first; a closed or stored point never stands above an open one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from nspgateway.alarm_state import AlarmState
from nspgateway.alarm_text import texts
from nspgateway.facts import Facts
from nspgateway.forecast import half_load_h
from nspgateway.lights_out import lights_out
from nspgateway.status import doubt, is_silent, status
from nspgateway.view import CLOSED, SNR_LIMIT_DB, WEAK_MARGIN_DB, Alarm, Overview, Own, Point

__all__ = ["Box", "Heard", "build", "link", "status"]

PRIORITY_ORDER = ("critical", "high", "medium", "low")
OPEN = frozenset({"open", "partly_open"})
_FAR = timedelta(days=36500)

Link = Literal["good", "weak", "none"]


@dataclass(frozen=True, slots=True)
class Heard:
    """How loud the newest frame of a point was, None = unknown, and whether it is part of an exercise."""

    rssi_dbm: int | None = None
    snr_db: float | None = None
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """What is true of the gateway itself. ``sf``: the spreading factor that the points send with.

    ``clock_offset_s``: by how much the box's date was set forward (+) or back (-) since the start;
    ``clock_behind_s``: how far our clock is still behind the newest frame that was here at the start.
    """

    now: datetime
    region: str
    cp: str
    speed: float = 1.0
    modem_ok: bool = False
    modem_reason: str = ""
    modem_since: datetime | None = None
    broker_ok: bool = False
    counters: Mapping[str, int] = field(default_factory=dict)
    sf: int = 9
    modem_cause: str = ""
    store_problem: str = ""
    gateway_since: datetime | None = None
    clock_offset_s: float = 0.0
    clock_behind_s: float = 0.0


def build(
    facts: Sequence[Facts],
    alarms: Mapping[str, Sequence[AlarmState]],
    heard: Mapping[str, Heard],
    box: Box,
    own: tuple[Facts, Sequence[AlarmState]] | None = None,
) -> Overview:
    """Return the overview. ``alarms`` and ``heard`` by the point's slug; those not shown are left out.

    ``own``: the coordinating point's own alarms, with the facts that fill their texts.
    """
    points = [
        _point(one, alarms.get(one.point.slug, ()), heard.get(one.point.slug, Heard()), box) for one in facts
    ]
    lead = {one.point.slug: timedelta(hours=one.point.lead_time_h) for one in facts}
    points.sort(key=lambda point: _urgency(point, lead[point.slug], box.now))
    ours = [texts(alarm, own[0]) for alarm in own[1] if alarm.is_shown] if own else []
    closed = frozenset(point.slug for point in points if point.deployment in CLOSED)
    return Overview(
        now=box.now,
        region=box.region,
        cp=box.cp,
        speed=box.speed,
        points=tuple(points),
        alarms=_sorted((*ours, *(alarm for point in points for alarm in point.alarms)), closed),
        modem_ok=box.modem_ok,
        modem_reason=box.modem_reason,
        modem_since=box.modem_since,
        broker_ok=box.broker_ok,
        counters=dict(box.counters),
        modem_cause=box.modem_cause,
        store_problem=box.store_problem,
        gateway_since=box.gateway_since,
        clock_behind_s=box.clock_behind_s,
        own=_own(own[0]) if own else None,
    )


def link(
    last_heard: datetime | None, snr_db: float | None, interval_s: float, now: datetime, sf: int
) -> Link:
    """Return "none" when silent; "good" only for a fresh frame with enough signal above the noise."""
    if is_silent(last_heard, interval_s, now):
        return "none"
    if snr_db is None or snr_db - SNR_LIMIT_DB[sf] < WEAK_MARGIN_DB:
        return "weak"
    return "good"


def _own(facts: Facts) -> Own | None:
    own = facts.own
    if own is None:
        return None
    return Own(
        own.supply,
        own.supply_min,
        own.supply_age_s,
        own.clock_trusted,
        own.clock_off_s,
        own.disk,
        own.disk_free_mb,
    )


def _point(facts: Facts, alarms: Sequence[AlarmState], heard: Heard, box: Box) -> Point:
    point = facts.point
    return Point(
        slug=point.slug,
        name=point.name,
        number=point.number,
        municipality=point.municipality,
        kit_address=point.kit_address,
        deployment=point.deployment,
        status=status(facts, alarms, box.gateway_since),
        readings=dict(facts.readings),
        fuel_litres=facts.fuel_litres,
        tank_litres=point.tank_litres,
        fuel_kind=point.fuel_kind,
        rated_w=point.rated_w,
        fuel=facts.fuel,
        battery=facts.battery,
        last_heard=facts.last_heard,
        link=link(facts.last_heard, heard.snr_db, point.interval_s, box.now, box.sf),
        rssi_dbm=heard.rssi_dbm,
        snr_db=heard.snr_db,
        alarms=_sorted(texts(alarm, facts) for alarm in alarms if alarm.is_shown),
        doubt=doubt(facts, box.gateway_since),
        failed_parts=facts.failed_parts,
        ready_at=facts.ready_at,
        fuel_source=facts.stock.source if facts.stock else None,
        fuel_at=facts.stock.at if facts.stock else None,
        half_load_h=half_load_h(point, facts.fuel, facts.burn),
        exercise=heard.exercise,
        lights_out=lights_out(facts),
    )


def _urgency(point: Point, lead: timedelta, now: datetime) -> tuple[bool, int, datetime, str]:
    """Sort key: no power, no contact, empty before fuel can be there, hours unknown, then who is empty first.

    A point on the grid does not run down; a closed one comes last, whatever its state.
    """
    source = point.readings.get("power_source")
    on_grid = source is not None and source.quality == "good" and source.value == "grid"
    found = () if on_grid else (point.fuel, point.battery)
    forecasts = [forecast for forecast in found if forecast is not None]
    first = min((forecast.empty_likely for forecast in forecasts), default=now + _FAR)
    is_open = point.deployment in OPEN
    if is_open and _has_no_power(point):
        rank = 0
    elif is_open and point.status == "no_contact":
        rank = 1
    elif any(forecast.empty_low <= now + lead for forecast in forecasts):
        rank = 2
    elif is_open and not forecasts and not on_grid:
        rank = 3
    else:
        rank = 4
    return point.deployment in CLOSED, rank, first, point.name


def _has_no_power(point: Point) -> bool:
    """Tell by what is known now: the source, or an alarm that still holds; not one that may be over."""
    source = point.readings.get("power_source")
    lost = any(alarm.id == "power_lost" and not alarm.is_returned for alarm in point.alarms)
    return lost or (source is not None and source.value == "none")


def _sorted(alarms: Iterable[Alarm], closed: frozenset[str] = frozenset()) -> tuple[Alarm, ...]:
    """Of open points first, then those that hold before those that may be over, by priority and age.

    Above all that our own power is failing: with it goes everything else on the page.
    """

    def order(alarm: Alarm) -> tuple[bool, bool, bool, int, datetime]:
        rank = PRIORITY_ORDER.index(alarm.priority)
        return alarm.id != "cp_power", alarm.point in closed, alarm.is_returned, rank, alarm.raised_at

    return tuple(sorted(alarms, key=order))
