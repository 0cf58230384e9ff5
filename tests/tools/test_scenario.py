"""Scenario files: what can be written, what is refused, and in which words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nsptools import cli
from nsptools.bench.profiles import PROFILES
from nsptools.scenario import words
from nsptools.scenario.errors import NotPlayable, ScenarioError
from nsptools.scenario.files import load
from nsptools.scenario.reader import read
from story import HEAD, LINES, at, entry

ROOT = Path(__file__).parents[2]


def test_a_file_becomes_a_typed_story() -> None:
    """What a trainer writes arrives with its types, its profile's values and its places in the file."""
    text = HEAD + at("18:52", "genset.estop_release", "B") + at("19:10:30", "load.set", kw=3)
    story = read(text, "s.toml")
    assert (story.name, story.seed, story.exercise) == ("Eerste nacht", 4, False)
    assert story.start == datetime(2027, 1, 15, 17, tzinfo=UTC)
    first, second = story.points
    assert (first.slug, first.plant.tank_l, first.plant.fuel_l, first.plant.dead_l) == ("a", 60, 51, 5)
    assert (second.plant.fuel_l, second.deployment) == (51, "closed")
    release, load_set = story.events
    assert (release.word.name, release.point) == ("genset.estop_release", "B")
    assert release.at == datetime(2027, 1, 15, 17, 52, tzinfo=UTC)
    assert release.place == f"line {LINES + 2}, [[at]] entry 1 (18:52 genset.estop_release)"
    assert (load_set.at.second, dict(load_set.arguments)) == (30, {"kw": 3})


