"""A disk that is really full: what cannot wait is still written, what can wait is asked for again, and it all heals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_box import Box
from nspgateway.config_parts import RetentionConfig
from nspgateway.desk import Desk
from nspgateway.disk import FLOOR, MB, RESERVE
from nspgateway.errors import StoreFull
from nspgateway.facts import OwnFacts
from nspgateway.people import By
from nspgateway.reserve import Reserve
from nspgateway.retention import RESERVE_FILE, Keeper, make_room_to_start
from nspgateway.store import Store
from small_disk import SmallDisk, small_disk

OFFICER = By("post-1", "cp_medewerker", "page")
ALARM = {"event_boot": 100, "alarm": "generator_failed", "age_s": 1}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 60) as disk:
        yield disk


@pytest.fixture
def box(small: SmallDisk) -> Iterator[Box]:
    box = Box(small.path, linked=True, deployment="open")
    box.boot(100)
    yield box
    box.store.close()


def kept_by(box: Box) -> Keeper:
    """Put a keeper where the gateway has it."""
    keeper = Keeper(RetentionConfig(free_mb=30), box.folder, box.store, box.clock)
    box.ingest.recorder.spare = keeper
    assert box.transmitter is not None
    box.transmitter.counters.on_full = keeper.make_room
    return keeper


def journal(box: Box) -> set[int]:
    """The counters of the first kit that are on disk."""
    return {row[0] for row in box.store._rows("SELECT counter FROM frame WHERE kit = 65")}


def test_heartbeats_wait_and_alarms_do_not(box: Box, small: SmallDisk) -> None:
    """Protects the order: below the floor no heartbeat is written or acknowledged, alarm, help and acts all are."""
    keeper = kept_by(box)
    assert (keeper.level, (box.folder / "reserve").stat().st_blocks * 512) == ("", RESERVE)
    small.fill(20 * MB)
    keeper.step()
    assert keeper.level == "low"
    assert box.vital(101) == "accepted"
    small.fill(FLOOR - MB)
    keeper.step()
    assert keeper.own(OwnFacts()).disk == "full"
    assert box.vital(102, fuel_permille=500) == "not_stored"
    situation = box.ingest.situation
    shown = situation.facts(situation.states["de-linde"], box.clock.now())
    assert shown.readings["fuel_permille"].value == 500, "it is true all the same"
    assert "Free space" in box.ingest._box(box.clock.now()).store_problem
    assert box.say("alarm", 103, event_n=1, **ALARM) == "accepted"
    fields = {"event_boot": 100, "event_n": 2, "help_kind": "ambulance", "help_mark": "made", "age_s": 0}
    assert box.say("help", 104, text=b"bij de achterdeur", **fields) == "accepted"
    Desk(box.ingest.situation, box.ingest.recorder, box.clock).acknowledge(
        "de-linde", "generator_failed", OFFICER
    )
    assert box.ingest.health().store_problem == "full", "what is written does not hide what is not"
    assert journal(box) == {100, 101, 103, 104}
    told = [box.opened(data, 100) for data in box.run(2)]
    assert {fields["acked"] for kind, fields in told if kind == "ack"} >= {103, 104}
    small.empty()
    keeper.step()
    assert keeper.own(OwnFacts()).disk == ""
    assert box.vital(105) == "accepted"
    assert box.ingest.health().store_problem == ""


def test_the_reserve_is_for_what_cannot_wait(box: Box, small: SmallDisk) -> None:
    """Protects the last alarm: with not one block left the reserve makes room, and is made again afterwards."""
    keeper = kept_by(box)
    small.fill()
    for counter in range(101, 401):
        kind = "alarm" if counter % 2 else "clear"
        box.clock.move(1)
        assert box.say(kind, counter, event_n=counter, **ALARM) == "accepted", (counter, small.free)
        keeper.step()
    assert not (box.folder / "reserve").exists(), "it was needed"
    assert keeper.own(OwnFacts()).disk == "full"
    assert box.vital(20_000, kit=66) == "not_stored"
    assert len(journal(box)) == 301
    told = [box.opened(data, 100)[0] for data in box.run(3)]
    assert "ack" in told, "the counters of what is sent found room as well"
    small.empty()
    keeper.step()
    assert (box.folder / "reserve").exists()
    assert keeper.own(OwnFacts()).disk == ""
    assert box.vital(20_001, kit=66) == "accepted"
    assert box.store._rows("PRAGMA integrity_check") == [("ok",)]


def test_a_full_disk_is_no_silent_kit(box: Box, small: SmallDisk) -> None:
    """Protects the officer from false alarms: kits whose heartbeats cannot be written are heard all the same."""
    keeper = kept_by(box)
    box.vital(101)
    small.fill(FLOOR - MB)
    keeper.step()
    for counter in range(102, 140):
        box.clock.move(300)
        assert box.vital(counter) == "not_stored"
        box.run(5)
        box.ingest.tick()
    assert "kit_silent" not in {
        alarm.id for alarm in box.ingest.overview().alarms if alarm.point == "de-linde"
    }


def test_a_start_on_a_full_disk(box: Box, small: SmallDisk) -> None:
    """Protects a box that lost power with a full disk: it starts, says so, and heals when there is room."""
    box.vital(101)
    box.store.close()
    small.fill()
    with pytest.raises(StoreFull, match="Free space"):
        Store(box.config.database)
    small.empty()
    Reserve(box.folder / RESERVE_FILE, RESERVE).make()
    small.fill()
    make_room_to_start(box.folder)
    box.start()
    keeper = kept_by(box)
    assert box.say("alarm", 102, event_n=1, **ALARM) == "accepted"
    assert keeper.own(OwnFacts()).disk == "full"
    small.empty()
    keeper.step()
    assert keeper.level == ""
    assert box.vital(103) == "accepted"
