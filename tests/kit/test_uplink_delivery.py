"""What must arrive is said until it has, and nothing but its own acknowledgement ends that."""

import itertools

import pytest

from kit_rig import ACKED, ADDRESS, CP, GATEWAY, GROUP, OTHER_KEY, event, play
from nsplink import frame, timing
from nsplink.fields import ALARMS

LOST = 1 << ALARMS.index("power_lost")
FUEL = 1 << ALARMS.index("fuel_low")
QUIET = {"heartbeat_s": 3600}
INTRODUCED = 11  # tries of an alarm, after which the kit says its counter whole and its boot once more
NOBODY = lambda _one: False  # noqa: E731 - a word for an ear that answers nothing
REPORT = {"stock_low": 0, "displayed_rev": 0, "event_boot": 0, "event_n": 0}


def gaps_are_lawful(rig, tries):
    """Whether each try began within its window after the wait for an answer to the one before."""
    wait_s = (timing.ACK_WAIT_MS + 1) / 1000 + rig.air_s(bytes(frame.frame_length("ack", 6, True)))
    for number, (earlier, later) in enumerate(itertools.pairwise(tries), 1):
        gap = later.at - earlier.end - wait_s
        # From some point on the boot report goes behind it, and its answer is a reason to try again at once.
        assert gap >= -0.01 or number > INTRODUCED, (number, gap)
        assert gap <= timing.retry_window_ms(number) / 1000 + 2.5, (number, gap)
    return True


def test_what_is_acknowledged_is_not_said_again(tmp_path):
    """Each alarm, its end, each call, report and the boot report go out once where the gateway answers."""

    async def story(rig):
        await rig.to(100)
        rig.say(alarms=LOST)
        await rig.to(120)
        rig.help(text=b"hier")
        await rig.to(140)
        rig.kit.uplink.report(REPORT, rig.kit.clock.ms())
        await rig.to(160)
        rig.say(alarms=0)
        await rig.to(3000)
        assert rig.kit.uplink.delivery.items == []

    rig = play(tmp_path, story, **QUIET)
    assert [one.kind for one in rig.of(*ACKED)] == ["boot", "alarm", "help", "report", "clear"]
    assert rig.of("help")[0].values["text"] == b"hier"


@pytest.mark.parametrize("kind", ["alarm", "clear", "help", "report", "answer"])
def test_what_is_not_acknowledged_is_said_again(tmp_path, kind):
    """In windows that grow, each time under a new counter, the same event, an age that grows with the time."""
    asked = None

    async def story(rig):
        nonlocal asked
        await rig.to(100)
        if kind == "clear":
            rig.say(alarms=LOST)
            await rig.to(110)
        rig.acks = lambda one: one.kind != kind
        if kind in ("alarm", "clear"):
            rig.say(alarms=LOST if kind == "alarm" else 0)
        elif kind == "help":
            rig.help()
        elif kind == "answer":
            asked = await rig.command("read", b"\x01")
        else:
            rig.kit.uplink.report(REPORT, rig.kit.clock.ms())
        await rig.to(1500)

    rig = play(tmp_path, story, **QUIET)
    tries = rig.of(kind)
    assert gaps_are_lawful(rig, tries)
    counters = [one.counter for one in tries]
    assert counters == sorted(set(counters))
    if kind == "answer":
        assert len(tries) == 5  # then the gateway has to ask again
        assert {(one.values["answers"], one.values["result"]) for one in tries} == {(asked, "done")}
        return
    assert len(tries) >= 10
    assert len({event(one) for one in tries}) == 1
    ages = [one.values["age_s"] for one in tries]
    # A report may wait for its turn before its first try.
    assert 0 <= ages[0] <= (kind == "report") * timing.ACK_WAIT_MS / 1000
    assert all(abs(one.values["age_s"] - (one.at - tries[0].at)) <= 11 for one in tries)


