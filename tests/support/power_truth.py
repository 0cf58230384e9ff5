"""What the world saw of a kit whose power was cut again and again, and what its flash must therefore hold."""

from collections import Counter

from nspkit.journal import FILES, RECORDS

HOUR_MS = 3_600_000
LIMIT_US = 36_000_000
RING_KEEPS = (FILES - 1) * RECORDS


class PowerTruth:
    """Reads the lines of one boot after another (power_cut_kit.py); a broken promise is an AssertionError."""

    def __init__(self):
        self.used = -1  # newest counter
        self.sent = []  # (real ms, us on the air)
        self.boot_ms = self.now_ms = 0  # real time
        self.added = {}  # counter of a heartbeat -> boot epoch
        self.batch = []  # added, not yet said to be flushed
        self.flushed = []
        self.arrived = set()
        self.settled_below = 0  # known to the journal when it last wrote
        self.events = {}  # slot -> what may be there; None: nothing
        self.found_waiting = []
        self.found_events = {}
        self.most_waiting = 0
        self.looked = False
        self.last_words = Counter()  # what was under way when a boot ended

    def boot(self, lines, off_ms):
        """Judge one boot, after which the power stays away for ``off_ms``."""
        self.last_words[lines[-1].split()[0]] += 1
        self.boot_ms = self.now_ms
        self.found_waiting, self.found_events, self.looked = [], {}, False
        for line in lines:
            verb, *words = line.split()
            getattr(self, "on_" + verb)(*words)
        self.now_ms += off_ms

    def on_spent(self, us):
        truth = sum(air for at, air in self.sent if at > self.now_ms - HOUR_MS)
        assert truth <= int(us) <= LIMIT_US, f"the kit believes in {us} us on the air, there were {truth}"

    def on_event(self, slot, payload):
        self.found_events[int(slot)] = payload

    def on_waits(self, counter, epoch):
        assert self.added.get(int(counter)) == int(epoch), f"heartbeat {counter} of boot {epoch} never was"
        self.found_waiting.append(int(counter))

    def on_mixture(self, counter, _epoch):
        raise AssertionError(f"heartbeat {counter} is not as it was sent")

    def on_up(self):
        """All that is there has been told."""
        for slot in range(16):
            found, allowed = self.found_events.get(slot), self.events.get(slot, {None})
            assert found in allowed, f"event {slot} is {found!r}, not one of {allowed}"
            self.events[slot] = {found}
        self.batch = []  # what was being written when the power went is there or not

    def on_looked(self, unsettled):
        """All heartbeats that wait have been told."""
        waits = self.found_waiting
        assert len(waits) == int(unsettled)
        assert waits == sorted(set(waits)), "heartbeats out of order"
        must = set(self.flushed[-RING_KEEPS:]) - self.arrived
        assert must <= set(waits), f"heartbeats {sorted(must - set(waits))} were flushed and are gone"
        assert not waits or waits[0] >= self.settled_below, "what had arrived for certain is offered again"
        self.most_waiting = max(self.most_waiting, len(waits))
        self.arrived -= set(waits)
        self.flushed = list(waits)
        self.looked = True

    def on_reserve(self):
        """The counter store is about to write; these three only tell where a cut fell."""

    on_book = on_flush = on_reserve

    def on_used(self, counter):
        assert int(counter) > self.used, f"counter {counter} after {self.used}"
        self.used = int(counter)

    def on_now(self, now_ms):
        self.now_ms = self.boot_ms + int(now_ms)

    def on_sent(self, now_ms, us):
        self.on_now(now_ms)
        self.sent.append((self.now_ms, int(us)))

    def on_added(self, counter, epoch):
        self.added[int(counter)] = int(epoch)
        self.batch.append(int(counter))

    def on_flushed(self):
        self.flushed += [counter for counter in self.batch if counter not in self.arrived]
        if self.looked:  # else the kit may offer more again than is known here
            self.settled_below = next(counter for counter in self.flushed if counter not in self.arrived)
        self.batch = []

    def on_arrived(self, *counters):
        self.arrived |= {int(counter) for counter in counters}

    def on_save(self, slot, payload):
        self.events[int(slot)] = self.events.get(int(slot), {None}) | {payload}

    def on_saved(self, slot, payload):
        self.events[int(slot)] = {payload}

    def on_drop(self, slot):
        self.events[int(slot)] = self.events.get(int(slot), {None}) | {None}

    def on_dropped(self, slot):
        self.events[int(slot)] = {None}
