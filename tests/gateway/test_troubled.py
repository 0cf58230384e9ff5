"""What may go wrong around the gateway: a clock set back, a full disk, a lost database, a changed settings file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from gateway_box import T0, VITAL, Box, sealed
from nspgateway.ingest import Ingest
from nspgateway.records import Frame
from nspgateway.store import Store
from nsplink import frame, message, seal

MANY_PAGES = 1_000_000


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.store.close()


def fill_disk(store: Store) -> Callable[[], object]:
    """Leave the database no room to grow, as a full disk does; call what is returned to make room."""
    pages = store._rows("PRAGMA page_count")[0][0]
    store._rows(f"PRAGMA max_page_count = {pages}")
    return lambda: store._rows(f"PRAGMA max_page_count = {MANY_PAGES}")


def value(box: Box, name: str) -> tuple[object, str]:
    reading = box.ingest.overview().points[0].readings[name]
    return reading.value, reading.quality


def test_an_echo_from_the_future_is_a_replay(box: Box) -> None:
    """Protects against playing back a frame after the clock was set back: it is no second receiver's."""
    data = sealed(box.key(65), 5)
    box.hear(data)
    box.clock.move(-3600)
    assert box.hear(data) == "replay"


def test_a_clock_behind_the_journal_is_told_at_the_start(box: Box) -> None:
    """Protects every age on the page: a box that starts in the past says so, in the log and to the page."""
    box.vital(1)
    box.clock.move(-7200)
    with capture_logs() as log:
        box.restart()
    assert [(e["event"], e["behind_s"]) for e in log] == [("clock is behind the journal", 7200)]
    assert box.ingest._box(box.clock.now()).clock_behind_s == 7200
    assert box.ingest._box(T0 + timedelta(seconds=1)).clock_behind_s == 0


def test_the_journal_is_read_in_order_of_arrival(box: Box) -> None:
    """Protects the histories: a clock set back does not put the newest frame before the older ones."""
    box.vital(1)
    box.clock.move(-600)
    box.vital(2)
    frames: list[Frame] = box.store.frames("de-linde", T0 - timedelta(days=1))
    assert [f.counter for f in frames] == [1, 2]


def test_a_full_disk_hides_nothing(box: Box) -> None:
    """Protects the officer: on a full disk the page shows a new alarm; MQTT hears it once it is written."""
    box.vital(1)
    box.vital(2)
    make_room = fill_disk(box.store)
    counter, outcome = 3, ""
    while outcome != "not_stored":
        counter += 1
        outcome = box.vital(counter, fuel_permille=850)
    box.clock.move(60)
    revision = box.ingest._revision.number
    data = sealed(box.key(65), 1000, "alarm", event_boot=1, event_n=0, alarm="generator_failed", age_s=3)
    assert box.hear(data) == "not_stored"
    assert box.alarms() == {"generator_failed"}
    assert box.ingest._revision.number > revision
    assert box.ingest.health().store_problem == "full"
    assert "Free space" in box.ingest._box(box.clock.now()).store_problem
    assert not [topic for topic, _ in box.outbox() if "/alarm/" in topic]
    box.clock.move(2000)
    box.ingest.tick()
    assert value(box, "fuel_permille") == (None, "unknown")
    make_room()
    box.ingest.tick()
    said = [p for topic, p in box.outbox() if topic == "de-linde/alarm/generator_failed"]
    assert (said[0]["raised_at"], said[0]["state"]) == ("2027-01-15T17:00:57Z", "unacknowledged")
    assert box.ingest.health().store_problem == ""
    [raised] = box.store._rows(
        "SELECT at FROM alarm_event WHERE alarm = 'generator_failed' AND action = 'raise'"
    )
    assert raised[0].startswith("2027-01-15T17:01:00")
    box.restart()
    assert "generator_failed" in box.alarms()


def test_a_frame_that_was_not_stored_is_taken_again(box: Box) -> None:
    """Protects the journal: the window does not close over a frame that was shown but not written."""
    box.vital(1)
    make_room = fill_disk(box.store)
    counter, outcome = 1, ""
    while outcome != "not_stored":
        counter += 1
        outcome = box.vital(counter)
    make_room()
    assert box.vital(counter) == "accepted"
    assert box.store.find_frame(65, 1, counter) is not None


def test_the_first_frame_of_a_kit_is_doubted_until_the_next(box: Box) -> None:
    """Protects against yesterday's frame after the loss of the database: shown as old until a newer one comes."""
    old = sealed(box.key(65), 5, "full", fuel_permille=950, engine_dh=100)
    box.hear(old)
    box.vital(200, fuel_permille=100)
    assert value(box, "fuel_permille") == (100, "good")
    box.store.close()
    for file in box.folder.glob("nsp.db*"):
        file.unlink()
    box.clock.move(86400)
    box.start()
    assert box.hear(old) == "accepted"
    assert value(box, "fuel_permille") == (950, "stale")
    assert box.vital(201, fuel_permille=90) == "accepted"
    assert value(box, "fuel_permille") == (90, "good")
    assert value(box, "engine_dh") == (100, "good")


