"""What the alarm rules ask: small functions of facts that answer yes, no or unknown. Pure.

Each takes the rule, the facts and the alarm as far as it is open (for its
deadband), and returns a Verdict with its reason in words and figures. Unknown
input never says yes, and never says no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nspgateway import conditions_fuel, conditions_own, conditions_places, conditions_test
from nspgateway.alarm_state import AlarmState, Value
from nspgateway.consumption import GAUGE_STEP
from nspgateway.facts import Facts
from nspgateway.forecast import full_tank_hours, net_power_w, usable_litres
from nspgateway.rules import Rule
from nspgateway.stock import ENTERED_ERROR
from nspgateway.verdict import Verdict
from nspgateway.view import OPEN, SNR_LIMIT_DB, WATCHED, WEAK_MARGIN_DB

DEVICES = ("generator", "battery", "meter")
# Ordinary frames stop at the third of the hour that is kept for alarms: a little before that.
AIR_LOW_PERMILLE = 380
AIR_DEADBAND_PERMILLE = 120
WEAK_DEADBAND_DB = 3.0
# A load that grew by half within the hour is told as the cause.
RISE_TOLD = 1.5


def local_bit(rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """Return what the kit itself says, in the alarm bits of a heartbeat or in a frame about this alarm."""
    if not is_reported(rule, facts):
        if facts.local_alarms is None:
            return Verdict(None, "the kit's alarm bits are unknown")
        return Verdict(False, f"the kit no longer reports {rule.bit}")
    if rule.grid_or_open and not _sees_grid_or_is_open(facts):
        return Verdict(False, f"the kit does not see the grid, and the point is {facts.point.deployment}")
    lost = ",".join(lost_devices(facts)) if rule.bit == "device_lost" else ""
    if lost:
        return Verdict(True, f"the kit reports {rule.bit}: {lost}", {"devices": lost})
    return Verdict(True, f"the kit reports {rule.bit}", _overload(facts) if rule.bit == "overload" else {})


def fuel_hours(rule: Rule, facts: Facts, alarm: AlarmState | None) -> Verdict:
    """Fuel against hours; percent of the tank while hours are unknown; the kit's bit while the level is.

    While the level is unknown the hours run on from the last one: they may raise, and end nothing.
    """
    litres = facts.fuel_litres
    if litres is None:
        return _by_last_level(rule, facts)
    if facts.fuel is not None:
        hours = facts.fuel.likely_h
        limit = fuel_limit_h(rule, facts, litres, hours)
        return _below_hours(
            rule, hours, limit, "fuel", alarm, lambda: {"litres": round(litres, 1), **_rise(facts)}
        )
    if facts.point.tank_litres is None:
        return Verdict(None, "hours of fuel and size of the tank unknown")
    return _below_percent(rule, 100 * litres / facts.point.tank_litres, "of the tank", alarm)


def battery_hours(rule: Rule, facts: Facts, alarm: AlarmState | None) -> Verdict:
    """Battery against hours while it runs down; one that charges or rests is no alarm."""
    if facts.battery is not None:
        return _below_hours(rule, facts.battery.likely_h, rule.hours or 0.0, "battery", alarm, dict)
    charge = _value(facts, "battery_permille")
    if not isinstance(charge, int):
        return _bit_or_unknown(rule, facts, "charge of the battery unknown")
    running_down = _running_down(facts)
    if running_down is None:
        return Verdict(None, "unknown whether the battery runs down")
    if not running_down:
        return Verdict(False, "the battery does not run down")
    if facts.point.battery_wh is not None and net_power_w(facts.point, facts.readings, facts.now) is not None:
        return Verdict(None, "the battery was charged within the last 10 minutes")
    return _below_percent(rule, charge / 10, "of the battery", alarm)


def site_silent(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """A point in use that does not answer; nothing while our own deafness or a jammer explains it."""
    link = facts.link
    if facts.point.deployment not in WATCHED:
        return Verdict(False, f"the point is {facts.point.deployment}: its kit may be off")
    if link is None or link.silent is None:
        return Verdict(None, "not listened long enough to tell")
    if not link.silent:
        return Verdict(False, "heard")
    if link.trouble:
        return Verdict(None, f"silent, but so are others: {link.trouble}")
    return Verdict(True, "three heartbeats missed and no question answered")


def link_trouble(rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """The one cause behind the silence of several points, named as the rule itself is."""
    link = facts.link
    if link is None:
        return Verdict(None, "no link is watched")
    values: dict[str, Value] = {"quiet": link.quiet, "watched": link.watched}
    return Verdict(link.trouble == rule.id, f"{link.quiet} of {link.watched} points are not heard", values)


def tamper(_rule: Rule, facts: Facts, _alarm: AlarmState | None) -> Verdict:
    """Forged or played-back frames with the address of this point's kit, more than chance makes."""
    if facts.link is None:
        return Verdict(None, "no link is watched")
    if facts.link.tampered:
        return Verdict(True, "frames that pretend to be of this kit were refused within the last hour")
    return Verdict(False, "an hour without such frames")


