"""The alarm rules: what raises, what stays, what ends, and what never may happen."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alarm_room import RULES, Room, battery, bits, tank
from nspgateway import alarms
from nspgateway.alarm_text import catalogue
from nspgateway.conditions import CONDITIONS
from nspgateway.consumption import Burn
from nspgateway.errors import ConfigError
from nspgateway.facts import Facts
from point_facts import EMPTY, NOON, Heartbeats, good, hours, make_facts, make_point

ON_DELAY = {rule.id: timedelta(seconds=rule.on_delay_s) for rule in RULES}
MINUTE = timedelta(minutes=1)
WHOLE_RULE = """
[[rule]]
id = "x"
condition = "{condition}"
role = "r"
priority = {{ open = "high", otherwise = "low" }}
"""


def test_every_rule_has_condition_and_texts() -> None:
    """Protects the catalogue: no rule may come without its words in both languages."""
    for rule in RULES:
        assert rule.condition in CONDITIONS
        assert {"nl", "en"} <= set(catalogue().alarms[rule.id])
        assert rule.role in catalogue().roles["nl"]


def test_fuel_low_then_critical_with_their_on_delay() -> None:
    """Protects the order: low, then critical at the lead time + 1 h and a rise of the load, each delayed."""
    room = Room()
    point = make_point(tank_litres=100.0)
    facts = [
        make_facts(point, now=NOON + n * MINUTE, fuel_litres=20.0, fuel=hours(left))
        for n, left in enumerate((8.1, 7.9, 7.8, 5.9, 4.9, 4.8))
    ]
    said = [room.see(one) for one in facts]
    assert said[:3] == [[], [], ["raise fuel_low"]]
    assert "raise fuel_critical" in said[5]
    raised = room.kept["fuel_critical"]
    assert raised.reason == "4.8 h of fuel left, below 5.7 h"
    assert raised.values["litres"] == 20.0
    assert raised.raised_at == NOON + 5 * MINUTE


def test_critical_hides_low_and_gives_it_back() -> None:
    """Protects the list: one tank is one line, and what stays true shows again afterwards."""
    room = Room()
    said = room.see_all(tank(NOON + n * MINUTE, 4.0, 2.0) for n in range(3))
    assert said == ["raise fuel_critical", "hide fuel_low"]
    assert room.kept["fuel_low"].state == "suppressed"
    assert room.kept["fuel_low"].cause == "fuel_critical"
    assert room.shown() == {"fuel_critical"}
    said = room.see_all(tank(NOON + n * MINUTE, 10.0, 6.9) for n in range(3, 15))
    assert said == ["clear fuel_critical", "raise fuel_low"]
    assert room.shown() == {"fuel_low"}


def test_fuel_low_stays_within_its_deadband() -> None:
    """Protects against a flickering alarm: raised below 8 h, it goes only above 9 h for 10 minutes."""
    room = Room()
    room.see_all(tank(NOON + n * MINUTE, 8.0, 7.8) for n in range(3))
    assert room.see_all(tank(NOON + n * MINUTE, 8.0, 8.6) for n in range(3, 33)) == []
    assert room.see_all(tank(NOON + n * MINUTE, 8.0, 9.2) for n in range(33, 43)) == []
    assert room.see(tank(NOON + 43 * MINUTE, 8.0, 9.2)) == ["clear fuel_low"]
    assert not room.shown()
    assert room.said[-1].reason == "9.2 h of fuel left, enough above 8.0 h"


def test_small_tank_is_not_in_alarm_while_full() -> None:
    """Protects the portable set: limits are never above half and a quarter of a full tank's hours."""
    point = make_point(tank_litres=3.6, rated_w=2200)
    room = Room()
    full = [make_facts(point, now=NOON + n * MINUTE, fuel_litres=3.6, fuel=hours(4.0)) for n in range(3)]
    assert room.see_all(full) == []
    half = [make_facts(point, now=NOON + n * MINUTE, fuel_litres=1.7, fuel=hours(1.89)) for n in range(3, 6)]
    assert room.see_all(half) == ["raise fuel_low"]
    quarter = [
        make_facts(point, now=NOON + n * MINUTE, fuel_litres=0.8, fuel=hours(0.89)) for n in range(6, 9)
    ]
    assert "raise fuel_critical" in room.see_all(quarter)


