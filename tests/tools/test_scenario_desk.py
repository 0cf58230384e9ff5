"""What the people of a scenario do at the coordinating point: through the gateway's own desk, in names of their own."""

from datetime import timedelta
from pathlib import Path

import pytest

from nspgateway.facts import OwnFacts
from nsptools.scenario.desk_words import DESK_WORDS
from nsptools.scenario.errors import ScenarioError
from nsptools.scenario.reader import read
from story import HEAD, LINES, Stage, at, play

POWER_LOST = {"alarms": 1 << 2}
EXERCISE = HEAD.replace("seed = 4", 'seed = 4\nexercise = true\nend = "2027-01-15T18:40:00+01:00"')
# Every word at the desk, and what it leaves in the audit trail.
DEEDS = (
    (at("18:02", "status112.set", None, status='"off"', note='"gebeld"'), "cp_medewerker status112"),
    (
        at(
            "18:03",
            "decision.activate",
            None,
            by='"burgemeester"',
            points='["A"]',
            outage_since='"17:55"',
            opens_at='"20:00"',
        ),
        "cp_medewerker decision, cp_medewerker deployment",
    ),
    (at("18:03", "officer.milestone", None, milestone='"cp_ready"'), "cp_medewerker milestone"),
    (at("18:03", "officer.seen", alarm='"power_lost"'), "cp_medewerker acknowledge"),
    (at("18:03", "officer.take_on", alarm='"power_lost"'), "cp_medewerker take_on"),
    (at("18:03", "officer.note", alarm='"power_lost"', note='"monteur gebeld"'), "cp_medewerker comment"),
    (at("18:03", "officer.shelve", alarm='"power_lost"', until='"18:13"'), "cp_medewerker shelve"),
    (at("18:04", "officer.read"), "cp_medewerker call_read"),
    (
        at("18:05", "officer.pass_on", to='"other"', other='"huisarts"', taken_by='"assistent"'),
        "cp_medewerker call_passed_on",
    ),
    (
        at("18:05", "officer.answer", answer='"help_comes"', text='"dokter komt"'),
        "cp_medewerker call_answered",
    ),
    (at("18:06", "officer.call_back", note='"gaat beter"'), "cp_medewerker call_called_back"),
    (at("18:06", "officer.close", call=1, reason='"helped"'), "cp_medewerker call_closed"),
    (at("18:07", "officer.plan_stop", minutes=30), "cp_medewerker plan_stop"),
    (at("18:08", "officer.end_stop"), "cp_medewerker end_stop"),
    (at("18:08", "officer.fuel_added", litres=5), "cp_medewerker fuel"),
    (
        at("18:09", "officer.message_send", None, text='"Kook het water."', en='"Boil water."'),
        "cp_medewerker message_draft, communicatie message_approve, communicatie bulletin",
    ),
    (at("18:10", "person.message_displayed"), "cp_medewerker message_told"),
    (at("18:10", "person.open"), "cp_medewerker deployment"),
    (at("18:10", "person.staff", present=3), "cp_medewerker report"),
    (at("18:11", "person.dip", litres=12.5), "cp_medewerker fuel"),
    (at("18:11", "person.close"), "cp_medewerker deployment"),
    (at("18:12", "person.refuel_start"), "cp_medewerker plan_stop"),
    (at("18:13", "person.refuel_end", litres=2), ""),
    (at("18:14", "officer.exercise_again"), "oefenleiding exercise_again"),
    (at("18:14", "gateway.supply", None, supply='"battery"', minutes=30), ""),
    (
        at("18:15", "decision.take_over", None, by='"rot"', points='["B"]', from_cp='"CP West"'),
        "cp_medewerker decision, cp_medewerker deployment",
    ),
    (at("18:16", "decision.extend", None, by='"gbt"', until='"09:00"'), "cp_medewerker decision"),
    (at("18:17", "decision.scale_down", None, by='"burgemeester"'), "cp_medewerker decision"),
    (
        at("18:18", "officer.hand_over", None, note='"rustig"'),
        "cp_medewerker hand_over, cp_medewerker take_shift",
    ),
)


def acts(stage: Stage) -> list[str]:
    """Return the audit trail: who in which role did what."""
    return [f"{one.by.role} {one.what}" for one in stage.room.box.store.actions()]


