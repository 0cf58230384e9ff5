"""The kit's front, wired as it is, on a simulated air in virtual time: from a finger to a frame, and from a person's word to the display."""

import itertools

import pytest

from kit_front import Front
from kit_told import calls, stage, told
from nsplink.fields import ALARMS


def test_three_seconds_make_one_call_and_a_little_less_none(tmp_path):
    """A call for help is made by a hand that means it, and made once."""

    async def story(rig, front):
        await front.hold(2.9, "help")
        await rig.after(30)
        assert calls(rig) == []
        await front.hold(3.1, "help")
        await rig.after(60)

    rig, front = told(story, tmp_path)
    assert [one[:2] for one in calls(rig)] == [("not_known", "made")]
    assert front.shows() == "BINNEN BIJ CP / NIET GELEZEN"


@pytest.mark.parametrize(
    ("status112", "shown"),
    [(None, "BEL 112"), ("works", "BEL 112"), ("doubtful", "HULP? 3 SEC DRUK"), ("off", "HULP? 3 SEC DRUK")],
)
def test_help_is_offered_only_where_a_person_said_that_112_fails(tmp_path, status112, shown):
    """The kit is no second 112: as long as that works, it says so and sends nothing."""
    seen = []

    async def story(rig, front):
        seen.append(front.shows())
        await front.hold(3.2, "help")
        await rig.after(30)

    rig, front = told(story, tmp_path, status112)
    assert seen == [shown]
    assert len(calls(rig)) == (shown != "BEL 112")
    if not calls(rig):
        assert front.shows() == "BEL 112"


def test_the_display_follows_a_call_and_says_help_comes_only_after_a_person(tmp_path):
    """Nobody is promised anything on a machine's word, and each word of a person is seen, with its age."""
    seen = []

    async def story(rig, front):
        rig.hears = lambda one: one.kind != "help"
        await front.hold(3.1, "help")
        await rig.after(5)
        await rig.after(1)
        seen.append(front.shows())
        await rig.after(90)
        seen.append(front.shows())
        rig.hears = lambda _one: True
        one = await rig.heard("help", 120)
        await rig.after(5)
        seen.append(front.shows())
        await stage(rig, one, "stored")
        seen.append(front.shows())
        await stage(rig, one, "read")
        await rig.after(180)
        seen.append(front.shows())
        await stage(rig, one, "passed_on")
        seen.append(front.shows())
        await stage(rig, one, "answered", "no_unit")
        seen.append(front.shows())
        await stage(rig, one, "answered", "help_comes")
        seen.append(front.shows())
        await stage(rig, one, "closed")
        seen.append(front.shows())

    told(story, tmp_path)
    assert seen == [
        "VERSTUURD...", "NIET AANGEKOMEN / GEBRUIK PORTO", "BINNEN BIJ CP / NIET GELEZEN", "BINNEN BIJ CP / NIET GELEZEN",
        "GELEZEN / 3 MIN GELEDEN", "MELDKAMER / 0 MIN GELEDEN", "GEEN EENHEID / LEES OPDRACHT", "HULP KOMT", "HULP? 3 SEC DRUK",
    ]  # fmt: skip


def test_the_text_of_an_answer_is_shown_in_turn_with_its_stage(tmp_path):
    """What a person typed reaches the volunteer whole."""
    seen = []

    async def story(rig, front):
        await front.hold(3.1, "help")
        await rig.after(5)
        one = rig.of("help")[0]
        await stage(rig, one, "answered", "no_unit", b"Leg hem op de zij, blijf erbij. Arts om 15 uur")
        for _ in range(10):
            await rig.after(1)
            if front.shows() not in seen:
                seen.append(front.shows())

    told(story, tmp_path)
    assert sorted(seen) == [
        "GEEN EENHEID / LEES OPDRACHT",
        "Leg hem op de / zij, blijf / erbij. Arts om / 15 uur",
    ]


def test_a_call_is_withdrawn_by_both_buttons_and_stays_a_call(tmp_path):
    """The withdrawal names the call it takes back; with nothing to take back nothing is sent."""

    async def story(rig, front):
        await front.hold(3.2, "help", "silence")
        await rig.after(10)
        assert calls(rig) == []
        await front.hold(3.1, "help")
        await rig.after(20)
        await front.hold(3.2, "help", "silence")
        await rig.after(20)
        assert front.shows() == "INGETROKKEN / CP BELT TERUG"
        await rig.after(1800)

    rig, front = told(story, tmp_path)
    (kind, made, event), (other, withdrawn, same) = calls(rig)
    assert (kind, made, other, withdrawn, event) == ("not_known", "made", "not_known", "withdrawn", same)
    assert front.shows() == "HULP? 3 SEC DRUK"


