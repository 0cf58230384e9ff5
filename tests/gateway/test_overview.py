"""The overview: no false green, and the first row is the first task."""

from datetime import timedelta
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from nspgateway import overview
from nspgateway.alarms import AlarmState
from nspgateway.facts import Facts
from nspgateway.overview import Box, Heard
from nspgateway.view import CallView, Overview, Priority, Reading, Status
from point_facts import NOON, good, healthy, hours, make_facts, make_point

MINUTE = timedelta(minutes=1)
DEVICES = ("generator", "battery", "meter")


def make_alarm(name: str, priority: Priority = "high", **changes: Any) -> AlarmState:
    """An open alarm."""
    values: dict[str, Any] = {
        "id": name,
        "point": "de-linde",
        "state": "unacknowledged",
        "priority": priority,
        "since": NOON,
        "raised_at": NOON,
    }
    return AlarmState(**{**values, **changes})


def named(slug: str, left: float | None = 20.0, *, deployment: str = "open", silent: bool = False) -> Facts:
    """A healthy point of this name with so many hours of fuel."""
    return make_facts(
        make_point(slug=slug, name=slug, deployment=deployment),
        readings=healthy(),
        fuel_litres=20.0,
        fuel=None if left is None else hours(left),
        last_heard=NOON - 16 * MINUTE if silent else NOON,
    )


def built(*facts: Facts, alarms: dict[str, list[AlarmState]] | None = None) -> Overview:
    """The overview of these points."""
    heard = {one.point.slug: Heard(-90, 5.0) for one in facts}
    return overview.build(facts, alarms or {}, heard, Box(NOON, "oost", "kazerne-oost"))


def status_of(facts: Facts, *alarms: AlarmState) -> Status:
    """The status of one point."""
    return overview.status(facts, alarms)


def test_normal_needs_everything_known_and_fresh() -> None:
    """Protects against false green: one unknown or old value, or unknown alarm bits, and it is not normal."""
    assert status_of(make_facts(readings=healthy())) == "normal"
    assert status_of(make_facts(readings=healthy(), local_alarms=None)) == "unknown"
    for name in ("fuel_permille", "generator_state", "power_source", "battery_permille", "load_w"):
        for reading in (None, Reading(None, "unknown", NOON), Reading(1, "stale", NOON)):
            readings = {k: v for k, v in healthy().items() if k != name}
            if reading is not None:
                readings[name] = reading
            assert status_of(make_facts(readings=readings)) == "unknown", name


def test_a_device_that_is_not_there_is_nothing_unknown() -> None:
    """Protects a battery-only point: what it does not have does not keep it from normal."""
    point = make_point(devices=("battery", "meter"), tank_litres=None)
    readings = good(battery_permille=800, load_w=500, power_source="battery")
    assert status_of(make_facts(point, readings=readings)) == "normal"
    dipped = make_point(tank_litres=None)
    no_gauge = healthy() | {"fuel_permille": Reading(None, "none", None)}
    assert status_of(make_facts(dipped, readings=no_gauge)) == "normal"
    unread = healthy() | {"fuel_permille": Reading(None, "unknown", None)}
    assert status_of(make_facts(dipped, readings=unread)) == "unknown"


@pytest.mark.parametrize(
    ("changed", "devices", "status", "doubt"),
    [
        (good(power_source="none"), DEVICES, "attention", "no_power"),
        (good(generator_state="fault"), DEVICES, "attention", "generator_fault"),
        (good(generator_state="stopped", generator_mode="manual"), DEVICES, "attention", "not_ready"),
        (good(generator_state="none"), DEVICES, "unknown", "no_generator"),
        ({"battery_permille": Reading(None, "none", None)}, DEVICES, "unknown", "no_battery"),
        ({"load_w": Reading(None, "none", None)}, DEVICES, "unknown", "no_meter"),
        ({"fuel_permille": Reading(None, "none", None)}, DEVICES, "unknown", ""),
        (
            good(generator_state="stopped") | {"generator_mode": Reading(None, "unknown", NOON)},
            DEVICES,
            "unknown",
            "",
        ),
        ({}, (), "unknown", "no_devices"),
    ],
)
def test_what_contradicts_is_never_normal(
    changed: dict[str, Reading], devices: tuple[str, ...], status: str, doubt: str
) -> None:
    """Protects against false green: values that contradict the settings, or are bad without an alarm."""
    facts = make_facts(make_point(devices=devices), readings=healthy() | changed)
    assert status_of(facts) == status
    assert built(facts).points[0].doubt == doubt


