"""One broker's view of the outbox: what it still has to confirm, and a wake-up when there is more."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import structlog

from nspgateway.errors import StoreError
from nspgateway.messages import OutboxMessage
from nspgateway.store import Store

_log = structlog.get_logger()


class Outbox:
    """The durable queue of messages for the broker with this name.

    A store that cannot write (a full disk) must not stop the link to the broker:
    what was confirmed meanwhile is held here, and taken out when it can write again.
    """

    def __init__(self, store: Store, broker: str) -> None:
        self._store = store
        self._broker = broker
        self._new = asyncio.Event()
        self._confirmed: set[int] = set()  # by the broker, but still in the store

    def next_batch(self, limit: int, without: Collection[str] = ()) -> list[tuple[int, OutboxMessage]]:
        """Return the oldest undelivered messages with their ids, at most ``limit``, in order.

        Those on the topics ``without`` are passed over.
        """
        self._new.clear()
        if self._confirmed:
            self.delivered(())
        try:
            batch = self._store.outbox(self._broker, limit + len(self._confirmed), without)
        except StoreError as error:
            _log.error("outbox not read", broker=self._broker, reason=str(error))
            return []
        return [(number, message) for number, message in batch if number not in self._confirmed][:limit]

    def delivered(self, ids: Sequence[int]) -> None:
        """Forget these messages, durably as soon as the store can write."""
        self._confirmed.update(ids)
        try:
            self._store.delivered(self._confirmed)
        except StoreError as error:
            _log.error("outbox not written", broker=self._broker, reason=str(error))
        else:
            self._confirmed.clear()

    async def wait_new(self) -> None:
        """Return once ``wake`` was called after the last ``next_batch``."""
        await self._new.wait()

    def wake(self) -> None:
        """Say that something was added."""
        self._new.set()