def test_percent_stands_in_for_unknown_hours_only() -> None:
    """Protects a point without a known consumption: 20 and 10 % raise; known hours decide again."""
    room = Room()
    assert room.see_all(tank(NOON + n * MINUTE, 9.0, None) for n in range(3)) == []
    assert room.see_all(tank(NOON + n * MINUTE, 7.9, None) for n in range(3, 6)) == ["raise fuel_low"]
    assert room.see_all(tank(NOON + n * MINUTE, 9.0, None) for n in range(6, 30)) == []
    assert room.see_all(tank(NOON + n * MINUTE, 9.0, 30.0) for n in range(30, 42)) == ["clear fuel_low"]
    assert room.see_all(tank(NOON + n * MINUTE, 3.0, 30.0) for n in range(42, 50)) == []


def test_percent_never_ends_what_hours_raised() -> None:
    """Protects an alarm whose hours become unknown: a third of a tank is no reason to call it over."""
    room = Room()
    room.see_all(tank(NOON + n * MINUTE, 14.0, 6.9) for n in range(3))
    said = room.see_all(tank(NOON + n * MINUTE, 14.0, None) for n in range(3, 60))
    assert said == ["update fuel_low"]
    assert room.kept["fuel_low"].note == "input_unknown"


def test_unknown_neither_raises_nor_ends() -> None:
    """Protects honesty: an open alarm stays, says that its input is unknown, and goes on when it is back."""
    room = Room()
    assert room.see_all(tank(NOON + n * MINUTE, None, None) for n in range(30)) == []
    room.see_all(tank(NOON + n * MINUTE, 8.0, 7.0) for n in range(30, 33))
    said = room.see_all(tank(NOON + n * MINUTE, None, None) for n in range(33, 600))
    assert said == ["update fuel_low"]
    assert room.note("fuel_low") == "input_unknown"
    assert room.see(tank(NOON + 600 * MINUTE, 8.0, 7.0)) == ["update fuel_low"]
    assert room.note("fuel_low") == ""


def test_hours_run_on_from_the_last_level() -> None:
    """Protects a point that falls silent: the counted-down hours raise the alarm, and never end it."""
    room = Room()
    said = room.see_all(tank(NOON + n * 10 * MINUTE, None, 11 - n / 6) for n in range(60))
    assert said == ["raise fuel_low", "raise fuel_critical", "hide fuel_low"]
    assert room.kept["fuel_low"].raised_at == NOON + 200 * MINUTE
    assert room.kept["fuel_low"].values["by"] == "estimate"
    assert "level unknown" in room.kept["fuel_critical"].reason
    more = [tank(NOON + n * 10 * MINUTE, None, 40.0) for n in range(60, 80)]
    assert "clear" not in " ".join(room.see_all(more))
    assert room.kept["fuel_critical"].is_open


def test_full_small_tank_of_a_silent_point_is_no_alarm_yet() -> None:
    """Protects the limits: a share of a full tank's hours counts also while the level is unknown."""
    point = make_point(tank_litres=4.0, rated_w=2000)
    burn = Burn(1.0, None, 0.0)
    room = Room()
    for n, left in enumerate((3.9, 3.0, 2.1, 1.9, 1.8)):
        fuel = hours(left, now=NOON + n * MINUTE)
        facts = replace(make_facts(point, now=NOON + n * MINUTE, fuel=fuel), burn=burn, last_litres=4.0)
        assert room.see(facts) == (["raise fuel_low"] if n == 4 else [])


def test_unknown_in_between_does_not_restart_the_delay() -> None:
    """Protects against a gauge that drops out: low before and low after it is low all along."""
    room = Room()
    room.see(tank(NOON, 8.0, 7.0))
    assert room.see_all(tank(NOON + n * MINUTE, None, None) for n in range(1, 5)) == []
    assert room.see(tank(NOON + 5 * MINUTE, 8.0, 7.0)) == ["raise fuel_low"]


def test_kit_may_call_fuel_low_while_the_level_is_unknown() -> None:
    """Protects a site with a low-level switch only: the kit's own word counts, until hours are known."""
    room = Room()
    assert room.see_all(bits(NOON + n * MINUTE, "fuel_low") for n in range(3)) == ["raise fuel_low"]
    room = Room()
    known = [
        make_facts(
            now=NOON + n * MINUTE, local_alarms=frozenset({"fuel_low"}), fuel_litres=30.0, fuel=hours(40)
        )
        for n in range(3)
    ]
    assert room.see_all(known) == []


