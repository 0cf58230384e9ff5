"""An exercise: what a kit marks, how it ends, and what is real within it."""

from kit_rig import bit, play
from nsplink import commands

LOST = bit("power_lost")
FUEL = bit("fuel_low")
QUIET = {"heartbeat_s": 3600}


def test_exercise_marks_every_frame(tmp_path):
    """What is sent in an exercise can never be taken for real, and the mark goes when it is over."""

    async def story(rig):
        await rig.to(300)
        await rig.command("exercise_on")
        await rig.after(5)
        rig.say(alarms=LOST)
        await rig.after(100)
        await rig.command("exercise_off")
        await rig.after(100)

    rig = play(tmp_path, story, **QUIET)
    marked = [one for one in rig.frames if one.at >= 302 and one.at < 400]
    assert {one.exercise for one in marked if one.kind == "alarm"} == {True}
    assert not rig.frames[-1].exercise


def test_an_exercise_ends_when_it_was_said_to_end(tmp_path):
    """An exercise that nobody ends does not swallow the real alarms of the next day; the answer reads its end back."""

    async def story(rig):
        await rig.to(300)
        await rig.command("exercise_on", commands.exercise_argument(10))
        await rig.after(5)
        answered = rig.of("answer")[-1].values
        assert (answered["result"], answered["value"]) == ("done", b"\x00\x0a")
        await rig.command("exercise_on", b"\x00\x00")
        await rig.after(5)
        assert rig.of("answer")[-1].values["result"] == "out_of_range"
        await rig.to(880)
        rig.say(alarms=LOST)
        await rig.to(960)
        rig.say(alarms=LOST | FUEL)
        await rig.after(20)

    rig = play(tmp_path, story, **QUIET)
    marks = [one.exercise for one in rig.of("alarm")]
    assert marks == [True, False]
