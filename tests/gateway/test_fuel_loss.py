"""Fuel that goes faster than the load explains: seen when it is, and no false alarm of noise, stops and fillings."""

import random
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from alarm_room import Room
from nspgateway import alarms, fuel_level, fuel_loss
from nspgateway.consumption import FuelSample
from nspgateway.fuel_level import Tank
from nspgateway.people import Action, By, PlannedStop
from nspgateway.standing import Standing, after
from point_facts import NOON, make_facts, make_point
from tank_gauge import Gauge

HOUR = timedelta(hours=1)


def busy_gauge(seed: int) -> Gauge:
    """A sloshing gauge with wild readings, losses, and a curve that is up to a quarter wrong."""
    rng = random.Random(seed)
    rated = rng.choice([8000, 10000, 16000, 30000])
    point = make_point(tank_litres=rng.choice([30.0, 40.0, 60.0, 90.0, 145.0]), rated_w=rated)
    gauge = Gauge(point, 0.95 * (point.tank_litres or 0), round(0.3 * rated), seed=seed)
    gauge.loss, gauge.blind = rng.choice([0.0, 0.2]), rng.choice([0.0, 0.05])
    gauge.burns = rng.uniform(0.8, 1.25)
    return gauge


class Watch:
    """Follows a gauge as the gateway does; ``told``: when fuel_dropping was raised."""

    def __init__(self, gauge: Gauge) -> None:
        self.gauge = gauge
        self.room = Room()
        self.told: list[datetime] = []
        self.standing = Standing("open")
        self._tank = Tank()

    def beats(self, count: int) -> None:
        """Let so many intervals pass."""
        for _ in range(count):
            sample = self.gauge.beat()
            if sample is not None:
                self._tank = fuel_level.advance(self.gauge.point, self._tank, sample)
                self._look()

    def _look(self) -> None:
        gauge, until = self.gauge, self.standing.stop_until
        facts = make_facts(gauge.point, now=gauge.now, fuel_litres=self._tank.litres)
        lost = fuel_loss.loss(gauge.point, self._tank, until)
        if "raise fuel_dropping" in self.room.see(replace(facts, loss=lost, standing=self.standing)):
            self.told.append(gauge.now)


@pytest.mark.parametrize("seed", range(0, 40, 4))
def test_noise_is_no_theft(seed: int) -> None:
    """Protects 40 points from an alarm a night: a day of slosh, load steps, stops and fillings raises nothing."""
    gauge, rng = busy_gauge(seed), random.Random(seed)
    watch = Watch(gauge)
    for step in range(288):
        if step % 36 == 0:
            gauge.load_w = round((gauge.point.rated_w or 0) * rng.uniform(0.1, 0.7))
        if step % 50 == 0:
            gauge.running = rng.random() < 0.7
        if gauge.litres < 0.1 * gauge.tank:
            gauge.pour(0.85 * gauge.tank)
        watch.beats(1)
    assert watch.told == []


@pytest.mark.parametrize("running", [True, False], ids=["running", "standing"])
def test_a_quarter_of_the_tank_gone_at_once_is_told_within_an_hour(*, running: bool) -> None:
    """Protects the fuel: a theft is told while it can still be acted on, once, with how much is gone."""
    watch = Watch(Gauge(make_point(), 36.0, 3000, running=running))
    watch.beats(48)
    watch.gauge.litres -= 10.0
    taken = watch.gauge.now
    watch.beats(30)
    (at,) = watch.told
    assert at - taken <= HOUR
    alarm = watch.room.kept["fuel_dropping"]
    lost = alarm.values["lost_l"]
    assert isinstance(lost, float)
    assert lost == pytest.approx(10.0, abs=2.5)
    text = alarms.texts(alarm, make_facts(make_point(), now=at))
    assert "liter per uur. Volgens het verbruik zou dat" in text.what["nl"]
    assert "onbekend" not in text.what["nl"]


def test_a_leak_is_told_within_the_window() -> None:
    """Protects against a hose that drips: 6 l/h beside the load are seen within three hours."""
    watch = Watch(Gauge(make_point(tank_litres=60.0), 57.0, 3000))
    watch.beats(36)
    assert watch.told == []
    since, watch.gauge.leak_l_per_h = watch.gauge.now, 6.0
    watch.beats(36)
    assert watch.told
    assert watch.told[0] - since <= 3 * HOUR


def test_people_at_the_tank_are_no_thieves() -> None:
    """Protects a planned stop: water drained and fuel poured in then is nobody's loss, nor is it afterwards."""
    watch = Watch(Gauge(make_point(), 24.0, 3000))
    watch.beats(40)
    now = watch.gauge.now
    stop = PlannedStop(now + timedelta(minutes=15))
    by = By("post-1", "cp_medewerker", "page")
    watch.standing = after(watch.standing, Action(now, by, "plan_stop", "de-linde", entry=stop, id=1))
    watch.gauge.running = False
    watch.gauge.litres -= 8.0
    watch.beats(3)
    watch.gauge.running = True
    watch.beats(40)
    assert watch.told == []


def test_a_battery_that_charges_explains_the_fuel_that_it_takes() -> None:
    """Protects a point with a battery: the meter sees the load only, the charger's fuel is no theft."""
    point = make_point(battery_wh=20000)
    tank, level = Tank(), 36.0
    for beat in range(36):
        at = NOON + beat * timedelta(minutes=5)
        charge = min(1000, 200 + 20 * beat)
        tank = fuel_level.advance(point, tank, FuelSample(at, level, 2000, True, charge))
        level -= (0.35 + 0.255 * (2.0 + 4.8 / 0.85)) / 12
    found = fuel_loss.loss(point, tank)
    assert found is not None
    assert abs(found.litres) < 0.3
    blind = Tank()
    for one in range(36):
        at = NOON + one * timedelta(minutes=5)
        blind = fuel_level.advance(point, blind, FuelSample(at, 36.0 - one * 0.192, 2000, True))
    seen = fuel_loss.loss(point, blind)
    assert seen is not None
    assert seen.litres > 3


def test_too_little_is_no_verdict() -> None:
    """Protects against a guess: with few readings, or none of the load, nothing is said."""
    gauge = Gauge(make_point(), 30.0, 3000, knows_load=False)
    assert fuel_loss.loss(gauge.point, fuel_level.replay(gauge.point, gauge.beats(40))) is None
    few = Gauge(make_point(), 30.0, 3000)
    assert fuel_loss.loss(few.point, fuel_level.replay(few.point, few.beats(8))) is None