def test_battery_low_needs_a_battery_that_runs_down() -> None:
    """Protects against false calm and false alarm: charging ends it after 10 minutes, unknown does not."""
    room = Room()
    said = room.see_all(battery(NOON + n * MINUTE, 3.9, battery_permille=420) for n in range(3))
    assert said == ["raise battery_low"]
    unknown = room.see_all(battery(NOON + n * MINUTE, None) for n in range(3, 40))
    assert unknown == ["update battery_low"]
    charging = [
        battery(NOON + n * MINUTE, None, battery_permille=430, power_source="generator")
        for n in range(40, 51)
    ]
    assert room.see_all(charging) == ["update battery_low", "clear battery_low"]


def test_battery_percent_while_hours_are_unknown() -> None:
    """Protects a battery of unknown size: 30 and 15 % count while it carries the point."""
    point = make_point(battery_wh=None)
    room = Room()
    facts = [
        make_facts(point, now=NOON + n * MINUTE, readings=good(battery_permille=140, power_source="battery"))
        for n in range(3)
    ]
    assert room.see_all(facts) == ["raise battery_critical", "hide battery_low"]
    assert room.shown() == {"battery_critical"}


def test_clock_set_back_restarts_the_delay() -> None:
    """Protects the delay: a clock that jumps back an hour must not hold an alarm for an hour."""
    room = Room()
    room.see(tank(NOON, 8.0, 5.7))
    room.see(tank(NOON - 60 * MINUTE, 8.0, 5.7))
    assert "raise fuel_low" in room.see(tank(NOON - 59 * MINUTE, 8.0, 5.7))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("rule = 3", "rule"),
        ('[[rule]]\nid = "x"\ncondition = "nonsense"\nrole = "r"\n', "condition"),
        ("[[rule]\n", "line 1"),
        (WHOLE_RULE.format(condition="fuel_hours") + 'hides = ["y"]', "hides y"),
        (WHOLE_RULE.format(condition="local_bit"), "needs the name of a bit"),
        (WHOLE_RULE.format(condition="fuel_hours") * 2, "there twice"),
    ],
)
def test_bad_rules_are_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    """Protects a region's own rules: a mistake is told with the file and the place."""
    file = tmp_path / "rules.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=named):
        alarms.load_rules(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        alarms.load_rules(tmp_path / "absent.toml")


STEPS = st.lists(
    st.tuples(
        st.sampled_from([1, 20, 61, 300, 1000, 8000]),  # seconds
        st.none() | st.floats(0, 40),  # litres
        st.none() | st.integers(0, 10000),  # load, W
        st.booleans(),  # restart
        st.sampled_from(
            [EMPTY, frozenset({"generator_failed"}), frozenset({"device_lost", "fuel_low"}), None]
        ),
    ),
    max_size=30,
)


@settings(max_examples=250)
@given(steps=STEPS, lead=st.sampled_from([1.0, 3.0, 8.0]))
def test_no_history_hides_a_tank_that_runs_dry(
    steps: list[tuple[int, float | None, int | None, bool, frozenset[str] | None]], lead: float
) -> None:
    """Protects the promise: known hours under the limit for longer than the delay are an open alarm.

    Whatever is unknown in between, however often the gateway restarts; nothing
    is said twice, and what is unknown ends nothing.
    """
    point = make_point(lead_time_h=lead)
    heartbeats = Heartbeats(point)
    room = Room()
    now, since = NOON, None
    for seconds, litres, load, restart, local in steps:
        now += timedelta(seconds=seconds)
        heartbeats.hear(now, litres, load)
        known = heartbeats.facts(now)
        facts = make_facts(point, now=now, fuel_litres=known.fuel_litres, fuel=known.fuel, local_alarms=local)
        if restart:
            room.restart()
        before = dict(room.kept)
        room.see(facts)
        assert alarms.evaluate(RULES, facts, room.kept) == []
        is_known = facts.fuel_litres is not None and facts.fuel is not None
        if not is_known:
            for name in ("fuel_low", "fuel_critical"):
                assert name not in before or not before[name].is_open or room.kept[name].is_open
        certainly = is_known and facts.fuel is not None and _surely_critical(facts, lead)
        since = (since or now) if certainly else None
        if since is not None and now - since >= ON_DELAY["fuel_critical"]:
            assert room.kept["fuel_critical"].is_shown
            assert room.kept["fuel_low"].is_open
        assert len(room.shown()) == len({(a.point, a.id) for a in room.kept.values() if a.is_shown})


def _surely_critical(facts: Facts, lead: float) -> bool:
    """Critical by the plain rule: lead time + 1 h, and a quarter of what a full tank lasts."""
    assert facts.fuel is not None
    assert facts.fuel_litres is not None
    left = facts.fuel.likely_h
    return left < lead + 1 and (left == 0 or left < 0.25 * left * 40.0 / facts.fuel_litres)
