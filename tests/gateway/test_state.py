"""What a point's state is worth by now: quality by age, and the kit's own word for its devices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from nspgateway import state
from nspgateway.config import PointConfig
from nspgateway.records import Frame, Value
from nspgateway.state import PointState
from nspgateway.view import Quality, Reading
from nsplink.fields import ALARMS, MESSAGES, SELF_TESTS

T0 = datetime(2027, 1, 15, 17, 0, tzinfo=UTC)
POINT = PointConfig(
    slug="de-linde",
    name="Buurthuis De Linde",
    number=1,
    municipality="Lindendam",
    latitude=52.1,
    longitude=5.9,
    kit_address=65,
    tank_litres=60.0,
    rated_w=10000,
    battery_wh=5000,
    interval_s=300,
    full_interval_s=3600,
)
VITAL: dict[str, Value] = {
    "fuel_permille": 500,
    "generator_state": "running",
    "generator_mode": "auto",
    "power_source": "generator",
    "battery_permille": 800,
    "load_w": 8000,
    "alarms": 0,
    "q_generator": "good",
    "q_battery": "good",
    "q_meter": "good",
    "q_tank": "good",
}


def _frame(counter: int, after_s: float, kind: str = "vital", **values: Value) -> Frame:
    base = {name: VITAL.get(name) for name in MESSAGES[kind]}
    return Frame(
        kit=65,
        generation=1,
        counter=counter,
        point="de-linde",
        received_at=T0 + timedelta(seconds=after_s),
        kind=kind,
        exercise=False,
        fields=base | values,
        raw=b"",
        rssi_dbm=-90,
        snr_db=7.5,
    )


def _heard(*frames: Frame) -> PointState:
    point = PointState(POINT)
    for frame in frames:
        assert state.is_newer(point, frame)
        point = state.after(point, frame, state.changes(point, frame))
    return point


def _at(point: PointState, seconds: float) -> dict[str, Reading]:
    return state.readings(point, T0 + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("age_s", "quality", "value"),
    [(0, "good", 500), (360, "good", 500), (361, "stale", 500), (900, "stale", 500), (901, "unknown", None)],
)
def test_quality_by_age(age_s: float, quality: Quality, value: int | None) -> None:
    """Protects the officer from an old figure that looks fresh: the limits of good, stale and unknown."""
    reading = _at(_heard(_frame(1, 0)), age_s)["fuel_permille"]
    assert reading == Reading(value, quality, T0)


def test_unknown_keeps_the_age_never_the_value() -> None:
    """Protects "onbekend, 40 minuten": the time of the last good value stays, its figure and 0 do not."""
    point = _heard(_frame(1, 0), _frame(2, 300, fuel_permille=None, q_tank=None))
    reading = _at(point, 2400)["fuel_permille"]
    assert reading == Reading(None, "unknown", T0)


def test_never_heard_is_unknown_without_age() -> None:
    """Protects a new point: everything of a heartbeat is there, and unknown."""
    readings = state.readings(PointState(POINT), T0)
    assert set(readings) == set(MESSAGES["full"])
    assert set(readings.values()) == {Reading(None, "unknown", None)}


def test_stale_at_the_kit_is_stale_here_and_does_not_grow_younger() -> None:
    """Protects against a dead device that is kept alive by heartbeats about it."""
    point = _heard(_frame(1, 0), _frame(2, 300, q_generator="stale"), _frame(3, 600, q_generator="stale"))
    readings = _at(point, 600)
    assert readings["generator_state"] == Reading("running", "stale", T0)
    assert readings["load_w"] == Reading(8000, "good", T0 + timedelta(seconds=600))
    assert _at(point, 901)["generator_state"] == Reading(None, "unknown", T0)


def test_stale_without_any_good_reading_shows_no_number() -> None:
    """Protects "no number without its age": how old the kit's stale value is, nobody knows."""
    assert _at(_heard(_frame(1, 0, q_tank="stale")), 0)["fuel_permille"] == Reading(None, "unknown", None)


def test_no_such_device_is_none_at_any_age() -> None:
    """Protects sites without a battery: none raises nothing, and it does not become unknown by silence."""
    point = _heard(_frame(1, 0, battery_permille=None, q_battery="none"))
    assert _at(point, 0)["battery_permille"] == Reading(None, "none", None)
    assert _at(point, 100_000)["battery_permille"] == Reading(None, "none", None)


def test_good_source_with_an_implausible_value_is_unknown() -> None:
    """Protects against a sentinel: the device answers, but this quantity is not known."""
    point = _heard(_frame(1, 0), _frame(2, 300, load_w=None))
    assert _at(point, 300)["load_w"] == Reading(None, "unknown", T0)


