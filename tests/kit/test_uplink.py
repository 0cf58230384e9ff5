"""What a kit says unasked, and when: heartbeats, changes, what the law and a broken radio leave of them."""

import itertools

import pytest

from kit_rig import ONE_PERCENT, TOP, event, play
from nspkit import persist
from nspkit.telemetry import Bucket, can_wait, changed
from nsplink import frame
from nsplink.fields import ALARMS

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


def bit(cause):
    return 1 << ALARMS.index(cause)


def stepwise(rig, script, seconds):
    """Call ``script(rig, second)`` each second."""

    async def go():
        for second in range(seconds):
            script(rig, second)
            await rig.to(second + 1)

    return go()


def steps(folder, seconds, script, **options):
    return play(folder, lambda rig: stepwise(rig, script, seconds), **options)


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
    assert len(rig.frames) == len(beats) + 4 + 1  # and the boot report, once


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


def test_every_transmission_has_a_new_counter(tmp_path):
    """No counter occurs twice, also where the radio refused a frame."""

    def script(rig, second):
        if second % 20 == 0:
            rig.kit.on_air.refuse = 2

    rig = steps(tmp_path, 600, script, heartbeat_s=5)
    counters = [one.counter for one in rig.frames]
    assert len(counters) > 50
    assert counters == sorted(set(counters))


def test_an_alarm_goes_first_and_says_its_age(tmp_path):
    """An alarm leaves at once when the radio comes back, before any heartbeat, with its true age."""

    def script(rig, second):
        if second == 10:
            rig.kit.on_air.drop_out()
        if second == 40:
            rig.say(alarms=bit("power_lost"))
        if second == 100:
            rig.kit.on_air.come_back()

    rig = steps(tmp_path, 200, script, heartbeat_s=10)
    first = next(one for one in rig.frames if one.at >= 100)
    assert first.kind == "alarm"
    assert first.at < 101
    assert first.values["alarm"] == "power_lost"
    assert first.values["age_s"] in (59, 60, 61)


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
    ],
)
def test_which_changes_can_wait(values, waits):
    """What one kit alone has to say is not put off for the sake of others."""
    assert can_wait(STEADY | values, STEADY) is waits


def test_law_stretches_an_absurd_interval(tmp_path):
    """On a 1 % channel a heartbeat a second is sent as often as the law allows, and the reserve stays whole."""
    left = []

    async def story(rig):
        await rig.to(3700)
        left.append(rig.kit.budget.admits(rig.kit.clock.ms(), 8_000_000, top=True))

    rig = play(tmp_path, story, heartbeat_s=1, phy=ONE_PERCENT)
    air_s = sum(rig.air_s(one.data) for one in rig.frames if one.at >= 100)
    assert 12 < air_s <= 24
    assert left == [True]


def test_the_top_class_has_its_share_when_heartbeats_have_burnt_the_rest(tmp_path):
    """On a full 1 % channel an alarm still leaves at once."""

    async def story(rig):
        await rig.to(3600)
        burn(rig)
        rig.say(alarms=bit("power_lost"))
        await rig.to(3605)

    rig = play(tmp_path, story, phy=ONE_PERCENT)
    assert [(one.kind, round(one.at)) for one in rig.frames if one.at >= 3600] == [("alarm", 3600)]


def burn(rig):
    """Spend all that is not the top rank's own."""
    now = rig.kit.clock.ms()
    ledger = rig.kit.budget.ledger
    ledger.spend(now, ledger.bound_us(False) - ledger.spent_us(now))


def test_the_share_of_the_top_class_ends_too(tmp_path):
    """No alarm, however urgent, puts a kit beyond its lawful hour."""

    async def story(rig):
        rig.acks = lambda _one: False
        await rig.to(100)
        ledger = rig.kit.budget.ledger
        now = rig.kit.clock.ms()
        ledger.spend(now, ledger.limit_us - ledger.spent_us(now) - 400_000)
        for _ in range(20):
            rig.help()
        await rig.to(300)

    rig = play(tmp_path, story, phy=ONE_PERCENT)
    assert 0 < sum(rig.air_s(one.data) for one in rig.frames if one.at >= 100) <= 0.4


def test_a_clear_ends_its_alarm(tmp_path):
    """The end of a cause goes out at once, under the event that it ends, and not without one."""

    def script(rig, second):
        rig.say(alarms=bit("power_lost") if 120 <= second < 150 else 0)

    rig = steps(tmp_path, 200, script)
    events = rig.of(*TOP)
    assert [(round(one.at), one.kind) for one in events] == [(120, "alarm"), (150, "clear")]
    assert event(events[0]) == event(events[1])
    assert {one.values["alarm"] for one in events} == {"power_lost"}
    assert frame.tag_length("clear") == 8


