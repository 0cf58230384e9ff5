import pytest

from nspkit import persist
from nspkit.persist import BLOCK, CounterError, CounterStore

KEY = bytes(range(16))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / persist.FILES[0]).write_bytes(persist.initial_record(1, KEY))
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


@pytest.mark.parametrize("cut", range(17))
def test_a_torn_record_costs_nothing(folder, tmp_path, cut):
    """A record cut off at any byte is seen as such, and the other copy counts."""
    store = CounterStore(folder, 1, KEY)
    used = [store.next() for _ in range(BLOCK + 1)]
    newest = max(tmp_path.iterdir(), key=lambda path: persist.reserved_of(path.read_bytes(), 1, KEY) or -1)
    # The cut happened while this copy was being written: its block was never used.
    newest.write_bytes(newest.read_bytes()[:cut])
    counter = CounterStore(folder, 1, KEY).next()
    assert counter == BLOCK
    assert used[:BLOCK] == list(range(BLOCK))


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
    (tmp_path / persist.FILES[1]).mkdir()
    store = CounterStore(folder, 1, KEY)
    with pytest.raises(CounterError, match="cannot be written"):
        store.next()
