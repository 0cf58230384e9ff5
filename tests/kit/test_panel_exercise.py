"""HELP in an exercise: which it is, is asked; and what a call says of it from then on. From a finger to a frame, in virtual time."""

import pytest

from kit_told import calls, told


@pytest.mark.parametrize(
    ("hand", "marked"),
    [("help", False), ("silence", True), (None, False)],
)
def test_a_call_in_an_exercise_asks_which_it_is(tmp_path, hand, marked):
    """In an exercise a person says whether it is real; who says nothing for ten seconds has a real one, and sees which it was."""
    seen = []

    async def story(rig, front):
        await rig.command("exercise_on")
        await rig.after(5)
        seen.append(front.shows())
        await front.hold(3.1, "help")
        await rig.after(1)
        seen.append(front.shows())
        assert not rig.of("help")
        if hand is not None:
            await front.hold(0.3, hand)
        else:
            await rig.after(8)
            assert not rig.of("help")
        await rig.after(15)
        seen.append(front.shows())

    rig, _ = told(story, tmp_path)
    assert seen[0] == "HULP? 3 SEC DRUK / OEFENING"
    assert seen[1].startswith("ECHT OF OEFENING / HULP = ECHT / STIL = OEFENING / OVER ")
    assert seen[2] == "BINNEN BIJ CP / NIET GELEZEN / " + ("OEFENING" if marked else "GEEN OEFENING")
    assert {one.exercise for one in rig.of("help")} == {marked}
    assert len(calls(rig)) == 1


def test_a_call_for_security_is_real_in_every_exercise(tmp_path):
    """Who is in danger is not asked anything."""

    async def story(rig, front):
        await rig.command("exercise_on")
        await rig.after(5)
        await front.security()
        await rig.after(20)

    rig, _ = told(story, tmp_path)
    assert [(one[0], one[1]) for one in calls(rig)] == [("security", "made")]
    assert {one.exercise for one in rig.of("help")} == {False}


def test_a_withdrawal_is_marked_as_its_call_whatever_is_on_by_then(tmp_path):
    """An exercise that ends between a call and its end does not make half of it real."""

    async def story(rig, front):
        await rig.command("exercise_on")
        await rig.after(5)
        await front.hold(3.1, "help")
        await front.hold(0.3, "silence")
        await rig.after(10)
        await rig.command("exercise_off")
        await rig.after(10)
        await front.hold(3.2, "help", "silence")
        await rig.after(20)
        await rig.reboot()
        await rig.after(60)

    rig, _ = told(story, tmp_path)
    assert [one[1] for one in calls(rig)] == ["made", "withdrawn"]
    assert {one.exercise for one in rig.of("help")} == {True}


def test_the_back_up_path_has_the_name_that_the_settings_give_it(tmp_path):
    """What to take when the radio fails is what this region has."""

    async def story(rig, front):
        rig.hears = lambda one: one.kind != "help"
        await front.hold(3.1, "help")
        await rig.after(95)
        assert front.shows() == "NIET AANGEKOMEN / GEBRUIK KOERIER"

    told(story, tmp_path, reserve="KOERIER")
