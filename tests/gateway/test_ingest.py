"""The main path, with real frames, keys and files: accepted once and durably, or refused and counted."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_box import T0, Box, sealed
from nspgateway.keys import KitKey
from nsplink import frame, seal
from nsplink.fields import ALARMS


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.store.close()


def test_an_accepted_frame_is_in_journal_state_outbox_and_overview(box: Box) -> None:
    """Protects the main path from end to end: one frame, everywhere it belongs, under its own name."""
    assert box.vital(7, fuel_permille=470) == "accepted"
    kept = box.store.find_frame(65, 1, 7)
    assert kept is not None
    assert kept.fields["fuel_permille"] == 470
    topics = dict(box.outbox())
    assert set(topics) == {"de-linde/telemetry", "de-linde/state"}
    assert topics["de-linde/telemetry"]["key"] == "65-1-7"
    overview = box.ingest.overview()
    linde = next(p for p in overview.points if p.slug == "de-linde")
    assert linde.readings["fuel_permille"].value == 470
    assert linde.fuel_litres == pytest.approx(18.8)
    assert (linde.rssi_dbm, linde.last_heard) == (-90, T0)
    assert overview.counters == {"accepted": 1}


def test_every_refusal_has_its_own_counter_and_changes_nothing(box: Box) -> None:
    """Protects the gateway from everything that is on the air: refused, counted apart, nothing raised."""
    good = sealed(box.key(65), 1)
    stranger = KitKey(address=67, generation=1, key=bytes(16), created=T0)
    neighbour = KitKey(address=2 << 6 | 1, generation=1, key=bytes(16), created=T0)
    forger = KitKey(address=65, generation=1, key=bytes(16), created=T0)
    unknown_generation = KitKey(address=65, generation=2, key=bytes(16), created=T0)
    down = seal.DownlinkKey(box.key(65).key, 1).seal(
        frame.Header(frame.DOWN, "ack", 65, 1, False, True, 1), b"", 0
    )
    header = frame.Header(frame.UP, "vital", 65, 1, False, True, 2)
    short_payload = seal.UplinkKey(box.key(65).key).seal(header, b"\x00")
    boot = seal.UplinkKey(box.key(65).key).seal(header._replace(kind="boot"), b"")
    expected = [
        (b"", "not_ours"),
        (b"\x40" + good[1:], "not_ours"),
        (good[:10], "malformed"),
        (good + bytes(100), "malformed"),
        (bytes((0xE0, 0, 65, 0x0F)) + bytes(20), "malformed"),
        (down, "downlink"),
        (sealed(neighbour, 1), "neighbour"),
        (sealed(stranger, 1), "unknown_kit"),
        (sealed(unknown_generation, 1), "no_key"),
        (sealed(box.key(65), 1, wide=False), "out_of_sync"),
        (sealed(forger, 1), "bad_tag"),
        (good[:-1] + bytes((good[-1] ^ 1,)), "bad_tag"),
        (good[:-1], "bad_tag"),
        (good[:2] + b"\x42" + good[3:], "bad_tag"),
        (short_payload, "undecodable"),
        (boot, "undecodable"),
    ]
    assert [box.hear(data) for data, _ in expected] == [word for _, word in expected]
    assert box.ingest.counters["bad_tag"] == 4
    assert box.store.frame_count() == 0
    assert box.outbox() == []
    assert box.hear(good) == "accepted"


def test_any_bytes_are_refused_in_words(box: Box) -> None:
    """Protects the port's task: no bytes whatsoever raise an error out of receive."""
    chance = random.Random(1)
    good = sealed(box.key(65), 1)
    for _ in range(500):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cut = bytes(data[: chance.randrange(len(data) + 1)])
        assert cut == good or box.hear(cut) != "accepted"
        box.hear(chance.randbytes(chance.randrange(40)))
    assert box.store.frame_count() == 0


def test_replay_and_duplicate(box: Box) -> None:
    """Protects against played-back frames, and tells them from one that two receivers heard."""
    data = sealed(box.key(65), 5)
    assert box.hear(data) == "accepted"
    box.clock.move(30)
    assert box.hear(data) == "duplicate"
    box.clock.move(1)
    assert box.hear(data) == "replay"
    assert box.hear(sealed(box.key(65), 5, fuel_permille=10)) == "replay"
    assert box.vital(200) == "accepted"
    assert box.vital(100) == "replay"
    assert box.store.frame_count() == 2


def test_replay_is_refused_after_a_restart(box: Box) -> None:
    """Protects against playing back yesterday's frames to a gateway that has just started."""
    assert box.vital(5) == "accepted"
    assert box.vital(6) == "accepted"
    box.restart()
    box.clock.move(60)
    assert box.vital(5) == "replay"
    assert box.vital(6) == "replay"
    assert box.vital(7) == "accepted"


