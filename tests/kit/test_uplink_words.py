"""What the gateway's words make a kit do: questions, commands, time, and a hello after a silence."""

import itertools

import pytest

from kit_rig import ACKED, ADDRESS, CP, GATEWAY, GROUP, KEY, OTHER_KEY, bit, play
from nspkit.remote import check_of
from nsplink import frame, seal

LOST = bit("power_lost")
FUEL = bit("fuel_low")
QUIET = {"heartbeat_s": 3600}
NOBODY = lambda _one: False  # noqa: E731 - a word for an ear that answers nothing
MINUTE = 60
SF = 8


def test_a_replayed_ack_does_nothing(tmp_path):
    """The bytes that ended one alarm do not end the next, nor does a command act twice."""

    async def story(rig):
        await rig.to(100)
        rig.say(alarms=LOST)
        await rig.to(110)
        await rig.command("exercise_on")
        await rig.to(120)
        await rig.command("exercise_off")
        await rig.to(130)
        answers = len(rig.of("answer"))
        rig.acks = NOBODY
        rig.say(alarms=LOST | FUEL)
        for data in list(rig.downs):
            await rig.send(data, 1.0)
        await rig.after(100)
        assert rig.kit.inbox._downlink.refused["Replayed"] == len(rig.downs) // 2
        assert len(rig.of("answer")) == answers == 2
        assert not rig.kit.uplink.sender.exercise.is_on(rig.kit.clock.ms())
        assert len(rig.of("alarm", since=130)) > 4

    play(tmp_path, story, **QUIET)


@pytest.mark.parametrize("word", ["hello", "ack", "ping"])
def test_contact_after_a_silence_brings_the_alarm_back(tmp_path, word):
    """The first word of a gateway that was away has the alarm tried within 16 s, not within five minutes."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        rig.say(alarms=LOST)
        await rig.to(6000)
        alarm = await rig.heard("alarm", 310)
        await rig.after(10)
        begun = rig.now()
        if word == "hello":
            await rig.send(rig.hello())
        elif word == "ack":
            await rig.ack(alarm.counter + 1000)
        else:
            await rig.command("ping")
        await rig.heard("alarm", 17)
        assert rig.now() - begun < 17
        await rig.heard("alarm", 20)  # and again in a window of 16 s

    play(tmp_path, story, **QUIET)


@pytest.mark.parametrize("key", [OTHER_KEY, KEY])
def test_a_forged_hello_does_nothing(tmp_path, key):
    """A hello of another group, or under a kit's own key, wakes nobody."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        rig.say(alarms=LOST)
        await rig.to(6000)
        await rig.heard("alarm", 310)
        due = rig.kit.uplink.delivery.items[0].due_ms
        await rig.send(rig.hello(key=key), 5)
        await rig.after(0.5)
        assert rig.kit.uplink.delivery.items[0].due_ms == due

    play(tmp_path, story, **QUIET)