def test_a_new_key_brings_no_doubt(box: Box) -> None:
    """Protects the change of keys: its first frame cannot be an old one, and is good at once."""
    box.vital(1)
    box.vital(2)
    box.store.close()
    box.register.issue([65], T0)
    box.start()
    assert box.hear(sealed(box.key(65, 2), 0, fuel_permille=420)) == "accepted"
    assert value(box, "fuel_permille") == (420, "good")


def test_a_clear_frame_is_journaled(box: Box) -> None:
    """Protects the kit's word that an alarm has ended: accepted, and in the journal as it came."""
    box.vital(1)
    data = sealed(box.key(65), 2, "clear", event_boot=1, event_n=1, alarm="power_lost", age_s=3)
    assert box.hear(data) == "accepted"
    kept = box.store.find_frame(65, 1, 2)
    assert kept is not None
    assert (kept.kind, kept.fields["alarm"], kept.fields["event_n"]) == ("clear", "power_lost", 1)


def test_an_exercise_is_marked_in_every_message_of_its_point(box: Box) -> None:
    """Protects subscribers from taking an exercise for the truth: telemetry, state and alarm say it, also later."""
    header = frame.Header(frame.UP, "vital", 65, 1, True, True, 1)
    payload = message.encode(
        "vital", VITAL | {"power_source": "none", "generator_state": "stopped", "alarms": 4}
    )
    box.hear(seal.UplinkKey(box.key(65).key).seal(header, payload))
    box.restart()
    box.ingest.tick()
    marks = {topic: body["exercise"] for topic, body in box.outbox() if topic.startswith("de-linde")}
    assert set(marks) > {"de-linde/telemetry", "de-linde/state"}
    assert set(marks.values()) == {True}
    box.vital(2)
    assert dict(box.outbox())["de-linde/state"]["exercise"] is False


def test_an_alarm_is_said_again_with_the_state(box: Box) -> None:
    """Protects who only listens: an alarm that stands is told with each state, its age as of then, unsent ones once."""
    box.vital(1)
    box.hear(sealed(box.key(65), 2, "alarm", event_boot=1, event_n=0, alarm="generator_failed", age_s=3))
    for counter in range(3, 6):
        box.clock.move(300)
        box.vital(counter, alarms=1)
    raised, again = [body for topic, body in box.outbox() if topic == "de-linde/alarm/generator_failed"]
    assert (raised["age_s"], again["age_s"]) == (3, 903)
    assert raised["raised_at"] == again["raised_at"]


def test_a_removed_point_is_forgotten_at_the_broker(box: Box) -> None:
    """Protects the region's screen: alarms of a point that left points.toml do not stand there for ever."""
    box.vital(1)
    box.hear(sealed(box.key(65), 2, "alarm", event_boot=1, event_n=0, alarm="generator_failed", age_s=3))
    last = box.store.outbox("own")[-1][0]
    box.points = box.points[1:]
    box.restart()
    gone = {m.topic: (m.payload, m.retain) for number, m in box.store.outbox("own") if number > last}
    assert gone["nsp/v1/regio-oost/de-linde/alarm/generator_failed"] == (b"", True)
    assert gone["nsp/v1/regio-oost/de-linde/state"] == (b"", True)
    assert not [key for key in box.store.alarms() if key[0] == "de-linde"]


def test_a_new_name_for_the_coordinating_point(box: Box) -> None:
    """Protects the history over a new name: the number on air stays, so the database goes on."""
    box.vital(1)
    box.config = msgspec.structs.replace(box.config, cp="kazerne-west", cp_name="Kazerne West")
    box.restart()
    assert box.vital(1) == "duplicate"
    assert box.vital(2) == "accepted"
    assert box.store._rows("SELECT number, slug, name FROM cp") == [(1, "kazerne-west", "Kazerne West")]


def test_only_the_newest_unsent_state_is_kept(box: Box) -> None:
    """Protects the disk while the broker is away: one state for each point; every telemetry and every change stays."""
    for counter in range(1, 50):
        box.clock.move(300)
        box.vital(counter)
    topics = [topic for topic, _ in box.outbox()]
    assert topics.count("de-linde/state") == 1
    assert topics.count("de-linde/telemetry") == 49
    assert topics[-1] == "de-linde/state"


def test_a_demo_at_the_speed_of_life_says_so(box: Box) -> None:
    """Protects real screens from a demo that runs at speed 1: its messages are marked all the same."""
    box.vital(1)
    assert {topic: body["demo"] for topic, body in box.outbox()} == dict.fromkeys(dict(box.outbox()))
    box.ingest = Ingest(box.config, box.points, box.register, box.store, box.clock, demo=True)
    last = box.store.outbox("own")[-1][0]
    box.vital(2)
    said = [json.loads(m.payload)["demo"] for number, m in box.store.outbox("own") if number > last]
    assert said == [{"speed": 1.0}] * 2
