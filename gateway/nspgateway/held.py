"""One quantity of a point: as its kit said it last, and what that is still worth by now. Pure.

Good until one expected interval and a fifth, stale until three, then unknown: reckoned from the last good
read at the kit, and never better than the kit's own word for the device that the quantity comes from. An
unknown quantity keeps the time of its last good value, so that its age goes on growing, never the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import structs

from nspgateway.records import Held, Value
from nspgateway.view import Quality, Reading, is_ahead
from nspgateway.vouchers import BEHIND, SOURCES

GOOD_INTERVALS = 1.2
STALE_INTERVALS = 3.0
_QUALITIES: Mapping[Value, Quality] = {"good": "good", "stale": "stale", "none": "none"}


def reading(held: Held, interval_s: float, now: datetime) -> Reading:
    """Return what a quantity expected every ``interval_s`` is worth at ``now``."""
    return as_reading(held, quality_of(held, interval_s, now))


def as_reading(held: Held, quality: Quality) -> Reading:
    """Return it as what such a quality leaves of it."""
    return Reading(held.value if quality in ("good", "stale") else None, quality, held.good_at)


def quality_of(held: Held, interval_s: float, now: datetime) -> Quality:
    """Return what it is still worth at ``now``."""
    if held.source == "none":
        return "none"
    if held.value is None or held.good_at is None:
        return "unknown"
    intervals = (now - held.good_at).total_seconds() / interval_s
    if intervals > STALE_INTERVALS or is_ahead(held.good_at, now):
        return "unknown"
    return "stale" if intervals > GOOD_INTERVALS or held.source == "stale" else "good"


def hold(before: Held | None, value: Value, source: Quality, at: datetime) -> Held:
    """Return one quantity after a frame that says ``value`` of it."""
    if source == "good" and value is not None:
        return Held(value, source, at)
    good_at = before.good_at if before else None
    if source == "none":
        return Held(None, source, good_at)
    if value is None or source == "unknown":
        return Held(None, "unknown", good_at)
    # Stale at the kit and never good here: its age is not known, and a number without age is none.
    return Held(value if good_at else None, source, good_at)


def doubted(held: Held) -> Held:
    """Return a value for which nobody vouches yet: never better than stale."""
    return structs.replace(held, source="stale") if held.source == "good" else held


def source_of(name: str, fields: Mapping[str, Value]) -> Quality:
    """Return the kit's word for the device behind a quantity."""
    return _QUALITIES.get(fields.get(SOURCES.get(name, ""), "good"), "unknown")


def said_of_devices(fields: Mapping[str, Value]) -> dict[str, Quality]:
    """Return the kit's words for all its devices that a frame has, by the names of the words."""
    return {word: _QUALITIES.get(fields[word], "unknown") for word in BEHIND if word in fields}


def good(fields: Mapping[str, Value], name: str) -> int | None:
    """Return a number that the kit itself calls good."""
    value = fields.get(name)
    return value if isinstance(value, int) and source_of(name, fields) == "good" else None
