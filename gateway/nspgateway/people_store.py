"""The people's tables: the audit trail, what was decided and entered, commands, and the gateway's memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from nspgateway.call_store import CallStore, write_act
from nspgateway.database import as_text
from nspgateway.entries import Written
from nspgateway.people import (
    Action,
    Answered,
    By,
    CallAct,
    Delivery,
    Deployment,
    Entry,
    FuelEntry,
    Hold,
    PlannedStop,
    Status112,
)

_log = structlog.get_logger()
_decode = msgspec.json.Decoder(Written).decode

_PUT_ACTION = """
    INSERT INTO action (at, who, role, origin, what, point, alarm, detail, note)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_ACTIONS = """
    SELECT a.id, a.at, a.who, a.role, a.origin, a.what, a.point, a.alarm, a.detail, a.note,
        d.word, d.opens_at, s."until", f.kind, f.litres, f.measured_at,
        v.kind, v.litres, v.due_at, v.plan, h.held, e.record
    FROM action a
    LEFT JOIN deployment d ON d.action = a.id
    LEFT JOIN planned_stop s ON s.action = a.id
    LEFT JOIN fuel_entry f ON f.action = a.id
    LEFT JOIN delivery v ON v.action = a.id
    LEFT JOIN hold h ON h.action = a.id
    LEFT JOIN entry e ON e.action = a.id"""
# A list in JSON, given twice; NULL = no matter which.
_ONE_OF = "(? IS NULL OR {} IN (SELECT value FROM json_each(?)))"
_NEWEST = "ORDER BY a.id DESC LIMIT ?"
# Greater than any id.
_BEYOND = (1 << 63) - 1
# The newest hold or release, and the newest time that a point was put to use.
_HELD = """
    SELECT max(action), (SELECT held FROM hold ORDER BY action DESC LIMIT 1),
        (SELECT max(action) FROM deployment WHERE word IN ('activated', 'setting_up', 'open', 'partly_open'))
    FROM hold"""
# A client that repeats a command does so within minutes; the bound is for the disk.
COMMANDS_KEPT = 1000
_PUT_COMMAND = "INSERT OR REPLACE INTO command VALUES (?, ?, ?, ?)"
_PRUNE_COMMANDS = """
    DELETE FROM command WHERE client = ?1 AND rowid <= (
        SELECT rowid FROM command WHERE client = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)"""
# Answers to commands from before a moment, so many at most.
DROP_COMMANDS = "DELETE FROM command WHERE rowid IN (SELECT rowid FROM command WHERE at < ? LIMIT ?)"
_PUT_ENTRY = "INSERT INTO entry VALUES (?, ?, ?)"
_WITH_ENTRY = "coalesce(d.action, s.action, f.action, v.action, h.action, e.action) IS NOT NULL"


