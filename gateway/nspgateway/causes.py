"""Which open alarm is explained by what: another alarm of the point, a planned stop, or a storm. Pure.

The cause that is named is always one that people see: where what explains an alarm is itself
explained, the last of the chain counts. A cause hides nothing that is more urgent than itself, and one
that a person has put aside hides only what is less urgent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nspgateway.alarm_state import AlarmState
from nspgateway.facts import Facts
from nspgateway.rules import MANY_SITES, PLANNED_STOP, Rule
from nspgateway.storms import Crowd
from nspgateway.view import Priority

URGENCY: Sequence[Priority] = ("critical", "high", "medium", "low")


def causes(
    rules: Sequence[Rule], states: Mapping[str, AlarmState], facts: Facts, crowd: Crowd
) -> dict[str, str]:
    """Return the cause of every open alarm of a point that has one, by id. Shelved alarms have none."""
    outer = _outer(rules, states, facts, crowd)
    found: dict[str, str] = {}
    for alarm in states.values():
        if alarm.is_open and alarm.state != "shelved":
            cause = _root(alarm, rules, states, outer)
            if cause is not None:
                found[alarm.id] = cause
    return found


def _outer(
    rules: Sequence[Rule], states: Mapping[str, AlarmState], facts: Facts, crowd: Crowd
) -> dict[str, str]:
    """Return what is explained by something that is no alarm of this point."""
    stopped = facts.standing is not None and facts.standing.is_stopped(facts.now)
    found: dict[str, str] = {}
    for rule in rules:
        alarm = states.get(rule.id)
        if alarm is None or not alarm.is_open or alarm.state == "shelved":
            continue
        if stopped and _covers([(PLANNED_STOP, rule.explained_by)], PLANNED_STOP, alarm):
            found[rule.id] = PLANNED_STOP
        elif alarm.state == "suppressed" and alarm.cause == MANY_SITES:
            if crowd.keeps(rule.family, alarm, facts.now):
                found[rule.id] = MANY_SITES
        elif alarm.is_active and crowd.takes(rule.family, alarm, facts.now):
            found[rule.id] = MANY_SITES
    return found


def _root(
    alarm: AlarmState, rules: Sequence[Rule], states: Mapping[str, AlarmState], outer: Mapping[str, str]
) -> str | None:
    if alarm.id in outer:
        return outer[alarm.id]
    explaining = [(one, rule.hides) for rule, one in _explaining(alarm, rules, states)]
    for one, _ in explaining:
        if _covers([(each.id, hides) for each, hides in explaining], alarm.id, alarm, first=one.id):
            # Rules are checked to hide nothing in a circle, so this ends.
            root = _root(one, rules, states, outer)
            if root == MANY_SITES and alarm.priority == "critical":
                continue  # a storm hides it for its own while and no longer, not by what it hides beside it
            if root is not None or not _ends_unseen(one):
                return root or one.id
    return None


def _ends_unseen(alarm: AlarmState) -> bool:
    """Tell whether an alarm was hidden until its own condition went: nobody will see it, so it can explain nothing."""
    return alarm.state == "suppressed" and alarm.pending_since is not None


def _explaining(
    alarm: AlarmState, rules: Sequence[Rule], states: Mapping[str, AlarmState]
) -> Iterator[tuple[Rule, AlarmState]]:
    """Give the open alarms that may explain this one, in the order of the rules."""
    for rule in rules:
        one = states.get(rule.id)
        if one is None or not one.holds or not any(e.partition(":")[0] == alarm.id for e in rule.hides):
            continue
        more = URGENCY.index(alarm.priority) - URGENCY.index(one.priority)
        if more > 0 or (more == 0 and one.state != "shelved"):
            yield rule, one


def _covers(
    explaining: Sequence[tuple[str, Sequence[str]]], name: str, alarm: AlarmState, first: str = ""
) -> bool:
    """Tell whether ``first`` explains the alarm, by its name or together with others by its lost devices."""
    entries = dict(explaining).get(first or name, ())
    if name in entries:
        return True
    devices = set(str(alarm.values.get("devices") or "").split(",")) - {""}
    part = {entry.partition(":")[2] for entry in entries if entry.startswith(f"{name}:")}
    every = {
        entry.partition(":")[2]
        for _, all_of in explaining
        for entry in all_of
        if entry.startswith(f"{name}:")
    }
    return bool(devices & part) and devices <= every
