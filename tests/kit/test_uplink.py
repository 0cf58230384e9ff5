import asyncio
import itertools
from types import SimpleNamespace

import pytest

import virtual
from nspkit import persist
from nspkit.radio import RadioRefused
from nspkit.uplink import Bucket, Uplink, changed
from nsplink import frame, message, seal
from nsplink.fields import ALARMS

KEY = bytes(range(16))
SETTINGS = {
    "address": 65,
    "heartbeat_s": 300,
    "full_s": 3600,
    "change_gap_s": 60,
    "change_refill_s": 300,
    "rated_w": 10000,
    "radio": {"sf": 9, "bandwidth_khz": 125, "coding_rate": 5, "preamble": 8},
}
STEADY = {
    "fuel_permille": 500,
    "generator_state": "running",
    "generator_mode": "auto",
    "power_source": "generator",
    "battery_permille": 1000,
    "load_w": 8000,
    "alarms": 0,
    "q_generator": "good",
    "q_battery": "good",
    "q_meter": "good",
    "q_tank": "good",
}


class Radio:
    """A radio that takes its time on air. ``fails``: raise for so many sends."""

    def __init__(self, clock):
        self.clock = clock
        self.state = "up"
        self.fails = 0
        self.frames = []

    async def send(self, data, air_ms):
        if self.fails:
            self.fails -= 1
            raise RadioRefused("AT_BUSY_ERROR")
        self.frames.append((self.clock.ms(), data))
        await self.clock.sleep_ms(air_ms)


def sends(tmp_path, seconds, script=lambda *_: None, duty_us=360_000_000, **settings):
    """[(s, kind, counter, values)] that a kit sends in so long; ``script(values, radio, second)``."""
    for name in persist.FILES:
        (tmp_path / name).write_bytes(persist.initial_record(1, KEY))

    async def go():
        clock = virtual.clock()
        radio, values = Radio(clock), dict(STEADY)
        uplink = Uplink(
            SETTINGS | settings,
            duty_us,
            1,
            lambda _: dict(values),
            radio,
            seal.UplinkKey(KEY),
            persist.CounterStore(f"{tmp_path}/", 1, KEY),
            asyncio.Lock(),
            clock,
            lambda _: None,
            lambda: None,
            1000,
        )
        task = asyncio.create_task(uplink.run())
        for second in range(seconds):
            script(values, radio, second)
            await clock.sleep_ms(1000)
        task.cancel()
        return SimpleNamespace(frames=[opened(*item) for item in radio.frames], uplink=uplink, radio=radio)

    return virtual.run(go())


def opened(ms, data):
    header, _ = frame.parse(data)
    values = message.decode(header.kind, seal.UplinkKey(KEY).open(data, header, header.counter))
    return ms / 1000, header.kind, header.counter, values


def test_heartbeats_keep_their_intervals(tmp_path):
    """Vital every five minutes, full every hour, the first after the hold, none drifting."""
    frames = sends(tmp_path, 4 * 3600).frames
    fulls = [at for at, kind, _, _ in frames if kind == "full"]
    everything = [at for at, _, _, _ in frames]
    assert len(fulls) == 4
    assert 47 <= len(everything) <= 49
    assert everything[0] >= 5
    assert all(
        abs((at - everything[0]) % 300) < 2 or abs((at - everything[0]) % 300) > 298 for at in everything
    )


def test_every_transmission_has_a_new_counter(tmp_path):
    """No counter occurs twice, also where the radio refused a frame."""

    def script(values, radio, second):
        if second % 20 == 0:
            radio.fails = 2

    frames = sends(tmp_path, 600, script, heartbeat_s=5).frames
    counters = [counter for _, _, counter, _ in frames]
    assert len(counters) > 50
    assert counters == sorted(set(counters))


def test_an_alarm_goes_first_and_says_its_age(tmp_path):
    """An alarm leaves at once when the radio comes back, before any heartbeat, with its true age."""

    def script(values, radio, second):
        radio.state = "down" if 10 <= second < 100 else "up"
        if second == 40:
            values["alarms"] = 1 << ALARMS.index("power_lost")

    frames = sends(tmp_path, 200, script, heartbeat_s=10).frames
    at, kind, _, values = next(item for item in frames if item[0] >= 100)
    assert kind == "alarm"
    assert at < 101
    assert values["alarm"] == "power_lost"
    assert values["age_s"] in (59, 60, 61)
    assert values["event_n"] == 0


def test_a_change_goes_out_at_once_but_never_floods(tmp_path):
    """A new state is on the air within a second; a flapping bit gets one a minute and twelve an hour."""

    def once(values, radio, second):
        if second == 100:
            values["generator_state"] = "stopped"

    frames = sends(tmp_path, 200, once).frames
    assert [kind for at, kind, _, _ in frames if 100 <= at < 101.5] == ["full"]

    def flapping(values, radio, second):
        values["generator_state"] = ("stopped", "running")[second % 2]

    frames = sends(tmp_path, 3600, flapping).frames
    assert len(frames) <= 12 + 12 + 12 + 2


def test_law_stretches_an_absurd_interval(tmp_path):
    """On a 1 % channel a heartbeat a second is sent as often as the law allows, and the reserve stays whole."""
    done = sends(tmp_path, 3700, heartbeat_s=1, duty_us=36_000_000)
    air_us = sum(done.uplink.air_us(len(data)) for at, data in done.radio.frames if at >= 100_000)
    assert 12_000_000 < air_us <= 24_000_000
    assert done.uplink.ledger.admits(3_700_000, 200_000, top=True)


