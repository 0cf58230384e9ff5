"""From a point's state and its alarms so far to what has to be kept and said now. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nspgateway import alarms, messages, state
from nspgateway.alarms import AlarmState, Decision
from nspgateway.facts import Facts
from nspgateway.messages import OutboxMessage
from nspgateway.records import AlarmChange
from nspgateway.rules import Rule
from nspgateway.state import PointState

# Delays that begin or are given up: kept, but nobody has to hear of them.
_SILENT = frozenset({"wait", "forget"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is true, which alarms are kept from now on, and what to write and to say about it."""

    facts: Facts
    kept: Mapping[str, AlarmState]
    changes: tuple[AlarmChange, ...]
    messages: tuple[OutboxMessage, ...]


def judge(
    point: PointState, kept: Mapping[str, AlarmState], rules: Sequence[Rule], now: datetime, speed: float
) -> Judgement:
    """Decide on every alarm of a point. ``kept``: its alarms so far, by id."""
    facts = state.facts(point, now)
    decisions = alarms.evaluate(rules, facts, kept)
    after = {**kept, **{d.alarm.id: d.alarm for d in decisions}}
    return Judgement(
        facts=facts,
        kept={name: alarm for name, alarm in after.items() if alarm.is_kept},
        changes=tuple(_change(decision) for decision in decisions),
        messages=tuple(_message(d, facts, speed) for d in decisions if d.action not in _SILENT),
    )


def _change(decision: Decision) -> AlarmChange:
    alarm = decision.alarm
    return AlarmChange(
        point=alarm.point,
        alarm=alarm.id,
        action=decision.action,
        record=alarms.to_json(alarm),
        is_kept=alarm.is_kept,
        is_event=decision.action not in _SILENT,
    )


def _message(decision: Decision, facts: Facts, speed: float) -> OutboxMessage:
    alarm = decision.alarm
    return messages.alarm(
        alarms.texts(alarm, facts), facts.point, alarm.state, facts.now, decision.reason, speed=speed
    )
