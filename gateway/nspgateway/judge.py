"""From the facts of a place and its alarms so far to what has to be kept and said now. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from nspgateway import alarms, messages
from nspgateway.alarms import AlarmState, Decision
from nspgateway.exercises import Marked
from nspgateway.facts import Facts
from nspgateway.messages import OutboxMessage
from nspgateway.notify import Notice
from nspgateway.payloads import Demo
from nspgateway.records import AlarmChange
from nspgateway.rules import Rule
from nspgateway.storms import Crowd
from nspgateway.view import Alarm

# Delays that begin or are given up: kept, but nobody has to hear of them.
_SILENT = frozenset({"wait", "forget"})
_NO_EXERCISE = Marked()


class Judgement(Struct, frozen=True):
    """What is true, which alarms are kept from now on, and what to write and to say about it.

    ``exercise``: what the point's newest frame says of one.
    """

    facts: Facts
    kept: Mapping[str, AlarmState]
    changes: tuple[AlarmChange, ...]
    messages: tuple[OutboxMessage, ...]
    notices: tuple[Notice, ...] = ()
    exercise: Marked = _NO_EXERCISE


def judge(
    facts: Facts,
    kept: Mapping[str, AlarmState],
    rules: Sequence[Rule],
    demo: Demo | None = None,
    *,
    exercise: Marked = _NO_EXERCISE,
    crowd: Callable[[bool], Crowd] = lambda _is_news: Crowd(),
) -> Judgement:
    """Decide on every alarm of a place. ``kept``: its alarms so far, by id; ``crowd``: of the other places."""
    return decided(facts, kept, alarms.evaluate(rules, facts, kept, crowd), demo, exercise=exercise)


def decided(
    facts: Facts,
    kept: Mapping[str, AlarmState],
    decisions: Sequence[Decision],
    demo: Demo | None = None,
    *,
    exercise: Marked = _NO_EXERCISE,
) -> Judgement:
    """Return what has to be kept and said of these decisions, whoever took them."""
    if not decisions:
        return Judgement(facts, kept, (), (), exercise=exercise)
    after = {**kept, **{d.alarm.id: d.alarm for d in decisions}}
    spoken = [(d, alarms.texts(d.alarm, facts)) for d in decisions if d.action not in _SILENT]
    return Judgement(
        facts=facts,
        kept={name: alarm for name, alarm in after.items() if alarm.is_kept},
        changes=tuple(_change(decision) for decision in decisions),
        messages=tuple(
            messages.alarm(
                text,
                facts.point,
                d.alarm.state,
                facts.now,
                d.reason,
                exercise=exercise.covers(text.raised_at),
                demo=demo,
            )
            for d, text in spoken
        ),
        notices=tuple(_notice(d, text, facts, exercise) for d, text in spoken if _is_heard(d)),
        exercise=exercise,
    )


def repeats(judged: Judgement, demo: Demo | None = None) -> list[OutboxMessage]:
    """Return the shown alarms of which nothing new is said, with their texts and ages as of now."""
    said = {change.alarm for change in judged.changes if change.is_event}
    facts = judged.facts
    return [
        messages.alarm(
            text := alarms.texts(alarm, facts),
            facts.point,
            alarm.state,
            facts.now,
            alarm.reason,
            exercise=judged.exercise.covers(text.raised_at),
            demo=demo,
            repeat=True,
        )
        for alarm in judged.kept.values()
        if alarm.is_shown and alarm.id not in said
    ]


def _is_heard(decision: Decision) -> bool:
    """Tell whether people hear of it: not of what happens to an alarm that they never heard of or cannot see.

    That one is hidden now, or over, is news to whoever has heard it.
    """
    alarm = decision.alarm
    if alarm.said_at is None:
        return alarm.is_shown
    return alarm.is_shown or decision.action in {"hide", "clear"}


def _notice(decision: Decision, text: Alarm, facts: Facts, exercise: Marked) -> Notice:
    alarm, point = decision.alarm, facts.point
    return Notice(
        key="/".join(
            (
                *(point.slug, alarm.id, text.raised_at.isoformat(), decision.action, alarm.state),
                (alarm.said_at or alarm.since).isoformat(),
            )
        ),
        kind="alarm",
        action=decision.action,
        at=facts.now,
        point=point.slug,
        name=point.name,
        id=alarm.id,
        priority=alarm.priority,
        title=text.title,
        what=text.what,
        todo=text.todo,
        exercise=exercise.covers(text.raised_at),
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
