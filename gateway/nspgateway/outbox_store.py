"""The part of the store that is the brokers' outbox: what each of them has not confirmed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from nspgateway.clock_step import Step
from nspgateway.database import as_text
from nspgateway.messages import OutboxMessage
from nspgateway.people_store import PeopleStore

_PUT_MESSAGE = """
    INSERT INTO outbox (id, broker, topic, payload, expiry_s, created, retain, passing)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_DELIVERED = "DELETE FROM outbox WHERE id = ?"
_DROP_PASSED = "DELETE FROM outbox WHERE broker = ? AND topic = ? AND passing = 1"
_OUTBOX = """
    SELECT id, topic, payload, retain, expiry_s, created, passing FROM outbox
    WHERE broker = ? AND topic NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?"""
DROP_BROKERS = "DELETE FROM outbox WHERE broker NOT IN (SELECT value FROM json_each(?))"


class Waiting(Protocol):
    """Who holds a broker's messages in memory too."""

    @property
    def confirmed(self) -> Collection[int]:
        """Ids of messages that can be taken out."""
        ...

    def moved(self) -> None:
        """Hear that the times of messages have changed in the store."""
        ...

    def added(self, messages: Sequence[tuple[int, OutboxMessage]]) -> None:
        """Hear of what a transaction added; ``confirmed`` is out of the store with it."""
        ...


class OutboxStore(PeopleStore):
    """The queue of each broker. ``brokers``: names of those that every message is kept for."""

    def __init__(self, path: Path, brokers: Sequence[str], schema: Path, *, beside: bool = False) -> None:
        super().__init__(path, schema, beside=beside)
        self._brokers = tuple(brokers)
        self._outboxes: dict[str, Waiting] = {}
        self._last_id: int | None = None

    def watch(self, broker: str, outbox: Waiting) -> None:
        """Let this one hear of every message for a broker, and be asked for those it has confirmed."""
        self._outboxes[broker] = outbox

    def outbox(
        self, broker: str, limit: int = 100, without: Collection[str] = ()
    ) -> list[tuple[int, OutboxMessage]]:
        """Return the oldest messages, with their ids, that this broker has not confirmed.

        Those on the topics ``without`` are passed over.
        """
        rows = self._rows(_OUTBOX, broker, json.dumps(list(without)), limit)
        return [
            (
                number,
                OutboxMessage(
                    topic, payload.encode(), bool(retain), expiry, datetime.fromisoformat(at), bool(passing)
                ),
            )
            for number, topic, payload, retain, expiry, at, passing in rows
        ]

    def move_outbox(self, step: Step) -> None:
        """Let messages made since the start keep their age when the clock steps; what they say stays."""
        since, until = as_text(step.since), as_text(step.at)
        rows = self._rows("SELECT id, created FROM outbox WHERE created BETWEEN ? AND ?", since, until)
        with self._transaction() as db:
            db.executemany(
                "UPDATE outbox SET created = ? WHERE id = ?",
                [(as_text(datetime.fromisoformat(made) + step.delta), number) for number, made in rows],
            )
        for outbox in self._outboxes.values():
            outbox.moved()

    def outbox_size(self, broker: str | None = None) -> int:
        """Return how many messages wait for a broker; None = for any."""
        sql = "SELECT count(*) FROM outbox WHERE broker = coalesce(?, broker)"
        return int(self._rows(sql, broker)[0][0])

    def delivered(self, ids: Iterable[int]) -> None:
        """Take messages out that their broker has confirmed; unknown ids are no error."""
        with self._transaction() as db:
            db.executemany(_DELIVERED, [(number,) for number in ids])

    def _queue(
        self, db: sqlite3.Connection, messages: Sequence[OutboxMessage]
    ) -> Mapping[str, list[tuple[int, OutboxMessage]]]:
        """Add messages for every broker and take out what they confirmed; return what each got, with ids."""
        gone = [(number,) for outbox in self._outboxes.values() for number in outbox.confirmed]
        if gone:
            db.executemany(_DELIVERED, gone)
        queued: dict[str, list[tuple[int, OutboxMessage]]] = {broker: [] for broker in self._brokers}
        if not messages:
            return queued
        # Of what the next one of its topic repeats the newest will do, here and in what waits already.
        newest = {m.topic: place for place, m in enumerate(messages) if m.passing}
        kept = [m for place, m in enumerate(messages) if not m.passing or newest[m.topic] == place]
        number = self._newest_id() if self._last_id is None else self._last_id
        rows = []
        for broker, waiting in queued.items():
            db.executemany(_DROP_PASSED, [(broker, topic) for topic in newest])
            for m in kept:
                number += 1
                flags = int(m.retain), int(m.passing)
                said = (m.topic, m.payload.decode(), m.expiry_s, as_text(m.created))
                rows.append((number, broker, *said, *flags))
                waiting.append((number, m))
        db.executemany(_PUT_MESSAGE, rows)
        self._last_id = number
        return queued

    def _tell(self, queued: Mapping[str, list[tuple[int, OutboxMessage]]]) -> None:
        """Let those who hold messages in memory hear of a transaction, once it is durable."""
        for broker, outbox in self._outboxes.items():
            outbox.added(queued.get(broker, ()))

    def _newest_id(self) -> int:
        """Return the last id that a message had. From then on they are given out here, none twice."""
        found = self._rows("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
        return int(found[0][0]) if found else 0
