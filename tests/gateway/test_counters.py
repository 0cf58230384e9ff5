"""Downlink counters: never the same twice, whatever is restored; and what was heard never goes backwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway_box import Box, sealed
from nspgateway.counters import BLOCK, JUMP, DownlinkCounters
from nspgateway.errors import CountersError
from nspgateway.records import Window
from nsplink import commands, frame

KIT = 65
QUANTUM_US = 10_000_000


def opened(
    folder: Path, copies: dict[int, int] | None = None, window: Window | None = None
) -> DownlinkCounters:
    """Open the file as a start of the gateway does; ``window``: what the database knows of the kit."""
    known = {} if window is None else {(KIT, 1): window}
    return DownlinkCounters(folder / "downlink.json", copies or {}, known, QUANTUM_US)


def test_no_counter_comes_twice_over_power_cuts(tmp_path: Path) -> None:
    """Killed after any number of frames, the next start goes on above all that was given out."""
    given: list[int] = []
    for frames in (1, 5, BLOCK, BLOCK + 1, 3):
        counters = opened(tmp_path)
        given += [counters.next(KIT) for _ in range(frames)]
    assert given == sorted(set(given))
    assert len(given) == 2 * BLOCK + 10


def test_each_address_counts_for_itself(tmp_path: Path) -> None:
    """Kits and the group have counters of their own, since they have keys of their own."""
    counters = opened(tmp_path)
    assert [counters.next(a) for a in (64, 65, 64, 66)] == [0, 0, 1, 0]


def test_a_new_disk_jumps_far_ahead_of_the_copy(tmp_path: Path) -> None:
    """Without its file the counters start 2^20 above the database's copy, and the kits are doubted."""
    counters = opened(tmp_path, {KIT: 5000}, window=Window(70, 1))
    assert counters.next(KIT) == 5000 + JUMP
    assert counters.is_restored
    assert opened(tmp_path, {KIT: 5000}, window=Window(70, 1)).next(KIT) == 5000 + JUMP + BLOCK


def test_a_known_kit_without_a_copy_jumps_too(tmp_path: Path) -> None:
    """A database from before the copies were kept says nothing of what was sent since."""
    counters = opened(tmp_path, window=Window(70, 1))
    assert counters.next(KIT) == JUMP


def test_a_first_start_that_is_killed_is_no_restore(tmp_path: Path) -> None:
    """Killed after it heard a kit and before it sent anything, a new gateway goes on and doubts nobody."""
    opened(tmp_path)
    counters = opened(tmp_path, window=Window(70, 1))
    assert not counters.is_restored
    assert counters.next(KIT) == 0


def test_a_box_that_restarts_all_the_time_still_answers(tmp_path: Path) -> None:
    """Fifty power cuts within an hour, each after a frame, leave most of the lawful hour to speak in."""
    box = Box(tmp_path, linked=True)
    box.boot(100)
    for counter in range(101, 151):
        box.restart()
        box.clock.move(2)
        box.say("alarm", counter, event_boot=100, event_n=counter, alarm="generator_failed", age_s=0)
        told = [box.opened(data, 100) for data in box.run(3)]
        assert counter in [fields["acked"] for kind, fields in told if kind == "ack"], counter
    assert box.transmitter is not None
    assert box.transmitter.link.ledger.left_permille(box.transmitter.now_ms()) > 800


def test_a_first_start_is_no_restore(tmp_path: Path) -> None:
    """An empty database without a file is a new gateway: it starts at 0 and doubts nobody."""
    counters = opened(tmp_path)
    assert (counters.next(KIT), counters.is_restored) == (0, False)


def test_a_file_that_was_put_back_is_passed(tmp_path: Path) -> None:
    """If the file itself is older than the database's copy, the counters jump ahead of the copy."""
    opened(tmp_path).next(KIT)
    counters = opened(tmp_path, {KIT: 9 * BLOCK})
    assert counters.next(KIT) == 9 * BLOCK + JUMP


def test_what_was_heard_moves_only_forwards(tmp_path: Path) -> None:
    """A database that is behind the file takes over its newest counters, all of them as used."""
    counters = opened(tmp_path, window=Window(500, 1))
    counters.note(KIT, 1, 900, 640)
    counters.note(KIT, 1, 800, 128)
    counters.save_changes()
    later = opened(tmp_path, window=Window(500, 1))
    assert later.is_restored
    assert later.windows({(KIT, 1): Window(500, 1)}) == {(KIT, 1): Window(900, (1 << 64) - 1)}
    assert later.epoch(KIT, 1) == 640
    ahead = opened(tmp_path, window=Window(1000, 3))
    assert not ahead.is_restored
    assert ahead.windows({(KIT, 1): Window(1000, 3)}) == {(KIT, 1): Window(1000, 3)}


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "other", "future"])
def test_a_damaged_file_stops_the_start_with_its_cure(tmp_path: Path, harm: str) -> None:
    """Never a silent reset: a file that cannot be trusted is told with its path and what to do."""
    opened(tmp_path).next(KIT)
    path = tmp_path / "downlink.json"
    data = path.read_bytes()
    bad = {
        "cut": data[:-20],
        "flipped": data.replace(b"1024", b"1014"),
        "empty": b"",
        "other": b"hello",
        "future": data.replace(b'"format":1', b'"format":2'),
    }[harm]
    path.write_bytes(bad)
    with pytest.raises(CountersError, match=r"downlink\.json: damaged.*Move it away"):
        opened(tmp_path)