@pytest.mark.parametrize(
    ("alarm", "expected"),
    [
        (make_alarm("power_lost", "critical"), "critical"),
        (make_alarm("power_lost", "critical", state="acknowledged"), "critical"),
        (make_alarm("power_lost", "critical", state="returned_unacknowledged"), "attention"),
        (make_alarm("fuel_low"), "attention"),
        (make_alarm("device_lost", "medium"), "attention"),
        (make_alarm("fuel_low", state="normal", pending_since=NOON), "normal"),
    ],
)
def test_status_follows_the_worst_alarm(alarm: AlarmState, expected: str) -> None:
    """Protects the word in front of the row: critical while it holds, attention until it is confirmed."""
    assert status_of(make_facts(readings=healthy()), alarm) == expected


def test_silence_is_no_contact_whatever_was_last_heard() -> None:
    """Protects against a green point that has gone: after three intervals nothing is normal."""
    point = make_point()
    facts = make_facts(point, readings=healthy(), now=NOON + 15 * MINUTE)
    assert status_of(facts) == "normal"
    facts = make_facts(point, readings=healthy(), now=NOON + 15 * MINUTE + timedelta(seconds=1))
    assert status_of(facts) == "no_contact"
    assert status_of(facts, make_alarm("power_lost", "critical")) == "no_contact"
    assert status_of(make_facts(last_heard=None)) == "no_contact"
    assert status_of(make_facts(make_point(kit_address=None), last_heard=None)) == "unknown"


@pytest.mark.parametrize(
    ("snr", "age_s", "sf", "expected"),
    [
        (-7.5, 0, 9, "good"),
        (-7.6, 0, 9, "weak"),
        (-7.6, 0, 10, "good"),
        (None, 0, 9, "weak"),
        (5.0, 901, 9, "none"),
    ],
)
def test_link_word(snr: float | None, age_s: int, sf: int, expected: str) -> None:
    """Protects the link column: good needs 5 dB above what the spreading factor can hear, and a fresh frame."""
    assert overview.link(NOON - timedelta(seconds=age_s), snr, 300, NOON, sf) == expected
    assert overview.link(None, snr, 300, NOON, sf) == "none"


def test_a_time_in_the_future_is_no_contact() -> None:
    """Protects against a clock that was set back: a frame of tomorrow does not make a point heard now."""
    facts = make_facts(readings=healthy(), last_heard=NOON + 120 * MINUTE)
    assert status_of(facts) == "no_contact"
    assert overview.link(NOON + 120 * MINUTE, 5.0, 300, NOON, 9) == "none"
    page = built(facts)
    assert (page.points[0].status, page.points[0].link, page.points[0].doubt) == (
        "no_contact",
        "none",
        "clock_set_back",
    )
    assert status_of(make_facts(readings=healthy(), last_heard=NOON + timedelta(seconds=5))) == "normal"


def test_a_gateway_that_just_started_has_not_listened_long_enough() -> None:
    """Protects the first minutes: a point never heard is unknown, and silent only after three intervals."""
    facts = make_facts(last_heard=None)
    heard = {"de-linde": Heard()}
    for since, status, doubt in (
        (NOON - 14 * MINUTE, "unknown", "not_heard_yet"),
        (NOON - 16 * MINUTE, "no_contact", ""),
    ):
        page = overview.build([facts], {}, heard, Box(NOON, "oost", "kazerne-oost", gateway_since=since))
        assert (page.points[0].status, page.points[0].doubt) == (status, doubt)
    gone = make_facts(last_heard=NOON - 16 * MINUTE)
    page = overview.build([gone], {}, heard, Box(NOON, "oost", "kazerne-oost", gateway_since=NOON))
    assert page.points[0].status == "no_contact"


def test_a_point_whose_kit_was_taken_away_is_not_silent() -> None:
    """Protects a point without kit: nobody expects a message from it, and it is never normal."""
    facts = make_facts(make_point(kit_address=None), readings=healthy(), last_heard=NOON - 60 * MINUTE)
    assert status_of(facts) == "unknown"


