"""Heartbeats that were lost on the air come back as backfill: into history, at their own time, once, and nowhere else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway_box import T0, VITAL, Box, sealed
from nspgateway.store import Store
from nsplink import backfill, message

SCHEMA = Path(__file__).parents[2] / "gateway" / "nspgateway" / "schema" / "0001.sql"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path, linked=True)
    box.boot(100)
    yield box
    box.store.close()


def fill(
    box: Box, counter: int, lost: dict[int, int], age_s: int | None, first_s: int = 0, **values: object
) -> str:
    """Send lost vitals: counter -> seconds on the kit's scale, the first of them ``age_s`` ago."""
    records = [
        (n, first_s + s, message.encode("vital", VITAL | {"fuel_permille": n} | values))
        for n, s in lost.items()
    ]
    data, count = backfill.pack(records)
    assert count == len(records)
    return box.say("backfill", counter, base_counter=records[0][0], base_age_s=age_s, records=data)


def late(box: Box) -> list[tuple[int, float]]:
    """What was learnt late: counter, and seconds from T0."""
    return [(f.counter, (f.at - T0).total_seconds()) for f in box.store.late_frames("de-linde")]


def telemetry(box: Box) -> list[tuple[str, bool, object]]:
    """The messages of heartbeats: key, whether late, when made."""
    said = [body for topic, body in box.outbox() if topic == "de-linde/telemetry"]
    return [(body["key"], body["late"], body["made_at"]) for body in said]


def test_lost_heartbeats_land_in_history_at_their_own_time(box: Box) -> None:
    """Each record is a frame under its old counter, as long ago as the kit says, and is acked."""
    box.clock.move(3600)
    assert fill(box, 120, {101: 0, 102: 300, 104: 900}, age_s=3000) == "accepted"
    assert late(box) == [(101, 600), (102, 900), (104, 1500)]
    frames = box.store.late_frames("de-linde")
    assert [f.fields["fuel_permille"] for f in frames] == [100, 100, 105]
    assert [(f.kit, f.generation, f.received_at) for f in frames] == [(65, 1, box.clock.now())] * 3
    assert telemetry(box) == [
        ("65-1-101", True, "2027-01-15T17:10:00Z"),
        ("65-1-102", True, "2027-01-15T17:15:00Z"),
        ("65-1-104", True, "2027-01-15T17:25:00Z"),
    ]
    acks = [box.opened(data, 100) for data in box.run(3)]
    assert ("ack", 120) in [(kind, fields.get("acked")) for kind, fields in acks]


def test_backfill_never_touches_the_present(box: Box) -> None:
    """Readings, forecasts, alarms and last heard values stay those of the newest heartbeat."""
    box.vital(110, fuel_permille=800)
    before = box.ingest.overview().points
    assert fill(box, 120, {101: 0, 102: 300}, age_s=3000, generator_state="fault", alarms=1) == "accepted"
    linde = {p.slug: p for p in box.ingest.overview().points}["de-linde"]
    then = {p.slug: p for p in before}["de-linde"]
    assert linde.readings == then.readings
    assert (linde.fuel, linde.fuel_litres, linde.alarms) == (then.fuel, then.fuel_litres, then.alarms)
    box.restart()
    again = {p.slug: p for p in box.ingest.overview().points}["de-linde"]
    assert (again.readings, again.fuel_litres) == (then.readings, then.fuel_litres)


def test_what_is_known_is_not_learnt_again(box: Box) -> None:
    """A batch whose ack was lost comes again under a new counter: same records, no new frame or message."""
    box.vital(103)
    for counter in (120, 121):
        assert fill(box, counter, {101: 0, 103: 600, 104: 900}, age_s=3000) == "accepted"
    assert [counter for counter, _ in late(box)] == [101, 104]
    assert [key for key, is_late, _ in telemetry(box) if is_late] == ["65-1-101", "65-1-104"]


