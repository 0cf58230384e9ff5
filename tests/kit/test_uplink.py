import asyncio
import itertools
from types import SimpleNamespace

import pytest

import virtual
from nspkit import persist
from nspkit.radio import RadioError
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
    "duty_us": 360_000_000,
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
            raise RadioError("AT_BUSY_ERROR")
        self.frames.append((self.clock.ms(), data))
        await self.clock.sleep_ms(air_ms)


def sends(tmp_path, seconds, script=lambda *_: None, **settings):
    """[(s, kind, counter, values)] that a kit sends in so long; ``script(values, radio, second)``."""
    (tmp_path / persist.FILES[0]).write_bytes(persist.initial_record(1, KEY))

    async def go():
        clock = virtual.clock()
        radio, values = Radio(clock), dict(STEADY)
        uplink = Uplink(
            SETTINGS | settings,
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


def test_alarms_leave_when_heartbeats_have_burnt_their_share(tmp_path):
    """On a 1 % channel with an absurd interval the law stretches the interval, and alarms still leave."""

    def script(values, radio, second):
        values["alarms"] = (second // 60 % 2) << ALARMS.index("power_lost")

    done = sends(tmp_path, 3700, script, heartbeat_s=1, duty_us=36_000_000)
    alarms = [at for at, kind, _, _ in done.frames if kind == "alarm"]
    assert len(alarms) == 31
    air_us = sum(done.uplink.air_us(len(data)) for _, data in done.radio.frames if _ >= 100_000)
    assert air_us <= 36_000_000


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
        ({"q_tank": "stale"}, True),
        ({"alarms": 1}, True),
    ],
)
def test_what_counts_as_a_change(change, expected):
    """A reader of the last frame is told when it would mislead him, and left alone otherwise."""
    assert changed(STEADY | change, STEADY, 10000) is expected


def test_bucket_refills():
    """Twelve changes are kept, one comes back each refill time, and none sooner than the gap."""
    bucket = Bucket(60_000, 300_000)
    taken = [now for now in range(0, 7_200_000, 1000) if bucket.take(now)]
    assert all(later - earlier >= 60_000 for earlier, later in itertools.pairwise(taken))
    assert 12 + 22 <= len(taken) <= 12 + 25
