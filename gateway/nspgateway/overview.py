"""The first page as values: status of each point, order by urgency, open alarms. Pure.

A point is "normal" only when everything it should report is known and fresh;
silence, an unknown or an old value is never green.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from nspgateway.alarm_state import AlarmState
from nspgateway.alarm_text import texts
from nspgateway.facts import Facts
from nspgateway.view import Alarm, Overview, Point, Status

# A point is silent after this many heartbeat intervals without a frame.
SILENT_INTERVALS = 3
# Below this signal-to-noise ratio in dB a LoRa frame is lost; by spreading factor.
SNR_LIMIT_DB: Mapping[int, float] = {7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}
WEAK_MARGIN_DB = 5.0
PRIORITY_ORDER = ("critical", "high", "medium", "low")
OPEN = frozenset({"open", "partly_open"})
# Below the fold, whatever their state.
CLOSED = frozenset({"stored", "closed", "wound_down"})
# What a heartbeat must tell of each device before a point can be called normal.
_NEEDED = {
    "generator": ("generator_state",),
    "battery": ("battery_permille",),
    "meter": ("load_w",),
}
_FAR = timedelta(days=36500)

Link = Literal["good", "weak", "none"]


@dataclass(frozen=True, slots=True)
class Heard:
    """How loud the newest frame of a point was; None = unknown."""

    rssi_dbm: int | None = None
    snr_db: float | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """What is true of the gateway itself. ``sf``: the spreading factor that the points send with."""

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


def build(
    facts: Sequence[Facts],
    alarms: Mapping[str, Sequence[AlarmState]],
    heard: Mapping[str, Heard],
    box: Box,
) -> Overview:
    """Return the overview. ``alarms`` and ``heard`` by the point's slug; those not shown are left out."""
    points = [
        _point(one, alarms.get(one.point.slug, ()), heard.get(one.point.slug, Heard()), box) for one in facts
    ]
    lead = {one.point.slug: timedelta(hours=one.point.lead_time_h) for one in facts}
    points.sort(key=lambda point: _urgency(point, lead[point.slug], box.now))
    return Overview(
        now=box.now,
        region=box.region,
        cp=box.cp,
        speed=box.speed,
        points=tuple(points),
        alarms=_sorted(alarm for point in points for alarm in point.alarms),
        modem_ok=box.modem_ok,
        modem_reason=box.modem_reason,
        modem_since=box.modem_since,
        broker_ok=box.broker_ok,
        counters=dict(box.counters),
    )


def link(
    last_heard: datetime | None, snr_db: float | None, interval_s: float, now: datetime, sf: int
) -> Link:
    """Return "none" when silent; "good" only for a fresh frame with enough signal above the noise."""
    if _silent(last_heard, interval_s, now):
        return "none"
    if snr_db is None or snr_db - SNR_LIMIT_DB[sf] < WEAK_MARGIN_DB:
        return "weak"
    return "good"


def status(facts: Facts, alarms: Sequence[AlarmState]) -> Status:
    """Return the technical state of a point; ``alarms``: its open ones."""
    point = facts.point
    if point.kit_address is None and facts.last_heard is None:
        return "unknown"
    if _silent(facts.last_heard, point.interval_s, facts.now):
        return "no_contact"
    shown = [alarm for alarm in alarms if alarm.is_open and alarm.state != "shelved"]
    if any(alarm.priority == "critical" and alarm.is_active for alarm in shown):
        return "critical"
    if shown:
        return "attention"
    return "normal" if _all_known(facts) else "unknown"


def _point(facts: Facts, alarms: Sequence[AlarmState], heard: Heard, box: Box) -> Point:
    point = facts.point
    return Point(
        slug=point.slug,
        name=point.name,
        number=point.number,
        municipality=point.municipality,
        kit_address=point.kit_address,
        deployment=point.deployment,
        status=status(facts, alarms),
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
    )


def _silent(last_heard: datetime | None, interval_s: float, now: datetime) -> bool:
    return last_heard is None or (now - last_heard).total_seconds() > SILENT_INTERVALS * interval_s


def _all_known(facts: Facts) -> bool:
    """Tell whether every value that this point should report is fresh; "none" = it has no such device."""
    needed = ["power_source"]
    for device in facts.point.devices:
        needed += _NEEDED[device]
    if "generator" in facts.point.devices and facts.point.tank_litres is not None:
        needed.append("fuel_permille")
    readings = [facts.readings.get(name) for name in needed]
    fresh = all(reading is not None and reading.quality in {"good", "none"} for reading in readings)
    return fresh and facts.local_alarms is not None


def _urgency(point: Point, lead: timedelta, now: datetime) -> tuple[bool, int, datetime, str]:
    """Sort key: open without power, open without contact, empty before fuel can be there, empty first."""
    forecasts = [forecast for forecast in (point.fuel, point.battery) if forecast is not None]
    first = min((forecast.empty_likely for forecast in forecasts), default=now + _FAR)
    is_open = point.deployment in OPEN
    source = point.readings.get("power_source")
    no_power = any(alarm.id == "power_lost" for alarm in point.alarms) or (
        source is not None and source.value == "none"
    )
    if is_open and no_power:
        rank = 0
    elif is_open and point.status == "no_contact":
        rank = 1
    elif any(forecast.empty_low <= now + lead for forecast in forecasts):
        rank = 2
    else:
        rank = 3
    return point.deployment in CLOSED, rank, first, point.name


def _sorted(alarms: Iterable[Alarm]) -> tuple[Alarm, ...]:
    """Highest priority first, then the oldest."""
    order = sorted(alarms, key=lambda alarm: (PRIORITY_ORDER.index(alarm.priority), alarm.raised_at))
    return tuple(order)
