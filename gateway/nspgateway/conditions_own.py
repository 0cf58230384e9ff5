"""What the alarm rules ask of the coordinating point itself: its supply, its clock, its disk, its emergency code. Pure.

As in ``conditions``: what is not watched or not known says neither yes nor no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nspgateway.alarm_state import AlarmState, Value
from nspgateway.facts import Facts
from nspgateway.rules import Rule
from nspgateway.verdict import Verdict

# Times on the screen may be off by this much before somebody has to set a clock.
CLOCK_OFF_S = 60.0


def cp_power(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """We run on the battery. Who cannot tell does not say that it is over."""
    own = facts.own
    if own is None or own.supply in ("", "unknown"):
        return Verdict(None, "what we run on is unknown")
    if own.supply == "line":
        return Verdict(False, "we run on the mains")
    if own.supply_min is None:
        return Verdict(True, "we run on the battery, for an unknown time", {"by": "unknown"})
    return Verdict(True, f"we run on the battery, for {own.supply_min:.0f} more minutes", {"by": "minutes"})


def supply_unknown(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """Our supply should be watched, and nobody tells us of it."""
    own = facts.own
    if own is None or not own.supply:
        return Verdict(None, "our supply is not watched")
    if own.supply == "unknown":
        return Verdict(True, "the UPS is not heard")
    return Verdict(False, f"the UPS says: {own.supply}")


def own_clock(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """Nobody vouches for our time, or it differs from one that somebody vouches for."""
    own = facts.own
    if own is None or own.clock_trusted is None:
        return Verdict(None, "our clock is not watched")
    if not own.clock_trusted:
        return Verdict(True, "nobody vouches for our time", {"by": "unknown"})
    off_s = own.clock_off_s
    values: dict[str, Value] = {"by": "offset", "off_s": round(off_s, 1)}
    return Verdict(abs(off_s) > CLOCK_OFF_S, f"our clock is off by {off_s:.0f} s", values)


def disk_low(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """Little room is left on the disk, or none."""
    own = facts.own
    if own is None:
        return Verdict(None, "our disk is not watched")
    if not own.disk:
        return Verdict(False, "there is room on the disk")
    free = "unknown" if own.disk_free_mb is None else f"{own.disk_free_mb:.0f}"
    return Verdict(True, f"the disk is {own.disk}, {free} MB free", {"by": own.disk})


def emergency_code_used(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """Somebody came in with the sealed code, and there is no new one yet."""
    own = facts.own
    if own is None:
        return Verdict(None, "our emergency code is not watched")
    if own.emergency_used_at is None:
        return Verdict(False, "the emergency code is not used up")
    return Verdict(True, "somebody came in with the emergency code")


def exercise_forgotten(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """Kits say exercise although none should go on there: what is real would be taken for practice."""
    found = facts.forgotten
    if found is None or not found.kits:
        return Verdict(False, "no kit is in an exercise that should be over")
    end = None if found.ends_at is None else found.ends_at.isoformat()
    values: dict[str, Value] = {"kits": found.kits, "name": found.name or None, "ends_at": end}
    return Verdict(True, f"{found.kits} kits still say exercise", values)


CONDITIONS: Mapping[str, Callable[[Rule, Facts, AlarmState | None], Verdict]] = {
    "cp_power": cp_power,
    "supply_unknown": supply_unknown,
    "own_clock": own_clock,
    "disk_low": disk_low,
    "emergency_code_used": emergency_code_used,
    "exercise_forgotten": exercise_forgotten,
}
