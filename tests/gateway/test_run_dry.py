"""Tanks that run dry in virtual time: the fuel alarms come, in order and in time to refuel."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

import pytest

from nspgateway import alarms
from nspgateway.alarms import AlarmState
from nspgateway.config import PointConfig
from nspgateway.consumption import burn_l_per_h
from point_facts import NOON, Heartbeats, make_point

MINUTE = timedelta(minutes=1)
RULES = alarms.load_rules()


@dataclass(frozen=True)
class Tank:
    """One tank and its evening: gauge "floor" or "round" to whole percents, one step of the load."""

    litres: float
    rated_w: int
    load_w: int
    lead_h: float
    gauge: str
    step: float
    step_at_h: float
    burns: float = 1.0
    loss: float = 0.0

    def read(self, litres: float) -> float:
        """What the gauge says."""
        percent = 100 * litres / self.litres
        return self.litres * (floor(percent) if self.gauge == "floor" else round(percent)) / 100


def run_dry(tank: Tank, seed: int) -> tuple[dict[str, datetime], datetime]:
    """Run from two thirds full to empty; return when each alarm was raised and when it was dry."""
    rng = random.Random(seed)
    point = make_point(tank_litres=tank.litres, rated_w=tank.rated_w, lead_time_h=tank.lead_h)
    heartbeats = Heartbeats(point)
    now, litres, load = NOON, 0.65 * tank.litres, tank.load_w
    kept: dict[str, AlarmState] = {}
    raised: dict[str, datetime] = {}
    next_heartbeat = now
    while litres > 0:
        if now >= next_heartbeat:
            next_heartbeat = now + timedelta(seconds=300 * rng.uniform(0.9, 1.1))
            if rng.random() >= tank.loss:
                heartbeats.hear(now, tank.read(litres), round(load * rng.uniform(0.95, 1.05) / 100) * 100)
        for decision in alarms.evaluate(RULES, heartbeats.facts(now), kept):
            if decision.action == "raise":
                assert decision.alarm.id not in raised or tank.step < 1, "raised twice"
                raised[decision.alarm.id] = now
            kept[decision.alarm.id] = decision.alarm
        burn = tank.burns * (burn_l_per_h(point, load) or 0)
        if litres / burn <= tank.step_at_h:
            load = round(tank.load_w * tank.step)
        litres -= burn / 30
        now += 2 * MINUTE
    return raised, now


def hours_before(raised: dict[str, datetime], alarm: str, dry: datetime) -> float:
    """Hours between the alarm and the dry tank."""
    return (dry - raised[alarm]) / timedelta(hours=1)


def tanks() -> list[Tank]:
    """Tanks that last at least 12 hours, steps of the load of at most a quarter in the last 8."""
    rng = random.Random(7)
    found: list[Tank] = []
    while len(found) < 12:
        rated = rng.choice([8000, 10000, 16000, 30000])
        tank = Tank(
            litres=rng.choice([30.0, 40.0, 60.0, 90.0, 145.0]),
            rated_w=rated,
            load_w=int(rated * rng.uniform(0.15, 0.8)),
            lead_h=rng.choice([1.0, 2.0, 3.0, 4.0]),
            gauge=rng.choice(["floor", "round"]),
            step=rng.choice([0.9, 1.0, 1.25, 1.25]),
            step_at_h=rng.uniform(0.5, 8.0),
            loss=rng.choice([0.0, 0.2]),
        )
        if 12 * max(1.0, tank.step) <= full_hours(tank) <= 80:
            found.append(tank)
    return found


def full_hours(tank: Tank) -> float:
    """How long the full tank lasts at its load before the step."""
    point = make_point(tank_litres=tank.litres, rated_w=tank.rated_w)
    return tank.litres / (burn_l_per_h(point, tank.load_w) or 1)


@pytest.mark.parametrize("tank", tanks(), ids=lambda tank: f"{full_hours(tank):.0f}h-lead{tank.lead_h:.0f}")
def test_critical_comes_in_time_to_refuel(tank: Tank) -> None:
    """Protects the refuelling: critical comes between lead + 0.5 h and lead + 3 h before the tank is dry."""
    raised, dry = run_dry(tank, seed=1)
    assert raised["fuel_low"] <= raised["fuel_critical"]
    assert tank.lead_h + 0.5 <= hours_before(raised, "fuel_critical", dry) <= tank.lead_h + 3


def test_a_load_that_rises_right_after_the_alarm_still_leaves_time() -> None:
    """Protects the worst moment: a quarter more load just after critical leaves lead + 0.5 h."""
    steady = Tank(60.0, 10000, 8000, 3.0, "round", 1.0, 0.0)
    raised, dry = run_dry(steady, seed=2)
    at = hours_before(raised, "fuel_critical", dry) - 0.05
    raised, dry = run_dry(Tank(60.0, 10000, 8000, 3.0, "round", 1.25, at), seed=2)
    assert 3.5 <= hours_before(raised, "fuel_critical", dry) <= 4.5


def test_a_tank_of_13_hours_is_told_before_its_last_quarter() -> None:
    """Protects a small fixed set: its quarter of a tank would be later than lead time + 0.5 h."""
    raised, dry = run_dry(Tank(31.0, 10000, 8000, 3.0, "round", 1.0, 0.0), seed=5)
    assert 3.5 <= hours_before(raised, "fuel_critical", dry) <= 6


def test_a_set_that_burns_more_than_its_curve_is_seen() -> None:
    """Protects against a wrong curve: a quarter more than it says still gives the lead time."""
    raised, dry = run_dry(Tank(60.0, 10000, 5000, 3.0, "floor", 1.0, 0.0, burns=1.25), seed=3)
    assert hours_before(raised, "fuel_critical", dry) >= 3.5


def test_small_tank_is_told_late_but_told() -> None:
    """Protects the portable set: a tank shorter than its lead time is no alarm while full, and one in time."""
    petrol = Tank(3.6, 2200, 1500, 3.0, "round", 1.0, 0.0)
    raised, dry = run_dry(petrol, seed=4)
    full = full_hours(petrol)
    assert 0.2 * full < hours_before(raised, "fuel_critical", dry) <= 0.27 * full
    assert 0.4 * full < hours_before(raised, "fuel_low", dry) <= 0.53 * full


def test_demo_crosses_eight_hours_in_half_a_minute() -> None:
    """Protects the demo: its first point, at 60 times, raises fuel_low well within the minute."""
    tank = Tank(40.0, 10000, 8000, 4.0, "floor", 1.0, 0.0)
    point: PointConfig = make_point()
    heartbeats = Heartbeats(point)
    kept: dict[str, AlarmState] = {}
    for second in range(60):
        now = NOON + second * MINUTE
        if second % 5 == 0:
            heartbeats.hear(now, tank.read(20.0 - 2.39 * second / 60), 8000)
        for decision in alarms.evaluate(RULES, heartbeats.facts(now), kept):
            kept[decision.alarm.id] = decision.alarm
        if kept and kept["fuel_low"].is_open:
            break
    assert 10 <= second <= 30
