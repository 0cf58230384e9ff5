"""Playing a scenario: what each word does to real plants, buses, air and kits, and when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nsptools.demo import run as demo_run
from nsptools.scenario.clock import StoryClock
from nsptools.scenario.reader import read
from story import HEAD, Stage, at, play


def test_grid_and_load_are_played_at_their_times(tmp_path: Path) -> None:
    """An event acts at its own moment of the demo's clock and not before, at its point or at every one."""
    text = (
        HEAD + at("18:10", "grid_off", None) + at("18:20", "load.set", "B", kw=4.2) + at("18:30", "grid_on")
    )

    async def scene(stage: Stage) -> None:
        await stage.until(9.9)
        assert stage.shows("a.plant.source", "b.plant.source") == ["grid", "grid"]
        await stage.until(15)
        assert stage.shows("a.plant.source", "b.plant.source") == ["generator", "generator"]
        assert stage.shows("b.plant.load_w") == ["2400"]
        await stage.until(21)
        assert stage.shows("a.plant.load_w", "b.plant.load_w") == ["2400", "4200"]
        await stage.until(40)
        assert stage.shows("a.plant.source", "b.plant.source") == ["grid", "generator"]

    stage = play(text, tmp_path, scene)
    assert stage.said == [
        "18:10:00 all grid_off",
        "18:20:00 B load.set kw=4.2",
        "18:30:00 A grid_on",
        "the last event has been played",
    ]
    assert (stage.player.tally.played, stage.player.tally.failed) == (3, [])


def test_words_of_the_generator(tmp_path: Path) -> None:
    """Failed starts, the emergency stop, its release and the selector give the states that a real set would."""
    text = (
        HEAD
        + at("18:05", "genset.fail_start", n=3)
        + at("18:06", "grid_off", None)
        + at("18:15", "estop")
        + at("18:20", "estop_release")
        + at("18:30", "genset.not_auto", "A")
        + at("18:30", "genset.stop", "B")
        + at("18:40", "genset.not_auto", "B", on="false")
        + at("18:50", "genset.start_battery", "B")
        + at("18:50", "genset.fail_start", "B")
    )
    state = ("plant.state", "plant.mode", "plant.shutdown", "plant.fail_start")
    a, b = (tuple(f"{slug}.{door}" for door in state) for slug in "ab")

    async def scene(stage: Stage) -> None:
        await stage.until(5.5)
        assert stage.shows(*a) == ["stopped", "auto", "none", "1"]
        await stage.until(14)
        assert stage.shows(*a) == ["stopped", "auto", "fail_to_start", "0"]
        await stage.until(16)
        assert stage.shows(*a)[2] == "emergency_stop"
        await stage.until(25)
        assert stage.shows(*a) == ["running", "auto", "none", "0"]
        await stage.until(35)
        assert stage.shows(*a)[:2] == ["running", "manual"]
        assert stage.shows(*b)[:2] == ["stopped", "off"]
        await stage.until(45)
        assert stage.shows(*b)[:2] == ["running", "auto"]
        await stage.until(50.1)
        assert stage.shows("b.plant.fail_start") == ["1"]
        assert float(stage.shows("b.plant.starter_permille")[0]) < 120

    play(text, tmp_path, scene)


def test_words_of_tank_battery_bus_and_air(tmp_path: Path) -> None:
    """Fuel goes in no further than the brim, a sender opens, and every fault can be taken away again."""
    text = (
        HEAD
        + at("18:10", "tank.leak", l_per_h=6)
        + at("18:40", "tank.leak", l_per_h=0)
        + at("18:50", "tank.refuel", litres=5)
        + at("18:55", "tank.refuel", litres=20)
        + at("19:00", "tank.sender_open")
        + at("19:00", "battery.no_charge")
        + at("19:00", "bus.unplug")
        + at("19:00", "bus.noise")
        + at("19:00", "radio.loss", None, share=0.25)
        + at("19:10", "tank.sender_open", on="false")
        + at("19:10", "battery.no_charge", on="false")
        + at("19:10", "bus.plug")
        + at("19:10", "bus.noise", on="false")
        + at("19:10", "radio.loss", None, share=0)
    )
    faults = ("a.generator.fuel_percent", "a.plant.no_charge", "a.bus.unplug", "a.bus.fault")

    async def scene(stage: Stage) -> None:
        await stage.until(45)
        assert float(stage.town.get("a.plant.fuel_l")) == pytest.approx(48, abs=0.1)
        await stage.until(52)
        assert float(stage.town.get("a.plant.fuel_l")) == pytest.approx(53, abs=0.1)
        await stage.until(57)
        assert stage.shows("a.plant.fuel_l") == ["60"]
        await stage.until(65)
        assert stage.shows(*faults) == ["sentinel:transducer_fault", "1", "1", "noise"]
        assert stage.town.air.loss == 0.25
        await stage.until(75)
        assert stage.shows(*faults) == ["100", "0", "0", "none"]
        assert stage.town.air.loss == 0

    stage = play(text, tmp_path, scene)
    assert any(line.startswith("A: the tank is full; 7.") for line in stage.said)


