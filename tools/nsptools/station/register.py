"""The station's register: which kits there are, on which board each was put, and what was put on it. No key is in it.

Sealed as a whole, replaced at each change: what ``register`` says is on disk.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from nspgateway.errors import GatewayError
from nsptools.station import sealed

WHAT = "station register"
_SCHEMA = (
    """CREATE TABLE kit (
        slug TEXT PRIMARY KEY,
        kit INTEGER NOT NULL UNIQUE,     -- 1 to 63, never given to another point
        site TEXT NOT NULL,              -- the values of its line in the list, as JSON
        mac TEXT UNIQUE,                 -- of the board that it is on
        state TEXT NOT NULL,             -- listed, flashed, failed, withdrawn, moved
        settings TEXT NOT NULL           -- SHA-256 of the settings that were last put on a board, or empty
    ) STRICT""",
    """CREATE TABLE used (                 -- keys that were on their way to a board: never to be put on one again
        slug TEXT NOT NULL, generation INTEGER NOT NULL, at TEXT NOT NULL, counter INTEGER NOT NULL,
        PRIMARY KEY (slug, generation)
    ) STRICT""",
    """CREATE TABLE flash (                -- every attempt, in order; nothing is ever taken out
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, slug TEXT NOT NULL, mac TEXT NOT NULL, result TEXT NOT NULL,
        record TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE event (                -- withdrawals, replacements, exports: what was done and why
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, slug TEXT NOT NULL, what TEXT NOT NULL, why TEXT NOT NULL
    ) STRICT""",
)

# Everything about one kit: rows by table.
Dump = dict[str, list[list[int | str | None]]]
State = Literal["listed", "flashed", "failed", "withdrawn", "moved"]


class RegisterError(GatewayError):
    """What is asked does not fit what the register knows; the text says what to do."""

    exit_code = 2


class BoardBound(RegisterError):
    """The board belongs to another point, or the point to another board: it must not be flashed just so."""


@dataclass(frozen=True, slots=True)
class KitRow:
    """One kit. ``site``: the values of its line in the list; ``mac``: None = on no board yet."""

    slug: str
    kit: int
    site: Mapping[str, object]
    mac: str | None
    state: State
    settings: str


@dataclass(frozen=True, slots=True)
class FlashRecord:
    """One attempt to flash a board. ``files``: SHA-256 by path on the board; ``result``: "verified" or "failed"."""

    slug: str
    mac: str
    at: datetime
    result: Literal["verified", "failed"]
    why: str = ""
    port: str = ""
    board: str = ""
    firmware: str = ""
    micropython: str = ""
    image_sha256: str = ""
    generation: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    self_test: Mapping[str, object] = field(default_factory=dict)


class Register:
    """Made by ``create`` or ``open``."""

    def __init__(self, path: Path, db: sqlite3.Connection, seal: sealed.Seal) -> None:
        self.path = path
        self._db = db
        self._seal = seal

    @classmethod
    def create(cls, path: Path, passphrase: str | None) -> Register:
        """Make an empty register. ``passphrase`` None = in the clear, for a demo only. Raises SealedError."""
        if path.exists():
            raise RegisterError(
                f"{path}: exists already; it is not written over. Is this folder no station? Give another --station."
            )
        db = sqlite3.connect(":memory:", isolation_level=None)
        for statement in _SCHEMA:
            db.execute(statement)
        seal = sealed.Seal(passphrase)
        sealed.save(path, WHAT, db, seal)
        return cls(path, db, seal)

    @classmethod
    def open(cls, path: Path, passphrase: str | None, *, demo: bool = False) -> Register:
        """Open a register. Raises SealedError."""
        seal = sealed.Seal(passphrase)
        return cls(path, sealed.load(path, WHAT, seal, demo=demo), seal)

    def close(self) -> None:
        """Let go of it; everything is on disk already."""
        self._db.close()

    def kits(self) -> list[KitRow]:
        """Return every kit, in order of its number."""
        return [_kit(row) for row in self._db.execute(f"{_KITS} ORDER BY kit")]

    def kit(self, slug: str) -> KitRow:
        """Return one kit. Raises RegisterError with the names there are."""
        rows = self._db.execute(f"{_KITS} WHERE slug = ?", (slug,)).fetchall()
        if not rows:
            known = ", ".join(row.slug for row in self.kits()) or "none yet"
            raise RegisterError(f"{self.path}: there is no kit {slug!r}; there are: {known}.")
        return _kit(rows[0])

    def put(self, slug: str, kit: int, site: Mapping[str, object]) -> None:
        """Enter a site, or its new values; what it is on stays."""
        with self._change() as db:
            db.execute(_PUT_KIT, (slug, kit, json.dumps(dict(site), sort_keys=True)))

    def board_of(self, mac: str) -> str | None:
        """Return the point that a board belongs to; None = it is new here."""
        rows = self._db.execute("SELECT slug FROM kit WHERE mac = ?", (mac,)).fetchall()
        return str(rows[0][0]) if rows else None

    def bind(self, slug: str, mac: str, *, replace: bool = False) -> None:
        """Say that a kit is on this board. Raises BoardBound when either belongs elsewhere.

        ``replace``: the kit moves to this board; its former one is another kit's or nobody's from now on.
        """
        row = self.kit(slug)
        owner = self.board_of(mac)
        if owner not in (None, slug):
            raise BoardBound(
                f"The board {mac} is {owner!r}. Take another board, or withdraw that kit first: nsp kits withdraw {owner}."
            )
        if row.state == "moved":
            raise BoardBound(f"{slug!r} was handed over: the other station flashes it, or hands it back.")
        if row.state == "withdrawn" and not replace:
            raise BoardBound(f"{slug!r} is withdrawn. Give it a new board with --replace.")
        if row.mac not in (None, mac) and not replace:
            raise BoardBound(
                f"{slug!r} is on the board {row.mac}, not on {mac}. If that board is lost or broken: --replace."
            )
        with self._change() as db:
            if row.mac not in (None, mac):
                _note(db, slug, "replaced", f"board {row.mac} by {mac}")
            db.execute("UPDATE kit SET mac = ? WHERE slug = ?", (mac, slug))

    def use(self, slug: str, generation: int) -> None:
        """Say that a key is on its way to a board: after this it is never put on one again."""
        with self._change() as db:
            now = _text(datetime.now(UTC))
            db.execute("INSERT OR IGNORE INTO used VALUES (?, ?, ?, 0)", (slug, generation, now))

    def is_used(self, slug: str, generation: int) -> bool:
        """Tell whether this key was ever on its way to a board."""
        sql = "SELECT 1 FROM used WHERE slug = ? AND generation = ?"
        return bool(self._db.execute(sql, (slug, generation)).fetchall())

    def counter(self, slug: str, generation: int) -> int:
        """Return the highest counter of this key that a board has shown us."""
        sql = "SELECT counter FROM used WHERE slug = ? AND generation = ?"
        rows = self._db.execute(sql, (slug, generation)).fetchall()
        return int(rows[0][0]) if rows else 0

    def saw_counter(self, slug: str, generation: int, counter: int) -> None:
        """Remember how far a board's counter has come."""
        with self._change() as db:
            sql = "UPDATE used SET counter = max(counter, ?) WHERE slug = ? AND generation = ?"
            db.execute(sql, (counter, slug, generation))

    def withdraw(self, slug: str, why: str) -> None:
        """Say that a kit is lost or stolen: its board is nobody's, its keys are to be refused."""
        self.kit(slug)
        with self._change() as db:
            db.execute("UPDATE kit SET state = 'withdrawn', mac = NULL WHERE slug = ?", (slug,))
            _note(db, slug, "withdrawn", why)

    def move(self, slug: str, why: str) -> None:
        """Say that another station has this kit from now on: it is not flashed here any more."""
        with self._change() as db:
            db.execute("UPDATE kit SET state = 'moved' WHERE slug = ?", (slug,))
            _note(db, slug, "moved", why)

    def returned(self, slug: str) -> None:
        """Say that a kit which was handed over is this station's again; it has to be flashed anew."""
        with self._change() as db:
            db.execute("UPDATE kit SET state = 'listed' WHERE slug = ?", (slug,))
            _note(db, slug, "returned", "taken back")

    def record(self, record: FlashRecord, settings: str = "") -> None:
        """Keep an attempt. ``settings``: SHA-256 of the settings, when they are on the board and verified."""
        state = "flashed" if record.result == "verified" else "failed"
        body = {
            name: getattr(record, name)
            for name in FlashRecord.__dataclass_fields__
            if name not in ("slug", "mac", "at", "result")
        }
        with self._change() as db:
            db.execute(
                "INSERT INTO flash (at, slug, mac, result, record) VALUES (?, ?, ?, ?, ?)",
                (_text(record.at), record.slug, record.mac, record.result, json.dumps(body)),
            )
            db.execute(
                "UPDATE kit SET state = ?, settings = ? WHERE slug = ?", (state, settings, record.slug)
            )

    def records(self, slug: str | None = None) -> list[FlashRecord]:
        """Return all attempts, or those of one kit, oldest first."""
        rows = self._db.execute("SELECT at, slug, mac, result, record FROM flash ORDER BY id").fetchall()
        return [
            FlashRecord(slug=one, mac=mac, at=datetime.fromisoformat(at), result=result, **json.loads(body))
            for at, one, mac, result, body in rows
            if slug in (None, one)
        ]

    def events(self) -> list[tuple[datetime, str, str, str]]:
        """Return when, which kit, what was done and why, oldest first."""
        rows = self._db.execute("SELECT at, slug, what, why FROM event ORDER BY id")
        return [(datetime.fromisoformat(at), slug, what, why) for at, slug, what, why in rows]

    def dump(self, slug: str) -> Dump:
        """Return everything about one kit as plain values: its row, used keys, attempts and events."""
        self.kit(slug)
        return {
            table: [list(row) for row in self._db.execute(_DUMP.format(columns, table), (slug,))]
            for table, columns in _DUMPED.items()
        }

    def take(self, dump: Dump) -> None:
        """Enter what ``dump`` of another register gave; what is there already stays. Raises RegisterError."""
        try:
            with self._change() as db:
                for table, columns in _DUMPED.items():
                    marks = ", ".join("?" for _ in columns.split(","))
                    verb = "INSERT OR IGNORE" if table == "used" else "INSERT"
                    db.executemany(f"{verb} INTO {table} ({columns}) VALUES ({marks})", dump[table])
        except sqlite3.IntegrityError as error:
            raise RegisterError(
                f"{self.path}: the kit, its number or its board is there already ({error}). Nothing of it was taken."
            ) from error

    def note(self, slug: str, what: str, why: str) -> None:
        """Write down something that was done with a kit."""
        with self._change() as db:
            _note(db, slug, what, why)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """All of the block, on disk when it ends, or none of it."""
        self._db.execute("BEGIN")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        sealed.save(self.path, WHAT, self._db, self._seal)


_DUMPED: Mapping[str, str] = {
    "kit": "slug, kit, site, mac, state, settings",
    "used": "slug, generation, at, counter",
    "flash": "at, slug, mac, result, record",
    "event": "at, slug, what, why",
}
_DUMP = "SELECT {} FROM {} WHERE slug = ?"
_KITS = "SELECT slug, kit, site, mac, state, settings FROM kit"
_PUT_KIT = """
    INSERT INTO kit VALUES (?, ?, ?, NULL, 'listed', '')
    ON CONFLICT (slug) DO UPDATE SET kit = excluded.kit, site = excluded.site"""


def _kit(row: tuple[str, int, str, str | None, State, str]) -> KitRow:
    slug, kit, site, mac, state, settings = row
    return KitRow(slug, kit, json.loads(site), mac, state, settings)


def _note(db: sqlite3.Connection, slug: str, what: str, why: str) -> None:
    row = (_text(datetime.now(UTC)), slug, what, why)
    db.execute("INSERT INTO event (at, slug, what, why) VALUES (?, ?, ?, ?)", row)


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