def test_a_late_frame_goes_to_the_journal_only(box: Box) -> None:
    """Protects the overview from an older value over a newer one, when receivers reorder."""
    assert box.vital(10, fuel_permille=500) == "accepted"
    box.clock.move(10)
    assert box.vital(9, fuel_permille=505) == "accepted"
    point = box.ingest.overview().points[0]
    assert point.readings["fuel_permille"].value == 500
    assert point.last_heard == T0
    assert box.store.frame_count() == 2
    assert [p["key"] for topic, p in box.outbox() if topic.endswith("telemetry")] == ["65-1-10", "65-1-9"]


def test_sixteen_bits_on_air_are_enough_after_the_first_wide_frame(box: Box) -> None:
    """Protects the short counter: it goes on over the end of its 16 bits."""
    assert box.vital(0x1FFFE) == "accepted"
    key = box.key(65)
    assert [box.hear(sealed(key, n, wide=False)) for n in (0x1FFFF, 0x20000, 0x20001)] == ["accepted"] * 3
    assert box.store.find_frame(65, 1, 0x20001) is not None


def test_a_short_tag_cannot_push_the_counter_out_of_reach(box: Box) -> None:
    """One lucky forgery of four bytes must not shut its kit out: only a long tag may jump years ahead."""
    assert box.vital(7) == "accepted"
    assert box.vital(7 + (1 << 20) + 1, wide=True) == "implausible"
    assert box.vital(8) == "accepted"


def test_the_previous_key_counts_until_the_new_one_is_heard(box: Box) -> None:
    """Protects the change of keys: no silence before the kit has its new key, no old key after."""
    box.store.close()
    box.register.issue([65], T0)
    box.start()
    old, new = box.key(65, 1), box.key(65, 2)
    assert box.hear(sealed(old, 500)) == "accepted"
    assert box.hear(sealed(new, 0, fuel_permille=100)) == "accepted"
    assert box.hear(sealed(old, 501)) == "withdrawn"
    box.restart()
    assert box.hear(sealed(old, 502)) == "withdrawn"
    assert box.ingest.overview().points[0].readings["fuel_permille"].value == 100


def test_a_withdrawn_key_is_refused(box: Box) -> None:
    """Protects against a stolen kit whose key was withdrawn."""
    box.register.withdraw(66, 1, T0)
    box.restart()
    assert box.vital(1, kit=66) == "withdrawn"
    assert box.vital(1, kit=65) == "accepted"


def test_low_fuel_raises_one_alarm_that_survives_a_restart(box: Box) -> None:
    """Protects the alarm's way: raised on the page and on MQTT once, still open and told again after a restart."""
    for counter in range(5):
        assert box.vital(counter, fuel_permille=300) == "accepted"
        box.clock.move(60)
    assert box.alarms() == {"fuel_low"}
    box.restart()
    box.ingest.tick()
    assert box.alarms() == {"fuel_low"}
    raised, again = [p for topic, p in box.outbox() if topic == "de-linde/alarm/fuel_low"]
    assert raised["state"] == again["state"] == "unacknowledged"
    assert raised["raised_at"] == again["raised_at"]
    assert raised["age_s"] < again["age_s"]


def test_a_local_alarm_frame_raises_at_once(box: Box) -> None:
    """Protects the seconds that count: the kit's alarm frame is an alarm before the next heartbeat."""
    assert box.vital(1) == "accepted"
    data = sealed(box.key(65), 2, "alarm", event_boot=1, event_n=0, alarm="power_lost", age_s=3)
    assert box.hear(data) == "accepted"
    assert box.alarms() == {"power_lost"}
    topics = [topic for topic, _ in box.outbox()]
    assert topics.count("de-linde/telemetry") == 1
    assert "de-linde/alarm/power_lost" in topics
    box.restart()
    assert box.alarms() == {"power_lost"}


def test_silence_turns_the_state_on_mqtt_stale_then_unknown(box: Box) -> None:
    """Protects subscribers: a point that falls silent is said to be stale, then unknown, without a frame."""
    box.vital(1)
    box.vital(2)
    said = []
    for _ in range(16):
        said += [p["values"]["load_w"] for topic, p in box.outbox() if topic == "de-linde/state"]
        box.clock.move(60)
        box.ingest.tick()
    said += [p["values"]["load_w"] for topic, p in box.outbox() if topic == "de-linde/state"]
    assert list(dict.fromkeys(v["quality"] for v in said)) == ["good", "stale", "unknown"]
    assert said[-1]["value"] is None
    assert said[-1]["age_s"] == 960


def test_a_quiet_tick_says_nothing(box: Box) -> None:
    """Protects the disk and the broker: what was said and is still true is not said every second."""
    box.vital(1)
    box.vital(1, kit=66)
    box.ingest.tick()
    before = box.store.outbox_size()
    for _ in range(30):
        box.clock.move(1)
        box.ingest.tick()
    assert box.store.outbox_size() == before