def test_words_of_the_radio(tmp_path: Path) -> None:
    """One point's link gets worse in both directions while the others' stay; an antenna that is mended is as before."""
    text = (
        HEAD
        + at("18:10", "radio.loss", share=0.4)
        + at("18:10", "radio.loss", None, share=0.1)
        + at("18:10", "radio.antenna", "B")
        + at("18:20", "radio.antenna", "B", db=12)
        + at("18:30", "radio.antenna", "B", db=0)
        + at("18:40", "radio.jam", None)
        + at("18:50", "radio.jam", None, on="false")
        + at("18:50", "gateway.deaf", None)
    )

    async def scene(stage: Stage) -> None:
        air = stage.town.air
        before_db = air.path_loss_db("b", "gateway")
        await stage.until(11)
        rates = [air.loss_rate(*pair) for pair in (("a", "gateway"), ("gateway", "a"), ("b", "gateway"))]
        assert rates == [0.4, 0.4, 0.1]
        assert air.path_loss_db("b", "gateway") == before_db + 30
        await stage.until(21)
        assert air.path_loss_db("b", "gateway") == before_db + 12
        await stage.until(31)
        assert air.path_loss_db("b", "gateway") == before_db
        await stage.until(41)
        assert stage.shows("gateway.modem.hearing") == ["noise"]
        await stage.until(51)
        assert stage.shows("gateway.modem.hearing") == ["nothing"]

    play(text, tmp_path, scene)


def test_an_event_that_cannot_be_played_is_told_and_the_story_goes_on(tmp_path: Path) -> None:
    """One event that the bench refuses does not end an exercise evening."""
    text = HEAD + at("18:10", "tank.sender_open") + at("18:20", "grid_off")

    async def scene(stage: Stage) -> None:
        await stage.player.ended.wait()
        assert stage.shows("a.plant.grid_on") == ["0"]

    stage = play(text, tmp_path, scene, devices=("battery", "meter"))
    assert stage.player.tally.played == 1
    (failed,) = stage.player.tally.failed
    assert failed.startswith("18:10:00 A tank.sender_open was not played: a has no 'generator'")


def test_a_story_begins_when_its_stage_is_up() -> None:
    """Starting up costs no time of the story: its clock stands at the start until told to run."""
    start = datetime(2027, 1, 15, 17, tzinfo=UTC)
    clock = StoryClock(3600, start)
    assert clock.now() == clock.now() == start
    clock.begin()
    while clock.now() == start:
        pass
    assert start < clock.now() < start + timedelta(days=30)


async def test_the_demo_plays_a_file(tmp_path: Path) -> None:
    """`nsp demo --scenario` takes points, names and clock from the file and cuts a real kit's power."""
    text = HEAD + at("18:00", "grid_off", None) + at("18:01", "kit.kill") + at("18:02", "kit.reboot")
    story = read(text, "s.toml")
    said: list[str] = []
    options = demo_run.Options(speed=60, http_port=0, mqtt_port=0, scenario=story)
    async with demo_run.demo(options, lambda slug, line: said.append(f"{slug}: {line}")) as running:
        overview = running.gateway.ingest.overview()
        assert story.start <= overview.now < story.start + timedelta(days=1)
        assert [point.name for point in overview.points] == ["Buurthuis De Linde", "Kerk De Ark"]
        assert running.story is not None
        player, _ = running.story
        await player.ended.wait()
        kit = running.town.points["a"].twin
        await kit.wait_for(lambda: kit.boots == 2 and player.tally.played == 3)
        assert running.town.points["b"].twin.boots == 1
        assert running.town.get("a.plant.grid_on") == "0"
        counted = await demo_run.summary(running)
    assert counted["events"] == {"played": 3, "failed": []}
    assert "scenario: 18:01:00 A kit.kill" in said