def test_what_is_known_now_beats_an_old_alarm() -> None:
    """Protects the first row: power that is back by fresh news is no reason to stay on top; unknown is."""
    lost = make_alarm("power_lost", "critical", point="dark")
    back = make_alarm(
        "power_lost", "critical", point="dark", state="returned_unacknowledged", note="returned_unconfirmed"
    )
    unclear = make_facts(
        make_point(slug="dark", name="dark"),
        readings=healthy() | {"power_source": Reading(None, "unknown", NOON)},
        fuel_litres=20.0,
        fuel=hours(50.0),
    )
    for facts, alarm, first in (
        (named("dark", 50.0), back, "fed"),
        (unclear, lost, "dark"),
        (unclear, back, "fed"),
    ):
        page = built(facts, named("fed", 20.0), alarms={"dark": [alarm]})
        assert page.points[0].slug == first
    assert built(unclear, alarms={"dark": [back]}).points[0].status == "attention"


def test_a_point_on_the_grid_does_not_run_down() -> None:
    """Protects logistics: hours that count only if the grid fails never stand above hours that run."""
    grid = named("grid", 2.0)
    grid.readings.update(good(power_source="grid"))
    assert [point.slug for point in built(grid, named("runs", 30.0)).points] == ["runs", "grid"]


def test_first_row_is_the_first_task() -> None:
    """Protects the order: no power, no contact, too late to refuel, hours unknown, then who is empty first."""
    page = built(
        named("stored-dry", 0.1, deployment="stored"),
        named("no-forecast", None),
        named("later", 30.0),
        named("sooner", 9.0),
        named("lead-time", 4.2),
        named("silent", 40.0, silent=True),
        named("dark", 50.0),
        alarms={"dark": [make_alarm("power_lost", "critical", point="dark")]},
    )
    order = [point.slug for point in page.points]
    assert order == ["dark", "silent", "lead-time", "no-forecast", "sooner", "later", "stored-dry"]


def test_danger_to_a_team_stands_above_all_that_is_broken() -> None:
    """Protects people: a CO detector comes before a dark point, in the rows and in the list, until it is over."""
    dark, safe = named("dark", 50.0), named("smoke", 90.0)
    lost = make_alarm("power_lost", "critical", point="dark", raised_at=NOON - MINUTE)
    alarms = {"dark": [lost], "smoke": [make_alarm("co_alarm", "critical", point="smoke")]}
    page = built(dark, safe, alarms=alarms)
    assert [point.slug for point in page.points] == ["smoke", "dark"]
    assert [alarm.id for alarm in page.alarms] == ["co_alarm", "power_lost"]
    over = make_alarm("co_alarm", "critical", point="smoke", note="returned_unconfirmed")
    assert built(dark, safe, alarms={**alarms, "smoke": [over]}).points[0].slug == "dark"


def test_a_call_for_help_stands_above_everything_and_below_no_fold() -> None:
    """Protects people: unread, then a team in danger, then read; also at a point that was closed hours ago."""

    def call(point: str, row: Literal[1, 2, 4]) -> CallView:
        return CallView(f"{point}-{row}", point, point, 1, None, row, "stored", NOON, NOON, NOON)

    points = [
        named("dark", 50.0),
        named("smoke", 90.0),
        named("read", 80.0),
        named("closed", deployment="closed"),
    ]
    alarms = {
        "dark": [make_alarm("power_lost", "critical", point="dark")],
        "smoke": [make_alarm("co_alarm", "critical", point="smoke")],
    }
    calls = [call("closed", 1), call("read", 4), call("closed", 4)]
    page = overview.build(points, alarms, {}, Box(NOON, "oost", "cp"), calls=calls)
    assert [(point.slug, point.calls) for point in page.points] == [
        ("closed", 2),
        ("smoke", 0),
        ("read", 1),
        ("dark", 0),
    ]


def test_our_own_blindness_comes_before_what_we_see() -> None:
    """Protects the list: power, receiver, channel and clock of our own, in that order, before any point."""
    names = ("clock_bad", "radio_jammed", "gateway_deaf", "cp_power", "disk_low")
    own = [make_alarm(name, "medium" if name == "clock_bad" else "critical", point="cp") for name in names]
    page = overview.build(
        [named("dark")],
        {"dark": [make_alarm("power_lost", "critical", point="dark", raised_at=NOON - MINUTE)]},
        {},
        Box(NOON, "oost", "cp"),
        own=(named("cp"), own),
    )
    order = [alarm.id for alarm in page.alarms]
    assert order == ["cp_power", "gateway_deaf", "radio_jammed", "clock_bad", "power_lost", "disk_low"]


