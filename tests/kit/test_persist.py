import random

import pytest

from nspkit import persist
from nspkit.persist import BLOCK, CounterError, CounterStore

KEY = bytes(range(16))


@pytest.fixture
def folder(tmp_path):
    for name in persist.FILES:
        (tmp_path / name).write_bytes(persist.initial_record(1, KEY))
    return f"{tmp_path}/"


def test_counters_rise_over_restarts_and_never_repeat(folder):
    """A kit that is killed at any moment goes on above every counter it ever used."""
    used = []
    for turns in (1, 5, 64, 65, 130, 1, 1):
        store = CounterStore(folder, 1, KEY)
        used += [store.next() for _ in range(turns)]
    assert used == sorted(set(used))


def test_the_epoch_is_the_first_counter_of_the_boot(folder):
    """The boot epoch names one boot, and is taken only when something is sent."""
    first = CounterStore(folder, 1, KEY)
    assert first.epoch is None
    assert [first.next() for _ in range(3)] == [0, 1, 2]
    assert first.epoch == 0
    second = CounterStore(folder, 1, KEY)
    assert second.next() == BLOCK == second.epoch


def test_a_boot_that_sends_nothing_writes_nothing(folder, tmp_path):
    """A brown-out loop must not wear the flash."""
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for _ in range(50):
        CounterStore(folder, 1, KEY)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("cut", [*range(17), None])
@pytest.mark.parametrize("turns", [1, 63, 64, 65, 200])
def test_a_copy_lost_at_any_time_repeats_no_counter(folder, tmp_path, cut, turns):
    """Whichever copy is torn or gone, also the newer one long after it was written, no counter comes again."""
    for lost in persist.FILES:
        used = []
        for _ in range(3):
            store = CounterStore(folder, 1, KEY)
            used += [store.next() for _ in range(turns)]
            path = tmp_path / lost
            if cut is None:
                path.unlink()
            else:
                path.write_bytes(path.read_bytes()[:cut])
        used += [CounterStore(folder, 1, KEY).next()]
        assert used == sorted(set(used))
        for name in persist.FILES:
            (tmp_path / name).write_bytes(persist.initial_record(1, KEY))


@pytest.mark.parametrize("seed", range(40))
def test_random_boots_and_losses_repeat_no_counter(folder, tmp_path, seed):
    """Boots, cuts in the middle of a write and lost copies in any order: counters rise for ever."""
    rng = random.Random(seed)
    used = []
    for _ in range(60):
        try:
            store = CounterStore(folder, 1, KEY)
        except CounterError:
            assert not any(readable(tmp_path / name) for name in persist.FILES)
            return
        used += [store.next() for _ in range(rng.choice((0, 1, 3, 64, 100)))]
        if rng.random() < 0.2:
            path = tmp_path / rng.choice(persist.FILES)
            path.write_bytes(path.read_bytes()[: rng.randrange(17)])
    assert used == sorted(set(used))


def readable(path):
    return persist.reserved_of(path.read_bytes(), 1, KEY) is not None


def test_without_a_record_of_this_key_nothing_is_sent(folder, tmp_path):
    """No record, another key's or another generation's: the kit says that it needs a key."""
    for generation, key in ((2, KEY), (1, bytes(16))):
        with pytest.raises(CounterError, match="needs a new key"):
            CounterStore(folder, generation, key)
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(CounterError, match="needs a new key"):
        CounterStore(folder, 1, KEY)


def test_a_flash_that_cannot_be_written_stops_transmission(folder, tmp_path):
    """A counter that cannot be reserved is not used."""
    for name in persist.FILES[1:]:
        (tmp_path / name).unlink()
        (tmp_path / name).mkdir()
    store = CounterStore(folder, 1, KEY)
    with pytest.raises(CounterError, match="cannot be written"):
        store.next()
