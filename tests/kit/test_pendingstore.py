"""Events that wait for the gateway: there after a reboot until they are dropped, whole or not at all."""

import pytest

from nspkit import pendingstore
from nspkit.pendingstore import MAX_PAYLOAD, SLOTS, EventStore


@pytest.fixture
def folder(tmp_path):
    return f"{tmp_path}/"


def test_what_is_saved_is_there_until_it_is_dropped(folder):
    """An alarm that was not acknowledged before the reboot is sent after it; an acknowledged one is not."""
    store = EventStore(folder)
    assert store.load() == []
    for slot in range(SLOTS):
        assert store.save(slot, bytes([slot]) * (slot * 3))
    assert store.save(3, b"newer")
    assert store.drop(5)
    assert store.drop(5)
    kept = dict(EventStore(folder).load())
    assert kept == {slot: bytes([slot]) * (slot * 3) for slot in range(SLOTS) if slot != 5} | {3: b"newer"}


@pytest.mark.parametrize("cut", [*range(pendingstore.LENGTH), None])
def test_a_torn_record_is_not_loaded(folder, tmp_path, cut):
    """Half a record, one of another slot and one with a flipped bit are no events."""
    store = EventStore(folder)
    store.save(0, b"other")
    store.save(1, bytes(range(MAX_PAYLOAD)))
    path = tmp_path / "events" / "1"
    whole = path.read_bytes()
    assert len(whole) == pendingstore.LENGTH
    if cut is None:
        path.write_bytes((tmp_path / "events" / "0").read_bytes())
    else:
        path.write_bytes(whole[:cut])
        assert store.load() == [(0, b"other")]
        path.write_bytes(whole[:cut] + bytes([whole[cut] ^ 16]) + whole[cut + 1 :])
    assert store.load() == [(0, b"other")]


def test_what_cannot_be_kept_is_said(folder, tmp_path):
    """A flash that fails does not stop an alarm, it only makes it mortal; a wrong call is a fault of the code."""
    (tmp_path / "events").write_text("in the way")
    assert not EventStore(folder).save(0, b"alarm")
    for slot, payload in ((SLOTS, b""), (-1, b""), (0, bytes(MAX_PAYLOAD + 1))):
        with pytest.raises(ValueError, match="slots are 0-15"):
            EventStore(folder).save(slot, payload)