def test_a_flapping_cause_drowns_no_other(tmp_path):
    """One bit that flaps for an hour on a 1 % channel leaves room for a real alarm and for heartbeats."""

    def script(rig, second):
        flapping = (second // 10 % 2) * bit("generator_not_ready")
        rig.say(alarms=flapping | (bit("power_lost") if second >= 3000 else 0))

    rig = steps(tmp_path, 3600, script, phy=ONE_PERCENT)
    lost = [one.at for one in rig.of("alarm") if one.values["alarm"] == "power_lost"]
    assert 3000 <= lost[0] <= 3002
    assert len(rig.of("alarm")) <= 14
    assert rig.of(*HEARTBEATS)[-1].at > 3200


def test_while_the_radio_is_down_each_cause_waits_once(tmp_path):
    """Causes that flap while nothing can be sent do not push out the first of another."""

    def script(rig, second):
        if second == 10:
            rig.kit.on_air.drop_out()
        if second == 300:
            rig.kit.on_air.come_back()
        flapping = (second // 5 % 2 if second < 300 else 1) * bit("generator_not_ready")
        rig.say(alarms=flapping | (bit("power_lost") if second >= 20 else 0))

    rig = steps(tmp_path, 320, script, heartbeat_s=3600)
    after = rig.of("alarm", since=300)
    assert sorted(one.values["alarm"] for one in after) == ["generator_not_ready", "power_lost"]
    assert len({event(one) for one in after}) == 2


def test_events_of_one_boot_never_share_an_id(tmp_path):
    """After 255 events the boot number moves on, so that each alarm stays one of its own."""

    def script(rig, second):
        if second % 5 == 0:
            rig.say(alarms=1 << (second // 10 % 13) if second // 5 % 2 else 0)

    rig = steps(tmp_path, 8000, script, heartbeat_s=3600)
    ids = {}
    for one in rig.of("alarm", "help"):
        assert ids.setdefault(event(one), one.values["alarm"]) == one.values["alarm"]
    assert len(ids) > 255


def test_nor_while_a_radio_is_broken_for_a_day(tmp_path):
    """An alarm that has waited through hundreds of others for the radio is not taken for one of them."""

    async def story(rig):
        await rig.to(100)
        rig.kit.on_air.drop_out()
        others = sum(1 << number for number in range(13)) & ~bit("power_lost")
        for number in range(50):
            rig.say(alarms=bit("power_lost") | (others if number % 2 == 0 else 0))
            await rig.after(290 if number % 2 else 15)
            rig.kit.uplink.wake()
        rig.say(alarms=bit("power_lost") | others)
        rig.kit.on_air.come_back()
        await rig.after(600)

    rig = play(tmp_path, story, heartbeat_s=3600)
    names = {}
    for one in rig.of("alarm", since=200):
        assert names.setdefault(event(one), one.values["alarm"]) == one.values["alarm"]
    assert len(set(names.values())) == 13


def test_a_radio_that_refuses_costs_no_lawful_airtime(tmp_path):
    """What was never on the air is not booked, and tries grow apart."""
    spent = []

    async def story(rig):
        rig.kit.on_air.refuse = 10**6
        await rig.to(600)
        spent.append(rig.kit.budget.ledger.spent_us(600_000))
        rig.kit.on_air.refuse = 0
        await rig.to(700)

    rig = play(tmp_path, story, heartbeat_s=5, phy=ONE_PERCENT)
    assert spent == [0]
    assert 600 <= rig.frames[0].at <= 661
    assert rig.frames[0].counter < 30


def test_a_radio_that_does_not_say_that_it_sent_is_booked(tmp_path):
    """A frame whose end nobody confirmed was on the air as far as the law goes, and is sent again."""
    spent = []

    async def story(rig):
        await rig.to(400)
        rig.acks = lambda _one: False
        before = rig.kit.budget.ledger.spent_us(400_000)
        rig.kit.on_air.forget = 1
        rig.say(alarms=bit("power_lost"))
        await rig.to(405)
        spent.append(rig.kit.budget.ledger.spent_us(405_000) - before)

    rig = play(tmp_path, story)
    alarms = rig.of("alarm")
    assert len(alarms) >= 2
    assert len({event(one) for one in alarms}) == 1
    assert spent[0] >= 1e6 * sum(rig.air_s(one.data) for one in alarms) - 1


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


def test_flash_that_fails_stops_transmission_not_the_kit(tmp_path):
    """Without a counter nothing is sent, and the kit goes on looking."""

    async def story(rig):
        for name in persist.FILES:
            (tmp_path / name).unlink()
            (tmp_path / name).mkdir()
        rig.say(alarms=bit("power_lost"))
        await rig.to(300)

    assert play(tmp_path, story).frames == []


def test_ranks_are_strict_on_the_air(tmp_path):
    """When everything waits at once, help goes before alarms, those before answers, changes, heartbeats."""

    async def story(rig):
        await rig.to(700)
        rig.kit.on_air.drop_out()
        now = rig.kit.clock.ms()
        rig.kit.uplink.say(
            "report", {"stock_low": 0, "displayed_rev": 0, "event_boot": 0, "event_n": 0}, now, "report"
        )
        rig.kit.uplink.answer(77, "done", b"", now)
        rig.say(generator_mode="off")
        await rig.to(1600)  # heartbeats are due
        rig.say(alarms=bit("fuel_low") | bit("generator_not_ready"))
        rig.help()
        rig.kit.on_air.come_back()
        await rig.to(1700)

    rig = play(tmp_path, story)
    kinds = [one.kind for one in rig.frames if one.at >= 1600]
    assert kinds[:4] == ["help", "alarm", "alarm", "answer"]
    assert sorted(kinds[4:6]) == ["full", "report"]


def test_a_busy_channel_is_waited_for_but_not_for_ever(tmp_path):
    """Somebody else's chirps put a heartbeat off by moments; an alarm goes after three looks."""
    looks = []

    async def story(rig):
        await rig.to(100)

        async def never():
            looks.append(rig.now())
            return False

        rig.kit.on_air.clear = never
        await rig.to(1200)
        waited = len(looks)
        del looks[:]
        rig.say(alarms=bit("power_lost"))
        await rig.to(1202)
        assert waited > 100

    rig = play(tmp_path, story)
    assert [one.kind for one in rig.frames if one.at >= 100 + 90] == ["alarm"]
    alarm = rig.of("alarm")[0]
    assert 1200 <= alarm.at <= 1203
    own = [at for at in looks if at <= alarm.at][-3:]
    assert all(0.05 <= later - earlier <= 0.35 for earlier, later in itertools.pairwise(own))


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
