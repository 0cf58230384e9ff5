"""The first page as values: status of each point, order by urgency, open alarms. Pure.

What needs somebody first comes first; a closed or stored point never stands above an open one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from nspgateway import refuel_list, urgency
from nspgateway.alarm_state import AlarmState
from nspgateway.alarm_text import texts
from nspgateway.facts import Facts
from nspgateway.forecast import half_load_h
from nspgateway.lights_out import had_power, lights_out
from nspgateway.refuel_list import Line
from nspgateway.status import doubt, is_silent, status
from nspgateway.view import (
    CLOSED,
    NEED_HOURS,
    SNR_LIMIT_DB,
    WEAK_MARGIN_DB,
    CallView,
    Overview,
    Own,
    Point,
    View112,
)

__all__ = ["Box", "Heard", "build", "link", "status"]


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
    calls: Sequence[CallView] = (),
    status112: View112 | None = None,
) -> Overview:
    """Return the overview. ``alarms`` and ``heard`` by the point's slug; those not shown are left out.

    ``own``: the coordinating point's own alarms, with the facts that fill their texts. ``calls``: for help, in order.
    """
    lines = {line.slug: line for line in refuel_list.build(facts, NEED_HOURS, box.now).lines}
    of_point = Counter(call.point for call in calls)
    points = [
        replace(
            _point(
                one,
                alarms.get(one.point.slug, ()),
                heard.get(one.point.slug, Heard()),
                box,
                lines.get(one.point.slug),
            ),
            calls=of_point[one.point.slug],
        )
        for one in facts
    ]
    lead = {one.point.slug: timedelta(hours=one.point.lead_time_h) for one in facts}
    # They come in the order of tasks: the first of a point is its most urgent one.
    first = {call.point: call.row for call in reversed(calls)}
    points.sort(key=lambda point: urgency.of_point(point, lead[point.slug], box.now, first.get(point.slug)))
    ours = [texts(alarm, own[0]) for alarm in own[1] if alarm.is_shown] if own else []
    places = [(one, alarms.get(one.point.slug, ())) for one in facts] + ([own] if own else [])
    shelved = [texts(alarm, one) for one, kept in places for alarm in kept if alarm.state == "shelved"]
    closed = frozenset(point.slug for point in points if point.deployment in CLOSED)
    return Overview(
        now=box.now,
        region=box.region,
        cp=box.cp,
        speed=box.speed,
        points=tuple(points),
        alarms=urgency.sort_alarms((*ours, *(alarm for point in points for alarm in point.alarms)), closed),
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
        shelved=tuple(sorted(shelved, key=lambda one: one.shelved_until or box.now)),
        calls=tuple(calls),
        status112=status112 or View112(),
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


def _point(facts: Facts, alarms: Sequence[AlarmState], heard: Heard, box: Box, need: Line | None) -> Point:
    point, stands = facts.point, facts.standing
    litres_needed = 0.0 if need is None or need.why == "on_grid" else need.needed
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
        alarms=urgency.sort_alarms(texts(alarm, facts) for alarm in alarms if alarm.is_shown),
        doubt=doubt(facts, box.gateway_since),
        failed_parts=facts.failed_parts,
        ready_at=facts.ready_at,
        fuel_source=facts.stock.source if facts.stock else None,
        fuel_at=facts.stock.at if facts.stock else None,
        half_load_h=half_load_h(point, facts.fuel, facts.burn),
        exercise=heard.exercise,
        lights_out=lights_out(facts),
        deployment_at=stands.deployment_at if stands else None,
        stop_until=stands.stop_until if stands and stands.is_stopped(facts.now) else None,
        dark_since=facts.dark_since,
        had_power=had_power(facts),
        litres_needed=litres_needed,
    )