def test_what_only_full_frames_carry_is_expected_hourly() -> None:
    """Protects hourly quantities from turning stale between two full frames."""
    point = _heard(_frame(1, 0, "full", battery_cv=5300), _frame(2, 4000))
    assert _at(point, 4000)["battery_cv"] == Reading(5300, "good", T0)
    assert _at(point, 4321)["battery_cv"].quality == "stale"
    assert _at(point, 10_801)["battery_cv"].quality == "unknown"


def test_only_counters_above_the_newest_change_the_state() -> None:
    """Protects the overview from a frame that came late: it is history, not news."""
    point = _heard(_frame(7, 0))
    assert not state.is_newer(point, _frame(6, 10))
    assert not state.is_newer(point, _frame(7, 10))
    assert state.is_newer(point, _frame(8, 10))


def test_local_alarm_frame_adds_its_alarm_at_once() -> None:
    """Protects the first seconds of a fault: an alarm frame counts before the next heartbeat."""
    alarm = _frame(2, 60, "alarm", alarm="power_lost", event_boot=1, event_n=0, age_s=2)
    point = _heard(_frame(1, 0, alarms=1 << ALARMS.index("fuel_low")), alarm)
    assert state.local_alarms(_at(point, 60)) == frozenset({"fuel_low", "power_lost"})
    after = _heard(_frame(1, 0), alarm, _frame(3, 120))
    assert state.local_alarms(_at(after, 120)) == frozenset()


def test_an_alarm_frame_says_nothing_of_the_other_alarms() -> None:
    """Protects against made-up knowledge: bits that are old or unknown stay so, the named alarm counts."""
    alarm = _frame(2, 60, "alarm", alarm="power_lost", event_boot=1, event_n=0, age_s=900)
    late = _frame(2, 4000, "alarm", alarm="power_lost", event_boot=1, event_n=0, age_s=20)
    lost = T0 + timedelta(seconds=60 - 900)
    assert state.facts(_heard(alarm), T0 + timedelta(seconds=60)).began == {"power_lost": lost}
    for point, at in ((_heard(alarm), 60), (_heard(_frame(1, 0, alarms=1), late), 4000)):
        facts = state.facts(point, T0 + timedelta(seconds=at))
        assert facts.local_alarms is None
        assert set(facts.began) == {"power_lost"}
    known = _heard(_frame(1, 0), alarm)
    assert _at(known, 901)["alarms"] == Reading(None, "unknown", T0)
    assert state.facts(known, T0 + timedelta(seconds=961)).began == {}
    assert state.facts(known, T0 + timedelta(seconds=60), speed=2.0).began == {
        "power_lost": T0 + timedelta(seconds=60 - 1800)
    }


def test_a_clear_frame_ends_one_alarm() -> None:
    """Protects the end of an alarm: only the named bit goes, and the next heartbeat has the last word."""
    bits = 1 << ALARMS.index("power_lost") | 1 << ALARMS.index("fuel_low")
    clear = _frame(2, 60, "clear", alarm="power_lost", event_boot=1, event_n=1, age_s=0)
    facts = state.facts(_heard(_frame(1, 0, alarms=bits), clear), T0 + timedelta(seconds=60))
    assert facts.local_alarms == frozenset({"fuel_low"})
    assert (facts.ended, facts.began) == (frozenset({"power_lost"}), {})
    assert "event_n" not in facts.readings
    after = _heard(_frame(1, 0, alarms=bits), clear, _frame(3, 120, alarms=bits))
    facts = state.facts(after, T0 + timedelta(seconds=120))
    assert (facts.ended, facts.local_alarms) == (frozenset(), frozenset({"power_lost", "fuel_low"}))


def test_the_kits_word_counts_for_what_a_frame_leaves_out() -> None:
    """Protects the battery's current: it is not known once the kit calls its source unknown or stale."""
    full = _frame(1, 0, "full", battery_da=150, battery_cv=5300)
    for word, quality, value in ((None, "unknown", None), ("stale", "stale", 150), ("none", "none", None)):
        point = _heard(full, _frame(2, 300, battery_permille=None, q_battery=word))
        assert _at(point, 300)["battery_da"] == Reading(value, quality, T0)
    back = _heard(full, _frame(2, 300, q_battery="stale"), _frame(3, 600))
    assert _at(back, 600)["battery_da"] == Reading(150, "good", T0)
    lost = _heard(full, _frame(2, 300, q_battery=None), _frame(3, 600))
    assert _at(lost, 600)["battery_da"] == Reading(None, "unknown", T0)


def test_what_lies_in_the_future_is_unknown() -> None:
    """Protects against a clock that was set back: no value of tomorrow is good now, and none gives hours."""
    point = _heard(*(_frame(n, 300 * n) for n in range(1, 8)))
    seen = T0 + timedelta(seconds=2100)
    assert _at(point, 2095)["fuel_permille"].quality == "good"
    assert _at(point, 2094)["fuel_permille"] == Reading(None, "unknown", seen)
    facts = state.facts(point, T0 - timedelta(hours=2))
    assert (facts.fuel, facts.fuel_litres, facts.battery, facts.local_alarms) == (None, None, None, None)