def airtime(_rule: Rule, facts: Facts, alarm: AlarmState | None) -> Verdict:
    """Little left of the lawful hour: of the gateway's own, or of a kit's by its last status."""
    left = facts.link.air_left_permille if facts.link else None
    if left is None:
        said = _value(facts, "budget_permille")
        left = said if isinstance(said, int) else None
    if left is None:
        return Verdict(None, "airtime left unknown")
    limit = AIR_LOW_PERMILLE + (AIR_DEADBAND_PERMILLE if alarm else 0)
    values: dict[str, Value] = {"left_permille": left}
    return Verdict(left < limit, f"{left / 10:.0f} % of the lawful hour left", values)


def radio_weak(_rule: Rule, facts: Facts, alarm: AlarmState | None) -> Verdict:
    """Little signal above what is needed; unknown while nothing is heard."""
    link = facts.link
    if link is None or link.snr_db is None or link.silent:
        return Verdict(None, "how well the kit is heard is unknown")
    margin = link.snr_db - SNR_LIMIT_DB[facts.sf]
    limit = WEAK_MARGIN_DB + (WEAK_DEADBAND_DB if alarm else 0.0)
    if alarm is None and margin >= limit:
        return Verdict(False, "heard well enough")  # nearly always, and nobody hears of it
    return Verdict(margin < limit, f"{margin:.0f} dB above the limit", {"margin_db": round(margin, 1)})


CONDITIONS: Mapping[str, Callable[[Rule, Facts, AlarmState | None], Verdict]] = {
    "local_bit": local_bit,
    "fuel_hours": fuel_hours,
    "battery_hours": battery_hours,
    "site_silent": site_silent,
    "link_trouble": link_trouble,
    "tamper": tamper,
    "airtime": airtime,
    "radio_weak": radio_weak,
    **conditions_fuel.CONDITIONS,
    **conditions_places.CONDITIONS,
    **conditions_test.CONDITIONS,
    **conditions_own.CONDITIONS,
}


def fuel_limit_h(rule: Rule, facts: Facts, litres: float, hours: float) -> float:
    """Hours left below which the rule holds, at the consumption that leaves ``hours`` with ``litres``."""
    if rule.hours is not None:
        return rule.hours
    lead = facts.point.lead_time_h
    limit = lead + rule.lead_margin_h
    if rule.rise > 1:
        early = (lead + rule.rise_margin_h) * _risen(rule, facts, litres, hours)
        limit = max(limit, min(early + _half_step_h(facts, litres, hours), lead + 2 * rule.lead_margin_h))
    full = full_tank_hours(facts.point, litres, hours)
    if full is None:
        return limit
    large = rule.large_tank_h is not None and full >= rule.large_tank_h
    return min(limit, full * (rule.large_tank_share if large else rule.tank_share))


def lost_devices(facts: Facts) -> list[str]:
    """Devices of the point whose source the kit calls stale or unknown, in the point's order."""
    return [
        device
        for device in facts.point.devices
        if f"q_{device}" in facts.readings and _value(facts, f"q_{device}") in {None, "stale"}
    ]


def _risen(rule: Rule, facts: Facts, litres: float, hours: float) -> float:
    """Consumption after the load grew by ``rule.rise``, as a factor of the present one."""
    if hours <= 0:
        return rule.rise
    burn = usable_litres(facts.point, litres) / hours
    idle = facts.point.burn_idle_l_per_kwh * (facts.point.rated_w or 0) / 1000
    return (idle + rule.rise * (burn - idle)) / burn if burn > idle else rule.rise


def _half_step_h(facts: Facts, litres: float, hours: float) -> float:
    """Hours in half a step of the gauge, or in a dipstick's error: a level may be read that much too high."""
    usable = usable_litres(facts.point, litres)
    if usable <= 0 or facts.point.tank_litres is None:
        return 0.0
    by_hand = facts.stock is not None and facts.stock.source == "by_hand"
    return (ENTERED_ERROR if by_hand else GAUGE_STEP / 2) * facts.point.tank_litres * hours / usable


