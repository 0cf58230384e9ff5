"""A kit's use of its flash, for the VM: counters, lawful hour, heartbeats and events together.

Loaded by the twin's cutflash.py. Says each thing that the world outside would see, or that the kit
from then on counts on, after it happened; a power cut falls anywhere between. power_truth.py judges.
"""

import random
import sys

from nspkit import journal
from nspkit.budget import Budget
from nspkit.journal import Journal
from nspkit.pendingstore import SLOTS, EventStore
from nspkit.persist import CounterStore

KEY = bytes(range(16))
LIMIT_US = 36_000_000
MINUTE_MS = 60_000
STEPS = 400
NEVER = 1 << 31


def say(*words):
    """One line in one piece: a write for each word would take longer than the flash."""
    sys.stdout.write(" ".join([str(word) for word in words]) + "\n")


def vital(counter):
    return counter.to_bytes(7, "big")


class FlashUse:
    """``wrong``: which of the four is done in the wrong order, so that the judge has something to find."""

    def __init__(self, wrong):
        self.wrong = wrong
        self.counters = CounterStore("", 1, KEY)
        self.hour = Budget("", LIMIT_US)
        self.ring = Journal("")
        self.events = EventStore("")
        self.now_ms = 0

    def tell_what_is_there(self, look):
        self.hour.admits(0, 0)
        say("spent", self.hour.ledger.spent_us(0))
        for slot, payload in self.events.load():
            say("event", slot, payload.decode())
        if look:
            for number in self.ring._numbers():
                for entry in self.ring._waiting(number, journal.RECORDS):
                    good = entry[2] == entry[0] * 3 and entry[3] == vital(entry[0])
                    say("waits" if good else "mixture", entry[0], entry[1])
            say("looked", self.ring.unsettled())
        say("up")

    def send(self, top):
        """One frame: its counter, or None when the hour has no room."""
        air_us = random.randrange(100_000, 400_000)
        if not self.hour.admits(self.now_ms, air_us, top):
            self.now_ms += 10 * MINUTE_MS
            say("now", self.now_ms)
            return None
        if self.wrong == "counter":
            say("used", self.counters._next)
        if self.counters.will_write():
            say("reserve")
        counter = self.counters.next()
        if self.wrong == "hour":
            say("sent", self.now_ms, air_us)
        if self.hour.will_write(self.now_ms, air_us, top):
            say("book")
        self.hour.spend(self.now_ms, air_us, top)
        say("used", counter)
        say("sent", self.now_ms, air_us)
        return counter

    def heartbeat(self):
        counter = self.send(False)
        if counter is None:
            return
        self.ring.add(counter, self.counters.epoch, counter * 3, vital(counter))
        say("added", counter, self.counters.epoch)
        if self.ring.will_write():
            if self.wrong == "journal":
                say("flushed")
            say("flush")
            assert self.ring.flush()
            say("flushed")

    def event(self):
        slot = random.randrange(SLOTS)
        if random.getrandbits(1):
            payload = "%d-%s" % (self.counters._next, "x" * random.randrange(40))
            if self.wrong == "event":
                self.events.drop(slot)
            say("save", slot, payload)
            assert self.events.save(slot, payload.encode())
            say("saved", slot, payload)
        else:
            say("drop", slot)
            assert self.events.drop(slot)
            say("dropped", slot)

    def arrive(self):
        for _ in range(4):
            batch = self.ring.take(64, NEVER)
            told = [entry[0] for entry in batch if random.getrandbits(3)]
            say("arrived", *told)
            self.ring.settle_many(told)

    def step(self):
        dice = random.randrange(20)
        self.now_ms += 1000
        if dice < 14:
            self.heartbeat()
        elif dice < 17:
            self.send(True)
        elif dice < 19:
            self.event()
        else:
            self.arrive()


def run(seed, look, mode, wrong):
    """One boot. ``look``: read all of the journal.

    ``mode``: "silent" = the gateway is away, nothing is told as arrived; "few" = no heartbeats, so
    that small records see their share of the cuts.
    """
    kit = FlashUse(wrong)
    kit.tell_what_is_there(int(look))
    random.seed(int(seed))
    if mode == "silent":
        kit.arrive = kit.heartbeat
    elif mode == "few":
        kit.heartbeat = lambda: kit.send(False)
        kit.arrive = kit.event
    for _ in range(STEPS):
        kit.step()
