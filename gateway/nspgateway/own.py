"""The coordinating point's own box: who watches what of it, and what is true of it as a whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.clock_watch import ClockWatch, Kernel
from nspgateway.config import GatewayConfig
from nspgateway.errors import StoreError
from nspgateway.facts import OwnFacts
from nspgateway.ingest import Ingest
from nspgateway.store import Store
from nspgateway.timesync import BoxDate
from nspgateway.transmitter import Transmitter
from nspgateway.ups import Ups

# Gets the facts so far and the gateway's time; returns them with its own part filled in.
Part = Callable[[OwnFacts, datetime], OwnFacts]


class OwnBox:
    """Made before anything else asks what time it is. ``watch``: of the clock, None in a demo; ``ups``: or None.

    ``on_step``: called after each step of the clock, for those who keep times of their own.
    """

    def __init__(
        self,
        config: GatewayConfig,
        clock: Clock,
        store: Store,
        kernel: Kernel | None = None,
        *,
        demo: bool = False,
    ) -> None:
        self.watch = None if demo else ClockWatch(config.data, clock, store.newest(), kernel or BoxDate())
        self.ups = Ups(config.ups, clock) if config.ups else None
        self.on_step: list[Callable[[Step], None]] = []
        self._parts: list[Part] = []
        if self.watch is not None:
            self.add(self._clock_part)
        if self.ups is not None:
            self.add(self.ups.into)
            self.on_step.append(self.ups.step)

    def add(self, part: Part) -> None:
        """Let a part of the facts be filled in from now on."""
        self._parts.append(part)

    def facts(self, now: datetime) -> OwnFacts:
        """Return everything that is known of the box at ``now``."""
        facts = OwnFacts()
        for part in self._parts:
            facts = part(facts, now)
        return facts

    def attach(self, ingest: Ingest, transmitter: Transmitter) -> None:
        """Let the rules ask for our facts, kits be told no doubtful time, and all follow the clock."""
        ingest.situation.own = self.facts
        if self.watch is not None:
            watch = self.watch
            transmitter.is_clock_trusted = lambda: watch.is_trusted
            self.on_step.insert(0, ingest.step)
            if watch.is_trusted:
                ingest.believe_clock()

    @property
    def is_dated(self) -> bool:
        """True when our date is good enough to call something old by it."""
        return self.watch is None or self.watch.is_trusted

    def tick(self) -> None:
        """Let the clock follow the box's date once that can be trusted. Call about once a second."""
        step = self.watch.tick() if self.watch is not None else None
        if step is not None:
            for follow in self.on_step:
                follow(step)

    def close(self) -> None:
        """Write down what time it is."""
        if self.watch is not None:
            self.watch.save()

    def _clock_part(self, facts: OwnFacts, _now: datetime) -> OwnFacts:
        if self.watch is None:
            return facts
        return replace(facts, clock_trusted=self.watch.is_trusted, clock_off_s=self.watch.ahead_s())


def waiting(store: Store, broker: str) -> int | None:
    """Return how many messages wait for a broker; None when the store does not say."""
    with suppress(StoreError):
        return store.outbox_size(broker)
    return None
