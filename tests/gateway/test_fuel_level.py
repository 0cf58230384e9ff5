"""The fuel gauge's filter against tanks of which the truth is known: steady, prompt, and no refuelling missed."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from nspgateway import alarms, fuel_level
from nspgateway.alarms import AlarmState
from nspgateway.config import PointConfig
from nspgateway.consumption import FuelSample
from nspgateway.fuel_level import Refuel, Tank
from point_facts import NOON, Heartbeats, make_point
from tank_gauge import Gauge

MINUTE = timedelta(minutes=1)
RULES = alarms.load_rules()


def at_minutes(*readings: float | None, load_w: int = 0, running: bool = True) -> list[FuelSample]:
    """One reading every 5 minutes from noon on, in litres."""
    return [FuelSample(NOON + 5 * n * MINUTE, litres, load_w, running) for n, litres in enumerate(readings)]


def followed(point: PointConfig, samples: Sequence[FuelSample]) -> Tank:
    """The tank after all samples."""
    return fuel_level.replay(point, samples)


def still_point() -> PointConfig:
    """A 40 l tank of which nothing burns: what the filter does stands alone."""
    return make_point(burn_idle_l_per_kwh=0.0)


def random_gauge(seed: int) -> Gauge:
    """A sloshing gauge with spikes, losses and a wrong curve, settled by its first five readings."""
    rng = random.Random(seed)
    rated = rng.choice([8000, 10000, 16000, 30000])
    point = make_point(
        tank_litres=rng.choice([30.0, 40.0, 60.0, 90.0, 145.0]),
        rated_w=rated,
        lead_time_h=rng.choice([1.0, 3.0, 4.0]),
    )
    return Gauge(
        point,
        0.75 * (point.tank_litres or 0.0),
        int(rated * rng.uniform(0.1, 0.7)),
        seed=seed,
        loss=rng.choice([0.0, 0.2]),
        blind=rng.choice([0.0, 0.05]),
        burns=rng.uniform(0.8, 1.25),
    )


def settle(gauge: Gauge) -> list[FuelSample]:
    """The first readings, of which none is wild: without a past there is nothing to hold one against."""
    spikes, loss, blind = gauge.spikes, gauge.loss, gauge.blind
    gauge.spikes = gauge.loss = gauge.blind = 0.0
    first = gauge.beats(6)
    gauge.spikes, gauge.loss, gauge.blind = spikes, loss, blind
    return first


@pytest.mark.parametrize("seed", range(14))
def test_noise_raises_each_alarm_once(seed: int) -> None:
    """Protects the officer from an alarm that comes and goes: slosh, spikes and steps raise it once, never clear."""
    gauge = random_gauge(seed)
    heartbeats = Heartbeats(gauge.point)
    for sample in settle(gauge):
        heartbeats.hear(sample.at, sample.litres, sample.load_w)
    kept: dict[str, AlarmState] = {}
    said: list[tuple[str, str]] = []
    while gauge.litres > 0:
        sample = gauge.beat()
        if sample is not None:
            heartbeats.hear(sample.at, sample.litres, sample.load_w)
        for seconds in (0, 70):
            facts = heartbeats.facts(gauge.now + timedelta(seconds=seconds))
            for decision in alarms.evaluate(RULES, facts, kept):
                kept[decision.alarm.id] = decision.alarm
                if decision.action in {"raise", "clear"}:
                    said.append((decision.alarm.id, decision.action))
    assert sorted(said) == [("fuel_critical", "raise"), ("fuel_low", "raise")]
    assert heartbeats.tank.refuels == ()


@pytest.mark.parametrize("seed", range(8))
def test_the_level_stays_by_the_truth_and_errs_on_the_low_side(seed: int) -> None:
    """Protects the figure: within slosh of the truth, on average not above it by a percent, and it never jumps."""
    gauge = replace(random_gauge(100 + seed), loss=0.0, blind=0.0)
    tank, errors, level = Tank(), [], 100.0
    samples = settle(gauge)
    while gauge.litres > 0.05 * gauge.tank:
        for sample in samples:
            tank = fuel_level.advance(gauge.point, tank, sample)
        assert tank.litres is not None
        now = 100 * tank.litres / gauge.tank
        errors.append(now - 100 * gauge.litres / gauge.tank)
        assert now < level + 1.5, "the level rose"
        level = now
        samples = gauge.beats(1)
    assert min(errors) > -4.5
    assert max(errors) < 3.5
    assert -2.5 < sum(errors) / len(errors) < 1


@pytest.mark.parametrize(
    ("gauge", "minutes"),
    [
        (Gauge(make_point(), 36.0, 8000, slosh=0.0, spikes=0.0), 5),
        (Gauge(make_point(), 36.0, 8000, slosh=0.0, spikes=0.0, burns=1.3), 10),
        (Gauge(make_point(), 36.0, 8000, slosh=0.0, spikes=0.0, knows_load=False), 10),
        (Gauge(make_point(), 36.0, 2000, slosh=0.0, spikes=0.0, leak_l_per_h=4.0), 10),
    ],
    ids=["by its curve", "more than its curve", "load unknown", "leak"],
)
def test_a_true_fall_is_followed_in_ten_minutes(gauge: Gauge, minutes: float) -> None:
    """Protects the alarm's time: the level passes every mark at most 10 minutes after the gauge itself did."""
    tank = Tank()
    gauged: list[tuple[float, float]] = []
    late = 0.0
    for _ in range(100):
        sample = gauge.beat()
        assert sample is not None
        assert sample.litres is not None
        tank = fuel_level.advance(gauge.point, tank, sample)
        assert tank.litres is not None
        minute = (gauge.now - NOON) / MINUTE
        gauged.append((minute, sample.litres))
        since = next(at for at, litres in gauged if litres <= tank.litres + 0.4)
        late = max(late, next((minute - at for at, litres in gauged if litres < tank.litres - 1e-6), 0.0))
        assert since <= minute
    assert late <= minutes * 1.05


