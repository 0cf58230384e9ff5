"""A point's own figures for the alarm rules, as points.toml gives them. Pure, but for reading the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct, structs

from nspgateway.rules import Rule, load_rules

_NotNegative = Annotated[float, Meta(ge=0)]
_Percent = Annotated[float, Meta(ge=0, le=100)]
_HOURS = frozenset({"fuel_hours", "battery_hours"})
# Which conditions ask for a figure; the others every rule has.
_ASKED_BY: Mapping[str, frozenset[str]] = {
    "hours": _HOURS,
    "lead_margin_h": frozenset({"fuel_hours"}),
    "deadband_h": _HOURS,
    "percent": _HOURS | {"kit_cell"},
    "deadband_percent": _HOURS | {"kit_cell"},
}


class RuleChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Figures that count at one point instead of the rule's own; None = the rule's own."""

    hours: _NotNegative | None = None
    lead_margin_h: _NotNegative | None = None
    deadband_h: _NotNegative | None = None
    percent: _Percent | None = None
    deadband_percent: _Percent | None = None
    on_delay_s: _NotNegative | None = None
    off_delay_s: _NotNegative | None = None
    enabled: bool = True

    def figures(self) -> dict[str, float]:
        """Return the figures that are given, by name."""
        return {
            name: value
            for name, value in structs.asdict(self).items()
            if name != "enabled" and value is not None
        }


class Fault(NamedTuple):
    """``key``: within the point's table; what is wrong there and what to do."""

    key: str
    expected: str
    cure: str


def fault(changes: Mapping[str, RuleChange], rules: Sequence[Rule] | None = None) -> Fault | None:
    """Return the first thing that cannot be, or None. An alarm that may be critical is never switched off."""
    known = {rule.id: rule for rule in (load_rules() if rules is None else rules) if rule.scope != "gateway"}
    for name, change in changes.items():
        rule, where = known.get(name), f"rules.{name}"
        if rule is None:
            return Fault(where, "is no alarm rule of a point", f"Take one of: {', '.join(sorted(known))}.")
        for figure in change.figures():
            if rule.condition not in _ASKED_BY.get(figure, {rule.condition}):
                return Fault(f"{where}.{figure}", "is a figure that this rule does not use", "Remove it.")
        if not change.enabled and rule.may_be_critical:
            return Fault(
                f"{where}.enabled",
                "this alarm may be critical and cannot be switched off",
                "Remove it; a person can put an alarm aside for a time.",
            )
    return None


def of_point(rules: Sequence[Rule], changes: Mapping[str, RuleChange]) -> tuple[Rule, ...]:
    """Return the rules as they count at a point with these changes."""
    if not changes:
        return tuple(rules)
    return tuple(
        structs.replace(rule, **changes[rule.id].figures()) if rule.id in changes else rule
        for rule in rules
        if rule.id not in changes or changes[rule.id].enabled
    )
