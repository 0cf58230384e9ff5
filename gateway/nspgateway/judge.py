"""From a point's state and its alarms so far to what has to be kept and said now. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nspgateway import alarms, messages, state
from nspgateway.alarms import AlarmState, Decision
from nspgateway.facts import Facts, LinkFacts
from nspgateway.messages import OutboxMessage
from nspgateway.payloads import Demo
from nspgateway.records import AlarmChange
from nspgateway.rules import Rule
from nspgateway.state import PointState

# Delays that begin or are given up: kept, but nobody has to hear of them.
_SILENT = frozenset({"wait", "forget"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is true, which alarms are kept from now on, and what to write and to say about it.

    ``exercise``: the point's newest frame was marked as part of one.
    """

    facts: Facts
    kept: Mapping[str, AlarmState]
    changes: tuple[AlarmChange, ...]
    messages: tuple[OutboxMessage, ...]
    exercise: bool = False


def judge(
    point: PointState,
    kept: Mapping[str, AlarmState],
    rules: Sequence[Rule],
    now: datetime,
    speed: float = 1.0,
    demo: Demo | None = None,
    link: LinkFacts | None = None,
    sf: int = 9,
) -> Judgement:
    """Decide on every alarm of a point. ``kept``: its alarms so far, by id; ``speed``: of the gateway's clock."""
    facts = replace(state.facts(point, now, speed), link=link, sf=sf)
    exercise = point.heard is not None and point.heard.exercise
    decisions = alarms.evaluate(rules, facts, kept)
    after = {**kept, **{d.alarm.id: d.alarm for d in decisions}}
    return Judgement(
        facts=facts,
        kept={name: alarm for name, alarm in after.items() if alarm.is_kept},
        changes=tuple(_change(decision) for decision in decisions),
        messages=tuple(
            messages.alarm(
                alarms.texts(d.alarm, facts),
                point.point,
                d.alarm.state,
                now,
                d.reason,
                exercise=exercise,
                demo=demo,
            )
            for d in decisions
            if d.action not in _SILENT
        ),
        exercise=exercise,
    )


def repeats(judged: Judgement, demo: Demo | None = None) -> list[OutboxMessage]:
    """Return the shown alarms of which nothing new is said, with their texts and ages as of now."""
    said = {change.alarm for change in judged.changes if change.is_event}
    facts = judged.facts
    return [
        messages.alarm(
            alarms.texts(alarm, facts),
            facts.point,
            alarm.state,
            facts.now,
            alarm.reason,
            exercise=judged.exercise,
            demo=demo,
            repeat=True,
        )
        for alarm in judged.kept.values()
        if alarm.is_shown and alarm.id not in said
    ]


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