def test_fuel_that_is_gone_at_once_is_seen_in_ten_minutes() -> None:
    """Protects against theft: a level that fell and stays down counts at its third reading."""
    point = still_point()
    before = at_minutes(*[30.0] * 8)
    after = [FuelSample(NOON + (40 + 5 * n) * MINUTE, 18.0, 0, running=True) for n in range(3)]
    assert followed(point, before + after[:2]).litres == pytest.approx(30.0)
    assert followed(point, before + after).litres == pytest.approx(18.0)


@pytest.mark.parametrize("wild", [0.0, 4.0, 40.0])
def test_a_single_wild_reading_is_no_level(wild: float) -> None:
    """Protects against a sender that jumps once: neither level nor refuelling."""
    tank = followed(still_point(), at_minutes(*[20.0] * 6, wild, *[20.0] * 3, wild, 20.0))
    assert tank.litres == pytest.approx(20.0)
    assert tank.refuels == ()


def test_a_burst_of_frames_is_no_dwell() -> None:
    """Protects against one wave told five times within a minute: a burst counts as one reading."""
    wave = [FuelSample(NOON + timedelta(minutes=26, seconds=10 * n), 32.0, 0, True) for n in range(9)]
    tank = followed(still_point(), at_minutes(*[20.0] * 6) + wave)
    assert tank.litres == pytest.approx(20.0)
    assert tank.refuels == ()


def test_unknown_is_not_a_level() -> None:
    """Protects honesty: an unknown reading leaves level and time of the last known one as they were."""
    tank = followed(still_point(), at_minutes(20.0, 20.0, None, None))
    assert tank.litres == 20.0
    assert tank.measured_at == NOON + 5 * MINUTE
    assert followed(still_point(), at_minutes(None)).litres is None


def night_of_refuelling(seed: int) -> tuple[Gauge, list[FuelSample]]:
    """The first night's point B: 8 kW set, 1.8 kW, 13 l; stopped 00:25 to 00:40 while 20 l go in."""
    point = make_point(tank_litres=40.0, rated_w=8000, dead_litres=2.0)
    gauge = Gauge(point, 14.5, 1800, seed=seed, slosh=0.02, spikes=0.02)
    samples = gauge.beats(24)
    gauge.running = False
    for litres in (5.0, 10.0, 5.0):
        samples += gauge.beats(1)
        gauge.pour(litres)
    gauge.running = True
    return gauge, samples + gauge.beats(6)


@pytest.mark.parametrize("seed", range(20))
def test_twenty_litres_are_told_as_nineteen_to_twenty_one(seed: int) -> None:
    """Protects the log of what was delivered: +20 l poured over a quarter of an hour, through slosh, is 19-21 l."""
    gauge, samples = night_of_refuelling(seed)
    tank = followed(gauge.point, samples)
    (refuel,) = tank.refuels
    assert 19.0 <= refuel.litres <= 21.0
    assert abs(refuel.litres - 20.0) <= refuel.uncertainty < 2.0
    assert abs(refuel.at - gauge.poured[0][0]) <= 21 * MINUTE
    assert tank.litres == pytest.approx(gauge.litres, abs=0.05 * gauge.tank)