def test_records_of_an_earlier_boot_lie_between_their_neighbours(box: Box) -> None:
    """A kit that booted since knows no age: by counter they come after what was heard before, and before what came after."""
    box.vital(101)
    box.clock.move(7200)
    box.vital(200)
    assert fill(box, 201, {110: 0, 111: 300, 112: 600}, age_s=None) == "accepted"
    times = [moment for _, moment in late(box)]
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < 7200
    assert times[1] - times[0] == 300


def test_records_that_do_not_fit_between_are_in_order_all_the_same(box: Box) -> None:
    """Neighbours a minute apart leave no room for an hour: the order stays, nothing lies outside."""
    box.vital(101)
    box.clock.move(60)
    box.vital(200)
    fill(box, 201, {110: 0, 111: 1800, 112: 2550}, age_s=None)
    times = [moment for _, moment in late(box)]
    assert times == sorted(set(times))
    assert 0 < times[0] < times[-1] < 60


def test_a_lost_frame_that_is_played_back_later_is_a_replay(box: Box) -> None:
    """Once learnt late, the recording of the original is worth nothing, and breaks nothing."""
    recorded = sealed(box.key(65), 115, fuel_permille=115)
    assert fill(box, 120, {114: 0, 115: 300}, age_s=900) == "accepted"
    assert box.hear(recorded) == "replay"
    assert box.ingest.recorder.problem == ""


@pytest.mark.parametrize("records", [b"", bytes(5), bytes((1, 0)) + bytes(7)])
def test_a_broken_batch_is_refused_whole(box: Box, records: bytes) -> None:
    """Bytes that are no records are undecodable: counted, not acked, nothing learnt."""
    box.run(5)
    assert box.say("backfill", 120, base_counter=101, base_age_s=0, records=records) == "undecodable"
    assert late(box) == []
    assert box.run(3) == []


def test_records_of_the_future_are_left_out(box: Box) -> None:
    """A kit cannot have lost frames that it has not sent: such counters must not block the real ones."""
    assert fill(box, 120, {119: 0, 125: 300}, age_s=600) == "accepted"
    assert [counter for counter, _ in late(box)] == [119]
    assert box.vital(125) == "accepted"


def test_late_frames_do_not_warm_the_forecast(box: Box) -> None:
    """A restart draws its histories from what came in time only."""
    fill(box, 120, {101: 0, 102: 300}, age_s=900)
    assert [f.kind for f in box.store.frames("de-linde", T0 - timedelta(days=1))] == ["boot", "backfill"]


def test_a_database_of_version_1_is_taken_over(tmp_path: Path) -> None:
    """An update keeps every frame; old ones were in time, and the new tables are there."""
    path = tmp_path / "nsp.db"
    with sqlite3.connect(path) as old:
        old.executescript(SCHEMA.read_text())
        old.execute("PRAGMA user_version = 1")
        old.executescript(
            """
            INSERT INTO region VALUES ('regio-oost', 'Oost');
            INSERT INTO municipality VALUES ('Lindendam', 'regio-oost');
            INSERT INTO cp VALUES (1, 'kazerne-oost', 'Kazerne Oost', 'regio-oost');
            INSERT INTO point VALUES ('de-linde', 'De Linde', 1, 'Lindendam', 'regio-oost', 1);
            INSERT INTO kit VALUES (65, '2027-01-15T16:00:00.000000+00:00');
            INSERT INTO frame VALUES (1, 65, 1, 7, 'de-linde', '2027-01-15T16:00:00.000000+00:00',
                'vital', 0, '{"fuel_permille":470}', x'E0', -90, 7.0);
            """
        )
    old.close()
    with Store(path, ["own"]) as store:
        frame = store.find_frame(65, 1, 7)
        assert frame is not None
        assert (frame.late, frame.made_at, frame.fields["fuel_permille"]) == (False, None, 470)
        assert store._rows("PRAGMA user_version")[0][0] >= 2
        assert (store.boots(), store.downlinks(), store.kit_events("de-linde")) == ({}, {}, [])
        store.put_downlink(65, 1024)
        assert store.downlinks() == {65: 1024}