def test_a_call_for_security_moves_nothing_at_the_point(tmp_path):
    """Whoever threatens the team sees and hears nothing: the light goes on in its rhythm, and no letter changes."""

    async def story(rig, front):
        await rig.after(1)
        front.moved.clear()
        drawn, shown, begun = front.drawn, front.shows(), rig.now()
        await front.security()
        await rig.after(60)
        assert calls(rig)[0][:2] == ("security", "made")
        one = rig.of("help")[0]
        await stage(rig, one, "stored")
        await stage(rig, one, "read")
        assert (front.drawn, front.shows()) == (drawn, shown)
        assert front.levels_of("buzzer", begun, rig.now()) == []
        light = [at for at, level in front.levels_of("led", begun, rig.now()) if level]
        assert len(light) >= 60
        assert max(later - at for at, later in itertools.pairwise(light)) < 1.1
        assert min(later - at for at, later in itertools.pairwise(light)) > 0.9

    rig, _ = told(story, tmp_path, None)
    assert len(calls(rig)) == 1


def test_a_stuck_button_calls_once_and_is_reported(tmp_path):
    """A button jammed for hours does not call all night; the gateway learns that it is jammed, and when it is free."""

    async def story(rig, front):
        front.levels["help"] = 0
        await rig.after(900)
        front.levels["help"] = 1
        await rig.after(60)

    rig, _ = told(story, tmp_path)
    assert len(calls(rig)) == 1
    tests = [one.values["self_test"] for one in rig.of("boot")]
    assert tests == [None, 1 << 7, 0]


def test_contacts_become_alarms_and_their_end(tmp_path):
    """A CO detector at an input raises the point's alarm on the air, and its end; a loop that opens does so too."""

    async def story(rig, front):
        await rig.after(5)
        front.levels["input_1"] = 0
        front.levels["input_2"] = 1
        await rig.after(30)
        await front.hold(0.03, "input_1")
        front.levels["input_1"], front.levels["input_2"] = 1, 0
        await rig.after(30)

    front = Front()
    front.levels["input_2"] = 0
    rig, _ = told(story, tmp_path, inputs={"input_1": 0, "input_2": 1}, front=front)
    events = sorted((one.kind, one.values["alarm"]) for one in rig.of("alarm", "clear"))
    assert events == [("alarm", "input_1"), ("alarm", "input_2"), ("clear", "input_1"), ("clear", "input_2")]


def test_the_buzzer_sounds_for_danger_until_silenced_and_again_for_the_next(tmp_path):
    """Silence is for the alarm of now: a new danger is heard."""

    def sounds(rig, front, seconds):
        return len([1 for _, level in front.levels_of("buzzer", rig.now() - seconds, rig.now()) if level])

    async def story(rig, front):
        front.levels["input_1"] = 0
        await rig.after(20)
        assert sounds(rig, front, 12) >= 6
        await front.hold(0.3, "silence")
        await rig.after(20)
        assert sounds(rig, front, 19) == 0
        front.levels["input_2"] = 0
        await rig.after(20)
        assert sounds(rig, front, 12) >= 6

    told(story, tmp_path, inputs={"input_1": 0, "input_2": 0})


def test_own_supply_cell_and_temperature_are_told(tmp_path):
    """The gateway learns on what the kit runs, how full its cell is, and that it is low; what cannot be is unknown."""

    async def story(rig, front):
        await rig.after(200)
        front.microvolts["supply"], front.microvolts["cell"] = 0, 1_750_000
        await rig.after(120)
        await rig.command("status")
        await rig.heard("status", 20)
        front.microvolts["supply"], front.microvolts["cell"], front.raw = 3_100_000, 200_000, None
        await rig.after(120)
        await rig.command("status")
        await rig.heard("status", 20)

    rig, _ = told(story, tmp_path)
    said = [
        [one.values[name] for name in ("supply_dv", "on_own_cell", "enclosure_c")] for one in rig.of("status")
    ]
    assert said[-2:] == [[0, "yes", 25], [None, None, None]]
    first = rig.of("full")[0]
    assert first.values["kit_cell_permille"] == 770
    raised = {one.values["alarm"] for one in rig.of("alarm")}
    assert {"kit_on_cell", "kit_cell_low"} <= raised
    low = 1 << ALARMS.index("kit_cell_low")
    assert rig.of("vital", "full")[-1].values["alarms"] & low
    assert not first.values["alarms"] & low


def test_a_call_survives_a_reboot_and_its_stages_are_shown(tmp_path):
    """Whoever called sees after a power cut what becomes of it, not an empty display."""

    async def story(rig, front):
        rig.hears = lambda one: one.kind != "help"
        await front.hold(3.1, "help")
        await rig.after(5)
        await rig.after(10)
        await rig.reboot()
        await rig.after(1)
        assert front.shows() == "NIET AANGEKOMEN / GEBRUIK PORTO"
        rig.hears = lambda _one: True
        one = await rig.heard("help", 60)
        await rig.after(5)
        assert front.shows() == "BINNEN BIJ CP / NIET GELEZEN"
        await stage(rig, one, "read")
        assert front.shows().startswith("GELEZEN")

    told(story, tmp_path)