def test_times_go_on_after_midnight_in_the_offset_of_the_start() -> None:
    """A night is one story: 00:05 after 23:30 is the next day, also twice."""
    text = HEAD + "".join(
        at(t, "grid_off") for t in ("18:00", "23:30", "00:05", "00:05", "11:00", "22:00", "09:00")
    )
    moments = [event.at - read(text, "s").start for event in read(text, "s").events]
    hours = [0, 5.5, 6 + 5 / 60, 6 + 5 / 60, 17, 28, 39]
    assert moments == [timedelta(hours=hour) for hour in hours]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("estop_release", "genset.estop_release"),
        ("genset.estop", "genset.estop"),
        ("refuel", "tank.refuel"),
        ("grid_off", "grid_off"),
        ("press_help", "person.press_help"),
    ],
)
def test_a_word_may_be_short_where_it_is_clear(written: str, name: str) -> None:
    """A trainer writes `press_help` and not whose word it is, as long as only one can be meant."""
    assert words.whole(written) == name


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[scenario\n", 1, "is not TOML"),
        ("", None, r"s\.toml: \[scenario\]: is missing"),
        (HEAD.partition("[[point]]")[0], None, "at least one point"),
        (HEAD + "[[event]]\nt = 1\n", LINES + 1, "no table 'event' is known; there are scenario, point, at"),
        (HEAD + "[at]\nt = 1\n", LINES + 1, r"each under its own \[\[at\]\]"),
        (HEAD.replace("+01:00", ""), 4, r"\[scenario\]: start: expected a date and time with a timezone"),
        (HEAD.replace("seed = 4", "seed = -4"), 5, "seed: expected a whole number, at least 0"),
        (
            HEAD.replace("seed = 4", "sead = 4"),
            5,
            "sead: is not a key .*; there are name, start, end, exercise",
        ),
        (HEAD.replace('name = "Kerk De Ark"\n', ""), 14, r"\[\[point\]\] entry 2 \(B\): name: is missing"),
        (HEAD.replace('id = "B"', 'id = "a"'), 15, "id: 'a' is used twice"),
        (HEAD.replace('id = "B"', 'id = "B 1"'), 15, "id: expected `str` matching"),
        (HEAD.replace('"diesel10k_dse7320"', '"solar"', 1), 10, "no plant 'solar' .* diesel10k_dse7320"),
        (HEAD.replace("fuel_l = 51", "fuel_l = 61"), 12, "fuel_l: fuel_l is 61; expected 0 to 60"),
        (
            HEAD.replace("tank_l = 60\nfuel_l = 51", "tank_l = 40"),
            7,
            "comes from the plant diesel10k_dse7320",
        ),
        (HEAD.replace("tank_l = 60", 'tank_l = "60 l"'), 11, "tank_l: expected a number"),
        (HEAD + at("18:52", "explode"), LINES + 4, "do: no word 'explode'; playable are grid_off.*radio.jam"),
        (HEAD + at("18:52", "kill"), LINES + 4, "'kill' can be kit.kill or gateway.kill; write it whole"),
        (HEAD + entry(t='"18:52"', point='"A"'), LINES + 2, "do: is missing; expected a word"),
        (HEAD + entry(do='"grid_off"'), LINES + 2, "t: is missing; expected a time of day"),
        (HEAD + at("25:00", "grid_off"), LINES + 3, r"entry 1 \(25:00 grid_off\): t: '25:00'; expected"),
        (HEAD + entry(t="18:52:00", do='"grid_off"'), LINES + 3, "expected a time of day as"),
        (HEAD + at("17:59", "grid_off"), LINES + 3, "t: goes back from 18:00:00"),
        (HEAD + at("20:00", "grid_off") + at("19:59", "grid_on"), LINES + 8, "entry 2 .* goes back from 20"),
        (HEAD + at("18:52", "grid_off", "C"), LINES + 5, "point: no point 'C'; there are A, B"),
        (
            HEAD + at("18:52", "estop", None),
            LINES + 2,
            "point: is missing; genset.estop is about one of A, B",
        ),
        (HEAD + at("18:52", "load.set"), LINES + 2, "kw: is missing; expected a number from 0 to 1000"),
        (HEAD + at("18:52", "load.set", kw=-1), LINES + 6, "kw: -1; expected a number from 0"),
        (HEAD + at("18:52", "load.set", kw="nan"), LINES + 6, "kw: nan; expected a number from 0"),
        (HEAD + at("18:52", "load.set", kw="true"), LINES + 6, "kw: True; expected a number"),
        (HEAD + at("18:52", "bus.noise", on=1), LINES + 6, "on: 1; expected true or false"),
        (HEAD + at("18:52", "fail_start", n=1.5), LINES + 6, "n: 1.5; expected a whole number"),
        (HEAD + at("18:52", "grid_off", kw=1), LINES + 6, "kw: is no argument of grid_off; it has none"),
        (HEAD + entry("expect", after='"18:10"', within_s=10), LINES + 2, "expected one of see and never"),
        (HEAD + entry("expect", see='"x"'), LINES + 2, r"one of after \(with within_s\) and between"),
        (HEAD + entry("expect", after='"18:10"', see='"x"'), LINES + 2, "within_s: is missing"),
        (HEAD + entry("expect", between='["18:10"]', never='"x"'), LINES + 3, "expected two times of day"),
        (HEAD + entry("ask", t='"18:1"'), LINES + 3, "t: '18:1'; expected a time of day"),
        (HEAD + entry("ask", point='"C"'), LINES + 3, "no point 'C'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, line: int | None, message: str) -> None:
    """Who writes a file finds every mistake by file, line, entry, field and what was expected there."""
    with pytest.raises(ScenarioError, match=message) as refused:
        read(text, "s.toml")
    assert refused.value.line == line
    assert refused.value.exit_code == 2
    assert str(refused.value).startswith(f"s.toml, line {line}" if line else "s.toml")


def test_words_that_come_later_are_named_and_can_be_skipped() -> None:
    """A file of a whole exercise is refused by naming every entry that nothing plays yet, and only those."""
    text = (
        HEAD
        + at("18:10", "gateway.kill", None, seconds=45)
        + at("18:20", "grid_off", None)
        + at("18:30", "genset.fail_start", n=2)
        + at("18:50", "radio.loss", None, share=0.3)
    )
    story = read(text, "s.toml")
    assert [event.word.name for event in story.events] == ["grid_off", "radio.loss"]
    assert [later.word for later in story.later] == [*("gateway.kill", "genset.fail_start")]
    assert dict(story.later[0].more) == {"seconds": 45}
    with pytest.raises(NotPlayable) as refused:
        story.require_playable()
    said = str(refused.value)
    assert f"line {LINES + 2}, [[at]] entry 1 (18:10 gateway.kill): gateway.kill is not playable yet" in said
    assert "not playable yet with n = 2: only 0 (cured) or 3" in said
    read(HEAD + at("18:20", "grid_off"), "s.toml").require_playable()


def test_expectations_and_questions_are_kept_as_they_are_written() -> None:
    """What belongs to exercises is read in full, with its own words, so that no form of file comes twice."""
    text = (
        HEAD
        + entry("expect", after='"22:38"', within_s=10, who='"cp"', see='"help"', point='"A"', sound="true")
        + entry("expect", between='["01:05", "01:20"]', never='"site_silent"', because='"jam"')
        + entry("ask", t='"20:00"', who='"cp"', question='"Who runs dry first?"')
    )
    story = read(text, "s.toml")
    seen, never = story.expects
    assert (seen.within_s, seen.see, seen.point, dict(seen.more)) == (
        10,
        "help",
        "A",
        {"who": "cp", "sound": True},
    )
    assert never.between is not None
    assert (never.never, never.between[1].minute) == ("site_silent", 20)
    assert story.asks[0]["question"] == "Who runs dry first?"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A wrong path or a file of another kind ends in one line, as every mistake does."""
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        load(tmp_path / "odd.toml")


# What only the test of the whole night plays.
LEFT_OUT = {
    "first-night": {
        *("gateway.kill", "radio.lose_fragment"),
    }
}


@pytest.mark.parametrize("file", sorted((ROOT / "docs/examples").glob("*.toml")), ids=lambda file: file.stem)
def test_examples_are_playable(file: Path) -> None:
    """A trainer's first file, copied from the documents, works, but for what it says itself."""
    story = load(file)
    assert {one.word for one in story.later} == LEFT_OUT.get(file.stem, set())
    assert story.events


def test_the_trainers_page_has_every_plant() -> None:
    """Whoever writes a file finds on its page which plants there are."""
    page = (ROOT / "docs/scenarios.md").read_text()
    assert [name for name in PROFILES if f"`{name}`" not in page] == []


def test_the_trainers_page_has_every_word() -> None:
    """The page about scenario files names every word that exists, and every argument of those that play."""
    page = (ROOT / "docs/scenarios.md").read_text()
    missing = [name for name in words.KNOWN if f"`{name}`" not in page]
    missing += [
        f"{word.name} {argument.name}"
        for word in words.WORDS.values()
        for argument in word.arguments
        if not any(f"`{word.name}`" in line and f"`{argument.name}" in line for line in page.splitlines())
    ]
    assert not missing


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kits", "3"], "the scenario says which points there are"),
        ([], "not playable yet"),
    ],
)
def test_the_command_refuses_what_it_cannot_play(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong combination or a word of later ends with exit code 2 before anything starts."""
    file = tmp_path / "s.toml"
    file.write_text(HEAD + at("18:10", "gateway.kill"))
    assert cli.main(["demo", "--headless", "--scenario", str(file), *arguments]) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
