"""The database stays within its bounds without a person, and while a hold is on it nothing goes at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway_box import T0, Box
from nspgateway.config_parts import RetentionConfig
from nspgateway.desk import Desk, Refused
from nspgateway.disk import MB
from nspgateway.people import By
from nspgateway.records import Answered, Changes
from nspgateway.retention import AWAY_S, ROWS, Keeper

OFFICER = By("post-1", "cp_medewerker", "page")
ARCHIVIST = By("archief", "archief", "page")
DAY_S = 86_400
PLENTY = 10_000 * MB


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path, linked=True)
    yield box
    box.store.close()


def keeper_of(box: Box, free: int = PLENTY, **settings: int) -> Keeper:
    """A keeper of a box whose disk has so many bytes free."""
    config = RetentionConfig(**settings)
    return Keeper(config, box.folder, box.store, box.clock, lambda: ["own"], free_bytes=lambda _: free)


def desk_of(box: Box) -> Desk:
    return Desk(box.ingest.situation, box.ingest.recorder, box.clock)


def days_of_heartbeats(box: Box, days: int, kit: int = 65, begin: int = 100) -> None:
    for day in range(days):
        box.vital(begin + day, kit=kit)
        box.clock.move(DAY_S)


def fill(box: Box, rows: int, apart: timedelta, text: str = "") -> None:
    """Put heartbeats into the journal faster than a kit could send them."""
    fields = json.dumps({"x": text})
    times = [(T0 + n * apart).isoformat(timespec="microseconds") for n in range(rows)]
    with box.store._transaction() as db:
        db.execute("INSERT OR IGNORE INTO kit VALUES (65, ?)", (times[0],))
        db.executemany(
            "INSERT INTO frame (kit, generation, counter, point, received_at, kind, exercise, fields, raw)"
            " VALUES (65, 1, ?, 'de-linde', ?, 'vital', 0, ?, x'00')",
            [(n, at, fields) for n, at in enumerate(times)],
        )


def until_done(keeper: Keeper) -> int:
    """Let it work until it has nothing to do; return how many steps that took."""
    steps = 0
    while keeper.step():
        steps += 1
        assert steps < 1000
    return steps


def count(box: Box, table: str) -> int:
    return int(box.store._rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - our own name


def test_history_ends_after_its_days(box: Box) -> None:
    """Protects the disk and people: what is older than the settings say goes, the newer stays, of every point."""
    days_of_heartbeats(box, 20)
    days_of_heartbeats(box, 10, kit=66)
    keeper = keeper_of(box, days=12)
    until_done(keeper)
    assert [f.counter for f in box.store.frames("de-linde", T0)] == [118, 119]
    assert len(box.store.frames("de-ark", T0)) == 10
    assert not keeper.step()


def test_what_is_never_deleted(box: Box) -> None:
    """Protects a restart, people and law: open alarms and their log, windows, boots, help and the audit trail stay."""
    box.boot(90)
    box.say("help", 91, event_boot=90, event_n=1, help_kind="ambulance", help_mark="made", age_s=0, text=b"")
    box.say("alarm", 92, event_boot=90, event_n=2, alarm="generator_failed", age_s=0)
    box.say("alarm", 93, event_boot=90, event_n=3, alarm="overload", age_s=0)
    box.say("clear", 94, event_boot=90, event_n=4, alarm="overload", age_s=0)
    desk = desk_of(box)
    desk.acknowledge("de-linde", "generator_failed", OFFICER)
    desk.acknowledge("de-linde", "overload", OFFICER)
    box.store.commit(Changes(T0, command=Answered("region", "a-1", T0, "{}")))
    box.clock.move(3600)
    box.ingest.tick()  # what has ended is kept in mind for a while, in case it comes back
    box.clock.move(400 * DAY_S)
    kept = {
        table: count(box, table)
        for table in ("alarm", "replay_window", "kit_boot", "action", "heard", "quantities")
    }
    until_done(keeper_of(box, days=365))
    assert {table: count(box, table) for table in kept} == kept
    assert kept["alarm"] >= 1
    assert [event.kind for event in box.store.kit_events("de-linde")] == ["help"]
    assert {row[0] for row in box.store._rows("SELECT alarm FROM alarm_event")} >= {"generator_failed"}
    assert not box.store._rows("SELECT 1 FROM alarm_event WHERE alarm = 'overload'")
    assert (count(box, "frame"), count(box, "command")) == (0, 0)
    box.restart()
    assert box.vital(94) == "replay"
    assert box.vital(95) == "accepted"


def test_the_size_of_the_database_is_bounded(box: Box) -> None:
    """Protects the disk of a box that runs for years: beyond the bound the oldest goes, and its room is used again."""
    fill(box, 5000, timedelta(hours=1), "y" * 2000)
    box.clock.move(5000 * 3600)
    keeper = keeper_of(box, days=3650, most_mb=16)
    assert box.store.size().used > 16 * MB
    steps = until_done(keeper)
    assert steps > 3
    assert box.store.size().used <= 16 * MB
    left = count(box, "frame")
    assert left > 3500, "it stops as soon as it fits"
    assert min(f.counter for f in box.store.frames("de-linde", T0)) == 5000 - left, "the oldest went"
    before = box.store.size()
    for counter in range(10_000, 10_000 + 100):
        box.vital(counter)
    after = box.store.size()
    assert after.used + after.free == before.used + before.free, (
        "the file does not grow while there is room in it"
    )


def test_a_step_is_small(box: Box) -> None:
    """Protects a frame that comes in meanwhile: at most so many rows at a time, whatever there is to delete."""
    fill(box, 3 * ROWS, timedelta(minutes=1))
    box.clock.move(800 * DAY_S)
    keeper = keeper_of(box)
    before = count(box, "frame")
    assert keeper.step()
    assert before - count(box, "frame") == ROWS


def test_an_activation_holds_everything(box: Box) -> None:
    """Protects the evaluation of a disaster: from activation to release nothing is deleted, then it is again."""
    days_of_heartbeats(box, 3)
    desk = desk_of(box)
    desk.set_deployment("de-ark", "activated", OFFICER)
    box.clock.move(500 * DAY_S)
    keeper = keeper_of(box, free=50 * MB)
    until_done(keeper)
    assert count(box, "frame") == 3
    desk.set_deployment("de-ark", "wound_down", OFFICER)
    box.restart()
    keeper = keeper_of(box, free=50 * MB)
    until_done(keeper)
    assert count(box, "frame") == 3, "the end of an incident is no release"
    desk = desk_of(box)
    desk.release(ARCHIVIST, "dossier 12")
    until_done(keeper)
    assert count(box, "frame") == 0
    last = box.store.actions()[-1]
    assert (last.what, last.by, last.note) == ("release", ARCHIVIST, "dossier 12")
    with pytest.raises(Refused, match="nothing to release"):
        desk.release(ARCHIVIST)


def test_a_hold_by_hand(box: Box) -> None:
    """Protects records that somebody wants to see, without any activation; a second hold says so."""
    days_of_heartbeats(box, 3)
    desk = desk_of(box)
    desk.hold(ARCHIVIST)
    with pytest.raises(Refused, match="already"):
        desk.hold(ARCHIVIST)
    box.clock.move(500 * DAY_S)
    until_done(keeper_of(box))
    assert count(box, "frame") == 3
    desk.release(ARCHIVIST)
    desk.set_deployment("de-ark", "open", OFFICER)
    assert box.store.is_held(), "the next activation holds it anew"


def test_a_clock_that_is_not_trusted_deletes_nothing(box: Box) -> None:
    """Protects history from a wrong date: a box that starts in 2099 does not think that all of it is old."""
    days_of_heartbeats(box, 3)
    box.clock.move(30_000 * DAY_S)
    keeper = Keeper(RetentionConfig(), box.folder, box.store, box.clock, is_dated=lambda: False)
    until_done(keeper)
    assert count(box, "frame") == 3


def test_low_disk_lets_go_in_its_order(box: Box) -> None:
    """Protects history before messages: first telemetry for a broker that is away, then history, a week of it stays."""
    days_of_heartbeats(box, 10)
    free = [PLENTY]
    keeper = Keeper(
        RetentionConfig(), box.folder, box.store, box.clock, lambda: ["own"], free_bytes=lambda _: free[0]
    )
    assert not keeper.step()
    box.clock.passed_s += AWAY_S
    free[0] = 150 * MB
    assert keeper.step()
    assert keeper.level == "low"
    topics = [topic for topic, _ in box.outbox()]
    assert not [topic for topic in topics if topic.endswith("/telemetry")]
    assert [topic for topic in topics if topic.endswith("/state")], "how it is now still has to be said"
    assert count(box, "frame") == 10
    assert keeper.step()
    until_done(keeper)
    assert count(box, "frame") == 7
    assert keeper.own(box.ingest.situation.own(T0)).disk == "low"


def test_telemetry_of_a_broker_that_is_there_is_left(box: Box) -> None:
    """Protects the exactly once of a broker that only takes its time, or is not reached yet after a start."""
    days_of_heartbeats(box, 2)
    for away in ((), ("own",)):
        keeper = Keeper(
            RetentionConfig(),
            box.folder,
            box.store,
            box.clock,
            lambda away=away: away,
            free_bytes=lambda _: 150 * MB,
        )
        until_done(keeper)
    assert len([topic for topic, _ in box.outbox() if topic.endswith("/telemetry")]) == 2


def test_nobody_waits_long_for_a_step(box: Box) -> None:
    """Protects other readers: what is deleted is one transaction, over before the next frame."""
    days_of_heartbeats(box, 3)
    box.clock.move(500 * DAY_S)
    keeper_of(box).step()
    with closing(sqlite3.connect(box.config.database, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.rollback()