class PeopleStore(CallStore):
    """What people did; the part of the store that they fill."""

    def actions(self, since: datetime | None = None, limit: int = 1000) -> list[Action]:
        """Return the newest lines of the audit trail at or after ``since``, oldest first."""
        sql = f"{_ACTIONS} WHERE a.at >= ? ORDER BY a.id DESC LIMIT ?"
        rows = self._rows(sql, as_text(since) if since else "", limit)
        return [_action(row) for row in reversed(rows)]

    def trail(
        self,
        points: Collection[str] | None,
        acts: Collection[str] | None,
        before: int | None,
        limit: int,
    ) -> list[Action]:
        """Return lines of the audit trail older than the line ``before``, newest first; None = all, or from the newest.

        ``points``: slugs, "" = what is of no point; ``acts``: what was done.
        """
        sql = f"{_ACTIONS} WHERE a.id < ? AND {_ONE_OF.format('a.point')} AND {_ONE_OF.format('a.what')} {_NEWEST}"
        places, words = (None if one is None else json.dumps(list(one)) for one in (points, acts))
        rows = self._rows(sql, _BEYOND if before is None else before, places, places, words, words, limit)
        return [_action(row) for row in rows]

    def entries(self) -> list[Action]:
        """Return every action that decided, entered or planned something, oldest first."""
        return [_action(row) for row in self._rows(f"{_ACTIONS} WHERE {_WITH_ENTRY} ORDER BY a.id")]

    def is_held(self) -> bool:
        """Tell whether nothing may be deleted now: a point was activated, or a hold was set, and not released since."""
        [(hold, held, activated)] = self._rows(_HELD)
        return bool(held) or (activated is not None and (hold is None or activated > hold))

    def command_answer(self, client: str, name: str) -> str | None:
        """Return what was answered to a client's command with this id; None = it is new."""
        rows = self._rows("SELECT answer FROM command WHERE client = ? AND id = ?", client, name)
        return str(rows[0][0]) if rows else None

    def memory(self, name: str) -> Any:
        """Return what is remembered under this name; None = nothing."""
        rows = self._rows("SELECT value FROM memory WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else None


def write_people(db: sqlite3.Connection, actions: tuple[Action, ...], memory: Mapping[str, str]) -> list[int]:
    """Write lines of the audit trail with what they enter; return their ids."""
    ids = []
    for a in actions:
        detail = json.dumps(dict(a.detail), separators=(",", ":"))
        values = (as_text(a.at), a.by.who, a.by.role, a.by.origin, a.what, a.point, a.alarm, detail, a.note)
        number = int(db.execute(_PUT_ACTION, values).lastrowid or 0)
        if isinstance(a.entry, CallAct):
            write_act(db, number, a.at, a.entry)
        else:
            _put_entry(db, number, a.point, a.entry)
        ids.append(number)
    if memory:
        db.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?)", list(memory.items()))
    return ids


def write_command(db: sqlite3.Connection, command: Answered) -> None:
    """Remember the answer to a client's command, and forget its oldest ones."""
    db.execute(_PUT_COMMAND, (command.client, command.id, as_text(command.at), command.answer))
    db.execute(_PRUNE_COMMANDS, (command.client, COMMANDS_KEPT))


def _put_entry(db: sqlite3.Connection, number: int, point: str, entry: Entry | None) -> None:
    match entry:
        case Deployment(word, opens_at):
            db.execute("INSERT INTO deployment VALUES (?, ?, ?, ?)", (number, point, word, _maybe(opens_at)))
        case PlannedStop(until):
            db.execute("INSERT INTO planned_stop VALUES (?, ?, ?)", (number, point, as_text(until)))
        case FuelEntry(kind, litres, at):
            values = (number, point, kind, litres, as_text(at))
            db.execute("INSERT INTO fuel_entry VALUES (?, ?, ?, ?, ?)", values)
        case Delivery(kind, litres, due_at, plan):
            row = (number, point, kind, litres, _maybe(due_at), plan)
            db.execute("INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?)", row)
        case Hold(held):
            db.execute("INSERT INTO hold VALUES (?, ?)", (number, held))
        case Status112(word):
            db.execute("INSERT INTO status112 VALUES (?, ?)", (number, word))
        case Struct():
            db.execute(_PUT_ENTRY, (number, entry.__struct_config__.tag, msgspec.json.encode(entry).decode()))


def _action(row: tuple[Any, ...]) -> Action:
    number, at, who, role, origin, what, point, alarm, detail, note, *entry = row
    return Action(
        datetime.fromisoformat(at),
        By(who, role, origin),
        what,
        point,
        alarm,
        json.loads(detail),
        note,
        _entry(entry),
        number,
    )


def _entry(row: list[Any]) -> Entry | None:
    word, opens_at, until, fuel, litres, measured_at, delivery, load, due_at, plan, held, record = row
    if record is not None:
        return _read(record)
    if word is not None:
        return Deployment(word, _time(opens_at))
    if until is not None:
        return PlannedStop(datetime.fromisoformat(until))
    if fuel is not None:
        return FuelEntry(fuel, litres, datetime.fromisoformat(measured_at))
    if delivery is not None:
        return Delivery(delivery, load, _time(due_at), plan)
    return None if held is None else Hold(bool(held))


def _read(record: str) -> Written | None:
    """Return an entry; None for one of a later version, which must not keep a box from starting."""
    try:
        written: Written = _decode(record)
    except msgspec.ValidationError as error:
        _log.error("entry cannot be read", reason=str(error))
        return None
    return written


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else as_text(at)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
