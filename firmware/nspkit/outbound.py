"""Events of the top rank: alarms that begin and end, calls for help. What must outlive a reboot is on flash.

An event is [boot, n, cause], boot and n None until it is first sent: named by the
kit's boot and a number in it, so that the gateway knows it again however often it
is sent. Its raise and its clear share the name, and so do a call for help, what is
typed of it and its withdrawal. The cause of a call becomes the mark ("made",
"withdrawn") that last arrived; a call has a fourth element, the number by which its
records on flash belong together, named or not.
"""

from nspkit.delivery import TOP, Item
from nspkit.persist import BLOCK
from nsplink.fields import ALARMS, HELP_KINDS, HELP_MARKS

_REALARM_MS = 300_000  # between, a cause that flaps is told by the bits of every heartbeat
_EVENTS = 255
_CALLS = 127  # numbers of calls, in seven bits of a record on flash
_KINDS = ("alarm", "clear", "help")
_STATE_SLOT = 15  # of the record that says which alarms the gateway has been told of
_HEAD = 7
ARRIVED = "arrived"  # what the cause of a report's event becomes


class AlarmEvents:
    """Makes and keeps the items. ``store``: pendingstore.EventStore."""

    def __init__(self, store, log) -> None:
        self._store = store
        self._log = log
        self._boot: int | None = None  # part of an event's name: block number of the boot epoch
        self._n = 0
        self._call = 0  # number of the last call, 1 to _CALLS
        self._last: dict = {}  # cause -> (event or None, active, ms of its raise)
        self._dirty = False
        self._used: set = set()  # slots that hold something
        self._kept = 0  # ``told`` as flash has it
        self._gone: list = []  # slots to free
        self._unnamed: list = []  # items on flash whose event had no boot yet
        self.told = 0  # bits that the gateway was told of and not told the end of, across reboots

    def restored(self, due_ms: int) -> list:
        """The items of an earlier boot that had not arrived; how old they are nobody knows. Fills ``told``."""
        items = []
        events: dict = {}  # number of a call -> its event, which several records share
        for slot, data in self._store.load():
            self._used.add(slot)
            if slot == _STATE_SLOT:
                self.told = self._kept = data[0] << 8 | data[1]
                continue
            item = _unpacked(data, due_ms)
            if item is None:
                self._gone.append(slot)
                continue
            item.slot = slot
            if item.values["event"][0] is None:
                # Kept before it had a name: it gets that of its call, or one of this boot.
                self._unnamed.append(item)
                self._dirty = True
            if item.kind == "help":
                self._share(item, events)
            items.append(item)
        items.sort(key=_raise_first)
        events = {}
        for item in items:
            self.order(item, items)
            if "alarm" in item.values:  # a cut between two records must not have it told twice
                self._mark(ALARMS.index(item.values["alarm"]), item.kind == "alarm")
                events[item.values["alarm"]] = item.values["event"]
        for bit, cause in enumerate(ALARMS):
            if self.told >> bit & 1:
                self._last[cause] = (events.get(cause), True, -_REALARM_MS)
        return items

    def note(self, bits: int, now: int) -> list:
        """Items for each cause that is not as it was last told."""
        items = []
        for bit, cause in enumerate(ALARMS):
            active = bool(bits >> bit & 1)
            last = self._last.get(cause)
            if active == (last is not None and last[1]):
                continue
            if not active:
                event, _, raised_ms = self._last[cause]
                event = event or [None, None, cause]
                self._last[cause] = (event, False, raised_ms)
                items.append(Item(TOP, "clear", {"event": event, "alarm": cause}, now, "clear " + cause))
            elif last is None or cause == "alarm_test" or now - last[2] >= _REALARM_MS:
                event = [None, None, cause]
                self._last[cause] = (event, True, now)
                items.append(Item(TOP, "alarm", {"event": event, "alarm": cause}, now, "alarm " + cause))
            else:
                continue
            self._mark(bit, active)
        return items

    def _share(self, item: Item, events: dict) -> None:
        """Let the records of one call have one event; the name that one of them has is that of all."""
        event = item.values["event"]
        if not event[3]:
            return
        self._call = max(self._call, event[3])
        shared = events.setdefault(event[3], event)
        if shared[0] is None:
            shared[0], shared[1] = event[0], event[1]
        item.values["event"] = shared

    def help(self, kind: str, mark: str, text: bytes, now: int, event: list | None, exercise: bool = False) -> Item:
        """The item of a call for help; no other item ever takes its place. ``exercise``: it is only practised."""
        if event is None:
            self._call = self._call % _CALLS + 1
            event = [None, None, "help", self._call]
        self._dirty = True
        item = Item(TOP, "help", {"event": event, "help_kind": kind, "help_mark": mark, "text": text}, now)
        item.exercise = exercise
        return item

    def values(self, item: Item, counter: int, now: int) -> dict:
        """What the frame with this counter says of the item. A new event gets its name here, from the counter's block."""
        values = dict(item.values)
        event = values["event"]
        if event[0] is None:
            if self._boot is None or self._n == _EVENTS:
                self._boot, self._n = counter // BLOCK % 65535, 0
            event[0], event[1] = self._boot, self._n
            self._n += 1
        values["event_boot"], values["event_n"] = event[0], event[1]
        values["age_s"] = None if item.born_ms is None else min(max(now - item.born_ms, 0) // 1000, 86400)
        return values

    def is_of_now(self, boot: int) -> bool:
        """Whether events of this boot have this in their name."""
        return boot == self._boot

    def order(self, item: Item, items: list) -> None:
        """A clear waits until its raise has arrived: in the other order it would end nothing."""
        if item.kind == "clear":
            for other in items:
                if other.kind == "alarm" and other.values["alarm"] == item.values["alarm"]:
                    item.after = other

    def arrived(self, item: Item) -> None:
        """The gateway has it: flash need not hold it any longer, and the event of a call or report says so."""
        if item.kind == "help" and item.values["help_mark"] != "details":
            item.values["event"][2] = item.values["help_mark"]
        elif item.kind == "report":
            item.values["event"][2] = ARRIVED
        self.free(item)

    def replaced(self, item: Item) -> None:
        """A newer item took its place."""
        if item.kind == "help":
            self._log("a call for help found no room")
        self.free(item)

    def tried(self, item: Item) -> None:
        """Sent and not yet acknowledged: from now on flash has to hold it."""
        if item.kind in _KINDS and (item.slot is None or item in self._unnamed):
            self._dirty = True

    def will_write(self) -> bool:
        """Whether something has to be written."""
        return self._dirty or bool(self._gone)

    def write(self, items: list) -> None:
        """Bring flash up to date. A failing flash costs what a reboot would find, nothing else."""
        self._dirty = False
        while self._gone:
            slot = self._gone.pop()
            self._store.drop(slot)
            self._used.discard(slot)
        for item in items:
            if item.kind not in _KINDS:
                continue
            named = item.values["event"][0] is not None
            if (item.slot is None and (item.tries or item.kind == "help")) or (named and item in self._unnamed):
                item.slot = self._save(_packed(item), item.slot)
                if item in self._unnamed:
                    self._unnamed.remove(item)
                if not named:
                    self._unnamed.append(item)
        told = self.told
        for item in items:
            if item.kind in ("alarm", "clear") and item.slot is None:
                # A reboot would find nothing of it, so it must find that it is still to be told.
                told ^= 1 << ALARMS.index(item.values["alarm"])
        if told != self._kept and self._save(bytes((told >> 8, told & 0xFF)), _STATE_SLOT) is not None:
            self._kept = told

    def _save(self, data: bytes, slot: int | None) -> int | None:
        """Slot that holds it now, None when there is none or flash did not take it."""
        if slot is None:
            free = [one for one in range(_STATE_SLOT) if one not in self._used]
            if not free:
                return None
            slot = free[0]
        if not self._store.save(slot, data):
            self._log("event not kept: flash full or failing")
            return None
        self._used.add(slot)
        return slot

    def free(self, item: Item) -> None:
        """Nobody needs it any more: flash lets go of it."""
        if item in self._unnamed:
            self._unnamed.remove(item)
        if item.slot is not None:
            self._gone.append(item.slot)
            item.slot = None

    def _mark(self, bit: int, active: bool) -> None:
        self.told = self.told | 1 << bit if active else self.told & ~(1 << bit)


def overtakes(item: Item, other: Item) -> bool:
    """Whether the beginning of an alarm makes the end of the one before, not yet told, false."""
    return item.kind == "alarm" and other.kind == "clear" and other.values["alarm"] == item.values["alarm"]


def _raise_first(item: Item) -> bool:
    return item.kind == "clear"


def _packed(item: Item) -> bytes:
    values = item.values
    event = values["event"]
    what = (ALARMS.index(values["alarm"]), 0, 0) if item.kind != "help" else (
        HELP_KINDS.index(values["help_kind"]), HELP_MARKS.index(values["help_mark"]), event[3] << 1 | bool(item.exercise)
    )
    boot, n = (65535, 0) if event[0] is None else (event[0], event[1])
    return bytes((_KINDS.index(item.kind), boot >> 8, boot & 0xFF, n) + what) + values.get("text", b"")


def _unpacked(data: bytes, due_ms: int) -> Item | None:
    if len(data) < _HEAD or data[0] >= len(_KINDS):
        return None
    kind = _KINDS[data[0]]
    boot = data[1] << 8 | data[2]
    values: dict = {"event": [None, None, ""] if boot == 65535 else [boot, data[3], ""]}
    try:
        if kind == "help":
            values["event"].append(data[6] >> 1)
            values["help_kind"], values["help_mark"] = HELP_KINDS[data[4]], HELP_MARKS[data[5]]
            values["text"] = data[_HEAD:]
        else:
            values["alarm"] = ALARMS[data[4]]
    except IndexError:
        return None
    item = Item(TOP, kind, values, due_ms, "" if kind == "help" else kind + " " + values["alarm"])
    item.born_ms = None
    if kind == "help":
        item.exercise = bool(data[6] & 1)
    return item