def test_what_was_put_aside_stays_in_sight() -> None:
    """Protects against forgetting: an alarm that comes back later is listed by when it comes back."""
    later, sooner = (
        make_alarm("overload", state="shelved", point="a", shelved_until=NOON + n * MINUTE) for n in (60, 10)
    )
    page = built(named("a"), alarms={"a": [later, replace(sooner, id="fuel_low")]})
    assert page.alarms == ()
    assert [alarm.id for alarm in page.shelved] == ["fuel_low", "overload"]


def test_closed_points_stay_below_open_ones() -> None:
    """Protects the fold: a closed point in trouble never pushes an open one down."""
    dark = named("closed-dark", 1.0, deployment="closed")
    page = built(
        dark, named("open", 90.0), alarms={"closed-dark": [make_alarm("power_lost", point="closed-dark")]}
    )
    assert [point.slug for point in page.points] == ["open", "closed-dark"]


def test_a_battery_in_use_counts_for_the_order() -> None:
    """Protects a point on its battery: what is empty first counts, fuel or battery."""
    both = make_facts(
        make_point(slug="both"), readings=healthy(), fuel_litres=20.0, fuel=hours(30), battery=hours(5)
    )
    page = built(named("fuel-only", 10.0), both)
    assert [point.slug for point in page.points] == ["both", "fuel-only"]


def test_alarms_of_closed_points_and_those_that_may_be_over_come_later() -> None:
    """Protects the list: what holds at an open point comes first, whatever its priority."""
    page = built(
        named("open"),
        named("stored", deployment="stored"),
        alarms={
            "open": [
                make_alarm("power_lost", "critical", point="open", note="returned_unconfirmed"),
                make_alarm("device_lost", "medium", point="open"),
            ],
            "stored": [make_alarm("fuel_critical", "critical", point="stored")],
        },
    )
    assert [(alarm.point, alarm.id, alarm.is_returned) for alarm in page.alarms] == [
        ("open", "device_lost", False),
        ("open", "power_lost", True),
        ("stored", "fuel_critical", False),
    ]


def test_an_alarm_that_no_rule_or_text_knows_does_not_break_the_page() -> None:
    """Protects the page: a record of another version is shown as unknown, with every gap filled."""
    page = built(
        named("a"), alarms={"a": [make_alarm("sun_flare", point="a"), make_alarm("site_silent", point="a")]}
    )
    texts = {alarm.id: alarm.what["nl"] for alarm in page.alarms}
    assert "sun_flare" in texts["sun_flare"]
    assert "Laatste stand om 13:00: onbekend." in texts["site_silent"]


def test_alarms_by_priority_then_age_without_hidden_ones() -> None:
    """Protects the list: critical first, the oldest first, and no line that another one explains."""
    page = built(
        named("a"),
        named("b"),
        alarms={
            "a": [
                make_alarm("fuel_low", point="a"),
                make_alarm("overload", point="a", raised_at=NOON - MINUTE),
                make_alarm("generator_not_ready", point="a", state="suppressed", cause="generator_failed"),
                make_alarm("battery_low", point="a", state="normal", pending_since=NOON),
            ],
            "b": [make_alarm("generator_failed", "critical", point="b")],
        },
    )
    assert [(alarm.point, alarm.id) for alarm in page.alarms] == [
        ("b", "generator_failed"),
        ("a", "overload"),
        ("a", "fuel_low"),
    ]
    assert page.points[0].slug in {"a", "b"}


def test_box_and_readings_are_passed_on() -> None:
    """Protects the page's head and cells: what the gateway knows of itself and of a point is in the values."""
    box = Box(NOON, "oost", "kazerne-oost", 60.0, modem_ok=True, broker_ok=True, counters={"accepted": 3})
    page = overview.build([named("a")], {}, {"a": Heard(-97, -10.0)}, box)
    assert (page.region, page.cp, page.speed, page.modem_ok, page.broker_ok) == (
        "oost",
        "kazerne-oost",
        60.0,
        True,
        True,
    )
    assert page.counters == {"accepted": 3}
    point = page.points[0]
    assert (point.rssi_dbm, point.snr_db, point.link) == (-97, -10.0, "weak")
    assert point.readings["load_w"].value == 8000
    assert point.fuel is not None
