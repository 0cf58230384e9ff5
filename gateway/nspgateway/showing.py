"""Which open alarms people get to see and hear, and when: hidden by a cause, waiting for room, said again. Pure.

Each function takes the ``decided`` of one evaluation and changes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import structs

from nspgateway.alarm_state import AlarmState, State
from nspgateway.causes import URGENCY, causes
from nspgateway.decision import Decision
from nspgateway.facts import Facts
from nspgateway.rules import Rule
from nspgateway.storms import Crowd
from nspgateway.view import is_ahead

# What the kit says and another alarm explained is shown this long after that has gone, unless it is critical.
SETTLES = timedelta(seconds=60)


def explain(
    rules: Sequence[Rule],
    facts: Facts,
    states: dict[str, AlarmState],
    decided: dict[str, Decision],
    crowd: Crowd,
) -> None:
    """Suppress the alarms that something shown explains, and show those whose cause has gone."""
    found = causes(rules, states, facts, crowd)
    by_kit = {rule.id for rule in rules if rule.condition == "local_bit"}
    for alarm in list(states.values()):
        cause, first = found.get(alarm.id), decided.get(alarm.id)
        decision = None
        if cause is not None and alarm.is_active:
            hidden = structs.replace(alarm, state="suppressed", since=facts.now, cause=cause)
            reason = first.reason if first else f"belongs to {cause}"
            decision = Decision("hide", hidden, reason)
        elif cause is not None and alarm.state == "suppressed" and cause != alarm.cause:
            decision = Decision(
                "hide" if first is None else first.action,
                structs.replace(alarm, cause=cause),
                f"belongs to {cause}",
            )
        elif (
            cause is None
            and alarm.state == "suppressed"
            # One whose own condition has gone as well only waits for its end: nobody need hear of it.
            and alarm.pending_since is None
            and (alarm.id not in by_kit or not _settles(alarm, states, facts.now))
        ):
            decision = _shown(alarm, facts.now)
        if decision is not None:
            states[alarm.id] = decision.alarm
            decided[alarm.id] = decision


def _settles(alarm: AlarmState, states: Mapping[str, AlarmState], now: datetime) -> bool:
    """Tell whether its cause has only just gone: a kit tells one end after the other, and this one's may be on its way."""
    gone = None if alarm.cause is None else states.get(alarm.cause)
    if gone is None or alarm.priority == "critical" or not (gone.is_returned or gone.state == "normal"):
        return False
    return timedelta(0) <= now - gone.since < SETTLES


def _shown(alarm: AlarmState, now: datetime) -> Decision:
    """Return an alarm that nothing explains any more, or that has become worse than what did."""
    state: State = "returned_unacknowledged" if alarm.is_returned else "unacknowledged"
    shown = structs.replace(alarm, state=state, since=now, cause=None)
    return Decision(
        "return" if alarm.is_returned else "raise", shown, f"no longer explained by {alarm.cause}"
    )


def limit(
    rules: Sequence[Rule],
    now: datetime,
    before: Mapping[str, AlarmState],
    states: dict[str, AlarmState],
    decided: dict[str, Decision],
    crowd: Crowd,
) -> None:
    """Let new alarms that find no room in this minute wait, the less urgent ones first."""
    families = {rule.id: rule.family for rule in rules}
    room, wait = crowd.room, timedelta(seconds=crowd.figures.lines_s)
    for name, decision in sorted(decided.items(), key=lambda item: URGENCY.index(item[1].alarm.priority)):
        if name not in decided:
            continue
        alarm, known = decision.alarm, before.get(name)
        is_new = decision.action == "raise" and (known is None or not known.is_open or known.is_returned)
        if not is_new or not families.get(name) or alarm.opened_at is None:
            continue
        if room > 0 or now - alarm.opened_at >= wait:
            room -= 1
            continue
        for waits in (name, *[d.alarm.id for d in decided.values() if _is_behind(d, name)]):
            _let_wait(waits, now, before, states, decided)


def _is_behind(decision: Decision, cause: str) -> bool:
    """Tell whether an alarm is just being hidden by this one, which nobody sees yet."""
    return decision.action == "hide" and decision.alarm.cause == cause


def _let_wait(
    name: str,
    now: datetime,
    before: Mapping[str, AlarmState],
    states: dict[str, AlarmState],
    decided: dict[str, Decision],
) -> None:
    """Put off what was decided of an alarm: a new one waits, one that is shown stays as it is."""
    known, decision = before.get(name), decided[name]
    is_shown = known is not None and known.is_open and decision.action == "hide"
    waiting = (
        structs.replace(known, pending_since=decision.alarm.pending_since)
        if known is not None and is_shown
        else _waiting(decision.alarm, known, now)
    )
    states[name] = waiting
    if waiting == known:
        del decided[name]
    else:
        decided[name] = Decision("wait", waiting, decision.reason)


def _waiting(alarm: AlarmState, known: AlarmState | None, now: datetime) -> AlarmState:
    """Return an alarm that was about to be raised as one that waits for its turn; ``known``: as it was before."""
    if known is not None and known.pending_since is not None and known.opened_at == alarm.opened_at:
        return known
    if known is not None and known.is_open:
        return structs.replace(known, opened_at=now, pending_since=now)
    pending = known.pending_since if known is not None and known.pending_since else now
    raises = known.raises if known is not None else ()
    return structs.replace(
        alarm, state="normal", raised_at=None, pending_since=pending, raises=raises, note="", cause=None
    )


def remind(
    rules: Sequence[Rule], now: datetime, states: Mapping[str, AlarmState], decided: dict[str, Decision]
) -> None:
    """Say critical alarms again that nobody has seen."""
    for rule in rules:
        first, alarm = decided.get(rule.id), states.get(rule.id)
        if first is not None and first.action not in {"wait", "update"}:
            continue
        alarm = alarm if first is None else first.alarm
        if alarm is not None and _is_overlooked(rule, alarm, now):
            again = structs.replace(alarm, said_at=now)
            decided[rule.id] = Decision("remind", again, "nobody has seen it yet")


def said(decision: Decision, now: datetime) -> Decision:
    """Note in an alarm that is raised that people hear of it now."""
    if decision.action != "raise" or not decision.alarm.is_shown:
        return decision
    return Decision(decision.action, structs.replace(decision.alarm, said_at=now), decision.reason)


def _is_overlooked(rule: Rule, alarm: AlarmState, now: datetime) -> bool:
    if alarm.state != "unacknowledged" or not alarm.is_active or alarm.priority != "critical":
        return False
    if alarm.pending_since is not None:
        # Its cause has just gone: what it says is no longer so, and it ends soon or is true again.
        return False
    at = alarm.said_at
    return at is None or now - at >= timedelta(seconds=rule.remind_s) or is_ahead(at, now)
