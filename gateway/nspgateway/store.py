"""The database: journal, history, state and outbox in one SQLite file. The only file that speaks SQL.

WAL with synchronous=FULL: what was committed survives kill -9 and a power cut.
One accepted frame is one transaction, so it is there whole or not at all; the
journal's UNIQUE (kit, generation, counter) keeps it from being there twice.
All times are UTC and aware.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.errors import StoreCorrupt, StoreError, StoreFull, StoreLocked, StoreTooNew
from nspgateway.messages import OutboxMessage
from nspgateway.records import Changes, Frame, Heard, Held, Window

_SCHEMA = Path(__file__).parent / "schema"
BUSY_S = 2.0


_PUT_REGION = """
    INSERT INTO region (slug, name) VALUES (?, ?)
    ON CONFLICT (slug) DO UPDATE SET name = excluded.name"""
_PUT_CP = """
    INSERT INTO cp (number, slug, name, region) VALUES (?, ?, ?, ?)
    ON CONFLICT (number) DO UPDATE SET slug = excluded.slug, name = excluded.name, region = excluded.region"""
_PUT_POINT = """
    INSERT INTO point (slug, name, number, municipality, region, cp) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (slug) DO UPDATE SET name = excluded.name, number = excluded.number,
        municipality = excluded.municipality, region = excluded.region, cp = excluded.cp"""
_PUT_FRAME = """
    INSERT INTO frame (kit, generation, counter, point, received_at, kind, exercise, fields, raw, rssi_dbm, snr_db)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_FRAME_BY_NAME = """
    SELECT kit, generation, counter, point, received_at, kind, exercise, fields, raw, rssi_dbm, snr_db
    FROM frame WHERE kit = ? AND generation = ? AND counter = ?"""
_FRAMES_OF_POINT = """
    SELECT kit, generation, counter, point, received_at, kind, exercise, fields, raw, rssi_dbm, snr_db
    FROM frame WHERE point = ? AND received_at >= ? ORDER BY id"""
_PUT_EVENT = "INSERT INTO alarm_event (at, point, alarm, action, record) VALUES (?, ?, ?, ?, ?)"
_PUT_MESSAGE = """
    INSERT INTO outbox (broker, topic, payload, retain, expiry_s, created, passing) VALUES (?, ?, ?, ?, ?, ?, ?)"""
_DROP_PASSED = "DELETE FROM outbox WHERE broker = ? AND topic = ? AND passing = 1"
_OUTBOX = """
    SELECT id, topic, payload, retain, expiry_s, created, passing FROM outbox
    WHERE broker = ? AND topic NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?"""
_DROP_BROKERS = "DELETE FROM outbox WHERE broker NOT IN (SELECT value FROM json_each(?))"