def test_refuelling_starts_the_slope_again() -> None:
    """Protects the hours after refuelling: what the level lost before it says nothing of what it loses now."""
    gauge = Gauge(make_point(), 30.0, 8000, slosh=0.0, spikes=0.0, burns=1.3)
    before = gauge.beats(60)
    assert followed(gauge.point, before).slope.factor == pytest.approx(1.3, rel=0.1)
    gauge.pour(15.0)
    after = followed(gauge.point, before + gauge.beats(4))
    assert after.refuels[0].litres == pytest.approx(15.0, abs=1.0)
    assert after.slope.factor is None
    assert after.slope.l_per_h is None


@pytest.mark.parametrize(
    "samples",
    [
        at_minutes(*[20.0] * 8, None, None, *[30.0] * 8),
        at_minutes(None, None, *[30.0] * 8),
        at_minutes(*[20.0] * 8) + at_minutes(*[21.6] * 30, running=False)[8:],
        at_minutes(*[20.0] * 8, 0.0, 0.0, 0.0, *[20.0] * 8),
    ],
    ids=["unknown, then higher", "unknown, then there", "set stops, fuel settles", "sender hung"],
)
def test_what_looks_like_refuelling_and_is_none(samples: list[FuelSample]) -> None:
    """Protects the list of deliveries: a sender that comes back or settling fuel is no refuelling."""
    tank = followed(still_point(), samples)
    assert tank.refuels == ()
    settling = samples[-1].litres == 21.6
    assert tank.litres == pytest.approx(
        20.0 if settling and len(samples) < 45 else samples[-1].litres, abs=1.7
    )


def test_a_missed_poll_hides_no_refuelling() -> None:
    """Protects the delivery that falls together with one failed read of the gauge."""
    (refuel,) = followed(still_point(), at_minutes(*[20.0] * 8, None, *[30.0] * 8)).refuels
    assert refuel.litres == pytest.approx(10.0)


def test_a_curve_that_says_far_too_much_invents_no_refuelling() -> None:
    """Protects a point with a wrong rating: three times the real consumption in a small tank adds no litres."""
    gauge = Gauge(make_point(tank_litres=20.0), 19.0, 8000, spikes=0.0, burns=0.33)
    assert followed(gauge.point, gauge.beats(150)).refuels == ()


def random_days(seed: int, days: float) -> tuple[Gauge, list[FuelSample]]:
    """Days of burning and pouring, each time at least 15 % of the tank, at least two hours apart."""
    gauge = random_gauge(seed)
    samples = settle(gauge)
    next_pour = 0.0
    last = int(days * 288) - 12
    for n in range(last + 12):
        samples += gauge.beats(1)
        low = gauge.litres < 0.15 * gauge.tank
        if last > n >= next_pour and n > 24 and (low or gauge.rng.random() < 0.02):
            room = 0.95 - gauge.litres / gauge.tank
            if room > 0.15:
                gauge.pour(gauge.tank * gauge.rng.uniform(0.15, room))
                next_pour = n + 24
    return gauge, samples


@pytest.mark.parametrize("seed", range(12))
def test_no_refuelling_is_missed_or_invented(seed: int) -> None:
    """Protects the report's litres: over two random days every pour of 15 % and more is told, once, about right.

    Limits: slosh of 3 %, a wild reading in twenty, a fifth of the frames lost,
    one reading in twenty unknown, a curve that is a quarter off.
    """
    gauge, samples = random_days(seed, 2.0)
    tank, told = Tank(), dict[str, Refuel]()
    for sample in samples:
        tank = fuel_level.advance(gauge.point, tank, sample)
        told |= {refuel.at.isoformat(): refuel for refuel in tank.refuels}
    assert len(told) == len(gauge.poured)
    for (at, litres), refuel in zip(gauge.poured, told.values(), strict=True):
        assert abs(refuel.at - at) < 45 * MINUTE
        assert refuel.litres == pytest.approx(litres, abs=0.05 * gauge.tank)


@pytest.mark.parametrize("seed", range(20, 24))
def test_a_restart_finds_the_same_level_and_refuellings(seed: int) -> None:
    """Protects the page over a restart: a day and a half of the journal gives what was never forgotten."""
    gauge, samples = random_days(seed, 3.0)
    kept = followed(gauge.point, samples)
    since = samples[-1].at - timedelta(hours=36)
    restarted = followed(gauge.point, [sample for sample in samples if sample.at >= since])
    assert restarted.litres == pytest.approx(kept.litres, abs=1e-9)
    assert restarted.refuels == kept.refuels
    assert restarted.slope.factor == pytest.approx(kept.slope.factor)
