"""The gateway's test of the alarm path, at the kit: an input goes on for a moment, and the rest is as with any alarm."""

import pytest

from kit_rig import TOP, bit, event, play

QUIET = {"heartbeat_s": 3600}
REAL = bit("fuel_low")
TEST_S = 10


def test_a_test_takes_the_path_of_an_alarm(tmp_path):
    """A test proves something only when it is told, acknowledged and ended as an alarm is, without anybody's hand."""

    async def story(rig):
        await rig.to(300)
        begun = rig.now()
        await rig.command("alarm_test")
        await rig.to(900)
        raised, ended = rig.of(*TOP, since=begun)
        assert [(one.kind, one.values["alarm"]) for one in (raised, ended)] == [
            ("alarm", "alarm_test"),
            ("clear", "alarm_test"),
        ]
        assert event(raised) == event(ended)
        assert raised.end - begun < 5
        assert TEST_S <= ended.at - begun < TEST_S + 5
        assert rig.of("answer", since=begun)[0].values["result"] == "done"

    play(tmp_path, story, **QUIET)


def test_a_command_that_comes_twice_makes_one_test(tmp_path):
    """A gateway repeats what was not answered: that makes no second alarm, but a test soon after the last one does."""

    async def story(rig):
        await rig.to(300)
        begun = rig.now()
        await rig.command("alarm_test")
        await rig.after(3)
        await rig.command("alarm_test")
        await rig.after(60)
        assert len(rig.of("alarm", since=begun)) == 1
        again = rig.now()
        await rig.command("alarm_test")
        await rig.after(60)
        assert [one.kind for one in rig.of(*TOP, since=again)] == ["alarm", "clear"]

    play(tmp_path, story, **QUIET)


def test_a_test_needs_no_argument(tmp_path):
    """What a later gateway might mean by an argument is not guessed at."""

    async def story(rig):
        await rig.to(300)
        await rig.command("alarm_test", b"\x01")
        answer = await rig.heard("answer", 10)
        assert answer.values["result"] == "refused"
        await rig.after(60)
        assert rig.of("alarm") == []

    play(tmp_path, story, **QUIET)


def test_a_real_alarm_during_a_test_is_untouched(tmp_path):
    """A test hides no alarm: what happens in its ten seconds is told, and lasts longer than it."""

    async def story(rig):
        await rig.to(300)
        begun = rig.now()
        rig.set(alarm_fuel_low=1)
        await rig.after(5)
        await rig.command("alarm_test")
        for _ in range(6):
            await rig.after(30)
            rig.set()
        told = [(one.kind, one.values["alarm"]) for one in rig.of(*TOP, since=begun)]
        assert told == [("alarm", "alarm_test"), ("alarm", "fuel_low"), ("clear", "alarm_test")]
        assert rig.kit.alarms.bits == REAL

    play(tmp_path, story, **QUIET)


@pytest.mark.parametrize("cause", ["power", "watchdog"])
def test_a_kit_that_reboots_in_a_test_ends_it(tmp_path, cause):
    """A test that was told of does not stand for ever because the kit lost its power in the middle of it."""

    async def story(rig):
        await rig.to(300)
        await rig.command("alarm_test")
        await rig.after(6)
        await rig.reboot(cause=cause)
        await rig.after(120)
        assert {(one.kind, one.values["alarm"]) for one in rig.of(*TOP)} == {
            ("alarm", "alarm_test"),
            ("clear", "alarm_test"),
        }
        assert not rig.kit.alarms.bits

    play(tmp_path, story, **QUIET)
