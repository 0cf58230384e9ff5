"""What is true, what was said, and now -> what to say, with its reason. Pure.

``evaluate`` may be called at every frame and every tick: with the same facts and
the states it gave, it says nothing new. What it gives is kept by the caller and
handed back, so a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import structs

from nspgateway import showing
from nspgateway.alarm_state import (
    AlarmState,
    State,
    Value,
    acknowledge,
    from_json,
    shelve,
    take_on,
    to_json,
    unshelve,
)
from nspgateway.alarm_text import catalogue, texts
from nspgateway.causes import URGENCY
from nspgateway.conditions import CONDITIONS, is_reported
from nspgateway.conditions_places import kit_bits
from nspgateway.decision import Action, Decision
from nspgateway.facts import Facts
from nspgateway.rules import MANY_SITES, PACKAGED, Rule
from nspgateway.rules import load_rules as read_rules
from nspgateway.storms import Crowd
from nspgateway.verdict import Verdict
from nspgateway.view import OPEN, Priority, is_ahead

__all__ = [
    "Action",
    "AlarmState",
    "Decision",
    "acknowledge",
    "evaluate",
    "from_json",
    "load_rules",
    "shelve",
    "take_on",
    "texts",
    "to_json",
    "unshelve",
]

# Figures that say what kind of trouble it is: they follow the facts, the others are those of the raising.
_KIND = ("by", "devices")
# Conditions that hold by the kit's word alone.
_BY_KIT = frozenset({"local_bit", "kit_input"})


def load_rules(path: Path = PACKAGED) -> tuple[Rule, ...]:
    """Return the rules, with their texts and roles checked. ConfigError when something does not fit."""
    catalogue()
    return read_rules(path)


def evaluate(
    rules: Sequence[Rule],
    facts: Facts,
    open: Mapping[str, AlarmState],  # noqa: A002 - what the callers' contract calls it
    crowd: Callable[[bool], Crowd] = lambda _is_news: Crowd(),
) -> list[Decision]:
    """Decide on every rule for one point. ``open``: this point's kept states by alarm id.

    ``crowd`` tells of the other points; it is asked only where that matters, with True when there is
    something new to say. At most one decision an alarm; none when nothing changes.
    """
    states = dict(open)
    decided: dict[str, Decision] = {}
    says_nothing = not facts.local_alarms and not facts.began
    for rule in rules:
        alarm = states.get(rule.id)
        if alarm is None and rule.condition in _BY_KIT and (says_nothing or not _is_said(rule, facts)):
            continue  # the most of all rules, most of the time: nothing was said and nothing is to be said
        verdict = CONDITIONS[rule.condition](rule, facts, alarm if alarm and alarm.is_open else None)
        if alarm is None and not verdict.holds:
            continue
        if alarm is not None and alarm.is_open:
            decision = _of_open(rule, verdict, facts, alarm)
        else:
            decision = _of_normal(rule, verdict, facts, alarm)
        if decision is not None and decision.action == "clear":
            raises = _raises(rule, decision.alarm, facts.now)
            decision = Decision("clear", structs.replace(decision.alarm, raises=raises), decision.reason)
        if decision is not None:
            states[rule.id] = decision.alarm
            decided[rule.id] = decision
    if not states:
        return []
    known = {rule.id for rule in rules}
    for alarm in open.values():
        if alarm.id not in known and alarm.is_kept:
            reason = "no rule speaks of this alarm any more"
            gone = structs.replace(_cleared(alarm, facts.now, reason).alarm, raises=())
            decided[alarm.id] = Decision("clear" if alarm.is_open else "forget", gone, reason)
            states[alarm.id] = gone
    is_news = any(d.action == "raise" for d in decided.values())
    in_storm = any(a.state == "suppressed" and a.cause == MANY_SITES for a in states.values())
    seen = crowd(is_news) if is_news or in_storm else Crowd()
    showing.explain(rules, facts, states, decided, seen)
    showing.limit(rules, facts.now, open, states, decided, seen)
    showing.remind(rules, facts.now, states, decided)
    return [showing.said(decision, facts.now) for decision in decided.values()]


def _of_normal(rule: Rule, verdict: Verdict, facts: Facts, alarm: AlarmState | None) -> Decision | None:
    """On-delay. Unknown neither ends nor starts it; what was known before and after it counts through."""
    if alarm is not None and verdict.holds is None and alarm.pending_since and alarm.opened_at:
        # It was true and only waited for its turn; that nothing more is known of it is no reason for silence.
        return _unknown_by_now(structs.replace(alarm, raised_at=alarm.opened_at), facts.now)
    pending = _earlier(alarm, facts.now)
    raises = _raises(rule, alarm, facts.now)
    if not verdict.holds:
        waits = alarm is not None and alarm.pending_since is not None
        if alarm is None or (waits and verdict.holds is None) or not (waits or alarm.raises != raises):
            return None
        if not waits and raises:
            return None
        given_up = structs.replace(alarm, pending_since=None, raises=raises)
        return Decision("forget", given_up, verdict.reason)
    new = AlarmState(
        id=rule.id,
        point=facts.point.slug,
        state="normal",
        priority=_priority(rule, facts, facts.now),
        since=facts.now,
        pending_since=pending,
        reason=verdict.reason,
        values=verdict.values,
        raises=raises,
    )
    if (facts.now - pending).total_seconds() < rule.on_delay_s:
        waits = alarm is not None and alarm.pending_since == pending
        return None if waits else Decision("wait", new, verdict.reason)
    raised_at = min(facts.now, _began(rule, verdict, facts) or facts.now)
    waited = alarm is not None and alarm.pending_since is not None and alarm.said_at is None
    opened_at = alarm.opened_at if waited and alarm is not None and alarm.opened_at else facts.now
    raised = structs.replace(
        new,
        state="unacknowledged",
        raised_at=raised_at,
        pending_since=None,
        opened_at=min(opened_at, facts.now),
        **_came(rule, raises, facts.now),
    )
    return Decision("raise", raised, verdict.reason)


def _of_open(rule: Rule, verdict: Verdict, facts: Facts, alarm: AlarmState) -> Decision | None:
    decision = _lasting(rule, verdict, facts, alarm)
    if alarm.state != "shelved" or (decision is not None and decision.alarm.state != "shelved"):
        return decision
    if not _is_shelving_over(rule, facts, alarm):
        return decision
    after = alarm if decision is None else decision.alarm
    if verdict.holds is False and rule.auto_return:
        return _cleared(after, facts.now, verdict.reason)
    if verdict.holds is False:
        after = structs.replace(after, note="returned_unconfirmed", pending_since=None)
    back = unshelve(after, facts.now)
    return Decision(
        "return" if back.is_returned else "raise", back, "the time for which it was put aside is over"
    )


def _lasting(rule: Rule, verdict: Verdict, facts: Facts, alarm: AlarmState) -> Decision | None:
    if verdict.holds:
        return _still(rule, verdict, facts, alarm)
    flaps = alarm.note == "flapping"
    by_kit = _by_kit(rule, alarm.values)
    ended = by_kit and not facts.ended.isdisjoint(kit_bits(rule, facts.point))
    if ended and not flaps and not rule.auto_return and _is_unseen(alarm):
        return _over_unseen(alarm, facts.now, f"the kit says that {rule.id} is over; nobody has seen it yet")
    if ended and not flaps:
        return _cleared(alarm, facts.now, f"the kit says that {rule.id} is over")
    if verdict.holds is None and alarm.is_returned and alarm.pending_since is not None:
        return _unknown_by_now(alarm, facts.now)
    if verdict.holds is None:
        note = alarm.note if alarm.is_returned else alarm.note or "input_unknown"
        return _changed(alarm, structs.replace(alarm, note=note, pending_since=None), verdict.reason)
    if alarm.is_returned:
        # It may have waited for its turn to be said again.
        return _changed(alarm, structs.replace(alarm, pending_since=None), verdict.reason)
    pending = _earlier(alarm, facts.now)
    delay_s = max(rule.off_delay_s, rule.flap_quiet_s) if flaps else rule.off_delay_s
    if (facts.now - pending).total_seconds() < delay_s:
        waiting = structs.replace(alarm, pending_since=pending, note="flapping" if flaps else "")
        return _changed(alarm, waiting, verdict.reason)
    unheard = alarm.state == "suppressed" and alarm.said_at is None
    if rule.auto_return or ended or unheard:
        return _cleared(
            structs.replace(alarm, raises=() if flaps else alarm.raises), facts.now, verdict.reason
        )
    state: State = "returned_unacknowledged" if alarm.state == "unacknowledged" else alarm.state
    back = structs.replace(
        alarm,
        state=state,
        # How long it has been hidden or put aside goes on counting.
        since=alarm.since if state in {"suppressed", "shelved"} else facts.now,
        pending_since=None,
        note="returned_unconfirmed",
        raises=() if flaps else alarm.raises,
    )
    return Decision("return", back, verdict.reason)


def _is_unseen(alarm: AlarmState) -> bool:
    """Tell whether people were told of something urgent that none of them has seen: only one of them ends it."""
    is_shown = alarm.state in {"unacknowledged", "returned_unacknowledged"}
    return is_shown and alarm.said_at is not None and alarm.priority in {"critical", "high"}


def _over_unseen(alarm: AlarmState, now: datetime, reason: str) -> Decision | None:
    """Return an alarm whose cause is over for certain, and that still has to be seen."""
    if alarm.state == "returned_unacknowledged" and not alarm.note:
        return None
    over = structs.replace(alarm, state="returned_unacknowledged", pending_since=None, note="", reason=reason)
    if alarm.state == over.state:
        return Decision("update", over, reason)
    return Decision("return", structs.replace(over, since=now), reason)


def _unknown_by_now(alarm: AlarmState, now: datetime) -> Decision:
    """Raise what waited to be raised until nothing more was known of it."""
    raised = structs.replace(
        alarm, state="unacknowledged", since=now, pending_since=None, note="input_unknown", said_at=None
    )
    return Decision("raise", raised, alarm.reason)


def _still(rule: Rule, verdict: Verdict, facts: Facts, alarm: AlarmState) -> Decision | None:
    """The condition holds: keep the alarm open, or open it again after it had returned."""
    began = _began(rule, verdict, facts)
    now_true = structs.replace(
        alarm,
        priority=_priority(rule, facts, alarm.raised_at),
        note="flapping" if alarm.note == "flapping" else "",
        pending_since=None,
        raised_at=min(alarm.raised_at, began) if alarm.raised_at and began else alarm.raised_at,
        # The figures of the moment of raising stay; what was not known then is filled in.
        values={**verdict.values, **alarm.values},
    )
    if alarm.is_returned and alarm.is_shown:
        raises = _raises(rule, alarm, facts.now)
        again = structs.replace(
            now_true,
            state="unacknowledged",
            since=facts.now,
            reason=verdict.reason,
            values=verdict.values,
            opened_at=alarm.opened_at if alarm.pending_since is not None else facts.now,
            said_at=None,
            **_came(rule, raises, facts.now),
        )
        return Decision("raise", again, verdict.reason)
    if any(alarm.values.get(key) != verdict.values[key] for key in _KIND if key in verdict.values):
        now_true = structs.replace(now_true, reason=verdict.reason, values=verdict.values)
    if verdict.news and alarm.state == "shelved":
        return Decision(
            "raise", unshelve(now_true, facts.now), f"{verdict.reason}: new since it was put aside"
        )
    if verdict.news:
        heard = structs.replace(now_true, state="unacknowledged", since=facts.now, said_at=facts.now)
        return Decision(verdict.news, heard if alarm.is_shown else now_true, verdict.reason)
    if URGENCY.index(now_true.priority) < URGENCY.index(alarm.priority) and not alarm.is_returned:
        return _worse(now_true, facts.now)
    return _changed(alarm, now_true, verdict.reason)


def _worse(alarm: AlarmState, now: datetime) -> Decision:
    """Return an alarm that became more urgent: whoever saw or put aside the old one has not seen this."""
    if alarm.state == "shelved":
        return Decision("raise", unshelve(alarm, now), f"now {alarm.priority}: no longer put aside")
    if alarm.is_shown:
        alarm = structs.replace(alarm, state="unacknowledged", since=now, said_at=now)
    return Decision("update", alarm, f"now {alarm.priority}")


def _is_shelving_over(rule: Rule, facts: Facts, alarm: AlarmState) -> bool:
    """Tell whether it comes back: its end has come, or the point has opened and it lasts too long for that."""
    end = shelved_at_most(rule, facts, alarm, alarm.since)
    if alarm.shelved_until is not None:
        end = min(end, alarm.shelved_until)
    return facts.now >= end or is_ahead(alarm.since, facts.now)


def shelved_at_most(rule: Rule, facts: Facts, alarm: AlarmState, since: datetime) -> datetime:
    """Return until when an alarm of this place can be put aside at most, from ``since`` on."""
    is_urgent = alarm.priority == "critical" and facts.point.deployment in OPEN
    limit_s = min(rule.shelve_s, rule.shelve_critical_s) if is_urgent else rule.shelve_s
    return since + timedelta(seconds=limit_s)


def _by_kit(rule: Rule, values: Mapping[str, Value]) -> bool:
    """Tell whether it is the kit's word that counts, not a figure of the gateway's own."""
    return rule.condition in _BY_KIT or values.get("by") == "bit"


def _is_said(rule: Rule, facts: Facts) -> bool:
    """Tell whether the kit reports anything that speaks of this rule."""
    return rule.condition != "local_bit" or is_reported(rule, facts)


def _began(rule: Rule, verdict: Verdict, facts: Facts) -> datetime | None:
    """Return since when the cause is there, where the kit has said so."""
    if not _by_kit(rule, verdict.values):
        return None
    return min((facts.began[bit] for bit in kit_bits(rule, facts.point) if bit in facts.began), default=None)


def _raises(rule: Rule, alarm: AlarmState | None, now: datetime) -> tuple[datetime, ...]:
    """Return when it came lately, as far as that counts for flapping."""
    window = timedelta(seconds=rule.flap_window_s)
    return tuple(at for at in (alarm.raises if alarm else ()) if now - window < at <= now)


def _came(rule: Rule, raises: tuple[datetime, ...], now: datetime) -> dict[str, object]:
    """Return what changes in an alarm that comes, perhaps once too often."""
    came = (*raises, now)[-rule.flap_count :]
    return {"raises": came, "note": "flapping" if len(came) >= rule.flap_count else ""}


def _cleared(alarm: AlarmState, now: datetime, reason: str) -> Decision:
    normal = structs.replace(
        alarm, state="normal", since=now, pending_since=None, note="", cause=None, shelved_until=None
    )
    return Decision("clear", structs.replace(normal, reason=reason), reason)


def _changed(old: AlarmState, new: AlarmState, reason: str) -> Decision | None:
    """Say what people must hear as an update, a mere delay as waiting, and nothing when all is as it was."""
    if new == old:
        return None
    same = structs.replace(new, pending_since=old.pending_since, values=old.values, reason=old.reason) == old
    return Decision("wait" if same else "update", new, reason)


def _earlier(alarm: AlarmState | None, now: datetime) -> datetime:
    """Since when the delay runs; now when it starts, or when the clock was set back."""
    if alarm is None or alarm.pending_since is None:
        return now
    return min(alarm.pending_since, now)


def _priority(rule: Rule, facts: Facts, raised_at: datetime | None) -> Priority:
    """Return how urgent it is here; at an open point what lasts may become critical."""
    if facts.point.deployment not in OPEN:
        return rule.priority.otherwise
    lasts_s = (facts.now - raised_at).total_seconds() if raised_at else 0.0
    if rule.critical_after_s is not None and lasts_s >= rule.critical_after_s:
        return "critical"
    return rule.priority.open
