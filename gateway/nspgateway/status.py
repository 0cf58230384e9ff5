"""The technical state of one point in one word, and why a quiet one is still not called normal. Pure.

"normal" is said only of a point that is heard, of which everything that it
should report is known and fresh, and whose values do not contradict its
settings or each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from nspgateway.alarm_state import AlarmState
from nspgateway.facts import Facts
from nspgateway.rules import MANY_SITES
from nspgateway.view import Doubt, Reading, Status, is_ahead

# A point is silent after this many heartbeat intervals without a frame.
SILENT_INTERVALS = 3
# What a heartbeat must tell of each device before a point can be called normal.
_NEEDED = {
    "generator": ("generator_state",),
    "battery": ("battery_permille",),
    "meter": ("load_w",),
}
# What of each device the kit calls "none" only when it was not told of the device.
_NO_DEVICE: Mapping[str, Doubt] = {
    "generator": "no_generator",
    "battery": "no_battery",
    "meter": "no_meter",
}
# Known, and bad, though the kit raised no alarm for it.
_BAD = frozenset({"no_power", "generator_fault", "not_ready"})
_UNREAD = Reading(None, "unknown", None)


def status(facts: Facts, alarms: Sequence[AlarmState], gateway_since: datetime | None = None) -> Status:
    """Return the state of a point; ``alarms``: its open ones, ``gateway_since``: start of the gateway."""
    point = facts.point
    if point.kit_address is None:
        return "unknown"
    if is_silent(facts.last_heard, point.interval_s, facts.now):
        return "unknown" if _may_come(facts, gateway_since) else "no_contact"
    shown = [alarm for alarm in alarms if alarm.is_open and alarm.state != "shelved"]
    # What a storm hides is one of many lines, and no less critical at its point.
    if any(a.priority == "critical" and (a.is_active or (a.cause == MANY_SITES and a.holds)) for a in shown):
        return "critical"
    why = doubt(facts, gateway_since)
    if shown or why in _BAD:
        return "attention"
    return "unknown" if why or not _all_known(facts) else "normal"


def doubt(facts: Facts, gateway_since: datetime | None = None) -> Doubt:
    """Return what is amiss beside the alarms and beside what is merely unknown or old."""
    point = facts.point
    if point.kit_address is None:
        return ""
    if facts.last_heard is None:
        return "not_heard_yet" if _may_come(facts, gateway_since) else ""
    if is_ahead(facts.last_heard, facts.now):
        return "clock_set_back"
    if _reading(facts, "power_source").value == "none":
        return "no_power"
    return _doubt_of_devices(facts)


def is_silent(last_heard: datetime | None, interval_s: float, now: datetime) -> bool:
    """Tell whether nothing was heard for three intervals; a time in the future says nothing of now."""
    if last_heard is None or is_ahead(last_heard, now):
        return True
    return (now - last_heard).total_seconds() > SILENT_INTERVALS * interval_s


def _may_come(facts: Facts, gateway_since: datetime | None) -> bool:
    """Tell whether the gateway has not listened long enough to call the point silent."""
    if gateway_since is None or (facts.last_heard is not None and not is_ahead(facts.last_heard, facts.now)):
        return False
    return facts.now - gateway_since < timedelta(seconds=SILENT_INTERVALS * facts.point.interval_s)


def _doubt_of_devices(facts: Facts) -> Doubt:
    devices = facts.point.devices
    if not devices:
        return "no_devices"
    state, mode = _reading(facts, "generator_state").value, _reading(facts, "generator_mode").value
    if state == "fault":
        return "generator_fault"
    if state == "stopped" and mode not in {None, "auto"}:
        return "not_ready"
    for device in devices:
        readings = [_reading(facts, name) for name in _NEEDED[device]]
        if any(reading.quality == "none" or reading.value == "none" for reading in readings):
            return _NO_DEVICE[device]
    return ""


def _all_known(facts: Facts) -> bool:
    """Tell whether every value that this point should report is fresh."""
    point = facts.point
    needed = ["power_source", *(name for device in point.devices for name in _NEEDED[device])]
    if "generator" in point.devices:
        # A set without a gauge is told as such by the kit; then its fuel is not waited for.
        if point.tank_litres is not None or _reading(facts, "fuel_permille").quality != "none":
            needed.append("fuel_permille")
        if _reading(facts, "generator_state").value == "stopped":
            needed.append("generator_mode")
    readings = [_reading(facts, name) for name in needed]
    fresh = all(reading.quality == "good" and reading.value is not None for reading in readings)
    return fresh and facts.local_alarms is not None


def _reading(facts: Facts, name: str) -> Reading:
    return facts.readings.get(name, _UNREAD)
