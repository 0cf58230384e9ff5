"""Whether fuel falls faster than the load explains. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nspgateway.alarm_state import AlarmState, Value
from nspgateway.facts import Facts
from nspgateway.rules import Rule
from nspgateway.verdict import Verdict

# An open alarm returns only once less than this share of the limit is missing.
DEADBAND = 0.5


def fuel_dropping(_rule: Rule, facts: Facts, alarm: AlarmState | None) -> Verdict:
    """A leak or a theft; nothing is said of it while people refuel, nor while the set is not heard."""
    if facts.standing is not None and facts.standing.is_stopped(facts.now):
        return Verdict(None, "a planned stop: people are at the tank")
    loss = facts.loss
    if loss is None or facts.fuel_litres is None:
        return Verdict(None, "too few readings of level and load in a row to tell")
    limit = loss.limit * (DEADBAND if alarm else 1.0)
    values: dict[str, Value] = {
        "lost_l": round(loss.litres, 1),
        "l_per_h": round(loss.l_per_h, 1),
        "expected_l_per_h": round(loss.expected_l_per_h, 1),
    }
    said = f"{loss.litres:.1f} l less than the load explains"
    if loss.litres > limit:
        return Verdict(True, f"{said}, more than {limit:.1f} l", values)
    return Verdict(False, f"{said}, not above {limit:.1f} l", values)


CONDITIONS: Mapping[str, Callable[[Rule, Facts, AlarmState | None], Verdict]] = {
    "fuel_dropping": fuel_dropping
}
