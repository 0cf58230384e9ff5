"""Hours of fuel and battery, against tanks and batteries of which the truth is known."""

import random
from collections.abc import Callable
from datetime import timedelta
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nspgateway import forecast, fuel_level, stock
from nspgateway.config import PointConfig
from nspgateway.consumption import Burn, burn_l_per_h
from nspgateway.forecast import BatterySample, FuelSample
from nspgateway.fuel_level import Tank
from nspgateway.people import FuelEntry
from nspgateway.stock import Entered, Used
from nspgateway.view import Forecast, Reading
from point_facts import NOON, good, hours, make_point

MINUTES = timedelta(minutes=1)


def burn_down(
    point: PointConfig,
    litres: float,
    load: Callable[[int], int],
    count: int,
    factor: float = 1.0,
) -> list[FuelSample]:
    """Samples every 5 minutes up to noon, in whole percents, of a set that burns ``factor`` times its curve."""
    tank = point.tank_litres or 0
    samples = []
    for n in range(count):
        percent = floor(100 * litres / tank)
        samples.append(FuelSample(NOON - (count - 1 - n) * 5 * MINUTES, percent * tank / 100, load(n), True))
        litres -= factor * (burn_l_per_h(point, load(n)) or 0) / 12
    return samples


def certain(found: Forecast | None) -> Forecast:
    """The forecast that must be there."""
    assert found is not None
    return found


def test_demo_point_has_8_4_hours() -> None:
    """Protects the demo's story: 20 of 40 l at 8 kW on a 10 kW set is 2.39 l/h and 8.37 h."""
    point = make_point()
    found = certain(forecast.fuel(point, [FuelSample(NOON, 20.0, 8000, True)], NOON))
    assert burn_l_per_h(point, 8000) == pytest.approx(2.39)
    assert found.likely_h == pytest.approx(20 / 2.39)
    assert found.reason == "load_curve"
    assert found.low_h < found.likely_h < found.high_h
    assert found.empty_likely == NOON + timedelta(seconds=int(3600 * found.likely_h))
    assert found.measured_at == NOON


def test_dead_litres_are_not_usable() -> None:
    """Protects the last litres: what the pump cannot reach is no hours."""
    point = make_point(dead_litres=5.0)
    found = certain(forecast.fuel(point, [FuelSample(NOON, 20.0, 8000, True)], NOON))
    assert found.likely_h == pytest.approx(15 / 2.39)
    dry = certain(forecast.fuel(point, [FuelSample(NOON, 4.0, 8000, True)], NOON))
    assert dry.likely_h == 0


@pytest.mark.parametrize(
    ("point", "history"),
    [
        (make_point(), []),
        (make_point(), [FuelSample(NOON, None, 8000, True)]),
        (make_point(), [FuelSample(NOON, 20.0, None, True)]),
        (make_point(rated_w=None), [FuelSample(NOON, 20.0, 8000, True)]),
        (make_point(), [FuelSample(NOON - timedelta(hours=13), 20.0, 8000, True)]),
    ],
    ids=["nothing heard", "level unknown", "load unknown", "no curve", "too old"],
)
def test_no_forecast_without_level_or_consumption(point: PointConfig, history: list[FuelSample]) -> None:
    """Protects honesty: where the level or the consumption is unknown there are no hours."""
    assert forecast.fuel(point, history, NOON) is None


def test_range_widens_while_nothing_is_heard() -> None:
    """Protects the age in the figure: an old reading gives a wider range around the same empty time."""
    point = make_point()
    history = [FuelSample(NOON, 20.0, 4000, True)]
    widths = []
    for age in (0, 1, 2, 3):
        found = certain(forecast.fuel(point, history, NOON + timedelta(hours=age)))
        assert found.empty_likely - NOON == pytest.approx(timedelta(hours=20 / 1.37), abs=MINUTES)
        widths.append(found.high_h - found.low_h)
    assert widths == sorted(widths)
    assert widths[-1] > widths[0] + 3


def test_forecast_goes_on_from_the_last_known_level() -> None:
    """Protects the point whose gauge was unplugged: hours go on from the old level, with its time."""
    point = make_point()
    history = [
        FuelSample(NOON, 20.0, 8000, True),
        FuelSample(NOON + 5 * MINUTES, None, 8000, False),
        FuelSample(NOON + 60 * MINUTES, None, 8000, False),
    ]
    found = certain(forecast.fuel(point, history, NOON + 60 * MINUTES))
    assert found.measured_at == NOON
    assert found.likely_h == pytest.approx(20 / 2.39 - 1)
    assert found.high_h > 20 / 2.39