def _rise(facts: Facts) -> Mapping[str, Value]:
    """Return by which factor the load has just grown, where that explains that the hours are few."""
    rise = facts.burn.rise if facts.burn else None
    return {} if rise is None or rise < RISE_TOLD else {"rise": round(rise, 1)}


def _below_hours(
    rule: Rule,
    hours: float,
    limit: float,
    what: str,
    alarm: AlarmState | None,
    more: Callable[[], Mapping[str, Value]],
) -> Verdict:
    if alarm is None and hours >= limit:
        return Verdict(False, "hours enough")  # nearly always, and nobody hears of it
    values: dict[str, Value] = {"by": "hours", "hours": round(hours, 2), "limit_h": round(limit, 2), **more()}
    if hours < limit:
        return Verdict(True, f"{hours:.1f} h of {what} left, below {limit:.1f} h", values)
    if alarm is not None and hours < limit + rule.deadband_h:
        back = limit + rule.deadband_h
        return Verdict(True, f"{hours:.1f} h of {what} left, not yet above {back:.1f} h", values)
    return Verdict(False, f"{hours:.1f} h of {what} left, enough above {limit:.1f} h", values)


def _below_percent(rule: Rule, percent: float, what: str, alarm: AlarmState | None) -> Verdict:
    """Percent stands in for hours: it may raise, and end only what it raised itself."""
    if rule.percent is None:
        return Verdict(None, "hours left unknown")
    limit = rule.percent
    values: dict[str, Value] = {"by": "percent", "percent": round(percent, 1), "limit_percent": limit}
    if percent < limit:
        return Verdict(True, f"hours unknown, {percent:.0f} % {what}, below {limit:.0f} %", values)
    if alarm is not None and alarm.values.get("by") != "percent":
        return Verdict(None, f"hours unknown, {percent:.0f} % {what}")
    if alarm is not None and percent < limit + rule.deadband_percent:
        back = limit + rule.deadband_percent
        return Verdict(True, f"hours unknown, {percent:.0f} % {what}, not yet above {back:.0f} %", values)
    return Verdict(False, f"hours unknown, {percent:.0f} % {what}, enough above {limit:.0f} %", values)


def _by_last_level(rule: Rule, facts: Facts) -> Verdict:
    """Return whether the hours that run on from the last known level are below the limit."""
    if facts.fuel is not None:
        hours, last = facts.fuel.likely_h, facts.last_litres
        burn = max(facts.burn.known, default=0.0) if facts.burn else 0.0
        then = usable_litres(facts.point, last) / burn if last is not None and burn > 0 else hours
        limit = fuel_limit_h(rule, facts, last or 0.0, then)
        if hours < limit:
            values: dict[str, Value] = {
                "by": "estimate",
                "hours": round(hours, 2),
                "limit_h": round(limit, 2),
            }
            reason = f"level unknown, {hours:.1f} h of fuel left by the last one, below {limit:.1f} h"
            return Verdict(True, reason, values)
    return _bit_or_unknown(rule, facts, "fuel level unknown")


def _sees_grid_or_is_open(facts: Facts) -> bool:
    """Tell whether no power means something: with a set alone as source nobody need start it before the point is open."""
    sources = facts.point.sources
    return not sources or "grid" in sources or facts.point.deployment in OPEN


def is_reported(rule: Rule, facts: Facts) -> bool:
    """Tell whether the kit says so, by name or in its alarm bits."""
    return rule.bit in facts.began or rule.bit in (facts.local_alarms or ())


def _overload(facts: Facts) -> Mapping[str, Value]:
    """Return the figures of an overload; a load below the rating was read before it."""
    load, rated = _value(facts, "load_w"), facts.point.rated_w
    if not isinstance(load, int) or rated is None or load <= rated:
        return {}
    return {"load_w": load, "rated_w": rated}


def _bit_or_unknown(rule: Rule, facts: Facts, unknown: str) -> Verdict:
    if rule.bit is not None and is_reported(rule, facts):
        return Verdict(True, f"{unknown}, but the kit reports {rule.bit}", {"by": "bit"})
    return Verdict(None, unknown)


def _running_down(facts: Facts) -> bool | None:
    """Whether the battery is carrying the point, as far as current and source tell."""
    net = net_power_w(facts.point, facts.readings, facts.now)
    if net:
        return net < 0
    source = _value(facts, "power_source")
    return None if source is None else source == "battery"


def _value(facts: Facts, name: str) -> int | str | None:
    reading = facts.readings.get(name)
    return None if reading is None else reading.value
