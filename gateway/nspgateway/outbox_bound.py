"""The outbox is bounded: which messages for a broker that stays away are let go of first."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from nspgateway.outbox_store import OutboxStore

# What may be let go of, one class after the other, the oldest of each first. A call for help, how every alarm
# stands and the newest state of a point are in none of them.
_CLASSES = (
    "topic LIKE '%/telemetry' OR topic LIKE '%/gateway/stats'",
    # Said again with new ages only; the alarm's own messages stay.
    "passing = 1 AND topic LIKE '%/alarm/%'",
    # How an alarm stood before it came to stand as it does.
    """passing = 0 AND topic LIKE '%/alarm/%' AND EXISTS (
        SELECT 1 FROM outbox newer WHERE newer.broker = outbox.broker AND newer.topic = outbox.topic
        AND newer.passing = 0 AND newer.id > outbox.id)""",
)
_DROP = """
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox WHERE broker = ? AND ({}) ORDER BY id LIMIT ?)"""
_DROPPED = "SELECT value FROM memory WHERE name = ?"
_MEMORY = "outbox_dropped"


class OutboxBound(OutboxStore):
    """The part of the store that keeps the outbox within its bounds."""

    def outbox_dropped(self) -> dict[str, int]:
        """Return how many messages were ever let go of, by broker."""
        rows = self._rows(_DROPPED, _MEMORY)
        return _counted(rows[0] if rows else None)

    def trim_outbox(self, broker: str, most: int) -> int:
        """Let go of what a broker that is away can best miss, until at most so many are left; return how many went.

        They are counted in the same transaction. Nothing that must arrive goes, however much there is.
        """
        too_many = self.outbox_size(broker) - most
        if too_many <= 0:
            return 0
        left = too_many + most // 50  # a little more, so that it lasts
        with self._transaction() as db:
            for which in _CLASSES:
                left -= db.execute(_DROP.format(which), (broker, left)).rowcount if left else 0
            dropped = too_many + most // 50 - left
            _count(db, broker, dropped)
        return dropped

    def drop_telemetry(self, brokers: Collection[str], most: int) -> int:
        """Let go of the oldest telemetry for these brokers, at most so many messages each; return how many went."""
        total = 0
        with self._transaction() as db:
            for broker in brokers:
                dropped = db.execute(_DROP.format(_CLASSES[0]), (broker, most)).rowcount
                total += dropped
                if dropped:
                    _count(db, broker, dropped)
        return total


def _count(db: Any, broker: str, dropped: int) -> None:
    counts = _counted(db.execute(_DROPPED, (_MEMORY,)).fetchone())
    counts[broker] = counts.get(broker, 0) + dropped
    db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (_MEMORY, json.dumps(counts)))


def _counted(row: tuple[Any, ...] | None) -> dict[str, int]:
    counts: Mapping[str, int] = json.loads(row[0]) if row else {}
    return dict(counts)