def test_standing_set_is_counted_at_the_load_of_the_moment() -> None:
    """Protects readiness: on the grid the hours say how long the tank would carry the present load."""
    history = [FuelSample(NOON, 20.0, 8000, False)]
    found = certain(forecast.fuel(make_point(), history, NOON + 5 * MINUTES))
    assert found.likely_h == pytest.approx(20 / 2.39)


def test_new_load_counts_within_ten_minutes() -> None:
    """Protects the volunteer who switched heaters on: the hours follow a doubled load in 10 minutes."""
    point = make_point()
    history = [FuelSample(NOON - n * 5 * MINUTES, 20.0, 2000, True) for n in range(12, 0, -1)]
    history.append(FuelSample(NOON, 20.0, 4000, True))
    found = certain(forecast.fuel(point, history, NOON + 10 * MINUTES))
    assert found.likely_h == pytest.approx(20 / 1.37, abs=0.3)


def test_slope_alarms_when_the_set_burns_more_than_its_curve() -> None:
    """Protects against a flattering curve: what the level really loses counts once it is clear."""
    point = make_point()
    history = burn_down(point, 38.0, lambda _n: 8000, 40, factor=1.3)
    found = certain(forecast.fuel(point, history, NOON))
    assert found.reason == "slope"
    assert found.likely_h == pytest.approx((history[-1].litres or 0) / (1.3 * 2.39), rel=0.06)
    assert found.high_h > (history[-1].litres or 0) / 2.39


def test_a_fall_within_the_gauge_steps_is_no_slope() -> None:
    """Protects against reading tea leaves: two percents less says nothing about consumption yet."""
    history = burn_down(make_point(), 38.0, lambda _n: 2000, 12, factor=1.3)
    assert certain(forecast.fuel(make_point(), history, NOON)).reason == "load_curve"


def test_slope_counts_at_the_load_of_now() -> None:
    """Protects the figure after heaters went off: the slope of the heavy hours is not carried on."""
    point = make_point()
    history = burn_down(point, 38.0, lambda n: 8000 if n < 36 else 3000, 40, factor=1.3)
    found = certain(forecast.fuel(point, history, NOON + 5 * MINUTES))
    assert found.reason == "slope"
    assert found.likely_h == pytest.approx((history[-1].litres or 0) / (1.3 * 1.115), rel=0.08)


def test_slope_alone_when_there_is_no_curve() -> None:
    """Protects a point without rating or meter: the falling level alone gives hours."""
    point = make_point()
    unknown = make_point(rated_w=None)
    history = [
        FuelSample(s.at, s.litres, None, running=True) for s in burn_down(point, 38.0, lambda _n: 8000, 40)
    ]
    found = certain(forecast.fuel(unknown, history, NOON))
    assert found.reason == "slope"
    assert found.likely_h == pytest.approx((history[-1].litres or 0) / 2.39, rel=0.08)


@pytest.mark.parametrize("jump", [-8.0, 12.0], ids=["taken out", "refuelled"])
def test_a_jump_is_no_slope(jump: float) -> None:
    """Protects the hours after refuelling or theft: a level that changes at once is no consumption."""
    point = make_point()
    history = burn_down(point, 22.0, lambda _n: 8000, 14)
    history = [replace(s, litres=(s.litres or 0) - jump) for s in history[:-3]] + history[-3:]
    found = certain(forecast.fuel(point, history, NOON))
    assert found.reason == "load_curve"
    assert found.likely_h == pytest.approx((history[-1].litres or 0) / 2.39, abs=0.2)


def test_both_consumptions_are_handed_on_with_the_reason() -> None:
    """Protects the comparison of level and load: litres/h both ways, which one counts and why."""
    point = make_point()
    history = burn_down(point, 38.0, lambda _n: 8000, 40, factor=1.3)
    burn = fuel_burn(point, history)
    assert burn.curve == pytest.approx(2.39)
    assert burn.slope == pytest.approx(1.3 * 2.39, rel=0.06)
    assert (burn.used, burn.why) == ("slope", "higher")
    burn = fuel_burn(point, burn_down(point, 38.0, lambda _n: 8000, 40, factor=0.8))
    assert (burn.used, burn.why) == ("load_curve", "higher")
    burn = fuel_burn(point, history[:3])
    assert (burn.used, burn.why, burn.slope) == ("load_curve", "slope_unknown", None)
    burn = fuel_burn(make_point(rated_w=None), [replace(s, load_w=None) for s in history])
    assert (burn.used, burn.why, burn.curve) == ("slope", "curve_unknown", None)
    burn = fuel_burn(point, [])
    assert (burn.used, burn.why) == (None, "both_unknown")