def test_every_word_at_the_desk_is_played_and_logged(tmp_path: Path) -> None:
    """Each deed is in the audit trail under the scenario's name, as if the officer of that role had done it on the page."""
    text = HEAD + "".join(deed for deed, _ in DEEDS)

    async def scene(stage: Stage) -> None:
        await stage.until(1)
        stage.room.box.vital(1, **POWER_LOST)
        stage.room.desk.enter_call("a", stage.BY, "ambulance")
        await stage.until(20)
        assert stage.player.tally.failed == []
        assert acts(stage)[1:] == [one for _, left in DEEDS for one in left.split(", ") if one]
        trail = stage.room.box.store.actions()[1:]
        assert {one.by.origin for one in trail} == {"scenario"}
        assert {one.by.who for one in trail} == {
            *("scenario", "scenario-press", "scenario-lead", "scenario-relief")
        }
        situation = stage.office.situation
        assert situation.standings["a"].deployment == "closed"
        assert situation.said_of_112.at - stage.start == timedelta(minutes=2)

    play(text, tmp_path, scene)
    assert {event.word.name for event in read(text, "s").events} == {word.name for word in DESK_WORDS}


def test_what_is_still_on_its_way_is_waited_for(tmp_path: Path) -> None:
    """A fast demo cannot have an officer read what has not come in; only what is about the same waits, in its order."""
    text = (
        HEAD
        + at("18:02", "officer.read")
        + at("18:02", "officer.close", reason='"mistake"')
        + at("18:03", "officer.plan_stop", "B")
        + at("18:03", "officer.seen", None, alarm='"cp_power"')
        + at("18:04", "officer.hand_over", None)
        + at("18:04", "person.open")
    )

    async def scene(stage: Stage) -> None:
        await stage.until(5)
        others = ["plan_stop", "hand_over", "take_shift", "deployment"]
        assert acts(stage) == [f"cp_medewerker {what}" for what in others]
        stage.room.desk.enter_call("a", stage.BY, "not_known")
        await stage.until(6)
        assert acts(stage)[-2:] == ["cp_medewerker call_read", "cp_medewerker call_closed"]
        await stage.until(40)
        assert stage.player.tally.failed == [
            "18:03:00 all officer.seen was not played: No alarm 'cp_power' is open at 'kazerne-oost'."
        ]

    play(text, tmp_path, scene)


def test_the_coordinating_points_own_supply_runs_down(tmp_path: Path) -> None:
    """On its battery the minutes that are left get fewer; what nothing was said of is not watched."""
    text = (
        HEAD
        + at("18:10", "gateway.supply", None, supply='"battery"', minutes=12.5)
        + at("18:20", "gateway.supply", None, supply='"line"')
    )

    async def scene(stage: Stage) -> None:
        def own() -> tuple[str, float | None]:
            facts = stage.office.ups.add_to(OwnFacts(), stage.clock.now())
            return facts.supply, facts.supply_min and round(facts.supply_min, 1)

        assert own() == ("", None)
        await stage.until(14)
        assert own() == ("battery", 8.5)
        await stage.until(21)
        assert own() == ("line", None)

    play(text, tmp_path, scene)


def test_the_desk_may_refuse(tmp_path: Path) -> None:
    """What the gateway refuses an officer it refuses a file; that is told, and the story goes on."""
    text = HEAD + at("18:02", "decision.scale_down", None, by='"rot"') + at("18:03", "person.open")

    async def scene(stage: Stage) -> None:
        await stage.until(4)
        assert acts(stage) == ["cp_medewerker deployment"]

    stage = play(text, tmp_path, scene)
    (failed,) = stage.player.tally.failed
    assert failed.startswith("18:02:00 all decision.scale_down was not played: Nothing is activated")


def test_a_story_that_is_an_exercise_says_so_to_all(tmp_path: Path) -> None:
    """From its start to its end the gateway is in an exercise and tells every kit, and then that it is over."""

    async def scene(stage: Stage) -> None:
        await stage.until(0.1)
        exercise = stage.office.situation.course.exercise
        assert (exercise.name, exercise.points) == ("Eerste nacht", ("a", "b"))
        assert exercise.ends_at - stage.start == timedelta(minutes=40)
        assert commands(stage) == {"a": "exercise_on", "b": "exercise_on"}
        await stage.until(39.9)
        assert stage.office.situation.course.exercise.is_on(stage.clock.now())
        await stage.until(40.1)
        assert stage.office.situation.course.exercise.ended_at is not None
        assert commands(stage) == {"a": "exercise_off", "b": "exercise_off"}
        assert acts(stage) == ["oefenleiding exercise_start", "oefenleiding exercise_end"]

    play(EXERCISE + at("18:10", "grid_off", None), tmp_path, scene)


