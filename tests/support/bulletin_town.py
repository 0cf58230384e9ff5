"""One kit and its gateway, with messages to residents between them, in virtual time and with loss."""

import random

from nspgateway import bulletin
from nspkit.bulletins import Bulletins
from nsplink import message
from pure_remote import MINUTE, Flash


def on_air(kind, values):
    """The values as they come out of a frame."""
    return message.decode(kind, message.encode(kind, values))


class Town:
    """One kit and its gateway, with a loss that is drawn, in virtual time."""

    def __init__(self, seed=0, loss_percent=0, flash=None):
        self.rng = random.Random(seed)
        self.loss_percent = loss_percent
        self.flash = flash or Flash()
        self.now = 0
        self.kit = self.boot()
        self.receipts = []
        self.shown = []
        self.forge = lambda: None  # called before each fragment of the gateway

    def boot(self):
        self.kit = Bulletins(self.flash, self.rng.randrange, self.now)
        return self.kit

    def fragment(self, values):
        """A fragment on the air, whoever sent it."""
        if self.rng.randrange(100) >= self.loss_percent:
            self.kit.fragment(on_air("fragment", values), self.now)
        if self.kit.shown() is not None and (not self.shown or self.kit.shown() != self.shown[-1]):
            self.shown.append(self.kit.shown())

    def broadcast(self, number, revision, text, indexes=None):
        parts = bulletin.fragments(number, revision, text)
        for index in range(len(parts)) if indexes is None else indexes:
            self.forge()
            self.now += 700
            self.fragment(parts[index])

    def release(self, number, revision, text, **others):
        return self.kit.release(
            on_air("release", bulletin.release(number, revision, text, **others)), self.now
        )

    def told(self):
        """The kit's receipt within the minute over which a town's kits spread, None when it has none."""
        self.now += MINUTE
        return self.kit.due(self.now)

    def repair(self, number, revision, text, until_ms):
        """Repeat what the kit asks for, until it is silent or the time has come; times of its requests."""
        asked = []
        while self.now < until_ms and (self.kit.shown() or ("", 0))[:2] != (number, revision):
            self.now += 1000
            values = self.kit.due(self.now)
            if values is None:
                continue
            values = on_air("receipt", values)
            self.receipts.append(values)
            if values["receipt_stage"] in {"incomplete", "mismatch"}:
                asked.append(self.now)
            if bulletin.is_forged(values):
                for part in bulletin.part_releases(number, revision, text):
                    assert self.kit.release(on_air("release", part), self.now) == "done"
            self.broadcast(number, revision, text, bulletin.to_repeat(number, revision, len(text), [values]))
        return asked
