"""One broker's view of the outbox: what it still has to confirm, and a wake-up when there is more."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

import structlog

from nspgateway.errors import StoreError
from nspgateway.messages import OutboxMessage
from nspgateway.store import Store

# Messages held in memory beside the store: more than are on their way at once, and a few megabytes at most.
AHEAD = 1000
# What a broker confirmed is taken out with the next transaction, or after so long in one of its own.
_TOGETHER_S = 0.05

_log = structlog.get_logger()


class Outbox:
    """The durable queue of messages for the broker with this name.

    What was just written is held in memory too, so that it need not be read again: the store alone counts
    after a restart. A store that cannot write (a full disk) must not stop the link to the broker: what was
    confirmed meanwhile is held here, and taken out when it can write again.
    """

    def __init__(self, store: Store, broker: str) -> None:
        self._store = store
        self._broker = broker
        self._new = asyncio.Event()
        self.confirmed: set[int] = set()  # by the broker, but still in the store
        self._ahead: dict[int, OutboxMessage] = {}  # the oldest that wait, by id, in order
        self._passing: dict[str, int] = {}  # topic -> id in _ahead
        self._is_whole = False  # nothing waits that is not in _ahead
        self._later: asyncio.TimerHandle | None = None
        store.watch(broker, self)

    def next_batch(self, limit: int, without: Collection[str] = ()) -> list[tuple[int, OutboxMessage]]:
        """Return the oldest undelivered messages with their ids, at most ``limit``, in order.

        Those on the topics ``without`` are passed over.
        """
        self._new.clear()
        if self.confirmed and self._later is None:
            self.flush()
        if not self._is_whole and len(self._ahead) < limit:
            self._read_ahead()
        waiting: Iterable[tuple[int, OutboxMessage]] = self._ahead.items()
        if without:
            waiting = (one for one in waiting if one[1].topic not in without)
        batch = list(islice(waiting, limit))
        if len(batch) < limit and not self._is_whole:
            return self._from_store(limit, without)
        return batch

    def delivered(self, ids: Sequence[int]) -> None:
        """Forget these messages, durably within a moment, or as soon as the store can write."""
        for number in ids:
            self._drop(number)
        self.confirmed.update(ids)
        if self._later is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                self.flush()
            else:
                self._later = loop.call_later(_TOGETHER_S, self.flush)

    def flush(self) -> None:
        """Take what was confirmed out of the store now."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        try:
            self._store.delivered(self.confirmed)
        except StoreError as error:
            _log.error("outbox not written", broker=self._broker, reason=str(error))
        else:
            self.confirmed.clear()

    def added(self, messages: Sequence[tuple[int, OutboxMessage]]) -> None:
        """Take over what a transaction wrote, and took out of the store with it."""
        self.confirmed.clear()
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if not messages:
            return
        if self._is_whole and len(self._ahead) + len(messages) <= AHEAD:
            for number, message in messages:
                self._hold(number, message)
        else:
            self._is_whole = False
        self._new.set()

    def moved(self) -> None:
        """Read again what is held: its times have changed in the store."""
        self._ahead.clear()
        self._passing.clear()
        self._is_whole = False

    async def wait_new(self) -> None:
        """Return once something was added after the last ``next_batch``."""
        await self._new.wait()

    def _hold(self, number: int, message: OutboxMessage) -> None:
        if message.passing:
            # As the store does: of these the newest will do.
            before = self._passing.get(message.topic)
            if before is not None:
                self._drop(before)
            self._passing[message.topic] = number
        self._ahead[number] = message

    def _drop(self, number: int) -> None:
        message = self._ahead.pop(number, None)
        if message is not None and self._passing.get(message.topic) == number:
            del self._passing[message.topic]

    def _read_ahead(self) -> None:
        rows = self._from_store(AHEAD, ())
        self._ahead.clear()
        self._passing.clear()
        for number, message in rows:
            self._hold(number, message)
        self._is_whole = len(rows) < AHEAD

    def _from_store(self, limit: int, without: Collection[str]) -> list[tuple[int, OutboxMessage]]:
        try:
            batch = self._store.outbox(self._broker, limit + len(self.confirmed), without)
        except StoreError as error:
            _log.error("outbox not read", broker=self._broker, reason=str(error))
            return []
        return [(number, message) for number, message in batch if number not in self.confirmed][:limit]