def test_a_clear_ends_its_alarm(tmp_path):
    """The end of a cause goes out at once, under the event that it ends, and not without one."""

    def script(values, radio, second):
        values["alarms"] = 1 << ALARMS.index("power_lost") if 20 <= second < 50 else 0

    frames = sends(tmp_path, 100, script).frames
    events = [(round(at), kind, values) for at, kind, _, values in frames if kind in ("alarm", "clear")]
    assert [(at, kind) for at, kind, _ in events] == [(20, "alarm"), (50, "clear")]
    assert {(v["event_boot"], v["event_n"], v["alarm"]) for _, _, v in events} == {(0, 0, "power_lost")}
    assert frame.tag_length("clear") == 8


def test_a_flapping_cause_drowns_no_other(tmp_path):
    """One bit that flaps for an hour on a 1 % channel leaves room for a real alarm and for heartbeats."""

    def script(values, radio, second):
        flapping = (second // 10 % 2) << ALARMS.index("generator_not_ready")
        values["alarms"] = flapping | (1 << ALARMS.index("power_lost") if second >= 3000 else 0)

    frames = sends(tmp_path, 3600, script, duty_us=36_000_000).frames
    lost = [at for at, kind, _, values in frames if kind == "alarm" and values["alarm"] == "power_lost"]
    assert 3000 <= lost[0] <= 3002
    assert len([1 for _, kind, _, _ in frames if kind == "alarm"]) <= 14
    assert max(at for at, kind, _, _ in frames if kind in ("vital", "full")) > 3300


def test_while_the_radio_is_down_each_cause_waits_once(tmp_path):
    """Causes that flap while nothing can be sent do not push out the first of another."""

    def script(values, radio, second):
        radio.state = "down" if 10 <= second < 300 else "up"
        flapping = (second // 5 % 2) << ALARMS.index("generator_not_ready")
        values["alarms"] = flapping | (1 << ALARMS.index("power_lost") if second >= 20 else 0)

    frames = sends(tmp_path, 320, script).frames
    after = [values for at, kind, _, values in frames if kind == "alarm" and at >= 300]
    assert sorted(values["alarm"] for values in after) == ["generator_not_ready", "power_lost"]
    assert len({(values["event_boot"], values["event_n"]) for values in after}) == 2


def test_events_of_one_boot_never_share_an_id(tmp_path):
    """After 255 events the boot number moves on, so that each alarm stays one of its own."""

    def script(values, radio, second):
        values["alarms"] = 1 << (second // 10 % 13) if second // 10 % 2 else 0

    frames = sends(tmp_path, 20_000, script, heartbeat_s=3600).frames
    ids = [(values["event_boot"], values["event_n"]) for _, kind, _, values in frames if kind == "alarm"]
    assert len(ids) > 255
    assert len(set(ids)) == len(ids)


def test_a_radio_that_refuses_costs_no_lawful_airtime(tmp_path):
    """What was never on the air is not booked, and tries grow apart."""

    def script(values, radio, second):
        radio.fails = 10**6 if second < 600 else 0

    done = sends(tmp_path, 700, script, heartbeat_s=5, duty_us=36_000_000)
    assert done.uplink.ledger.spent_us(700_000) < 4_000_000
    assert 600 <= done.frames[0][0] <= 661
    assert done.frames[0][2] < 30


def test_a_change_that_could_not_leave_keeps_its_token(tmp_path):
    """One busy answer does not hold a change back for a minute."""

    def script(values, radio, second):
        if second == 100:
            values["power_source"] = "grid"
            radio.fails = 1

    frames = sends(tmp_path, 200, script).frames
    assert [kind for at, kind, _, _ in frames if 100 <= at < 105] == ["full"]


def test_a_value_that_is_stale_for_a_moment_sends_nothing(tmp_path):
    """Stale counts as a change only when it lasts."""

    def script(values, radio, second):
        values["q_meter"] = "stale" if second in (100, 101, 102) or second >= 150 else "good"

    frames = sends(tmp_path, 200, script).frames
    assert [round(at) for at, _, _, _ in frames if at >= 95] == [160]


def test_flash_that_fails_stops_transmission_not_the_kit(tmp_path):
    """Without a counter nothing is sent, and the kit goes on looking."""

    def script(values, radio, second):
        if second == 1:
            for name in persist.FILES:
                (tmp_path / name).unlink()
                (tmp_path / name).mkdir()

    done = sends(tmp_path, 300, script)
    assert done.frames == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"fuel_permille": 455}, False),
        ({"fuel_permille": 450}, True),
        ({"fuel_permille": None}, True),
        ({"load_w": 5600}, False),
        ({"load_w": 5500}, True),
        ({"load_w": 0}, True),
        ({"battery_permille": 950}, True),
        ({"generator_mode": "off"}, True),
        ({"power_source": None}, True),
        ({"q_tank": "stale"}, False),
        ({"q_tank": None}, True),
        ({"q_tank": "none"}, True),
        ({"alarms": 1}, True),
    ],
)
def test_what_counts_as_a_change(change, expected):
    """A reader of the last frame is told when it would mislead him, and left alone otherwise."""
    assert changed(STEADY | change, STEADY, 10000) is expected


def test_bucket_refills():
    """Twelve changes are kept, one comes back each refill time, and none sooner than the gap."""
    bucket = Bucket(60_000, 300_000)
    taken = []
    for now in range(0, 7_200_000, 1000):
        if bucket.ready(now):
            bucket.take(now)
            taken.append(now)
    assert all(later - earlier >= 60_000 for earlier, later in itertools.pairwise(taken))
    assert 12 + 22 <= len(taken) <= 12 + 25