def fuel_burn(point: PointConfig, history: list[FuelSample]) -> Burn:
    """The consumption that must be there."""
    found = forecast.fuel_burn(point, fuel_level.replay(point, history), history, NOON)
    assert found is not None
    return found


def test_a_site_without_generator_has_no_fuel() -> None:
    """Protects the battery site: no hours of fuel, and no consumption that could be unknown."""
    point = make_point(sources=("grid", "battery"), devices=("battery",), tank_litres=None, rated_w=None)
    assert not forecast.has_generator(point)
    assert forecast.fuel(point, [FuelSample(NOON, 20.0, 8000, True)], NOON) is None
    assert forecast.fuel_burn(point, Tank(), [], NOON) is None
    assert told(point, 13.0, hours_since=1.0) is None
    assert forecast.has_generator(make_point(sources=(), devices=()))


def petrol_point() -> PointConfig:
    """The first night's point C: portable petrol of 3 kVA, 13 l, 0.35 + 0.5 l/h for each kW, no controller."""
    return make_point(
        tank_litres=13.0,
        dead_litres=0.5,
        fuel_kind="petrol",
        rated_w=2400,
        burn_idle_l_per_kwh=0.35 / 2.4,
        burn_l_per_kwh=0.5,
        sources=("grid", "generator"),
        devices=("meter",),
        lead_time_h=4.0,
    )


def told(point: PointConfig, litres: float, hours_since: float, load_w: int | None = 1200) -> Forecast | None:
    """The forecast from litres entered at noon, with the set running at ``load_w`` ever since."""
    now = NOON + timedelta(hours=hours_since)
    history = [
        FuelSample(NOON + timedelta(minutes=5 * n), None, load_w, True)
        for n in range(round(12 * hours_since) + 1)
    ]
    used = Used()
    for sample in history:
        used = stock.advance(point, used, sample)
    entry = Entered(FuelEntry("dip", litres, NOON), Used())
    burn = forecast.fuel_burn(point, Tank(), history, now)
    found = stock.stock(point, Tank(), [entry], (used, Used()), burn, now, is_gauged=False)
    return None if burn is None or found is None else forecast.estimated(point, found, burn, now)


def test_a_portable_petrol_set_is_forecast_from_entered_litres() -> None:
    """Protects the set without a probe: 13 l at 1.2 kW are 13.2 h, 8.0 h some five hours later, ever less sure."""
    point = petrol_point()
    assert burn_l_per_h(point, 1200) == pytest.approx(0.95)
    assert not forecast.measures_fuel(point)
    full, later = certain(told(point, 13.0, 0.0)), certain(told(point, 13.0, 5.15))
    assert full.likely_h == pytest.approx(13.2, abs=0.1)
    assert later.likely_h == pytest.approx(8.0, abs=0.1)
    assert full.measured_at == later.measured_at == NOON
    assert full.low_h < 0.8 * full.likely_h < 1.2 * full.likely_h < full.high_h
    assert later.low_h < 0.7 * later.likely_h < 1.3 * later.likely_h < later.high_h
    assert certain(told(point, 13.0, 20.0)).likely_h == 0


def test_an_estimate_without_load_or_rating_is_none() -> None:
    """Protects against invented hours: without a load, or a curve, litres alone are no hours."""
    assert told(petrol_point(), 13.0, 2.0, None) is None
    assert told(make_point(rated_w=None), 9.0, 2.0) is None


