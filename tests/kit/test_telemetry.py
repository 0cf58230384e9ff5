"""Heartbeats, changes and status: what a kit says unasked, and when."""

import itertools

import pytest

from kit_rig import ONE_PERCENT, bit, play, steps
from nspkit.telemetry import Bucket, can_wait, changed

HEARTBEATS = ("vital", "full")
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


def test_heartbeats_keep_their_intervals(tmp_path):
    """Vital every five minutes, full and status every hour, the first after the hold, none drifting."""

    async def story(rig):
        await rig.to(4 * 3600)

    rig = play(tmp_path, story)
    beats = [one.at for one in rig.of(*HEARTBEATS)]
    assert len(rig.of("full")) == 4
    assert len(rig.of("status")) == 4
    assert 46 <= len(beats) <= 48
    assert rig.frames[0].at >= 5
    assert all(abs((at - beats[0] + 150) % 300 - 150) < 2 for at in beats)
    assert len(rig.frames) == len(beats) + 4 + len(rig.of("boot"))
    assert len(rig.of("boot")) <= 2  # at the start, and when nobody has said anything for hours


def test_kits_that_boot_together_do_not_speak_together(tmp_path):
    """After a return of the mains first heartbeats and boot reports spread over a minute and more."""
    firsts, boots = [], []
    for seed in range(30):
        (tmp_path / str(seed)).mkdir()

        async def story(rig):
            await rig.to(310)

        rig = play(tmp_path / str(seed), story, seed=seed)
        firsts.append(rig.of(*HEARTBEATS)[0].at)
        boots.append(rig.of("boot")[0].at)
    assert min(firsts + boots) >= 5
    assert max(boots) <= 5 + 60 + 3
    for moments in (firsts, boots):
        assert max(moments) - min(moments) > 40
        assert len({int(at) for at in moments}) > 20


def test_a_change_goes_out_at_once_but_never_floods(tmp_path):
    """A new state is on the air within a second; a flapping bit gets one a minute and twelve an hour."""

    def script(rig, second):
        if second == 400:
            rig.say(generator_state="cooling")
        if second >= 1000:
            rig.say(generator_state=("stopped", "running")[second % 2])

    rig = steps(tmp_path, 4600, script)
    assert [one.kind for one in rig.frames if 400 <= one.at < 401.5] == ["full"]
    flapping = rig.of("full", since=1000)
    assert len(flapping) <= 12 + 12 + 1
    assert all(later.at - earlier.at >= 59 for earlier, later in itertools.pairwise(flapping))


@pytest.mark.parametrize(
    "change", [{"alarms": bit("overload")}, {"power_source": "grid"}, {"power_source": "grid", "alarms": 5}]
)
def test_what_befalls_a_whole_town_is_spread(tmp_path, change):
    """Forty kits whose mains returns in the same second do not all say so in the next."""
    moments = []
    for seed in range(12):
        (tmp_path / str(seed)).mkdir()

        async def story(rig):
            await rig.to(400)
            rig.say(**change)
            await rig.to(470)

        moments.append(play(tmp_path / str(seed), story, seed=seed).of(*HEARTBEATS, since=400)[0].at - 400)
    assert max(moments) <= 62
    assert max(moments) - min(moments) > 20


def test_a_change_that_cannot_wait_takes_one_that_can_along(tmp_path):
    """A set that starts while the mains change is being spread is told at once, and both are told once."""

    async def story(rig):
        await rig.to(400)
        rig.say(power_source="grid")
        await rig.after(0.5)
        rig.say(power_source="generator", generator_state="cooling")
        await rig.to(480)

    assert [round(one.at) for one in play(tmp_path, story, seed=3).of("full", since=400)] in ([400], [401])


@pytest.mark.parametrize(
    ("values", "waits"),
    [
        ({"alarms": 3}, True),
        ({"power_source": "grid"}, True),
        ({"power_source": "battery"}, False),
        ({"generator_state": "stopped", "alarms": 3}, False),
        ({"generator_mode": "off"}, False),
        ({"fuel_permille": 100}, False),
        ({"fuel_permille": 100, "alarms": 3}, False),
    ],
)
def test_which_changes_can_wait(values, waits):
    """What one kit alone has to say is not put off for the sake of others."""
    assert can_wait(STEADY | values, STEADY, 10_000) is waits


def test_a_change_that_could_not_leave_keeps_its_token(tmp_path):
    """One busy answer does not hold a change back for a minute."""

    def script(rig, second):
        if second == 400:
            rig.say(generator_mode="off")
            rig.kit.on_air.refuse = 1

    rig = steps(tmp_path, 500, script)
    assert [one.kind for one in rig.frames if 400 <= one.at < 405] == ["full"]


def test_a_value_that_is_stale_for_a_moment_sends_nothing(tmp_path):
    """Stale counts as a change only when it lasts."""

    def script(rig, second):
        rig.say(q_meter="stale" if second in (200, 201, 202) or second >= 250 else "good")

    rig = steps(tmp_path, 300, script, heartbeat_s=3600)
    sent = rig.of(*HEARTBEATS)
    assert sent[0].at < 150
    assert [round(one.at) for one in sent[1:]] == [260]


def test_status_says_what_a_technician_asks(tmp_path):
    """Budget left, what waits, boots and why are true, and what the kit cannot measure is unknown."""

    async def story(rig):
        rig.acks = lambda _one: False
        await rig.to(3650)
        now = rig.kit.clock.ms()
        rig.kit.budget.ledger.spend(now, 15_000_000)
        await rig.to(4000)

    rig = play(tmp_path, story, phy=ONE_PERCENT, full_s=3600)
    first = rig.of("status")[0].values
    assert first["budget_permille"] >= 900
    assert first["reset_cause"] == "power"
    assert first["boots"] == 1
    assert first["queue_depth"] >= 1
    assert first["config_hash"] is not None
    assert first["supply_dv"] is None
    assert rig.of("status")[1].values["budget_permille"] <= 560


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
