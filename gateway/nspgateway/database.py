"""An SQLite file: opened, checked, brought up to date, and its complaints turned into ours.

WAL with synchronous=FULL: what was committed survives kill -9 and a power cut.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nspgateway.errors import StoreCorrupt, StoreError, StoreFull, StoreLocked, StoreTooNew

BUSY_S = 2.0


class Database:
    """An open, checked and migrated SQLite file. ``schema``: a folder of NNNN.sql.

    ``beside``: another process works with it, which checked and migrated it: it is used as it is.
    """

    def __init__(self, path: Path, schema: Path, *, beside: bool = False) -> None:
        self.path = path
        if not beside:
            self._look(_newest(schema))
        # SQLite would let everybody on the machine read it; its -wal and -shm take over this mode.
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with self._errors():
            # isolation_level None: transactions begin where we say so, never by themselves.
            self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            self._prepare(schema, beside=beside)
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

    def _look(self, newest: int) -> None:
        """Raise StoreCorrupt or StoreTooNew for a file that must not be used, and leave every byte of it as it is.

        Opened for writing, a damaged file would take its write-ahead log in when it is closed again, and
        what could still be saved from both would be overwritten.
        """
        if not self.path.exists() or not self.path.stat().st_size:
            return
        with self._errors():
            db = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", timeout=BUSY_S, uri=True)
            try:
                found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
                version = int(db.execute("PRAGMA user_version").fetchone()[0])
            finally:
                db.close()
        if found != "ok":
            raise StoreCorrupt(f"{self.path}: damaged ({' '.join(found.split())}). {_RESTORE}")
        if version > newest:
            raise StoreTooNew(
                f"{self.path}: written by a later version of this program (schema {version}, "
                f"known here {newest}). Install that version, or start with a new data folder."
            )

    def _prepare(self, schema: Path, *, beside: bool) -> None:
        with self._errors():
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            if not beside:
                self._migrate(schema)
            elif (version := self._version()) != _newest(schema):
                raise StoreTooNew(
                    f"{self.path}: is used by another version of this program (schema {version}, here "
                    f"{_newest(schema)}). Start the gateway again with the version that is installed now."
                )

    def _migrate(self, schema: Path) -> None:
        """Run the numbered files that this database has not had, each in its own transaction."""
        version = self._version()
        for step in _steps(schema):
            number = int(step.stem)
            if number > version:
                with self._transaction():
                    for statement in _statements(step.read_text(encoding="utf-8")):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {number}")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

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
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            other = (StoreError, "See the message; nothing was written.")
            kind, cure = _CURES.get(code) or _CURES.get(code & 0xFF, other)
            raise kind(f"{self.path}: {error}. {cure}") from error


def _steps(schema: Path) -> list[Path]:
    return sorted(schema.glob("[0-9][0-9][0-9][0-9].sql"))


def _newest(schema: Path) -> int:
    return int(_steps(schema)[-1].stem)


_RESTORE = (
    "Nothing was changed. Move the file away, together with those of the same name that end in -wal and -shm, "
    "and keep them: much can often be read from them. Then put a backup in its place, or start without: the "
    "gateway makes a new one, and kits prove once that their frames are of now."
)
_MAKE_ROOM = "Free space on this disk; receiving goes on by itself."
_CURES: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_CORRUPT: (StoreCorrupt, _RESTORE),
    sqlite3.SQLITE_NOTADB: (StoreCorrupt, _RESTORE),
    sqlite3.SQLITE_FULL: (StoreFull, _MAKE_ROOM),
    # The index of the log cannot grow.
    sqlite3.SQLITE_IOERR_SHMSIZE: (StoreFull, _MAKE_ROOM),
    sqlite3.SQLITE_IOERR: (
        StoreError,
        "The disk does not do its work: look into the system's log, and replace it.",
    ),
    sqlite3.SQLITE_BUSY: (StoreLocked, "Stop the other program that uses this file."),
    sqlite3.SQLITE_LOCKED: (StoreLocked, "Stop the other program that uses this file."),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "Check that the folder exists and may be written."),
    sqlite3.SQLITE_READONLY: (StoreError, "Give this user the right to write the file and its folder."),
}


@lru_cache(maxsize=256)  # of one frame the same stands in three tables
def as_text(at: datetime) -> str:
    """Return a moment as it stands in the database, where texts sort as their moments do."""
    return at.isoformat(timespec="microseconds")


def _statements(script: str) -> Iterator[str]:
    """Split a script where SQLite itself says a statement is complete."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