def test_an_alarm_is_tried_within_five_minutes_for_ever(tmp_path):
    """After a day without a gateway it is still on the air every few minutes, and arrives when one is back."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        rig.say(alarms=LOST)
        await rig.to(40_000)
        rig.acks = lambda one: one.kind in ACKED
        await rig.to(40_400)
        assert rig.kit.uplink.delivery.items == []

    rig = play(tmp_path, story, **QUIET)
    late = rig.of("alarm", since=30_000)
    assert all(later.at - earlier.at <= 303 for earlier, later in itertools.pairwise(late))
    assert [one.counter for one in late] == sorted({one.counter for one in late})


@pytest.mark.parametrize(
    "ack",
    [
        lambda rig, one: rig.down("ack", {"acked": one.counter + 1}),
        lambda rig, one: rig.down("ack", {"acked": one.counter + 65_536}),
        lambda rig, one: rig.down("ack", {"acked": one.counter}, epoch=rig.epoch + 64),
        lambda rig, one: rig.down("ack", {"acked": one.counter}, gateway=GATEWAY + 1),
        lambda rig, one: rig.down("ack", {"acked": one.counter}, key=OTHER_KEY),
        lambda rig, one: rig.down("ack", {"acked": one.counter}, address=ADDRESS + 1),
        lambda rig, one: rig.down("ack", {"acked": one.counter}, address=CP << 6, key=GROUP, epoch=0),
        lambda rig, one: rig.down("ack", {"acked": one.counter}, counter=900),
        lambda rig, one: rig.down("ack", {"acked": one.counter}, counter=one.counter, wide=False),
        lambda rig, one: flipped(rig.down("ack", {"acked": one.counter}), -1),
        lambda rig, one: flipped(rig.down("ack", {"acked": one.counter}), 9),
        lambda rig, _one: rig.down("hello", {"gateway_id": GATEWAY}),
        lambda _rig, one: one.data,
    ],
    ids=[
        "another counter",
        "same 16 bits",
        "another boot",
        "another gateway",
        "another key",
        "another kit",
        "group",
        "old counter",
        "narrow and old",
        "tag changed",
        "content changed",
        "hello under the kit's key",
        "own frame",
    ],
)
def test_no_other_ack_ends_an_alarm(tmp_path, ack):
    """What is not the right gateway's new word on this very frame, for this boot, leaves the alarm on the air."""

    async def story(rig):
        await rig.to(100)
        await rig.command("ping")  # a newer counter than the oldest ones here
        await rig.to(110)
        rig.acks = NOBODY
        rig.say(alarms=LOST)
        for _ in range(4):
            one = await rig.heard("alarm", 30)
            await rig.send(ack(rig, one), 0.2)
        await rig.heard("alarm", 60)
        before = rig.kit.uplink.delivery.items[0].tries
        assert before >= 5
        await rig.ack(one.counter)
        await rig.after(2)
        assert rig.kit.uplink.delivery.items == []

    play(tmp_path, story, **QUIET)


def flipped(data, at):
    """The frame with one bit changed."""
    changed = bytearray(data)
    changed[at] ^= 4
    return bytes(changed)


def test_an_ack_of_an_earlier_try_counts(tmp_path):
    """A gateway that answers late answers the same event, for as long as the kit can still tell which it was."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        rig.say(alarms=LOST)
        first = await rig.heard("alarm", 5)
        await rig.heard("alarm", 30, count=3)
        await rig.ack(first.counter)
        await rig.after(600)

    rig = play(tmp_path, story, **QUIET)
    assert len(rig.of("alarm")) == 4


def test_a_clear_waits_for_its_raise(tmp_path):
    """As long as the raise has not arrived its end is not said, and it follows at once when it has."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        rig.say(alarms=LOST)
        await rig.to(105)
        rig.say(alarms=0)
        await rig.to(300)
        assert rig.of("clear") == []
        rig.acks = lambda one: one.kind in ACKED
        await rig.heard("clear", 60)

    rig = play(tmp_path, story, **QUIET)
    alarm, clear = rig.of("alarm")[-1], rig.of("clear")[0]
    assert event(alarm) == event(clear)
    assert clear.at - alarm.end < 2.5


