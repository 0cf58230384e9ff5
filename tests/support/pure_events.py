"""Checks of what a kit takes from the gateway and of the events it keeps, in the dialect of every interpreter.

Run by test_pure.py as pure_kit.py is.
"""

import pure_kit
import small_aes
from nspkit import outbound
from nspkit.downlink import Downlink
from nsplink import frame, message, seal
from nsplink.fields import ALARMS

CP = 1023
KIT = CP << 6 | 63  # the highest address: its bits must not be taken for a sign
KEY = bytes(range(16))
GROUP = bytes(range(16, 32))
HIGH = (1 << 32) - 64  # counters and boots near the end of 32 bits
LOST = 1 << ALARMS.index("power_lost")


def check() -> list:
    """Names of the checks that fail."""
    return pure_kit.failures(CHECKS)


def cipher():
    """AES of this interpreter, or one that is handed in where it has none."""
    try:
        seal.block_cipher(KEY)
    except RuntimeError:
        return small_aes.cipher
    return seal.block_cipher


class Store:
    """Slots in memory, with the interface of pendingstore.EventStore; while ``full``, nothing can be written."""

    def __init__(self) -> None:
        self.slots: dict = {}
        self.full = False

    def load(self) -> list:
        return [(slot, self.slots[slot]) for slot in sorted(self.slots)]

    def save(self, slot: int, payload: bytes) -> bool:
        if self.full:
            return False
        self.slots[slot] = bytes(payload)
        return True

    def drop(self, slot: int) -> bool:
        self.slots.pop(slot, None)
        return True


# Downlink


def _sealed(kind: str, values: dict, counter: int, **more) -> bytes:
    wide, gateway, address = more.get("wide", True), more.get("gateway", 200), more.get("address", KIT)
    header = frame.Header(frame.DOWN, kind, address, more.get("parity", 1), False, wide, counter)
    key = seal.DownlinkKey(more.get("key", KEY), gateway, cipher())
    return key.seal(header, message.encode(kind, values), more.get("epoch", HIGH))


def _kit() -> Downlink:
    made = cipher()
    own = ((200, seal.DownlinkKey(KEY, 200, made)), (7, seal.DownlinkKey(KEY, 7, made)))
    return Downlink(KIT, 1, own, ((200, seal.DownlinkKey(GROUP, 200, made)),))


ACK_OF = {"acked": HIGH + 9, "utc_min": 65_534}


def downlinks() -> bool:
    """One acknowledgement, at the highest counters there are: opened once, by its counter in full or in short."""
    kit = _kit()
    short = _sealed("ack", ACK_OF, HIGH - 1, wide=False)
    if kit.open(short, HIGH) is not None:  # before a first frame with its counter in full
        return False
    opened = kit.open(_sealed("ack", ACK_OF, HIGH - 2), HIGH)
    again = kit.open(_sealed("ack", ACK_OF, HIGH - 2), HIGH)
    narrow = kit.open(short, HIGH)
    return (
        opened is not None
        and opened[1] == ACK_OF
        and opened[0].counter == HIGH - 2
        and again is None
        and narrow is not None
        and narrow[0].counter == HIGH - 1
        and kit.refused == {"BadTag": 1, "Replayed": 1}
    )


def refused_downlinks() -> bool:
    """Not ours, not this boot's, not this gateway's, not this key's, changed, old, or the group's: refused."""
    kit = _kit()
    if kit.open(_sealed("ack", ACK_OF, 70_000), HIGH) is None:
        return False
    whole = _sealed("ack", ACK_OF, 70_001)
    for at in (3, 7, 10, len(whole) - 1):  # a few: the 32-bit VM must end before it collects its garbage
        changed = bytearray(whole)
        changed[at] ^= 1 << at % 4
        if kit.open(bytes(changed), HIGH) is not None:
            return False
    wrong = (
        _sealed("ack", ACK_OF, 70_001, epoch=HIGH - 64),
        _sealed("ack", ACK_OF, 70_001, gateway=201),
        _sealed("ack", ACK_OF, 70_001, key=GROUP),
        _sealed("ack", ACK_OF, 70_001, parity=0),
        _sealed("ack", ACK_OF, 70_001, address=KIT - 1),
        _sealed("ack", ACK_OF, 70_000),
        _sealed("ack", ACK_OF, 4464, wide=False),
        _sealed("ack", ACK_OF, 1, address=CP << 6, key=GROUP, epoch=0),
        _sealed("command", {"command": "ping"}, 1, address=CP << 6, key=GROUP, epoch=0),
        _sealed("hello", {"gateway_id": 200}, 70_001),
        b"",
        whole[:7],
    )
    good = [kit.open(data, HIGH) for data in wrong] == [None] * len(wrong) and kit.open(whole, None) is None
    hello = kit.open(_sealed("hello", {"gateway_id": 200}, 1, address=CP << 6, key=GROUP, epoch=0), HIGH)
    return good and hello is not None and kit.open(whole, HIGH) is not None