def test_half_the_load_is_less_than_half_the_fuel() -> None:
    """Protects "what if we switch things off": the idle part of the consumption stays."""
    point = make_point()
    burn = Burn(curve=2.39, slope=None, spread=0.0)
    half = forecast.half_load_h(point, hours(8.0), burn)
    assert half == pytest.approx(8.0 * 2.39 / (0.35 + 0.255 * 4), rel=0.01)
    assert forecast.half_load_h(point, None, burn) is None
    assert forecast.half_load_h(make_point(rated_w=None), hours(8.0), burn) is None


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    start=st.floats(0.3, 1.0),
    tank=st.sampled_from([20.0, 40.0, 60.0, 145.0]),
    load=st.integers(500, 9000),
    factor=st.floats(0.95, 1.08),
    count=st.integers(1, 100),
)
def test_range_holds_the_truth(
    seed: int, start: float, tank: float, load: int, factor: float, count: int
) -> None:
    """Protects the range: a set within its curve's error runs dry between the early and the late end."""
    point = make_point(tank_litres=tank)
    noise = random.Random(seed)
    loads = [max(0, round(load * noise.uniform(0.85, 1.15))) for _ in range(count)]
    history = burn_down(point, start * tank, lambda n: loads[n], count, factor)
    burnt = sum(factor * (burn_l_per_h(point, w) or 0) / 12 for w in loads[:-1])
    left = start * tank - burnt
    if left <= 0:
        return
    truth = left / (factor * (burn_l_per_h(point, load) or 1))
    found = certain(forecast.fuel(point, history, NOON))
    assert found.low_h <= truth <= found.high_h


def test_battery_hours_as_the_first_night_tells_them() -> None:
    """Protects the battery's figure: 42 % of 20 kWh at 1.6 kW is 4.0 h above the reserve."""
    readings = good(battery_permille=420, load_w=1600, power_source="battery")
    found = certain(forecast.battery(make_point(), readings, [], NOON))
    assert found.likely_h == pytest.approx(4.0)
    assert found.reason == "battery_net"
    assert found.low_h < 4.0 < found.high_h


def test_net_current_counts_when_it_is_more_than_the_load() -> None:
    """Protects against losses: what really leaves the battery counts, not only what the load draws."""
    readings = good(
        battery_permille=500, load_w=1600, power_source="battery", battery_cv=5200, battery_da=-400
    )
    found = certain(forecast.battery(make_point(), readings, [], NOON))
    assert found.likely_h == pytest.approx(0.4 * 20000 / 2080)


@pytest.mark.parametrize(
    "values",
    [
        {"battery_permille": 420, "load_w": 1600, "power_source": "generator"},
        {"battery_permille": 420, "load_w": 1600},
        {"load_w": 1600, "power_source": "battery"},
        {"battery_permille": 420, "power_source": "battery"},
        {"battery_permille": 420, "power_source": "generator", "battery_cv": 5200, "battery_da": 100},
        {"battery_permille": 420, "power_source": "generator", "battery_cv": 5200, "battery_da": 0},
    ],
    ids=["not the source", "source unknown", "charge unknown", "load unknown", "charging", "resting"],
)
def test_no_battery_hours_unless_it_runs_down(values: dict[str, int | str]) -> None:
    """Protects honesty: a battery that charges, rests or is unknown has no hours left."""
    readings = {name: Reading(value, "good", NOON) for name, value in values.items()}
    assert forecast.battery(make_point(), readings, [], NOON) is None


def test_battery_charged_within_ten_minutes_is_not_running_down() -> None:
    """Protects against flapping: net current counts over 10 minutes, not at one moment."""
    readings = good(battery_permille=420, power_source="generator", battery_cv=5200, battery_da=-50)
    charging = [BatterySample(NOON - n * MINUTES, 2000.0) for n in (9, 6, 3)]
    assert forecast.battery(make_point(), readings, charging, NOON) is None
    long_ago = [BatterySample(NOON - n * MINUTES, 2000.0) for n in (19, 16, 13)]
    assert forecast.battery(make_point(), readings, long_ago, NOON) is not None


def test_what_the_inverter_takes_is_learnt_from_the_last_current() -> None:
    """Protects the battery's hours between two full heartbeats: what the inverter took then, it takes now."""
    readings = good(battery_permille=420, load_w=1600, power_source="battery")
    before = NOON - timedelta(minutes=40)
    told = [BatterySample(before, -880.0, 800)]
    found = certain(forecast.battery(make_point(), readings, told, NOON))
    assert found.likely_h == pytest.approx(4.0 / 1.1)
    charged = [BatterySample(before, 500.0, 800)]
    assert certain(forecast.battery(make_point(), readings, charged, NOON)).likely_h == pytest.approx(4.0)


def test_old_current_says_nothing_about_now() -> None:
    """Protects the hourly figures: a charging current of an hour ago does not hide a battery in use."""
    readings = good(battery_permille=420, load_w=1600, power_source="battery")
    before = NOON - timedelta(hours=1)
    readings |= {"battery_cv": Reading(5200, "good", before), "battery_da": Reading(200, "good", before)}
    assert certain(forecast.battery(make_point(), readings, [], NOON)).likely_h == pytest.approx(4.0)
