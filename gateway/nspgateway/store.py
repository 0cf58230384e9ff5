"""The gateway's tables: journal, history, state and outbox in one SQLite file. The only file that speaks SQL.

One accepted frame is one transaction, so it is there whole or not at all; the
journal's UNIQUE (kit, generation, counter) keeps it from being there twice.
All times are UTC and aware.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from nspgateway.accounts_store import AccountsStore, write_access
from nspgateway.call_store import write_news
from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.database import as_text
from nspgateway.history_store import HistoryStore
from nspgateway.messages import OutboxMessage
from nspgateway.outbox_bound import OutboxBound
from nspgateway.outbox_store import DROP_BROKERS
from nspgateway.people_store import write_command, write_people
from nspgateway.records import Changes, Frame, Heard, Held, KitBoot, KitEvent, Window
from nspgateway.report_store import ReportStore, write_receipt
from nspgateway.trend_store import TrendStore

_encode = msgspec.json.Encoder().encode
_held = msgspec.json.Decoder(dict[str, Held])
_SCHEMA = Path(__file__).parent / "schema"

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
    INSERT INTO frame (kit, generation, counter, point, received_at, kind, exercise, fields, raw, rssi_dbm, snr_db,
        late, made_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_FRAME = """
    SELECT kit, generation, counter, point, received_at, kind, exercise, fields, raw, rssi_dbm, snr_db, late, made_at
    FROM frame"""
_FRAME_BY_NAME = f"{_FRAME} WHERE kit = ? AND generation = ? AND counter = ?"
_FRAMES_OF_POINT = f"{_FRAME} WHERE point = ? AND received_at >= ? AND late = 0 ORDER BY id"
_LATE_OF_POINT = f"{_FRAME} WHERE point = ? AND late = 1 ORDER BY made_at, counter"
_KNOWN = """
    SELECT counter FROM frame WHERE kit = ? AND generation = ?
    AND counter IN (SELECT value FROM json_each(?))"""
_BEFORE = """
    SELECT coalesce(made_at, received_at) FROM frame WHERE kit = ? AND generation = ? AND counter < ?
    ORDER BY counter DESC LIMIT 1"""
_AFTER = """
    SELECT coalesce(made_at, received_at) FROM frame WHERE kit = ? AND generation = ? AND counter > ?
    ORDER BY counter LIMIT 1"""
_PUT_KIT_EVENT = "INSERT OR IGNORE INTO kit_event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_HAS_KIT_EVENT = """
    SELECT 1 FROM kit_event WHERE kit = ? AND generation = ? AND event_boot = ? AND event_n = ?
    AND kind = ? AND help_mark = ?"""
_KIT_EVENTS = """
    SELECT kit, generation, event_boot, event_n, kind, help_mark, began_at, text FROM kit_event
    WHERE point = ? ORDER BY received_at, counter"""
_PUT_BOOT = """
    INSERT INTO kit_boot VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kit, generation) DO UPDATE SET epoch = excluded.epoch, received_at = excluded.received_at,
        fields = excluded.fields
    WHERE excluded.epoch >= kit_boot.epoch"""
_PUT_QUANTITIES = """
    INSERT INTO quantities VALUES (?, ?) ON CONFLICT (point) DO UPDATE SET held = excluded.held"""
_PUT_WINDOW = """
    INSERT INTO replay_window VALUES (?, ?, ?, ?)
    ON CONFLICT (kit, generation) DO UPDATE SET newest = excluded.newest, seen = excluded.seen"""
_PUT_HEARD = """
    INSERT INTO heard VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (point) DO UPDATE SET kit = excluded.kit, generation = excluded.generation,
        counter = excluded.counter, heard_at = excluded.heard_at, rssi_dbm = excluded.rssi_dbm,
        snr_db = excluded.snr_db, exercise = excluded.exercise"""
_PUT_EVENT = "INSERT INTO alarm_event (at, point, alarm, action, record) VALUES (?, ?, ?, ?, ?)"


class Store(OutboxBound, HistoryStore, AccountsStore, ReportStore, TrendStore):
    """The gateway's database. ``brokers``: names of those that every message is kept for.

    ``beside``: a running gateway has it open; no messages are made then.
    """

    def __init__(
        self, path: Path, brokers: Sequence[str] = (), schema: Path = _SCHEMA, *, beside: bool = False
    ) -> None:
        super().__init__(path, brokers, schema, beside=beside)

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
            _assign(db, {p.slug: p.kit_address for p in points}, as_text(at))
            db.execute(DROP_BROKERS, (json.dumps(self._brokers),))

    def commit(self, changes: Changes, *more: Changes) -> list[int]:
        """Write all of it, durably, or raise StoreError and write nothing; return the ids of the actions.

        ``more``: what came together with it, in one transaction. What brokers have confirmed leaves with it.
        """
        actions: list[int] = []
        added: list[OutboxMessage] = []
        with self._transaction() as db:
            _write_frames(db, (changes, *more))
            for one in (changes, *more):
                _write(db, one)
                if one.command is not None:
                    write_command(db, one.command)
                write_access(db, one.access)
                actions += write_people(db, one.actions, one.memory)
                added += one.messages
            queued = self._queue(db, added)
        self._tell(queued)
        return actions

    def find_frame(self, kit: int, generation: int, counter: int) -> Frame | None:
        """Return the frame with this name from the journal."""
        return next((_frame(row) for row in self._rows(_FRAME_BY_NAME, kit, generation, counter)), None)

    def frames(self, point: str, since: datetime) -> list[Frame]:
        """Return a point's frames received in time, at or after ``since``, in order of arrival.

        That is not the order of their times when the clock was set back between them.
        """
        return [_frame(row) for row in self._rows(_FRAMES_OF_POINT, point, as_text(since))]

    def late_frames(self, point: str) -> list[Frame]:
        """Return what was learnt of a point from backfill, oldest first."""
        return [_frame(row) for row in self._rows(_LATE_OF_POINT, point)]

    def known_counters(self, kit: int, generation: int, counters: Iterable[int]) -> set[int]:
        """Return those of the counters that are in the journal."""
        return {row[0] for row in self._rows(_KNOWN, kit, generation, json.dumps(list(counters)))}

    def neighbours(self, kit: int, generation: int, counter: int) -> tuple[datetime | None, datetime | None]:
        """Return when the frames before and after this counter were made, as far as there are any."""
        found = [self._rows(sql, kit, generation, counter) for sql in (_BEFORE, _AFTER)]
        before, after = (_time(rows[0][0]) if rows else None for rows in found)
        return before, after

    def has_event(self, event: KitEvent) -> bool:
        """Tell whether the kit's event is in the journal."""
        name = (event.kit, event.generation, event.boot, event.n, event.kind, event.mark)
        return bool(self._rows(_HAS_KIT_EVENT, *name))

    def kit_events(self, point: str) -> list[KitEvent]:
        """Return what the kits of a point reported by name, in order of arrival."""
        rows = self._rows(_KIT_EVENTS, point)
        return [
            KitEvent(kit, generation, boot, n, kind, mark, _time(began), text)
            for kit, generation, boot, n, kind, mark, began, text in rows
        ]

    def boots(self) -> dict[tuple[int, int], KitBoot]:
        """Return the newest boot report of each (kit, generation)."""
        rows = self._rows("SELECT kit, generation, epoch, received_at, fields FROM kit_boot")
        return {
            (kit, generation): KitBoot(kit, generation, epoch, _time(at), json.loads(fields))
            for kit, generation, epoch, at, fields in rows
        }

    def downlinks(self) -> dict[int, int]:
        """Return how far the downlink counters of each address were reserved, as far as copied here."""
        return dict(self._rows("SELECT address, reserved FROM downlink"))

    def put_downlink(self, address: int, reserved: int) -> None:
        """Copy how far the downlink counters of an address are reserved."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO downlink VALUES (?, ?)", (address, reserved))

    def newest(self) -> datetime | None:
        """Return when the last frame came in; a clock must not start before it.

        The last by its number: an earlier one may be from a clock that ran ahead.
        """
        rows = self._rows("SELECT received_at FROM frame ORDER BY id DESC LIMIT 1")
        return _time(rows[0][0]) if rows else None

    def frame_count(self) -> int:
        """Return how many distinct frames the journal holds."""
        return int(self._rows("SELECT count(*) FROM frame")[0][0])

    def heartbeats(self) -> dict[int, set[int]]:
        """Return the counters of the heartbeats of each kit, those that came late included."""
        found: dict[int, set[int]] = {}
        for kit, counter in self._rows("SELECT kit, counter FROM frame WHERE kind IN ('vital', 'full')"):
            found.setdefault(kit, set()).add(counter)
        return found

    def windows(self) -> dict[tuple[int, int], Window]:
        """Return the replay window of each (kit, generation)."""
        rows = self._rows("SELECT kit, generation, newest, seen FROM replay_window")
        return {(kit, generation): Window(newest, int(seen, 16)) for kit, generation, newest, seen in rows}

    def readings(self, point: str) -> dict[str, Held]:
        """Return a point's latest quantities by name."""
        rows = self._rows("SELECT held FROM quantities WHERE point = ?", point)
        return _held.decode(rows[0][0]) if rows else {}

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