def commands(stage: Stage) -> dict[str, object]:
    """Return what each kit is told of an exercise."""
    return {slug: ticket.fields["command"] for slug, ticket in stage.room.desk.exercise_asked.items()}


def test_an_exercise_ends_with_its_last_event_where_no_end_is_given() -> None:
    """Nobody forgets to end it; what comes after an end that is given is a mistake in the file."""
    text = EXERCISE.replace('end = "2027-01-15T18:40:00+01:00"', "") + at("19:10", "grid_off")
    story = read(text, "s")
    assert [event.word.name for event in story.events] == ["exercise.begin", "grid_off", "exercise.end"]
    assert story.end - story.start == timedelta(minutes=70)
    with pytest.raises(ScenarioError, match="t: lies after the story's end, 18:40:00"):
        read(EXERCISE + at("18:41", "grid_off"), "s")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (at("18:02", "status112.set"), LINES + 5, "point: does not belong to status112.set: leave it out"),
        (
            at("18:02", "status112.set", None, status='"on"'),
            LINES + 5,
            "status: 'on'; expected one of works, doubtful, off",
        ),
        (at("18:02", "status112.set", None), LINES + 2, "status: is missing; expected one of works"),
        (at("18:02", "officer.seen", alarm='"fire"'), LINES + 6, "alarm: 'fire'; expected one of .*cp_power"),
        (at("18:02", "officer.read", call=0), LINES + 6, "call: 0; expected a whole number from 1 to 99"),
        (
            at("18:02", "officer.answer", answer='"text"', text=f'"{"é" * 31}"'),
            LINES + 7,
            "expected text of at most 60 bytes",
        ),
        (
            at("18:02", "officer.note", alarm='"cp_power"', note='" "'),
            LINES + 7,
            "note: ' '; expected text of at most 500",
        ),
        (
            at("18:02", "officer.shelve", alarm='"cp_power"', until="18"),
            LINES + 7,
            "until: 18; expected a time of day as",
        ),
        (
            at("18:02", "decision.activate", None, by='"rot"', points='["C"]'),
            LINES + 6,
            "expected a list of points out of A, B",
        ),
        (
            at("18:02", "decision.activate", None, by='"king"'),
            LINES + 5,
            "by: 'king'; expected one of burgemeester",
        ),
        (
            at("18:02", "officer.close", to="1"),
            LINES + 6,
            "to: is no argument of officer.close; it has call, reason, note",
        ),
    ],
)
def test_what_is_wrong_at_the_desk_is_named_with_its_place(text: str, line: int, message: str) -> None:
    """An event of a person is checked as any other, before anything is played: line, field and what belongs there."""
    with pytest.raises(ScenarioError, match=message) as refused:
        read(HEAD + text, "s.toml")
    assert refused.value.line == line


@pytest.mark.parametrize(
    "end", ["2027-01-15T18:00:30+01:00", "2027-01-18T18:00:01+01:00", "2027-01-15T17:00:00+01:00"]
)
def test_an_exercise_has_an_end_that_the_desk_will_take(end: str) -> None:
    """A file whose exercise could not begin is refused before it plays."""
    with pytest.raises(ScenarioError, match="end: an exercise lasts from a minute to 3 days"):
        read(EXERCISE.replace("2027-01-15T18:40:00+01:00", end), "s.toml")


def test_times_at_the_desk_are_the_nearest_of_their_kind() -> None:
    """An outage began before its decision, also before midnight; what is planned comes after it, also the next day."""
    text = HEAD + at(
        "00:10", "decision.activate", None, by='"rot"', outage_since='"23:50"', opens_at='"00:10"'
    )
    (event,) = read(text, "s").events
    assert event.at - event.arguments["outage_since"] == timedelta(minutes=20)
    assert event.arguments["opens_at"] - event.at == timedelta(days=1)
