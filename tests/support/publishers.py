"""A running publisher with an outbox to fill, for tests of MQTT."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig
from nspgateway.messages import OutboxMessage
from nspgateway.mqtt import Publisher
from nspgateway.outbox import Outbox as StoreOutbox
from nspgateway.records import Changes
from nspgateway.store import Store
from patience import PATIENCE_S


class ListOutbox:
    """The smallest outbox that keeps the contract, in memory."""

    def __init__(self) -> None:
        self.waiting: dict[int, OutboxMessage] = {}
        self._given = 0
        self._new = asyncio.Event()

    def put(self, *messages: OutboxMessage) -> None:
        for message in messages:
            self._given += 1
            self.waiting[self._given] = message
        self._new.set()

    def size(self) -> int:
        return len(self.waiting)

    def next_batch(self, limit: int, without: Collection[str] = ()) -> list[tuple[int, OutboxMessage]]:
        self._new.clear()
        return [(n, m) for n, m in sorted(self.waiting.items()) if m.topic not in without][:limit]

    def delivered(self, ids: Sequence[int]) -> None:
        for number in ids:
            del self.waiting[number]

    def flush(self) -> None:
        pass  # what was delivered is gone at once

    async def wait_new(self) -> None:
        await self._new.wait()


class DurableOutbox(StoreOutbox):
    """The gateway's own, in SQLite on disk."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, "test")
        self._store = store

    def put(self, *messages: OutboxMessage) -> None:
        self._store.commit(Changes(at=messages[0].created, messages=messages))

    def size(self) -> int:
        return self._store.outbox_size()


AnyOutbox = ListOutbox | DurableOutbox


def config(port: int, **more: Any) -> BrokerConfig:
    return BrokerConfig(name="test", host="127.0.0.1", port=port, **more)


def message(topic: str, body: Any = None, *, created: datetime | None = None, **more: Any) -> OutboxMessage:
    options = {"retain": False, "expiry_s": None, **more}
    created = created or datetime.now(UTC)
    return OutboxMessage(f"nsp/v1/rijnmond/{topic}", json.dumps(body).encode(), created=created, **options)


@asynccontextmanager
async def publishing(broker: BrokerConfig, outbox: AnyOutbox, **more: Any) -> AsyncIterator[Publisher]:
    """Run a publisher with short delays; at the end it is cancelled, and must end by that."""
    clock = more.pop("clock", None) or Clock()
    options = {"ack_timeout_s": PATIENCE_S, "first_delay_s": 0.02, "longest_delay_s": 0.1, **more}
    publisher = Publisher(broker, outbox, clock, region="rijnmond", cp="brandweer", **options)
    task = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE_S)
        assert task.cancelled()
        assert publisher.state == "offline"
