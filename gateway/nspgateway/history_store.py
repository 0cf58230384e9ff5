"""What may be let go of again: old history, a few rows at a time.

Never: open alarms, what a restart or the link goes on with, calls for help and reports, and the audit trail; of
those ``personal_store`` lets names and words go.
A file does not shrink; what is freed in it is used again.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from nspgateway.database import as_text
from nspgateway.people_store import DROP_COMMANDS
from nspgateway.personal_store import PersonalStore

# Points are thinned out together, a day after the other, so that no point loses its past before the others.
_STRETCH = timedelta(days=1)

_OLDEST = """
    SELECT min(oldest) FROM (
        SELECT (SELECT min(received_at) FROM frame WHERE frame.point = point.slug) AS oldest FROM point)"""
_DROP_FRAMES = """
    DELETE FROM frame WHERE id IN (
        SELECT id FROM frame WHERE point = ? AND received_at < ? ORDER BY received_at LIMIT ?)"""
_DROP_ALARM_EVENTS = """
    DELETE FROM alarm_event WHERE id IN (
        SELECT id FROM alarm_event e WHERE point = ? AND at < ?
        AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.point = e.point AND a.id = e.alarm) LIMIT ?)"""
_DROP_KIT_EVENTS = """
    DELETE FROM kit_event WHERE rowid IN (
        SELECT rowid FROM kit_event WHERE point = ? AND received_at < ? AND kind IN ('alarm', 'clear') LIMIT ?)"""


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of the database that are in use, and those in its file that are free to be used again."""

    used: int
    free: int


class HistoryStore(PersonalStore):
    """The store's history, as something that ends."""

    def size(self) -> Size:
        """Return how large the database is; its log, some megabytes, is not counted."""
        names = ("page_size", "page_count", "freelist_count")
        page, pages, free = (int(self._rows(f"PRAGMA {name}")[0][0]) for name in names)
        return Size(used=(pages - free) * page, free=free * page)

    def prune(self, before: datetime, rows: int) -> int:
        """Delete the oldest technical history from before this moment, at most so many rows; return how many.

        Deletes nothing while a hold is on it.
        """
        limit = as_text(before)
        with self._transaction() as db:
            if self.is_held():
                return 0
            points = [slug for (slug,) in db.execute("SELECT slug FROM point")]
            left = rows
            oldest = db.execute(_OLDEST).fetchone()[0]
            if oldest is not None and oldest < limit:
                stretch = as_text(min(before, datetime.fromisoformat(oldest) + _STRETCH))
                left -= _drop(db, _DROP_FRAMES, points, stretch, left)
            for sql in (_DROP_ALARM_EVENTS, _DROP_KIT_EVENTS):
                left -= _drop(db, sql, points, limit, left)
            if left:
                left -= db.execute(DROP_COMMANDS, (limit, left)).rowcount
        return rows - left


def _drop(db: sqlite3.Connection, sql: str, points: list[str], before: str, rows: int) -> int:
    dropped = 0
    for slug in points:
        if dropped < rows:
            dropped += db.execute(sql, (slug, before, rows - dropped)).rowcount
    return dropped
