"""Keeps every broker's outbox within its bounds while that broker is away, and says what was let go of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import structlog

from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig
from nspgateway.errors import StoreError
from nspgateway.store import Store

# How often it is looked at, on the wall: the bounds are for weeks.
EVERY_S = 60.0
_log = structlog.get_logger()


class OutboxKeeper:
    """``counters``: told how many messages wait for each broker, and how many were ever let go of."""

    def __init__(
        self, store: Store, brokers: Sequence[BrokerConfig], clock: Clock, counters: Counter[str]
    ) -> None:
        self._store = store
        self._brokers = tuple(brokers)
        self._clock = clock
        self._counters = counters
        self._dropping: set[str] = set()

    async def run(self) -> None:
        """Look after the outboxes until cancelled."""
        while True:
            self.look()
            await self._clock.sleep(EVERY_S)

    def look(self) -> None:
        """Let go of what is too much, and count."""
        try:
            for broker in self._brokers:
                self._trim(broker)
            dropped = self._store.outbox_dropped()
            for broker in self._brokers:
                self._counters[f"outbox_dropped_{broker.name}"] = dropped.get(broker.name, 0)
                self._counters[f"outbox_waiting_{broker.name}"] = self._store.outbox_size(broker.name)
        except StoreError as error:
            _log.error("outbox not kept within bounds", reason=str(error))

    def _trim(self, broker: BrokerConfig) -> None:
        gone = self._store.trim_outbox(broker.name, broker.keep)
        if gone and broker.name not in self._dropping:
            _log.warning(
                "outbox full, the oldest telemetry is let go of",
                broker=broker.name,
                messages=gone,
                cure="nothing is lost here: the journal has it",
            )
        waiting = self._store.outbox_size(broker.name)
        # Said once while the broker stays away, and again the next time.
        if gone:
            self._dropping.add(broker.name)
        elif waiting < broker.keep // 2:
            self._dropping.discard(broker.name)
