"""What the rules ask of a place as such: its opening, its grid, its kit's cell and inputs, many at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from nspgateway.alarm_state import AlarmState, Value
from nspgateway.config import PointConfig
from nspgateway.facts import Facts
from nspgateway.reports import Said
from nspgateway.rules import Rule, load_storm
from nspgateway.verdict import Verdict
from nspgateway.view import OPEN, is_ahead

GRID_BACK = timedelta(minutes=30)
# A dip that lights out and comes back is no return of the grid.
GRID_GONE_S = 60.0


def kit_bits(rule: Rule, point: PointConfig) -> tuple[str, ...]:
    """Return the kit's local alarms that speak of this rule at this point."""
    if rule.condition != "kit_input":
        return (rule.bit,) if rule.bit else ()
    named = point.inputs
    return tuple(one for one in ("input_1", "input_2") if named.get(one, one) == rule.id)


def kit_input(rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """What is connected to an input of the kit; points.toml says what that is."""
    bits = kit_bits(rule, facts.point)
    if not bits:
        return Verdict(False, "no input of the kit is connected to this")
    set_now = [bit for bit in bits if bit in facts.began or bit in (facts.local_alarms or ())]
    if set_now:
        return Verdict(True, f"the kit reports {' and '.join(set_now)}", {"input": ",".join(set_now)})
    if facts.local_alarms is None:
        return Verdict(None, "the kit's alarm bits are unknown")
    return Verdict(False, f"the kit no longer reports {' or '.join(bits)}")


def kit_cell(rule: Rule, facts: Facts, alarm: AlarmState | None) -> Verdict:
    """The kit's own cell in percent, while nothing charges it; or the kit's own word."""
    if rule.bit is not None and (rule.bit in facts.began or rule.bit in (facts.local_alarms or ())):
        return Verdict(True, f"the kit reports {rule.bit}", {"by": "bit"})
    if _value(facts, "on_own_cell") == "no":
        return Verdict(False, "the kit has power from outside")
    cell = _value(facts, "kit_cell_permille")
    if not isinstance(cell, int) or rule.percent is None:
        return Verdict(None, "charge of the kit's cell unknown")
    limit = rule.percent + (rule.deadband_percent if alarm else 0.0)
    said = f"{cell / 10:.0f} % in the kit's cell, "
    below = cell / 10 < limit
    return Verdict(
        below, f"{said}{'below' if below else 'enough above'} {limit:.0f} %", {"percent": cell / 10}
    )


def grid_back(_rule: Rule, facts: Facts, alarm: AlarmState | None) -> Verdict:
    """The grid came back at this point, and not at many at once: then the end of the storm says it."""
    mains, back = facts.mains, facts.mains.back_at
    if back is None or is_ahead(back, facts.now):
        return Verdict(False, "the point did not get the grid back")
    if facts.now - back >= GRID_BACK:
        return Verdict(False, "on the grid for 30 minutes")
    if alarm is None and (mains.before_s or GRID_GONE_S) < GRID_GONE_S:
        return Verdict(False, "the grid was gone for less than a minute")
    if alarm is None and facts.back_with_many:
        return Verdict(False, "others got it back at the same time")
    return Verdict(True, "on the grid again")


def site_not_open(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """A point that was to be open by now."""
    plan = facts.standing.opens_at if facts.standing else None
    if facts.point.deployment in OPEN:
        return Verdict(False, f"the point is {facts.point.deployment}")
    if plan is None:
        return Verdict(False, "no time was planned")
    if facts.now < plan:
        return Verdict(False, f"planned for {plan.isoformat()}")
    values = {"plan": plan.isoformat()}
    return Verdict(True, f"planned to be open at {plan.isoformat()}, and {facts.point.deployment}", values)


def message_unread(rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """A message to residents that was sent ``hours`` ago and does not hang yet, or an old one that still does."""
    hanging = facts.standing.hanging if facts.standing else None
    if facts.point.deployment not in OPEN:
        return Verdict(False, f"the point is {facts.point.deployment}")
    if hanging is None or hanging.is_done:
        return Verdict(False, "what was sent hangs" if hanging else "nothing was sent")
    if hanging.valid_until is not None and facts.now >= hanging.valid_until:
        return Verdict(False, "the message is no longer valid")
    waited = facts.now - hanging.sent_at
    values: dict[str, Value] = {"number": hanging.number, "sent_at": hanging.sent_at.isoformat()}
    late = waited >= timedelta(hours=rule.hours or 0.0)
    return Verdict(
        late, f"message {hanging.number} was sent {waited.total_seconds() / 60:.0f} min ago", values
    )


def staff_short(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """Fewer people than the point itself says that it needs, by its newest report or by voice."""
    if facts.point.deployment not in OPEN:
        return Verdict(False, f"the point is {facts.point.deployment}")
    there, needed = _told(facts, "staff"), _told(facts, "staff_needed")
    if there is None or needed is None:
        return Verdict(None, "nothing recent was told of the staff")
    n, m = int(str(there.value)), int(str(needed.value))
    values: dict[str, Value] = {"staff": n, "needed": m, "at": there.at.isoformat()}
    return Verdict(n < m, f"{n} people of {m}", values)


def stock_low(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """Lines of the stock that are below their minimum, by the point's newest report or by voice."""
    if facts.point.deployment not in OPEN:
        return Verdict(False, f"the point is {facts.point.deployment}")
    told = _told(facts, "stock_low")
    if told is None or not isinstance(told.value, tuple):
        return Verdict(None, "nothing recent was told of the stock")
    lines = ",".join(str(line) for line in told.value)
    return Verdict(bool(lines), f"below the minimum: {lines or 'nothing'}", {"lines": lines})


def many_sites(_rule: Rule, facts: Facts, alarm: AlarmState | None) -> Verdict:
    """One cause at many points. What joins it is said as an update at first, later as a new alarm."""
    found = facts.storms
    if not found:
        return Verdict(False, "no trouble at many points at once")
    families = sorted(one.family for one in found)
    points = max(one.points for one in found)
    since = min(one.since for one in found)
    reason = ", ".join(f"{one.family} at {one.points} points" for one in found)
    verdict = Verdict(True, reason, {"by": ",".join(families), "points": points, "since": since.isoformat()})
    if alarm is None or alarm.said_at is None:
        return verdict
    known = set(str(alarm.values.get("by", "")).split(","))
    hold = timedelta(seconds=load_storm().hold_s)
    within = timedelta(seconds=load_storm().within_s)
    began_after = [one for one in found if one.since > alarm.said_at and facts.now - one.newest <= within]
    if began_after and facts.now - alarm.said_at >= hold:
        return Verdict(True, reason, verdict.values, "raise")
    if not known.issuperset(families):
        return Verdict(True, reason, verdict.values, "update")
    return verdict


def _told(facts: Facts, figure: str) -> Said | None:
    return facts.standing.reports.recent(figure, facts.now) if facts.standing else None


def _value(facts: Facts, name: str) -> int | str | None:
    reading = facts.readings.get(name)
    return None if reading is None else reading.value


CONDITIONS: Mapping[str, Callable[[Rule, Facts, AlarmState | None], Verdict]] = {
    "kit_cell": kit_cell,
    "kit_input": kit_input,
    "grid_back": grid_back,
    "site_not_open": site_not_open,
    "message_unread": message_unread,
    "staff_short": staff_short,
    "stock_low": stock_low,
    "many_sites": many_sites,
}