def test_histories_run_forward_after_the_clock_was_set_back() -> None:
    """Protects the forecast: samples that lie in the future of a new frame are left out of it."""
    point = _heard(_frame(1, 0), _frame(2, 7200, fuel_permille=900), _frame(3, 300))
    assert [sample.at for sample in point.fuel_history] == [T0, T0 + timedelta(seconds=300)]
    facts = state.facts(point, T0 + timedelta(seconds=300))
    assert facts.fuel_litres == pytest.approx(30.0, abs=0.5)
    assert facts.fuel is not None


def test_local_alarms_become_unknown_with_the_link() -> None:
    """Protects against "no alarms" from a kit that has been silent: then nobody knows."""
    point = _heard(_frame(1, 0))
    assert state.local_alarms(_at(point, 900)) == frozenset()
    assert state.local_alarms(_at(point, 901)) is None
    assert state.local_alarms(_at(_heard(_frame(1, 0, alarms=None)), 0)) is None


def test_facts_have_litres_and_forecast() -> None:
    """Protects the figure that logistics plans with: litres from the tank's size, hours from the load."""
    facts = state.facts(_heard(_frame(1, 0)), T0)
    assert facts.fuel_litres == pytest.approx(30.0)
    assert facts.fuel is not None
    assert facts.fuel.likely_h == pytest.approx(30 / (0.35 + 0.255 * 8), rel=0.01)


def test_site_without_controller_shows_nothing_unknown_of_its_fuel() -> None:
    """Protects the portable set: no gauge is no missing gauge, before its kit was heard and after."""
    portable = structs.replace(POINT, devices=("meter",), sources=("generator",))
    frame = _frame(1, 0, fuel_permille=None, generator_state=None, q_generator=None, q_tank=None)
    unheard = PointState(portable)
    for point in (unheard, state.after(unheard, frame, state.changes(unheard, frame))):
        readings = state.readings(point, T0)
        assert readings["fuel_permille"] == readings["generator_state"] == Reading(None, "none", None)
        found = state.facts(point, T0)
        assert (found.fuel, found.fuel_litres, found.refuels) == (None, None, ())


def test_facts_have_filtered_litres_both_consumptions_and_refuellings() -> None:
    """Protects what the alarms and the page read: no wild litres, litres/h both ways, fuel that was added."""
    levels = [500] * 8 + [20, 500, 500] + [900] * 4
    point = _heard(*(_frame(n, 300 * n, fuel_permille=level) for n, level in enumerate(levels[:9])))
    before = state.facts(point, T0 + timedelta(seconds=2400))
    assert before.fuel_litres == pytest.approx(30.0, abs=0.6)
    point = _heard(*(_frame(n, 300 * n, fuel_permille=level) for n, level in enumerate(levels)))
    after = state.facts(point, T0 + timedelta(seconds=300 * len(levels)))
    (refuel,) = after.refuels
    assert refuel.litres == pytest.approx(24.0, abs=2.0)
    assert after.burn is not None
    assert after.burn.curve == pytest.approx(0.35 + 0.255 * 8)
    assert (after.burn.used, after.burn.why) == ("load_curve", "slope_unknown")


def test_histories_are_bounded_and_only_of_good_values() -> None:
    """Protects memory and the forecast: a day of samples, a level that is not good is none."""
    frames = [_frame(n, n * 300, q_tank="stale" if n == 2 else "good") for n in range(1, 400)]
    point = _heard(*frames)
    assert len(point.fuel_history) == 289
    assert _heard(*frames[:3]).fuel_history[1].litres is None
    flood = _heard(*(_frame(n, n) for n in range(1, 1500)))
    assert len(flood.fuel_history) == state.HISTORY_SAMPLES


def test_a_self_test_is_kept_until_the_next_and_is_no_reading() -> None:
    """What failed stands on the page for as long as it may be so, and never among measurements."""
    point = PointState(POINT)
    for counter, bits in ((1, 1 << SELF_TESTS.index("cell")), (2, None)):
        frame = _frame(counter, counter, "boot", self_test=bits)
        point = state.after(point, frame, state.changes(point, frame))
    facts = state.facts(point, T0 + timedelta(days=40))
    assert facts.failed_parts == ("cell",)
    assert "self_test" not in facts.readings
    frame = _frame(3, 3, "boot", self_test=0)
    point = state.after(point, frame, state.changes(point, frame))
    now = state.facts(point, T0 + timedelta(seconds=4))
    assert (now.failed_parts, now.ready_at) == ((), T0 + timedelta(seconds=3))