def test_a_call_that_had_arrived_is_shown_again_after_a_reboot_as_soon_as_a_person_is_named(tmp_path):
    """Protects who waits for help: the kit that lost its power shows what people do, and can withdraw that very call."""
    seen = []

    async def story(rig, front):
        await front.hold(3.1, "help")
        await rig.after(20)
        one = rig.of("help")[0]
        await rig.reboot()
        await rig.heard("boot", 70)
        await rig.after(3)
        await rig.tell("status112", values={"status112": "off", "utc_min": 1000})
        await rig.after(5)
        await front.hold(3.1, "help")
        await rig.after(20)
        second = rig.of("help")[-1]
        await stage(rig, second, "passed_on")
        await stage(rig, one, "read")
        seen.append(front.shows())
        await stage(rig, second, "closed")
        seen.append(front.shows())
        await front.hold(3.2, "help", "silence")
        await rig.after(20)
        await stage(rig, one, "closed")
        seen.append(front.shows())
        await front.security()
        await rig.after(20)
        await stage(rig, rig.of("help")[-1], "read")
        seen.append(front.shows())

    rig, _ = told(story, tmp_path)
    assert seen == [
        "MELDKAMER / 0 MIN GELEDEN",
        "GELEZEN / 0 MIN GELEDEN",
        "HULP? 3 SEC DRUK",
        "HULP? 3 SEC DRUK",
    ]
    made, second, withdrawn, _security = calls(rig)
    assert withdrawn[1:] == ("withdrawn", made[2])
    assert second[2] != made[2]


def test_faults_flash_their_codes(tmp_path):
    """A technician without a laptop counts flashes: five for a device, one a second for a kit in order."""

    def flashes(front, rig):
        begun = rig.now() - 12
        lit = [at for at, level in front.levels_of("led", begun, rig.now()) if level]
        groups, last = [0], lit[0]
        for at in lit:
            if at - last > 1.2:
                groups.append(0)
            groups[-1] += 1
            last = at
        return groups[1:-1]

    async def story(rig, front):
        front.levels["silence"] = 0
        await rig.after(160)
        assert set(flashes(front, rig)) == {6}
        front.levels["silence"] = 1
        await rig.after(5)
        rig.acks = lambda _one: False
        await rig.after(1900)
        assert set(flashes(front, rig)) == {8}

    told(story, tmp_path)


def test_a_long_press_tries_every_part_and_tells_who_looks_and_the_gateway(tmp_path):
    """A technician on site needs no laptop: the kit says which part failed, in light, on the display and in a boot report."""
    seen = []

    async def story(rig, front):
        front.microvolts["cell"] = 0
        await rig.after(60)
        await front.hold(10.2, "silence")
        seen.append(front.shows())
        await rig.after(40)
        seen.append(front.shows())
        begun = rig.now()
        await rig.after(9)
        steps = front.levels_of("led", begun, rig.now())
        on = [later - at for (at, level), (later, _) in itertools.pairwise(steps) if level]
        assert on.count(1.5) >= 1
        assert sum(one < 0.3 for one in on) >= 10

    rig, _ = told(story, tmp_path)
    assert seen == ["ZELFTEST...", "ZELFTEST FOUT / cell"]
    tests = [one.values["self_test"] for one in rig.of("boot")]
    assert tests[-1] == 1 << 9
    assert tests[0] is None


def test_a_self_test_without_an_answer_names_the_radio(tmp_path):
    """A modem that works is not enough: the test is passed when the gateway was heard."""
    seen = []

    async def story(rig, front):
        rig.acks = lambda _one: False
        await front.hold(10.2, "silence")
        await rig.after(80)
        seen.append(front.shows())

    told(story, tmp_path)
    assert seen == ["ZELFTEST FOUT / radio"]


def test_a_self_test_in_good_order(tmp_path):
    """Nothing fails that works, whatever this site has not."""
    seen = []

    async def story(rig, front):
        await front.hold(10.2, "silence")
        await rig.after(40)
        seen.append(front.shows())
        await rig.after(60)
        seen.append(front.shows())

    rig, _ = told(story, tmp_path)
    assert seen == ["ZELFTEST GOED", "HULP? 3 SEC DRUK"]
    assert rig.of("boot")[-1].values["self_test"] == 0


def test_what_was_said_of_112_outlives_a_reset_and_not_a_power_cut(tmp_path):
    """A watchdog in the middle of an outage does not take the help button away; months in a cupboard do."""
    seen = []

    async def story(rig, front):
        for cause in ("watchdog", "power"):
            await rig.reboot(2, cause)
            await rig.after(2)
            seen.append(front.shows())

    told(story, tmp_path)
    assert seen == ["HULP? 3 SEC DRUK", "BEL 112"]
