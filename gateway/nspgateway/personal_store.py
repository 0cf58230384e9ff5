"""What says who somebody is and what they typed, as something that ends: how long it is kept is the region's to say.

What was decided and entered stays, with its moment and the role that did it: the state of every point is made of it.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from nspgateway.database import as_text
from nspgateway.people_store import DROP_COMMANDS, PeopleStore

# Moment and number of the last line of the audit trail that was looked at.
Place = tuple[str, int]
BEGIN: Place = ("", 0)
_CALLS_AT_ONCE = 20

_LINES = "SELECT at, id FROM action WHERE (at, id) > (?, ?) AND at < ? ORDER BY at, id LIMIT ?"
_GIVEN = "id IN (SELECT value FROM json_each(?))"
_ENTERED = " OR ".join(
    f"EXISTS (SELECT 1 FROM {table} WHERE action = a.id)"  # noqa: S608 - names of our own tables
    for table in ("deployment", "planned_stop", "fuel_entry", "delivery", "hold", "status112", "entry")
)
_OF_CALLS = "id IN (SELECT action FROM call_step WHERE action IS NOT NULL)"
# Stands where a name was. The role stays, the program's own name too: neither is a person.
GONE = "–"
_NAMELESS = f"""
    UPDATE action AS a SET who = '{GONE}', note = '', origin = iif(origin LIKE 'mqtt:%', 'mqtt', origin)
    WHERE origin != 'gateway' AND """  # noqa: S608 - our own word
_DROP_LINES = f"DELETE FROM action AS a WHERE {_GIVEN} AND NOT {_OF_CALLS} AND NOT ({_ENTERED})"  # noqa: S608 - ours
_OLD_CALLS = f"""
    SELECT c.id FROM call c JOIN call_step s ON s.call = c.id LEFT JOIN action a ON a.id = s.action
    GROUP BY c.id
    HAVING max(s.at) < ?
        AND max(iif(s.what = 'closed', s.id, 0)) > max(iif(s.what IN ('made', 'entered', 'details'), s.id, 0))
        AND max(s.name != '' OR s.text != '' OR length(s.tail) > 0
            OR coalesce(a.who NOT IN ('', '{GONE}') AND a.origin != 'gateway', 0))
    ORDER BY c.stored_at LIMIT ?"""  # noqa: S608 - our own word
_DROP_STEPS = "UPDATE call_step SET name = '', text = '', tail = x'' WHERE call = ?"
_OF_CALL = "id IN (SELECT action FROM call_step WHERE call = ?)"
_DROP_WORDS = """
    UPDATE kit_event SET text = '' WHERE rowid IN (
        SELECT rowid FROM kit_event e WHERE text != '' AND received_at < ? AND NOT EXISTS (
            SELECT 1 FROM call_step s JOIN call c ON c.id = s.call
            WHERE e.kind = 'help' AND c.kit = e.kit AND c.generation = e.generation AND c.event_boot = e.event_boot
            AND c.event_n = e.event_n AND length(s.tail) > 0) LIMIT ?)"""
# As they were received: whoever has the kit's key reads in them what was typed.
_DROP_FRAMES = """
    DELETE FROM frame WHERE id IN (
        SELECT f.id FROM frame f WHERE f.kind IN ('help', 'report') AND f.received_at < ? AND NOT EXISTS (
            SELECT 1 FROM kit_event e WHERE e.kit = f.kit AND e.generation = f.generation
            AND e.kind = f.kind AND e.text != '') LIMIT ?)"""


class PersonalStore(PeopleStore):
    """The part of the store that lets go of people's names and words."""

    def forget_people(self, before: datetime, place: Place, rows: int) -> tuple[Place, int]:
        """Let go of personal data from before this moment, so many rows at most; return where to go on, and how many.

        Lines of the audit trail that entered nothing are deleted; of others, and of calls for help that are closed,
        names and what was typed. Nothing while a hold is on it. ``place``: of the call before, ``BEGIN`` at first.
        """
        limit = as_text(before)
        # What is deleted is overwritten too, not only free to be used again.
        with self._errors():
            self._db.execute("PRAGMA secure_delete = ON").fetchone()
        try:
            with self._transaction() as db:
                if self.is_held():
                    return place, 0
                lines = db.execute(_LINES, (*place, limit, rows)).fetchall()
                if lines:
                    _drop_lines(db, [number for _, number in lines])
                    return lines[-1], len(lines)
                calls = [name for (name,) in db.execute(_OLD_CALLS, (limit, min(rows, _CALLS_AT_ONCE)))]
                for name in calls:
                    db.execute(f"{_NAMELESS} {_OF_CALL}", (name,))
                    db.execute(_DROP_STEPS, (name,))
                left = rows - len(calls)
                for sql in (_DROP_WORDS, _DROP_FRAMES, DROP_COMMANDS):
                    left -= db.execute(sql, (limit, left)).rowcount
                return place, rows - left
        finally:
            with self._errors():
                self._db.execute("PRAGMA secure_delete = OFF").fetchone()


def _drop_lines(db: sqlite3.Connection, numbers: list[int]) -> None:
    given = json.dumps(numbers)
    db.execute(_DROP_LINES, (given,))
    db.execute(f"{_NAMELESS} {_GIVEN} AND ({_ENTERED})", (given,))
