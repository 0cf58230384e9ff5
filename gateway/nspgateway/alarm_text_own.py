"""What the alarm texts say of the coordinating point itself: its supply, its clock, its disk, its emergency code. Pure."""

from __future__ import annotations

from nspgateway.facts import Facts, OwnFacts
from nspgateway.phrases import Phrases

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def gaps(words: Phrases, facts: Facts) -> dict[str, str]:
    """Return what fills the gaps; each says that it is unknown where nothing is watched."""
    own = facts.own or OwnFacts()
    return {
        "over": _left(words, own.supply_min),
        "stroom_sinds": words.moment(own.supply_since, facts.now),
        "klok": _clock(words, facts),
        "schijf": _disk(words, own),
        "noodcode": words.moment(own.emergency_used_at, facts.now),
    }


def _left(words: Phrases, minutes: float | None) -> str:
    if minutes is None:
        return words["supply_left_unknown"]
    if minutes < 1:
        return words["supply_empty"]
    return words.fill("supply_left", span=span(words, minutes * _MINUTE))


def _clock(words: Phrases, facts: Facts) -> str:
    own = facts.own
    who = words["our_own"] if own is not None else facts.point.name
    if own is None or not own.clock_trusted:
        return words.fill("clock_unknown", who=who)
    way = words["clock_fast" if own.clock_off_s > 0 else "clock_slow"]
    return words.fill("clock_off", who=who, span=span(words, abs(own.clock_off_s)), way=way)


def _disk(words: Phrases, own: OwnFacts) -> str:
    if own.disk == "full":
        return words["disk_full"]
    if own.disk_free_mb is None:
        return words["disk_unknown"]
    return words.fill("disk_low", n=words.number(own.disk_free_mb, 0))


def span(words: Phrases, seconds: float) -> str:
    """Return a length of time in one unit, rounded down, at least a minute."""
    if seconds < 2 * _MINUTE:
        return words["span_minute"]
    if seconds < 2 * _HOUR:
        return words.fill("span_minutes", n=str(int(seconds // _MINUTE)))
    if seconds < 2 * _DAY:
        return words.fill("span_hours", n=str(int(seconds // _HOUR)))
    return words.fill("span_days", n=str(int(seconds // _DAY)))