def test_restart_restores_readings_and_forecast(box: Box) -> None:
    """Protects the officer's page over a restart: same values, same ages, same hours left."""
    for counter in range(12):
        box.vital(counter, fuel_permille=900 - 10 * counter, alarms=1 << ALARMS.index("device_lost"))
        box.clock.move(300)
    before = box.ingest.overview()
    box.restart()
    after = box.ingest.overview()
    assert after.points[0] == before.points[0]
    assert after.alarms == before.alarms
    assert before.points[0].fuel is not None


def test_restart_restores_level_and_refuellings(box: Box) -> None:
    """Protects the filtered litres and the day's deliveries over a restart: both come from the journal again."""
    for counter in range(30):
        level = (300 if counter < 15 else 800) + 5 * (counter % 3)
        box.vital(counter, fuel_permille=level, generator_state="stopped")
        box.clock.move(300)
    before = box.ingest.situation.states["de-linde"]
    box.restart()
    after = box.ingest.situation.states["de-linde"]
    assert after.tank == before.tank
    assert after.tank.refuels[0].litres == pytest.approx(20.0, abs=1.5)


def test_a_store_that_cannot_write_has_not_happened(box: Box) -> None:
    """Protects against believing what is not durable: on a full disk a frame may be sent again later."""
    box.vital(1)
    pages = box.store._rows("PRAGMA page_count")[0][0]
    box.store._rows(f"PRAGMA max_page_count = {pages}")
    outcomes = [box.vital(n, fuel_permille=100) for n in range(2, 200)]
    lost = 2 + outcomes.index("not_stored")
    assert "Free space" in box.ingest.recorder.problem
    kept = box.store.frame_count()
    box.ingest.tick()
    box.store._rows("PRAGMA max_page_count = 1000000")
    assert box.vital(300, kit=66) == "accepted"
    assert box.vital(lost) == "accepted"
    assert box.ingest.recorder.problem == ""
    assert box.store.frame_count() == kept + 2


async def test_screens_wake_on_a_frame_and_not_without(box: Box) -> None:
    """Protects the live page: a waiting screen wakes at a frame, and looks again after its time."""
    assert await box.ingest.wait_changed(0, 0.01) == 0
    waiting = asyncio.create_task(box.ingest.wait_changed(0, 30))
    await asyncio.sleep(0)
    box.vital(1)
    assert await waiting == 1
    assert await box.ingest.wait_changed(0, 30) == 1


async def test_outbox_wakes_its_broker(box: Box) -> None:
    """Protects the way to the broker: its link wakes at a new message and finds it."""
    outbox = box.ingest.outboxes["own"]
    assert outbox.next_batch(10) == []
    waiting = asyncio.create_task(outbox.wait_new())
    await asyncio.sleep(0)
    box.vital(1)
    await waiting
    batch = outbox.next_batch(1)
    outbox.delivered([number for number, _ in batch])
    assert len(outbox.next_batch(10)) == 1


def test_a_full_disk_does_not_stop_the_link_to_the_broker(box: Box) -> None:
    """Protects the way to the broker on a full disk: no message twice, and the store catches up later."""
    box.vital(1)
    outbox = box.ingest.outboxes["own"]
    [(first, _), (second, _)] = outbox.next_batch(10)
    box.store._rows("PRAGMA query_only = ON")
    outbox.delivered([first])
    assert [number for number, _ in outbox.next_batch(10)] == [second]
    box.store._rows("PRAGMA query_only = OFF")
    assert [number for number, _ in outbox.next_batch(10)] == [second]
    assert box.store.outbox_size() == 1


def _ingest_for_ever(folder: Path, first: int, report: int) -> None:
    """Run in a process of its own: take frame after frame and report each that was accepted."""
    box = Box(folder)
    for counter in itertools.count(first):
        if box.vital(counter) == "accepted":
            os.write(report, struct.pack(">I", counter))


def test_kill_9_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Protects against kill -9 at any moment: what was reported is in journal and outbox, exactly once."""
    Box(tmp_path).store.close()
    context = multiprocessing.get_context("fork")
    chance = random.Random(1)
    reported: list[int] = []
    first = 0
    for _ in range(10):
        reading, writing = os.pipe()
        process = context.Process(target=_ingest_for_ever, args=(tmp_path, first, writing))
        process.start()
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            got = pipe.read(4 * chance.randrange(1, 25))
            process.kill()
            got += pipe.read()
        process.join()
        reported += [number for (number,) in struct.iter_unpack(">I", got)]
        first = reported[-1] + 2
    box = Box(tmp_path)
    journal = [f.counter for f in box.store.frames("de-linde", T0)]
    telemetry = [p["counter"] for topic, p in box.outbox() if topic == "de-linde/telemetry"]
    assert len(set(journal)) == len(journal)
    assert set(reported) <= set(journal)
    assert sorted(telemetry) == sorted(journal)
    box.clock.move(60)
    assert {box.vital(counter) for counter in journal} == {"replay"}
    box.store.close()
