"""The alarm rules as data: rules.toml, read once, checked, then fixed."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from nspgateway.calls import Late
from nspgateway.errors import ConfigError
from nspgateway.view import Priority

PACKAGED = Path(__file__).with_name("rules.toml")
_CURE = "See the head of the rules.toml that comes with the program."
# What an alarm may be explained by that is no alarm of the same point.
PLANNED_STOP = "planned_stop"
MANY_SITES = "many_sites"
_Seconds = Annotated[float, Meta(ge=0)]
_Hours = Annotated[float, Meta(ge=0)]
_Share = Annotated[float, Meta(gt=0, le=1)]
_Percent = Annotated[float, Meta(ge=0, le=100)]


class Priorities(Struct, frozen=True, forbid_unknown_fields=True):
    """Priority at a point that is open or partly open, and at any other."""

    open: Priority
    otherwise: Priority


Condition = Literal[
    "local_bit",
    "fuel_hours",
    "battery_hours",
    "fuel_dropping",
    "site_silent",
    "link_trouble",
    "tamper",
    "airtime",
    "radio_weak",
    "kit_cell",
    "kit_input",
    "grid_back",
    "site_not_open",
    "message_unread",
    "staff_short",
    "stock_low",
    "exercise_forgotten",
    "many_sites",
    "alert_path_test",
    "cp_power",
    "supply_unknown",
    "own_clock",
    "disk_low",
    "emergency_code_used",
]
Scope = Literal["points", "gateway", "both"]


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule; the head of rules.toml says what each key means."""

    id: str
    condition: Condition
    role: str
    priority: Priorities
    on_delay_s: _Seconds = 0.0
    off_delay_s: _Seconds = 0.0
    auto_return: bool = False
    critical_after_s: _Seconds | None = None
    scope: Scope = "points"
    hides: tuple[str, ...] = ()
    explained_by: tuple[str, ...] = ()
    family: str = ""
    shelve_s: Annotated[float, Meta(gt=0)] = 28_800.0
    shelve_critical_s: Annotated[float, Meta(gt=0)] = 1800.0
    remind_s: Annotated[float, Meta(gt=0)] = 300.0
    flap_count: Annotated[int, Meta(ge=2)] = 3
    flap_window_s: Annotated[float, Meta(gt=0)] = 1800.0
    flap_quiet_s: Annotated[float, Meta(gt=0)] = 600.0
    bit: str | None = None
    grid_or_open: bool = False
    hours: _Hours | None = None
    lead_margin_h: _Hours = 0.0
    deadband_h: _Hours = 0.0
    percent: _Percent | None = None
    deadband_percent: _Percent = 0.0
    tank_share: _Share = 1.0
    large_tank_h: _Hours | None = None
    large_tank_share: _Share = 1.0
    rise: Annotated[float, Meta(ge=1)] = 1.0
    rise_margin_h: _Hours = 0.0

    @property
    def may_be_critical(self) -> bool:
        """Tell whether it can ever become a critical alarm."""
        return (
            "critical" in (self.priority.open, self.priority.otherwise) or self.critical_after_s is not None
        )


class Storm(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When many points at once are one line; the head of rules.toml says what each key means."""

    points: Annotated[int, Meta(ge=2)] = 3
    within_s: Annotated[float, Meta(gt=0)] = 120.0
    grid_points: Annotated[int, Meta(ge=2)] = 5
    lines: Annotated[int, Meta(ge=2)] = 3
    lines_s: Annotated[float, Meta(gt=0)] = 60.0
    hold_s: _Seconds = 300.0


class CallRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a call for help has waited too long; the head of rules.toml says what each key means."""

    id: Late
    after_s: _Seconds
    again_s: Annotated[float, Meta(gt=0)]
    second_s: _Seconds


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[Rule, ...]
    call: tuple[CallRule, ...] = ()
    storm: Storm = Storm()


def load_rules(path: Path = PACKAGED) -> tuple[Rule, ...]:
    """Return the rules in the order of the file. ConfigError when one cannot be used."""
    return _load(path).rule


def load_storm(path: Path = PACKAGED) -> Storm:
    """Return what makes a storm. ConfigError when the file cannot be used."""
    return _load(path).storm


def load_call_rules(path: Path = PACKAGED) -> dict[Late, CallRule]:
    """Return when a call for help has waited too long, by what is to be done. ConfigError when one is missing."""
    found = {rule.id: rule for rule in _load(path).call}
    missing = sorted(set(get_args(Late)) - found.keys())
    if missing:
        raise ConfigError(path, missing[0], "there is no [[call]] with this id", _CURE)
    return found


@cache
def _load(path: Path) -> _File:
    try:
        found = msgspec.convert(tomllib.loads(path.read_text()), _File)
    except OSError as error:
        raise ConfigError(path, "", f"cannot be read ({error.strerror})", _CURE) from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(path, "", str(error), _CURE) from error
    rules = found.rule
    ids = [rule.id for rule in rules]
    for rule in rules:
        if ids.count(rule.id) > 1:
            raise ConfigError(path, rule.id, "this id is there twice", _CURE)
        strange = [name for name in rule.hides if name.partition(":")[0] not in ids]
        if strange:
            raise ConfigError(path, rule.id, f"hides {strange[0]}, which is no rule", _CURE)
        if rule.condition == "local_bit" and rule.bit is None:
            raise ConfigError(path, rule.id, "local_bit needs the name of a bit", _CURE)
        foreign = [name for name in rule.explained_by if name.partition(":")[0] != PLANNED_STOP]
        if foreign:
            raise ConfigError(
                path, rule.id, f"explained_by {foreign[0]}: only {PLANNED_STOP} is known", _CURE
            )
        if rule.id in _below(rule.id, rules):
            raise ConfigError(path, rule.id, "hides itself, by way of what it hides", _CURE)
    return found


def _below(name: str, rules: tuple[Rule, ...]) -> set[str]:
    """Return everything that an alarm hides, directly or by way of others."""
    hides = {rule.id: {entry.partition(":")[0] for entry in rule.hides} for rule in rules}
    found: set[str] = set()
    todo = set(hides[name])
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo |= hides.get(one, set())
    return found
