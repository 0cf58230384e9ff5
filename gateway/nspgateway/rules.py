"""The alarm rules as data: rules.toml, read once, checked, then fixed."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from nspgateway.errors import ConfigError
from nspgateway.view import Priority

PACKAGED = Path(__file__).with_name("rules.toml")
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
    "site_silent",
    "link_trouble",
    "tamper",
    "airtime",
    "radio_weak",
    "alert_path_test",
    "cp_power",
    "supply_unknown",
    "own_clock",
    "disk_low",
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
    bit: str | None = None
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


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[Rule, ...]


@cache
def load_rules(path: Path = PACKAGED) -> tuple[Rule, ...]:
    """Return the rules in the order of the file. ConfigError when one cannot be used."""
    cure = "See the head of the rules.toml that comes with the program."
    try:
        rules = msgspec.convert(tomllib.loads(path.read_text()), _File).rule
    except OSError as error:
        raise ConfigError(path, "", f"cannot be read ({error.strerror})", cure) from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(path, "", str(error), cure) from error
    ids = [rule.id for rule in rules]
    for rule in rules:
        if ids.count(rule.id) > 1:
            raise ConfigError(path, rule.id, "this id is there twice", cure)
        strange = [name for name in rule.hides if name.partition(":")[0] not in ids]
        if strange:
            raise ConfigError(path, rule.id, f"hides {strange[0]}, which is no rule", cure)
        if rule.condition == "local_bit" and rule.bit is None:
            raise ConfigError(path, rule.id, "local_bit needs the name of a bit", cure)
    return rules