class Database:
    """An open, checked and migrated SQLite file. ``schema``: a folder of NNNN.sql."""

    def __init__(self, path: Path, schema: Path) -> None:
        self.path = path
        # SQLite would let everybody on the machine read it; its -wal and -shm take over this mode.
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with self._errors():
            # isolation_level None: transactions begin where we say so, never by themselves.
            self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            self._prepare(schema)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self, schema: Path) -> None:
        with self._errors():
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreCorrupt(f"{self.path}: damaged ({found}). {_RESTORE}")
            self._migrate(schema)

    def _migrate(self, schema: Path) -> None:
        """Run the numbered files that this database has not had, each in its own transaction."""
        steps = sorted(schema.glob("[0-9][0-9][0-9][0-9].sql"))
        newest = int(steps[-1].stem)
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > newest:
            raise StoreTooNew(
                f"{self.path}: written by a later version of this program (schema {version}, "
                f"known here {newest}). Install that version, or start with a new data folder."
            )
        for step in steps:
            number = int(step.stem)
            if number > version:
                with self._transaction():
                    for statement in _statements(step.read_text(encoding="utf-8")):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {number}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block, durable when it ends, or none of it."""
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk or an I/O error may already have rolled back.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._errors():
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn SQLite's complaints into ours, with what to do."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            kind, cure = _CURES.get(code, (StoreError, "See the message; nothing was written."))
            raise kind(f"{self.path}: {error}. {cure}") from error


_RESTORE = "Move the file away and restore a backup, or start with an empty data folder."
_CURES: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_CORRUPT: (StoreCorrupt, _RESTORE),
    sqlite3.SQLITE_NOTADB: (StoreCorrupt, _RESTORE),
    sqlite3.SQLITE_FULL: (StoreFull, "Free space on this disk; receiving goes on by itself."),
    sqlite3.SQLITE_BUSY: (StoreLocked, "Stop the other program that uses this file."),
    sqlite3.SQLITE_LOCKED: (StoreLocked, "Stop the other program that uses this file."),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "Check that the folder exists and may be written."),
    sqlite3.SQLITE_READONLY: (StoreError, "Give this user the right to write the file and its folder."),
}


class Store(Database):
    """The gateway's database. ``brokers``: names of those that every message is kept for."""

    def __init__(self, path: Path, brokers: Sequence[str] = (), schema: Path = _SCHEMA) -> None:
        super().__init__(path, schema)
        self._brokers = tuple(brokers)

    def register(self, gateway: GatewayConfig, points: Sequence[PointConfig], at: datetime) -> None:
        """Enter regions, points and kits from the settings; a moved kit closes its old assignment.

        Messages for a broker that is no longer in the settings are dropped.
        """
        with self._transaction() as db:
            db.execute(_PUT_REGION, (gateway.region, gateway.region_name or gateway.region))
            db.execute(
                _PUT_CP, (gateway.cp_number, gateway.cp, gateway.cp_name or gateway.cp, gateway.region)
            )
            for p in points:
                db.execute("INSERT OR IGNORE INTO region VALUES (?, ?)", (p.region, p.region))
                db.execute("INSERT OR IGNORE INTO municipality VALUES (?, ?)", (p.municipality, p.region))
                db.execute(
                    _PUT_POINT, (p.slug, p.name, p.number, p.municipality, p.region, gateway.cp_number)
                )
            _assign(db, {p.slug: p.kit_address for p in points}, _text(at))
            db.execute(_DROP_BROKERS, (json.dumps(self._brokers),))

    def commit(self, changes: Changes) -> None:
        """Write all of it, durably, or raise StoreError and write nothing."""
        at = _text(changes.at)
        with self._transaction() as db:
            if changes.frame is not None:
                _insert_frame(db, changes.frame)
                _write_state(db, changes.frame, changes)
            for a in changes.alarms:
                if a.is_kept:
                    db.execute("INSERT OR REPLACE INTO alarm VALUES (?, ?, ?)", (a.point, a.alarm, a.record))
                else:
                    db.execute("DELETE FROM alarm WHERE point = ? AND id = ?", (a.point, a.alarm))
                if a.is_event:
                    when = _text(a.at) if a.at else at
                    db.execute(_PUT_EVENT, (when, a.point, a.alarm, a.action, a.record))
            for broker in self._brokers:
                for m in changes.messages:
                    if m.passing:
                        db.execute(_DROP_PASSED, (broker, m.topic))
                    created = _text(m.created)
                    values = (broker, m.topic, m.payload.decode(), m.retain, m.expiry_s, created, m.passing)
                    db.execute(_PUT_MESSAGE, values)

    def find_frame(self, kit: int, generation: int, counter: int) -> Frame | None:
        """Return the frame with this name from the journal."""
        return next((_frame(row) for row in self._rows(_FRAME_BY_NAME, kit, generation, counter)), None)

    def frames(self, point: str, since: datetime) -> list[Frame]:
        """Return a point's frames received at or after ``since``, in order of arrival.

        That is not the order of their times when the clock was set back between them.
        """
        return [_frame(row) for row in self._rows(_FRAMES_OF_POINT, point, _text(since))]

    def newest(self) -> datetime | None:
        """Return when the last frame came in; a clock must not start before it."""
        text = self._rows("SELECT max(received_at) FROM frame")[0][0]
        return _time(text) if text else None

    def frame_count(self) -> int:
        """Return how many distinct frames the journal holds."""
        return int(self._rows("SELECT count(*) FROM frame")[0][0])

    def windows(self) -> dict[tuple[int, int], Window]:
        """Return the replay window of each (kit, generation)."""
        rows = self._rows("SELECT kit, generation, newest, seen FROM replay_window")
        return {(kit, generation): Window(newest, int(seen, 16)) for kit, generation, newest, seen in rows}

    def readings(self, point: str) -> dict[str, Held]:
        """Return a point's latest quantities by name."""
        rows = self._rows("SELECT name, value, source, good_at FROM reading WHERE point = ?", point)
        return {
            name: Held(json.loads(value), source, _time(good_at) if good_at else None)
            for name, value, source, good_at in rows
        }

    def heard(self, point: str) -> Heard | None:
        """Return what a point was last heard with."""
        sql = (
            "SELECT kit, generation, counter, heard_at, rssi_dbm, snr_db, exercise FROM heard WHERE point = ?"
        )
        for kit, generation, counter, at, rssi, snr, exercise in self._rows(sql, point):
            return Heard(kit, generation, counter, _time(at), rssi, snr, bool(exercise))
        return None

    def alarms(self) -> dict[tuple[str, str], str]:
        """Return the record (JSON) of each (point, alarm) that has to survive a restart."""
        return {
            (point, alarm): record
            for point, alarm, record in self._rows("SELECT point, id, record FROM alarm")
        }

    def regions(self) -> dict[str, str]:
        """Return the region of each point there ever was."""
        return dict(self._rows("SELECT slug, region FROM point"))

    def outbox(
        self, broker: str, limit: int = 100, without: Collection[str] = ()
    ) -> list[tuple[int, OutboxMessage]]:
        """Return the oldest messages, with their ids, that this broker has not confirmed.

        Those on the topics ``without`` are passed over.
        """
        rows = self._rows(_OUTBOX, broker, json.dumps(list(without)), limit)
        return [
            (number, OutboxMessage(topic, payload.encode(), bool(retain), expiry, _time(at), bool(passing)))
            for number, topic, payload, retain, expiry, at, passing in rows
        ]

    def outbox_size(self) -> int:
        """Return how many messages wait for a broker."""
        return int(self._rows("SELECT count(*) FROM outbox")[0][0])

    def delivered(self, ids: Iterable[int]) -> None:
        """Take messages out that their broker has confirmed; unknown ids are no error."""
        with self._transaction() as db:
            db.executemany("DELETE FROM outbox WHERE id = ?", [(number,) for number in ids])