def test_a_second_hello_soon_after_does_not_hurry_again(tmp_path):
    """A gateway says hello a few times in its first minute; the channel is not asked thrice for the same."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        rig.say(alarms=LOST)
        await rig.to(6000)
        await rig.send(rig.hello())
        await rig.heard("alarm", 17)
        await rig.heard("alarm", 40, count=3)
        due = rig.kit.uplink.delivery.items[0].due_ms
        await rig.send(rig.hello())
        assert rig.kit.uplink.delivery.items[0].due_ms == due

    play(tmp_path, story, **QUIET)


@pytest.mark.parametrize(("command", "kind"), [("ping", "vital"), ("status", "status")])
def test_a_question_is_answered_by_the_frame_itself(tmp_path, command, kind):
    """A ping costs one vital frame, a question after the status one status frame, and neither an answer beside it."""

    async def story(rig):
        await rig.to(300)
        begun = rig.now()
        await rig.command(command)
        await rig.to(900)
        assert [one.kind for one in rig.frames if begun <= one.at < 900] == [kind]
        assert rig.frames[-1].at - begun < 3

    play(tmp_path, story, **QUIET)


def test_a_command_is_answered_once_for_each_counter(tmp_path):
    """A gateway that asks again under a new counter gets a new answer; an echo of the same frame gets none."""

    async def story(rig):
        await rig.to(300)
        data = rig.down("command", {"command": "read", "argument": b"\x01"})
        first = rig.down_counter
        await rig.send(data)
        await rig.send(data, 0.1)
        await rig.after(10)
        again = await rig.command("read", b"\x01")
        await rig.after(10)
        answers = rig.of("answer")
        assert [one.values["answers"] for one in answers] == [first, again]
        assert {one.values["result"] for one in answers} == {"done"}
        assert {one.values["value"] for one in answers} == {bytes.fromhex("0100000E10")}

    play(tmp_path, story, **QUIET)


@pytest.mark.parametrize(
    ("kind", "values", "result"),
    [
        ("help_stage", {"event_boot": 3, "event_n": 1, "help_stage": "read", "text": b"ja"}, "done"),
        ("status112", {"status112": "doubtful"}, "done"),
        ("command", {"command": "stage", "argument": b"\x01\x00\x00\x00\x01"}, "out_of_range"),
        ("command", {"command": "backfill", "argument": b"\x01"}, "refused"),
        ("command", {"command": "read", "argument": b"\xff"}, "not_known"),
        ("command", {"command": "confirm", "argument": b"\x00\x00"}, "nothing_staged"),
        ("command", {"command": None, "argument": b""}, "not_known"),
    ],
)
def test_each_word_is_answered_with_what_became_of_it(tmp_path, kind, values, result):
    """The desk learns that a stage was shown or why a command was not carried out, by the counter of its frame."""

    async def story(rig):
        await rig.to(300)
        counter = await rig.tell(kind, values=values)
        one = await rig.heard("answer", 5)
        assert (one.values["answers"], one.values["result"]) == (counter, result)
        await rig.after(600)
        assert len(rig.of("answer")) == 1
        if kind == "help_stage":
            assert rig.kit.inbox.stages[3, 1]["text"] == b"ja"
        if kind == "status112":
            assert rig.kit.inbox.status112 == "doubtful"

    play(tmp_path, story, **QUIET)


def test_a_release_is_answered(tmp_path):
    """The desk learns at once that a message it released is not there yet."""

    async def story(rig):
        await rig.to(300)
        values = {"bulletin": 7, "revision": 1, "bulletin_bytes": 40, "digest": 5}
        counter = await rig.tell("release", values=values)
        one = await rig.heard("answer", 5)
        assert one.values["answers"] == counter
        assert one.values["result"] is not None
        receipt = await rig.heard("receipt", 120)
        assert (receipt.values["bulletin"], receipt.values["receipt_stage"]) == (7, "incomplete")

    play(tmp_path, story, **QUIET)


def test_stages_of_many_calls_end_no_kit(tmp_path):
    """More calls than are kept, and one that names no call, leave the newest and a kit that runs."""

    async def story(rig):
        await rig.to(100)
        for number in range(12):
            await rig.tell(
                "help_stage", 0.5, {"event_boot": 2, "event_n": number, "help_stage": "read", "text": b""}
            )
            await rig.after(5)
        await rig.tell(
            "help_stage", 0.5, {"event_boot": None, "event_n": None, "help_stage": "read", "text": b""}
        )
        await rig.after(10)
        stages = rig.kit.inbox.stages
        assert max(stages) == (2, 11)
        assert len(stages) == 8

    play(tmp_path, story, **QUIET)


@pytest.mark.parametrize("kind", ["ack", "link"])
@pytest.mark.parametrize(
    ("delay_s", "behind", "known"),
    [(0.2, 0, True), (2.5, 0, True), (3.5, 0, False), (600, 0, False), (0.2, 1, False)],
)
def test_time_comes_from_a_fresh_reply_only(tmp_path, kind, delay_s, behind, known):
    """A word that was held back, or that answers an earlier frame, sets no clock."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        await rig.heard("status", 3600)
        await rig.to(4000)
        rig.say(generator_mode="off")
        one = await rig.heard("full", 70)
        await rig.after(max(0, one.end + delay_s - rig.now() - 0.2))
        if kind == "ack":
            await rig.tell("ack", values={"acked": one.counter - behind, "utc_min": 777})
        else:
            await rig.tell("link", values=rig.link(newest=one.counter - behind, utc_min=777))
        await rig.after(0.1)
        assert (rig.kit.inbox.utc is not None) is known
        assert not known or rig.kit.inbox.utc[0] == 777

    play(tmp_path, story, **QUIET)


@pytest.mark.parametrize("kind", ["help_stage", "status112"])
def test_no_other_word_sets_the_clock(tmp_path, kind):
    """Only what answers the kit's own frame is known to be fresh."""

    async def story(rig):
        await rig.to(100)
        await rig.command("ping")
        await rig.heard("vital", 5)
        values = {
            "event_boot": 0,
            "event_n": 0,
            "help_stage": "read",
            "status112": "works",
            "utc_min": 777,
            "text": b"",
        }
        await rig.tell(kind, values=values)
        await rig.after(5)
        assert rig.kit.inbox.utc is None

    play(tmp_path, story, **QUIET)