def test_a_new_raise_overtakes_an_old_clear(tmp_path):
    """A cause that is back is not ended afterwards by the word that it was over."""

    async def story(rig):
        await rig.to(100)
        rig.say(alarms=LOST)
        await rig.to(110)
        rig.acks = NOBODY
        rig.say(alarms=0)
        await rig.to(500)
        rig.say(alarms=LOST)
        await rig.to(520)
        rig.acks = lambda one: one.kind in ACKED
        await rig.to(900)
        assert rig.kit.uplink.delivery.items == []

    rig = play(tmp_path, story, **QUIET)
    assert rig.of("clear", since=501) == []
    raises = {event(one) for one in rig.of("alarm")}
    assert len(raises) == 2


def test_more_waits_than_there_is_room_for(tmp_path):
    """Calls for help give way to nothing; of alarms the news is kept; what is over already is spared first."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        calls = [rig.help() for _ in range(15)]
        rig.say(alarms=LOST)
        await rig.after(30)
        rig.say(alarms=0)
        await rig.after(30)
        rig.acks = lambda one: one.kind in ACKED
        await rig.after(900)
        assert {event(one) for one in rig.of("help")} == {(one[0], one[1]) for one in calls}
        assert rig.kit.uplink.delivery.items == []

    play(tmp_path, story, **QUIET)


def test_causes_that_are_over_make_room_for_one_that_is_not(tmp_path):
    """After a night without a gateway in which everything flapped, what is still true is not what was dropped."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        others = ((1 << len(ALARMS)) - 1) & ~LOST
        rig.say(alarms=LOST)
        await rig.after(10)
        rig.say(alarms=LOST | others)
        await rig.after(10)
        rig.say(alarms=LOST)
        await rig.after(700)
        rig.acks = lambda one: one.kind in ACKED
        await rig.after(1200)
        assert rig.kit.uplink.delivery.items == []

    rig = play(tmp_path, story, **QUIET)
    assert [one.values["alarm"] for one in rig.of("alarm", since=820)].count("power_lost") >= 1
    assert "power_lost" not in {one.values["alarm"] for one in rig.of("clear")}


def test_wide_until_acknowledged_narrow_after(tmp_path):
    """A gateway that was restored from an old copy can follow any kit that it has not yet answered."""

    async def story(rig):
        rig.acks = NOBODY
        await rig.to(2000)
        assert all(one.wide for one in rig.frames)
        rig.acks = lambda one: one.kind in ACKED
        boot = await rig.heard("boot", 310)
        await rig.after(2)
        rig.acks = NOBODY
        await rig.to(4000)
        assert [one.wide for one in rig.frames if one.at > boot.end + 1] == [False] * len(
            rig.of("vital", "full", "status", "boot", since=boot.end + 1)
        )

    rig = play(tmp_path, story)
    boots = rig.of("boot")
    assert len(boots) > 5
    assert {one.values["boot_epoch"] for one in boots} == {rig.frames[0].counter} == {0}


def test_boot_report_goes_right_behind_an_alarm(tmp_path):
    """Before it knows this boot the gateway cannot answer, so an alarm at power-on does not wait a minute for it."""

    async def story(rig):
        rig.say(alarms=LOST)
        await rig.to(60)

    rig = play(tmp_path, story, **QUIET)
    alarm, boot = rig.frames[:2]
    assert (alarm.kind, boot.kind) == ("alarm", "boot")
    assert 2 <= alarm.at <= 2.5
    assert boot.at - alarm.end < 0.3
    assert len(rig.of("boot")) == 1
    assert len(rig.of("alarm")) <= 3


def test_a_lost_answer_to_everything_of_a_while_costs_nothing_but_time(tmp_path):
    """With every second frame lost each way, each event arrives, and none is told as another."""
    toss = itertools.cycle([True, False, False, True, False])

    async def story(rig):
        rig.hears = lambda _one: next(toss)
        for number in range(12):
            await rig.after(400)
            rig.say(alarms=LOST if number % 2 == 0 else 0)
            rig.help(text=b"%d" % number)
        await rig.after(1500)
        assert rig.kit.uplink.delivery.items == []

    rig = play(tmp_path, story, **QUIET)
    assert len({event(one) for one in rig.of("help")}) == 12
    assert len({event(one) for one in rig.of("alarm")}) == 6
    assert {event(one) for one in rig.of("clear")} == {event(one) for one in rig.of("alarm")}
