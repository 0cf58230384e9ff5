"""The ring of sent heartbeats: what was flushed is offered until it has arrived, over any reboots."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nspkit import journal
from nspkit.journal import BATCH, FILES, RECORDS, Journal

NEVER = 1 << 31


def vital(counter):
    return counter.to_bytes(7, "big")


def entry(counter, epoch=0):
    return (counter, epoch, counter * 3, vital(counter))


def add(store, counters, epoch=0):
    for counter in counters:
        store.add(*entry(counter, epoch))


def waiting(store):
    """Counters of all that wait, boot by boot, taken as the kit takes them."""
    found = []
    while batch := store.take(10, NEVER):
        assert len({epoch for _, epoch, _, _ in batch}) == 1
        assert all(taken == entry(taken[0], taken[1]) for taken in batch)
        found += [taken[0] for taken in batch]
        store.settle_many([taken[0] for taken in batch])
    return found


@pytest.fixture
def folder(tmp_path):
    return f"{tmp_path}/"


def test_heartbeats_are_offered_oldest_first_until_they_arrived(folder):
    """Backfill begins with the oldest gap, takes only what is older than it is told, and ends when all came."""
    store = Journal(folder)
    add(store, range(10, 40, 2))
    assert [taken[0] for taken in store.take(3, NEVER)] == [10, 12, 14]
    assert [taken[0] for taken in store.take(10, 15)] == [10, 12, 14]
    assert store.flush()
    store.settle(12)
    store.settle_many([10, 16, 17, 4000])
    assert store.unsettled() == 12
    assert [taken[0] for taken in store.take(3, NEVER)] == [14, 18, 20]
    assert store.take(3, 14) == []
    assert waiting(store) == [14, *range(18, 40, 2)]
    assert store.unsettled() == 0


def test_one_batch_is_of_one_boot(folder):
    """Uptimes of two boots have no common zero, so they never share a frame."""
    store = Journal(folder)
    add(store, range(3))
    add(store, range(64, 67), epoch=64)
    assert [taken[0] for taken in store.take(10, NEVER)] == [0, 1, 2]
    store.flush()
    store.settle_many([0, 1, 2])
    assert [taken[:2] for taken in store.take(10, NEVER)] == [(64, 64), (65, 64), (66, 64)]


def test_flash_is_written_by_eight_and_not_before(folder, tmp_path):
    """A record costs an eighth of an erase, and a boot that sends nothing writes nothing."""
    store = Journal(folder)
    writes = 0
    for counter in range(32):
        add(store, [counter])
        if store.will_write():
            assert store.flush()
            writes += 1
    assert writes == 32 // BATCH
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert not Journal(folder).will_write()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_ring_gives_up_its_oldest_file(folder, tmp_path):
    """A gateway that is away for days costs the oldest heartbeats, never room on flash."""
    store = Journal(folder)
    total = (FILES + 3) * RECORDS + 8
    for start in range(0, total, BATCH):
        add(store, range(start, start + BATCH))
        assert store.flush()
    kept = (FILES - 1) * RECORDS + 8
    assert sorted(int(path.name) for path in (tmp_path / "journal").iterdir()) == list(range(4, FILES + 4))
    assert store.unsettled() == kept
    assert store.lost == total - kept
    assert waiting(Journal(folder)) == list(range(total - kept, total))


def test_after_a_reboot_what_came_after_the_last_written_word_is_offered_again(folder):
    """What was known to have arrived when a record was written stays so; the rest comes twice, never not at all."""
    store = Journal(folder)
    add(store, range(40))
    store.flush()
    store.settle_many(range(30))
    add(store, range(40, 48))
    store.flush()
    store.settle_many(range(44))
    again = Journal(folder)
    assert waiting(again) == list(range(30, 48))


@pytest.mark.parametrize("cut", range(1, 8 * journal.LENGTH, 7))
def test_a_torn_tail_is_not_offered_and_not_written_behind(folder, tmp_path, cut):
    """Half a record at the end of a file is no record, and the next one does not begin in its middle."""
    store = Journal(folder)
    add(store, range(8))
    store.flush()
    path = tmp_path / "journal" / "0"
    path.write_bytes(path.read_bytes()[:-cut])
    whole = (8 * journal.LENGTH - cut) // journal.LENGTH
    again = Journal(folder)
    add(again, range(8, 12))
    assert again.flush()
    assert waiting(Journal(folder)) == [*range(whole), *range(8, 12)]


def test_a_damaged_record_is_skipped(folder, tmp_path):
    """One bad cell of the flash costs one record: before the boot and after it."""
    store = Journal(folder)
    add(store, range(8))
    store.flush()
    path = tmp_path / "journal" / "0"
    data = bytearray(path.read_bytes())
    data[2 * journal.LENGTH + 13] ^= 4
    path.write_bytes(data)
    assert waiting(Journal(folder)) == [0, 1, 3, 4, 5, 6, 7]
    assert waiting(store) == [0, 1, 3, 4, 5, 6, 7]
    assert store.lost == 1


def test_a_file_that_is_gone_is_given_up(folder, tmp_path):
    """A lost file costs its records, not the kit."""
    store = Journal(folder)
    for start in range(0, 3 * RECORDS, BATCH):
        add(store, range(start, start + BATCH))
        store.flush()
    (tmp_path / "journal" / "1").unlink()
    expected = [*range(RECORDS), *range(2 * RECORDS, 3 * RECORDS)]
    assert waiting(Journal(folder)) == expected
    assert waiting(store) == expected
    assert store.lost == RECORDS


def test_a_flash_that_takes_nothing_bounds_what_is_held(folder, tmp_path):
    """A full or failing flash never stops the kit: the newest records stay in RAM, the others are counted."""
    (tmp_path / "journal").write_text("in the way")
    store = Journal(folder)
    for counter in range(100):
        add(store, [counter])
        if store.will_write():
            assert not store.flush()
            assert not store.will_write()
    assert store.unsettled() == 2 * BATCH
    assert store.lost == 100 - 2 * BATCH
    (tmp_path / "journal").unlink()
    assert store.flush()
    assert waiting(Journal(folder)) == list(range(84, 100))


def test_counters_that_begin_anew_end_the_old_journal(folder):
    """Under a new key old counters would name heartbeats that were never sent: they go."""
    store = Journal(folder)
    add(store, range(500, 600))
    store.flush()
    again = Journal(folder)
    add(again, range(16))
    assert waiting(again) == list(range(16))
    add(again, range(16, 30))
    again.flush()
    assert waiting(Journal(folder)) == list(range(16, 30))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 90)),
        st.tuples(st.just("settle"), st.integers(0, 1 << 16)),
        st.tuples(st.just("reboot"), st.just(0)),
        st.tuples(st.just("take"), st.integers(1, 12)),
    ),
    max_size=20,  # less than the ring holds
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_nothing_flushed_is_forgotten_before_it_arrived(tmp_path_factory, steps):
    """Against a plain list: whatever is added, told as arrived and rebooted, the ring offers what it must, in order."""
    folder = f"{tmp_path_factory.mktemp('ring')}/"
    store = Journal(folder)
    counter, epoch = 0, 0
    kept, on_flash, arrived = [], set(), set()
    for verb, number in steps:
        if verb == "add":
            for _ in range(number):
                counter += 1 + number % 3
                kept.append((counter, epoch))
                add(store, [counter], epoch)
                if store.will_write():
                    assert store.flush()
                    on_flash |= {pair[0] for pair in kept} - arrived
        elif verb == "settle":
            told = random.Random(number).sample(range(counter + 1), min(counter + 1, 32))
            arrived |= set(told)
            store.settle_many(told)
        elif verb == "take":
            due = [pair for pair in kept if pair[0] not in arrived]
            expected = [pair[0] for pair in due if pair[1] == due[0][1]][:number]
            assert [taken[0] for taken in store.take(number, NEVER)] == expected
        else:
            store = Journal(folder)
            counter += 64
            kept = [pair for pair in kept if pair[0] in on_flash]
            epoch = counter
            offered = set(waiting(Journal(folder)))
            assert offered >= {pair[0] for pair in kept if pair[0] not in arrived}
            arrived -= offered
    assert store.unsettled() == len([pair for pair in kept if pair[0] not in arrived])