def _write_frames(db: sqlite3.Connection, batch: Sequence[Changes]) -> None:
    """Write the frames and what each changes beside the journal, all of a kind in one statement."""
    framed = [(one, one.frame) for one in batch if one.frame is not None]
    if not framed:
        return
    db.executemany(_PUT_FRAME, [_frame_row(frame) for _, frame in framed])
    db.executemany(
        _PUT_WINDOW,
        [
            (f.kit, f.generation, one.window.newest, f"{one.window.seen:x}")
            for one, f in framed
            if one.window is not None
        ],
    )
    heard = [(f.point, one.heard) for one, f in framed if one.heard is not None]
    db.executemany(
        _PUT_HEARD,
        [
            (point, h.kit, h.generation, h.counter, as_text(h.at), h.rssi_dbm, h.snr_db, int(h.exercise))
            for point, h in heard
        ],
    )
    db.executemany(_PUT_QUANTITIES, [(f.point, _json(one.readings)) for one, f in framed if one.readings])


def _write(db: sqlite3.Connection, changes: Changes) -> None:
    """Write one set of changes, but for its frame, its people and its messages."""
    if changes.new_point is not None:
        _put_point(db, changes.new_point)
    if changes.frame is not None:
        _write_kit(db, changes.frame, changes)
        write_receipt(db, changes.frame)
    write_news(db, changes.calls)
    for a in changes.alarms:
        if a.is_kept:
            db.execute("INSERT OR REPLACE INTO alarm VALUES (?, ?, ?)", (a.point, a.alarm, a.record))
        else:
            db.execute("DELETE FROM alarm WHERE point = ? AND id = ?", (a.point, a.alarm))
        if a.is_event:
            db.execute(_PUT_EVENT, (as_text(a.at or changes.at), a.point, a.alarm, a.action, a.record))