def test_two_gateways_have_their_own_counters(tmp_path):
    """A take-over's box starts low and is heard; a third is not, and neither's frames replay under the other."""

    async def story(rig):
        await rig.to(100)
        rig.down_counter = 50_000
        for gateway, counter in ((1, 50_000), (2, 5), (3, 5)):
            await rig.tell("status112", 2, {"status112": "off"}, gateway=gateway, counter=counter)
            await rig.after(5)
        answered = [one.values["answers"] for one in rig.of("answer")]
        assert answered == [50_000, 5]

    play(tmp_path, story, gateways=[1, 2], **QUIET)


def test_a_fragment_or_hello_acts_on_nothing(tmp_path):
    """The key of all kits, stolen from one, moves no setting, ends no alarm, gives no time."""

    async def story(rig):
        await rig.to(100)
        rig.acks = NOBODY
        rig.say(alarms=LOST)
        one = await rig.heard("alarm", 5)
        group = seal.DownlinkKey(GROUP, GATEWAY)
        for kind in frame.KINDS_DOWN:
            for address in (CP << 6, ADDRESS):
                header = frame.Header(frame.DOWN, kind, address, 1, False, True, 9000)
                await rig.send(group.seal(header, bytes(30), 0 if address == CP << 6 else rig.epoch), 0.1)
        await rig.after(60)
        assert rig.kit.inbox.utc is None
        assert rig.kit.inbox.status112 is None
        assert rig.of("answer") == []
        assert len(rig.of("alarm", since=one.end)) > 2

    play(tmp_path, story, **QUIET)


def test_a_trial_of_another_channel_comes_back_by_itself(tmp_path):
    """A mistyped spreading factor costs a quarter of an hour: with nobody there, the kit is back on the old one."""

    async def story(rig):
        await rig.to(300)
        argument = bytes((SF,)) + (7).to_bytes(4, "big")
        await rig.command("stage", argument)
        await rig.after(5)
        staged = rig.of("answer")[-1].values
        assert (staged["result"], staged["value"]) == ("done", argument)
        await rig.command("confirm", check_of({"sf": 7}))
        await rig.after(5)
        assert rig.of("answer")[-1].values["result"] == "done"
        begun = rig.now()
        rig.kit.feed(rig.values)
        await rig.after(14 * MINUTE)
        assert rig.kit.conf["radio"]["sf"] == 7
        assert rig.of("vital", "full", "status", since=begun + 60) == []
        await rig.after(3 * MINUTE)
        assert rig.kit.conf["radio"]["sf"] == 9
        await rig.heard("vital", 10 * MINUTE)

    play(tmp_path, story, heartbeat_s=300)


def test_an_announcement_is_made_when_asked_for(tmp_path):
    """A gateway that has lost what it knew of a kit gets its boot report again."""

    async def story(rig):
        await rig.to(300)
        await rig.command("announce")
        await rig.heard("boot", 10)
        await rig.after(1000)
        assert len(rig.of("boot")) == 2

    play(tmp_path, story, **QUIET)


def test_old_hellos_played_again_hide_nothing(tmp_path):
    """A recorded word to all keeps no kit from telling its boot, nor from trying soon when the gateway is back."""

    async def story(rig):
        await rig.to(300)
        rig.acks = NOBODY
        rig.say(alarms=LOST)
        hello = rig.hello()
        while rig.now() < 3.5 * 3600:
            await rig.after(50)
            await rig.send(hello)
        assert rig.of("boot", since=300)
        alarm = await rig.heard("alarm", 310)
        await rig.send(hello, 5)
        await rig.ack(alarm.counter + 1000)
        await rig.heard("alarm", 17)

    play(tmp_path, story, **QUIET)


def test_after_hours_of_silence_the_boot_is_told_once_more(tmp_path):
    """A gateway that has forgotten this boot could never answer; trying costs a frame each half hour, not a storm."""

    async def story(rig):
        await rig.to(300)
        rig.acks = NOBODY
        await rig.to(300 + 6 * 3600)
        silent = rig.of("boot", since=300)
        assert 6 <= len(silent) <= 8
        assert silent[0].at > 2 * 3600
        assert min(later.at - earlier.at for earlier, later in itertools.pairwise(silent)) > 1700
        rig.acks = lambda one: one.kind in ACKED
        await rig.heard("boot", 1900)
        heard = rig.now()
        for _ in range(5):
            await rig.after(3600)
            await rig.command("ping")
        assert rig.of("boot", since=heard) == []

    play(tmp_path, story, **QUIET)
