import pytest

from nspkit.outbound import AlarmEvents
from nspkit.pendingstore import EventStore
from nsplink.fields import ALARMS

BIT = 1 << ALARMS.index("power_lost")


@pytest.fixture
def boot(tmp_path):
    """A function that starts the kit's events anew: (events, items that flash still held)."""

    def start():
        events = AlarmEvents(EventStore(f"{tmp_path}/"), lambda _: None)
        return events, events.restored(2000)

    return start


def test_an_alarm_that_never_left_is_raised_again_after_a_reboot(boot):
    """Flash must not say that the gateway was told of an alarm while the radio took no frame of it."""
    events, _ = boot()
    items = events.note(BIT, 60_000)
    items.append(events.help("ambulance", "made", b"", 61_000, None))  # it makes flash be written
    assert events.will_write()
    events.write(items)
    events, restored = boot()
    assert [item.kind for item in restored] == ["help"]
    assert events.told == 0
    assert [item.kind for item in events.note(BIT, 60_000)] == ["alarm"]


def test_an_alarm_that_left_is_kept_until_it_has_arrived_and_its_end_is_told(boot):
    """What was sent is on flash with what was told of it; after its ack a reboot still owes the end."""
    events, _ = boot()
    [item] = events.note(BIT, 60_000)
    events.values(item, 64, 60_000)
    item.tries = 1
    events.tried(item)
    events.write([item])
    events, [item] = boot()
    assert (item.kind, events.told) == ("alarm", BIT)
    events.arrived(item)
    events.write([])
    events, restored = boot()
    assert not restored
    assert events.told == BIT
    assert [item.kind for item in events.note(0, 60_000)] == ["clear"]
