"""What leaves when everything wants to: ranks, the law, a broken radio, a failing flash, names of events."""

import itertools

from kit_rig import ONE_PERCENT, TOP, bit, event, play, steps
from nspkit import persist
from nsplink import frame

HEARTBEATS = ("vital", "full")


def burn(rig):
    """Spend all that is not the top rank's own."""
    now = rig.kit.clock.ms()
    ledger = rig.kit.budget.ledger
    ledger.spend(now, ledger.bound_us(False) - ledger.spent_us(now))


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
        rig.kit.uplink.report({}, now)
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