def _put_point(db: sqlite3.Connection, point: PointConfig) -> None:
    """Enter a point of the coordinating point that is at work here."""
    db.execute("INSERT OR IGNORE INTO municipality VALUES (?, ?)", (point.municipality, point.region))
    (number,) = db.execute("SELECT number FROM cp WHERE slug = ?", (point.cp,)).fetchone()
    values = (point.slug, point.name, point.number, point.municipality, point.region, number)
    db.execute(_PUT_POINT, values)


def _frame(row: tuple[Any, ...]) -> Frame:
    kit, generation, counter, point, at, kind, exercise, fields, raw, rssi, snr, late, made_at = row
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
        bool(late),
        _time(made_at) if made_at else None,
    )


def _frame_row(f: Frame) -> tuple[object, ...]:
    # What is true or false as a number: SQLite has no other, and its driver looks for one at every row.
    return (
        f.kit,
        f.generation,
        f.counter,
        f.point,
        as_text(f.received_at),
        f.kind,
        int(f.exercise),
        _json(f.fields),
        f.raw,
        f.rssi_dbm,
        f.snr_db,
        int(f.late),
        as_text(f.made_at) if f.made_at else None,
    )


def _write_kit(db: sqlite3.Connection, f: Frame, changes: Changes) -> None:
    """What a frame brings beside its fields: an event once, a boot report, records of lost frames."""
    if changes.event is None and changes.boot is None and not changes.late:
        return
    fields, at = _json(f.fields), as_text(f.received_at)
    if (e := changes.event) is not None:
        name = (e.kit, e.generation, e.boot, e.n, e.kind, e.mark)
        db.execute(
            _PUT_KIT_EVENT, (*name, f.point, at, as_text(e.began), f.counter, f.exercise, fields, e.text)
        )
    if (b := changes.boot) is not None:
        db.execute(_PUT_BOOT, (b.kit, b.generation, b.epoch, at, fields))
    db.executemany(_PUT_FRAME, [_frame_row(late) for late in changes.late])


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


def _json(value: object) -> str:
    return _encode(value).decode()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