def _frame(row: tuple[Any, ...]) -> Frame:
    kit, generation, counter, point, at, kind, exercise, fields, raw, rssi, snr = row
    return Frame(
        kit,
        generation,
        counter,
        point,
        _time(at),
        kind,
        bool(exercise),
        json.loads(fields),
        raw,
        rssi,
        snr,
    )


def _insert_frame(db: sqlite3.Connection, f: Frame) -> None:
    db.execute(
        _PUT_FRAME,
        (
            f.kit,
            f.generation,
            f.counter,
            f.point,
            _text(f.received_at),
            f.kind,
            f.exercise,
            json.dumps(dict(f.fields), separators=(",", ":")),
            f.raw,
            f.rssi_dbm,
            f.snr_db,
        ),
    )


def _write_state(db: sqlite3.Connection, f: Frame, changes: Changes) -> None:
    """What a frame changes beside the journal: window, latest readings, last heard."""
    if changes.window is not None:
        db.execute(
            "INSERT OR REPLACE INTO replay_window VALUES (?, ?, ?, ?)",
            (f.kit, f.generation, changes.window.newest, f"{changes.window.seen:x}"),
        )
    if changes.heard is not None:
        h = changes.heard
        db.execute(
            "INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (f.point, h.kit, h.generation, h.counter, _text(h.at), h.rssi_dbm, h.snr_db, h.exercise),
        )
    db.executemany(
        "INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?)",
        [
            (
                f.point,
                name,
                json.dumps(held.value),
                held.source,
                _text(held.good_at) if held.good_at else None,
            )
            for name, held in changes.readings.items()
        ],
    )


def _assign(db: sqlite3.Connection, wanted: Mapping[str, int | None], at: str) -> None:
    """Bring the assignments of kits to points up to date; what ends keeps its time."""
    present = dict(db.execute('SELECT point, kit FROM assignment WHERE "until" IS NULL').fetchall())
    for point, kit in present.items():
        if wanted.get(point) != kit:
            db.execute('UPDATE assignment SET "until" = ? WHERE point = ? AND "until" IS NULL', (at, point))
    for point, address in wanted.items():
        if address is not None and present.get(point) != address:
            db.execute("INSERT OR IGNORE INTO kit VALUES (?, ?)", (address, at))
            db.execute("INSERT INTO assignment (point, kit, since) VALUES (?, ?, ?)", (point, address, at))


def _statements(script: str) -> Iterator[str]:
    """Split a script where SQLite itself says a statement is complete."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