# Events


def _events(store: Store):
    events = outbound.AlarmEvents(store, lambda _line: None)
    return events, events.restored(2000)


def _sent(events, item, counter: int, now: int = 0) -> dict:
    values = events.values(item, counter, now)
    item.tries += 1
    events.tried(item)
    return values


def events_over_a_reboot() -> bool:
    """An alarm and a call that nobody answered are the same events after it; what arrived is not there."""
    store = Store()
    events, _ = _events(store)
    items = events.note(LOST, 1000)
    items.append(events.help("security", "made", b"hier", 2000, None))
    names = [_sent(events, item, HIGH + at, 61_000) for at, item in enumerate(items)]
    events.write(items)
    _, again = _events(store)
    later = [events.values(item, 5, 9000) for item in again]
    for item in items:
        events.arrived(item)
    events.write([])
    events, none = _events(store)
    return (
        [(one["event_boot"], one["event_n"]) for one in names]
        == [(HIGH // 64 % 65535, 0), (HIGH // 64 % 65535, 1)]
        and [one["age_s"] for one in names] == [60, 59]
        and sorted([(one["event_boot"], one["event_n"]) for one in later])
        == [(one["event_boot"], one["event_n"]) for one in names]
        and [one["age_s"] for one in later] == [None, None]
        and [one["text"] for one in later if "text" in one] == [b"hier"]
        and none == []
        and events.told == LOST
        and events.note(LOST, 0) == []
        and [item.kind for item in events.note(0, 10_000)] == ["clear"]
    )


def events_that_were_never_sent() -> bool:
    """Flash never says of an alarm that it was told before it was, nor of an end."""
    store = Store()
    events, _ = _events(store)
    raised = events.note(LOST, 0)
    events.write(raised)
    events, _ = _events(store)
    if events.told:
        return False
    raised = events.note(LOST, 0)
    _sent(events, raised[0], 1)
    events.arrived(raised[0])
    events.write([])
    ended = events.note(0, 1000)
    events.write(ended)
    events, restored = _events(store)
    return events.told == LOST and restored == []


def event_names() -> bool:
    """Three hundred events of a boot, and one that waited through them all, have a name each."""
    events, _ = _events(Store())
    waited = events.help("police", "made", b"", 0, None)
    names = set()
    for counter in range(300):
        values = events.values(events.help("police", "made", b"", 0, None), 640 + counter, 0)
        names.add((values["event_boot"], values["event_n"]))
        message.encode("help", values)
    values = events.values(waited, 940, 0)
    names.add((values["event_boot"], values["event_n"]))
    return len(names) == 301


def flash_that_fails() -> bool:
    """What flash does not take goes on in memory."""
    store = Store()
    store.full = True
    events, _ = _events(store)
    items = events.note(LOST, 0)
    _sent(events, items[0], 1)
    events.write(items)
    store.full = False
    _sent(events, items[0], 2)
    events.write(items)
    return sorted(store.slots) == [0, 15] and store.slots[15] == bytes((LOST >> 8, LOST & 0xFF))


CHECKS = (
    ("downlinks", downlinks),
    ("refused downlinks", refused_downlinks),
    ("events over a reboot", events_over_a_reboot),
    ("events that were never sent", events_that_were_never_sent),
    ("event names", event_names),
    ("flash that fails", flash_that_fails),
)
