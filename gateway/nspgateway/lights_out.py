"""When a point goes dark: its source of now, the fuel behind it and the battery behind that. Pure.

On the grid nothing runs down: the answer then is for the case that the grid fails this minute.
What is not known is left out and named, so that the moment is at worst too early.
"""

from __future__ import annotations

from nspgateway.config import PointConfig
from nspgateway.facts import Facts
from nspgateway.forecast import battery_behind, has_generator, later
from nspgateway.view import Case, LightsOut, Missing, Part

# A point with less than this was close to its end when it was last heard.
_ENOUGH_H = 1.0
_ENOUGH_PERMILLE = 300
_NOT_READY = frozenset({"generator_not_ready", "generator_failed", "emergency_stop"})


def lights_out(facts: Facts) -> LightsOut:
    """Return when the point goes dark."""
    reading = facts.readings.get("power_source")
    match reading.value if reading is not None else None:
        case "none":
            return LightsOut("dark", since=facts.dark_since)
        case "grid":
            return _without(facts, "if_grid_fails")
        case "sun":
            return _without(facts, "if_sun_fails")
        case "generator":
            return _sum(facts, "runs_down", with_fuel=True, missing=[])
        case "battery":
            return _on_battery(facts)
    return LightsOut("unknown", missing=("source_unknown",))


def _without(facts: Facts, word: Case) -> LightsOut:
    """Return what is left if the source that does not run down goes this minute."""
    if not has_generator(facts.point):
        return _sum(facts, word, with_fuel=False, missing=[])
    missing: list[Missing] = []
    mode = facts.readings.get("generator_mode")
    if _NOT_READY & (facts.local_alarms or frozenset()):
        return _sum(facts, word, with_fuel=False, missing=["generator_not_ready"])
    if mode is None or mode.value != "auto":
        missing.append("start_by_hand")
    return _sum(facts, word, with_fuel=True, missing=missing)


def _on_battery(facts: Facts) -> LightsOut:
    """The battery carries it; a set that could take over does not do so, and is not counted on."""
    left = facts.battery
    if left is not None:
        return LightsOut("runs_down", left.empty_low, left.empty_likely, left.empty_high, ("battery",))
    charge = facts.readings.get("battery_permille")
    known = charge is not None and charge.value is not None and facts.point.battery_wh is not None
    return LightsOut("unknown", missing=("not_running_down" if known else "battery_unknown",))


def _sum(facts: Facts, word: Case, *, with_fuel: bool, missing: list[Missing]) -> LightsOut:
    """Fuel first, then the battery behind it at the load of now."""
    parts: list[Part] = []
    low = likely = high = 0.0
    if with_fuel and facts.fuel is None:
        missing.append("fuel_unknown")
    elif with_fuel and facts.fuel is not None:
        parts.append("fuel")
        low, likely, high = facts.fuel.low_h, facts.fuel.likely_h, facts.fuel.high_h
    if _has_battery(facts.point):
        behind = battery_behind(facts.point, facts.readings, facts.now)
        if behind is None:
            missing.append("battery_unknown")
        else:
            parts.append("battery")
            low, likely, high = low + behind[0], likely + behind[1], high + behind[2]
    if "fuel_unknown" in missing or (not parts and missing):
        return LightsOut("unknown", missing=tuple(missing))
    now = facts.now
    return LightsOut(
        word, later(now, low), later(now, likely), later(now, high), tuple(parts), tuple(missing)
    )


def had_power(facts: Facts) -> bool | None:
    """Tell whether a point that is silent now had power for hours when it was last heard; None = not known.

    What was burnt since is counted off. Only where nothing speaks against it: it rules out a cause.
    """
    if facts.dark_since is not None or facts.last_source == "none":
        return False
    match facts.last_source:
        case "grid" | "sun":
            return True
        case "generator":
            return True if facts.fuel is not None and facts.fuel.low_h >= _ENOUGH_H else None
        case "battery":
            charge = facts.last_charge_permille
            return True if charge is not None and charge >= _ENOUGH_PERMILLE else None
    return None


def _has_battery(point: PointConfig) -> bool:
    """Tell whether a battery carries the load when nothing else does."""
    return point.battery_wh is not None and (not point.sources or "battery" in point.sources)
