"""What is true, what was said, and now -> what to say, with its reason. Pure.

``evaluate`` may be called at every frame and every tick: with the same facts and
the states it gave, it says nothing new. What it gives is kept by the caller and
handed back, so a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from msgspec import structs

from nspgateway.alarm_state import AlarmState, State, Value, acknowledge, from_json, to_json
from nspgateway.alarm_text import catalogue, texts
from nspgateway.conditions import CONDITIONS
from nspgateway.facts import Facts
from nspgateway.rules import PACKAGED, Rule
from nspgateway.rules import load_rules as read_rules
from nspgateway.verdict import Verdict
from nspgateway.view import Priority

__all__ = [
    "AlarmState",
    "Decision",
    "acknowledge",
    "evaluate",
    "from_json",
    "load_rules",
    "texts",
    "to_json",
]

Action = Literal["raise", "update", "return", "clear", "wait", "forget"]
OPEN_DEPLOYMENTS = frozenset({"open", "partly_open"})


@dataclass(frozen=True, slots=True)
class Decision:
    """One change of one alarm; ``alarm`` is its new state, to be kept while ``alarm.is_kept``.

    raise: it is now open (again). update: open, but priority, note or cause changed.
    return: the kit no longer reports it; it stays open until a person or the kit ends it.
    clear: back to normal, by the rule or because the kit says that the cause is over. wait and forget: a delay began to run or was given up;
    nothing that anybody has to hear.
    """

    action: Action
    alarm: AlarmState
    reason: str


def load_rules(path: Path = PACKAGED) -> tuple[Rule, ...]:
    """Return the rules, with their texts and roles checked. ConfigError when something does not fit."""
    catalogue()
    return read_rules(path)


def evaluate(rules: Sequence[Rule], facts: Facts, open: Mapping[str, AlarmState]) -> list[Decision]:  # noqa: A002 - what the callers' contract calls it
    """Decide on every rule for one point. ``open``: this point's kept states by alarm id.

    At most one decision an alarm; none when nothing changes.
    """
    states = dict(open)
    decided: dict[str, Decision] = {}
    for rule in rules:
        alarm = states.get(rule.id)
        verdict = CONDITIONS[rule.condition](rule, facts, alarm if alarm and alarm.is_open else None)
        if alarm is not None and alarm.is_open:
            decision = _of_open(rule, verdict, facts, alarm)
        else:
            decision = _of_normal(rule, verdict, facts, alarm)
        if decision is not None:
            states[rule.id] = decision.alarm
            decided[rule.id] = decision
    known = {rule.id for rule in rules}
    for alarm in open.values():
        if alarm.id not in known and alarm.is_open:
            decided[alarm.id] = _cleared(alarm, facts.now, "no rule speaks of this alarm any more")
            states[alarm.id] = decided[alarm.id].alarm
    for alarm, reason in _hide(rules, states, facts.now):
        first = decided.get(alarm.id)
        decided[alarm.id] = Decision(
            first.action if first else "update", alarm, first.reason if first else reason
        )
    return list(decided.values())


def _of_normal(rule: Rule, verdict: Verdict, facts: Facts, alarm: AlarmState | None) -> Decision | None:
    """On-delay. Unknown neither ends nor starts it; what was known before and after it counts through."""
    pending = _earlier(alarm, facts.now)
    if verdict.holds is None:
        return None
    if not verdict.holds:
        if alarm is None or alarm.pending_since is None:
            return None
        return Decision("forget", structs.replace(alarm, pending_since=None), verdict.reason)
    new = AlarmState(
        id=rule.id,
        point=facts.point.slug,
        state="normal",
        priority=_priority(rule, facts, facts.now),
        since=facts.now,
        pending_since=pending,
        reason=verdict.reason,
        values=verdict.values,
    )
    if (facts.now - pending).total_seconds() < rule.on_delay_s:
        waits = alarm is not None and alarm.pending_since == pending
        return None if waits else Decision("wait", new, verdict.reason)
    raised_at = min(facts.now, _began(rule, verdict, facts) or facts.now)
    raised = structs.replace(new, state="unacknowledged", raised_at=raised_at, pending_since=None)
    return Decision("raise", raised, verdict.reason)


def _of_open(rule: Rule, verdict: Verdict, facts: Facts, alarm: AlarmState) -> Decision | None:
    if verdict.holds:
        return _still(rule, verdict, facts, alarm)
    if rule.bit in facts.ended and _by_kit(rule, alarm.values):
        return _cleared(alarm, facts.now, f"the kit says that {rule.bit} is over")
    if verdict.holds is None:
        note = alarm.note or "input_unknown"
        return _changed(alarm, structs.replace(alarm, note=note, pending_since=None), verdict.reason)
    if alarm.is_returned:
        return None
    pending = _earlier(alarm, facts.now)
    if (facts.now - pending).total_seconds() < rule.off_delay_s:
        waiting = structs.replace(alarm, pending_since=pending, note="")
        return _changed(alarm, waiting, verdict.reason)
    if rule.auto_return:
        return _cleared(alarm, facts.now, verdict.reason)
    state: State = "returned_unacknowledged" if alarm.state == "unacknowledged" else alarm.state
    back = structs.replace(
        alarm, state=state, since=facts.now, pending_since=None, note="returned_unconfirmed"
    )
    return Decision("return", back, verdict.reason)


def _still(rule: Rule, verdict: Verdict, facts: Facts, alarm: AlarmState) -> Decision | None:
    """The condition holds: keep the alarm open, or open it again after it had returned."""
    began = _began(rule, verdict, facts)
    now_true = structs.replace(
        alarm,
        priority=_priority(rule, facts, alarm.raised_at),
        note="",
        pending_since=None,
        raised_at=min(alarm.raised_at, began) if alarm.raised_at and began else alarm.raised_at,
        # The figures of the moment of raising stay; what was not known then is filled in.
        values={**verdict.values, **alarm.values},
    )
    if alarm.is_returned and alarm.is_shown:
        again = structs.replace(
            now_true, state="unacknowledged", since=facts.now, reason=verdict.reason, values=verdict.values
        )
        return Decision("raise", again, verdict.reason)
    if alarm.values.get("by") != verdict.values.get("by"):
        now_true = structs.replace(now_true, reason=verdict.reason, values=verdict.values)
    return _changed(alarm, now_true, verdict.reason)


def _by_kit(rule: Rule, values: Mapping[str, Value]) -> bool:
    """Tell whether it is the kit's word that counts, not a figure of the gateway's own."""
    return rule.condition == "local_bit" or values.get("by") == "bit"


def _began(rule: Rule, verdict: Verdict, facts: Facts) -> datetime | None:
    """Return since when the cause is there, where the kit has said so."""
    return facts.began.get(rule.bit or "") if _by_kit(rule, verdict.values) else None


def _cleared(alarm: AlarmState, now: datetime, reason: str) -> Decision:
    normal = structs.replace(alarm, state="normal", since=now, pending_since=None, note="", cause=None)
    return Decision("clear", structs.replace(normal, reason=reason), reason)


def _changed(old: AlarmState, new: AlarmState, reason: str) -> Decision | None:
    """Say what people must hear as an update, a mere delay as waiting, and nothing when all is as it was."""
    if new == old:
        return None
    same = structs.replace(new, pending_since=old.pending_since, values=old.values, reason=old.reason) == old
    return Decision("wait" if same else "update", new, reason)


def _hide(
    rules: Sequence[Rule], states: Mapping[str, AlarmState], now: datetime
) -> list[tuple[AlarmState, str]]:
    """Suppress the alarms that another open one explains, and show those whose cause has gone."""
    causes = {
        name: rule.id
        for rule in reversed(rules)
        if (alarm := states.get(rule.id)) is not None and alarm.is_active
        for name in rule.hides
    }
    changes: list[tuple[AlarmState, str]] = []
    for alarm in states.values():
        devices = alarm.values.get("devices")
        cause = causes.get(alarm.id) or causes.get(f"{alarm.id}:{devices}")
        if cause is not None and alarm.is_active:
            hidden = structs.replace(alarm, state="suppressed", since=now, cause=cause)
            changes.append((hidden, f"belongs to {cause}"))
        elif cause is None and alarm.state == "suppressed":
            returned = alarm.note == "returned_unconfirmed"
            state: State = "returned_unacknowledged" if returned else "unacknowledged"
            shown = structs.replace(alarm, state=state, since=now, cause=None)
            changes.append((shown, f"{alarm.cause} is over"))
    return changes


def _earlier(alarm: AlarmState | None, now: datetime) -> datetime:
    """Since when the delay runs; now when it starts, or when the clock was set back."""
    if alarm is None or alarm.pending_since is None:
        return now
    return min(alarm.pending_since, now)


def _priority(rule: Rule, facts: Facts, raised_at: datetime | None) -> Priority:
    """Return how urgent it is here; at an open point what lasts may become critical."""
    if facts.point.deployment not in OPEN_DEPLOYMENTS:
        return rule.priority.otherwise
    lasts_s = (facts.now - raised_at).total_seconds() if raised_at else 0.0
    if rule.critical_after_s is not None and lasts_s >= rule.critical_after_s:
        return "critical"
    return rule.priority.open