def test_a_restart_counts_a_quantum_as_spent(tmp_path: Path) -> None:
    """After a power cut the hour holds what was written and as much again as may have followed."""
    counters = opened(tmp_path)
    assert counters.air_us == []
    counters.book(200_000, [200_000])
    assert opened(tmp_path).air_us == [200_000 + QUANTUM_US]
    counters.book(200_000, [400_000])
    assert opened(tmp_path).air_us == [200_000 + QUANTUM_US]
    counters.air_us = [400_000, 7]
    counters.save(is_closed=True)
    assert opened(tmp_path).air_us == [400_000, 7]


def test_a_disk_that_takes_nothing_gives_no_counter(tmp_path: Path) -> None:
    """A block that could not be written is not used; once it can, counting goes on."""
    counters = opened(tmp_path)
    (tmp_path / "downlink.json.new").mkdir()
    for _ in range(2):
        with pytest.raises(CountersError, match="cannot be written"):
            counters.next(KIT)
    (tmp_path / "downlink.json.new").rmdir()
    assert counters.next(KIT) == 0


def test_a_day_old_backup_in_place(tmp_path: Path) -> None:
    """The database of yesterday beside the file of today: no recorded frame is believed, no counter comes back."""
    folder = tmp_path / "data"
    folder.mkdir()
    box = Box(folder, linked=True)
    box.boot(100)
    sent = box.run(3)
    box.store.close()
    shutil.copy(box.config.database, tmp_path / "backup.db")
    box.start()
    recorded = [sealed(box.key(65), n, fuel_permille=100 + n) for n in range(101, 111)]
    assert {box.hear(data) for data in recorded} == {"accepted"}
    box.say("alarm", 111, event_boot=1, event_n=0, alarm="power_lost", age_s=0)
    sent += box.run(70)  # the file is written once a minute
    box.store.close()
    for name in box.folder.glob("nsp.db*"):
        name.unlink()
    shutil.copy(tmp_path / "backup.db", box.config.database)
    box.start()
    assert {box.hear(data) for data in recorded} == {"replay"}
    linde = next(p for p in box.ingest.overview().points if p.slug == "de-linde")
    assert linde.readings["fuel_permille"].value is None
    box.say("alarm", 112, event_boot=1, event_n=1, alarm="power_lost", age_s=0)
    again = box.run(3)
    before = {frame.parse(data)[0].counter for data in sent}
    after = {frame.parse(data)[0].counter for data in again}
    assert after
    assert not before & after
    box.store.close()


def test_on_a_new_disk_a_kit_is_doubted_until_it_answers(tmp_path: Path) -> None:
    """With the file lost too, recordings are stale at best and end no alarm; an answer to a new question proves the kit."""
    box = Box(tmp_path, linked=True)
    box.boot(100)
    box.vital(101, alarms=0)
    box.say("alarm", 102, event_boot=1, event_n=0, alarm="power_lost", age_s=0)
    recorded = sealed(box.key(65), 105, fuel_permille=300)
    clear = sealed(box.key(65), 106, "clear", event_boot=1, event_n=1, alarm="power_lost", age_s=0)
    box.store.close()
    (tmp_path / "downlink.json").unlink(missing_ok=True)
    box.start()
    assert box.hear(recorded) == "accepted"
    assert box.hear(clear) == "unsure"
    assert _fuel(box) == (300, "stale")
    assert "power_lost" in box.alarms()
    questions = [frame.parse(data)[0] for data in box.run(10)]
    question = next(h for h in questions if h.kind == "command")
    assert question.counter >= JUMP
    answer = {"result": "done", "value": commands.setting_argument("heartbeat_s", 300)}
    assert box.say("answer", 120, answers=question.counter - 1000, **answer) == "accepted"
    assert box.vital(121, fuel_permille=500) == "accepted"
    assert _fuel(box) == (500, "stale")
    assert box.say("answer", 122, answers=question.counter, **answer) == "accepted"
    assert box.vital(123, fuel_permille=510) == "accepted"
    assert _fuel(box) == (510, "good")
    assert box.vital(119) == "replay"
    assert (
        box.hear(sealed(box.key(65), 124, "clear", event_boot=1, event_n=1, alarm="power_lost", age_s=0))
        == "accepted"
    )
    assert box.state("power_lost") == "returned_unacknowledged"
    box.store.close()


def _fuel(box: Box) -> tuple[object, str]:
    linde = next(p for p in box.ingest.overview().points if p.slug == "de-linde")
    reading = linde.readings["fuel_permille"]
    return reading.value, reading.quality
