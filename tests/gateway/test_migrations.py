"""An update of the program takes every earlier database along: whole, with all that is in it, or not at all."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from nspgateway.errors import StoreTooNew
from nspgateway.people import Hold
from nspgateway.records import Held
from nspgateway.store import Store
from patience import PATIENCE_S

SCHEMA = Path(__file__).parents[2] / "gateway" / "nspgateway" / "schema"
DUMPS = sorted((Path(__file__).parent / "dumps").glob("*.sql"))
NEWEST = max(int(step.stem) for step in SCHEMA.glob("*.sql"))
# A step that takes long enough to be killed in, and that fills the write-ahead log before it is committed.
LONG_STEP = """
CREATE TABLE big (n INTEGER, filler BLOB);
INSERT INTO big
    WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 40000)
    SELECT n, zeroblob(2000) FROM up;
CREATE INDEX big_n ON big (n);
"""

# The update of a database by a process that kills itself, in the middle of a statement, once the log has this size.
DIES_AT = """
import os, signal, sqlite3
from pathlib import Path
from nspgateway.store import Store
connect, wal, size = sqlite3.connect, Path(%r), %d
def look():
    if wal.exists() and wal.stat().st_size >= size:
        os.kill(os.getpid(), signal.SIGKILL)
def watched(*arguments, **options):
    db = connect(*arguments, **options)
    db.set_progress_handler(look, 1000)
    return db
sqlite3.connect = watched
Store(Path(%r), schema=Path(%r))
"""


def restored(dump: Path, path: Path) -> None:
    """Make the database that a dump tells of."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(dump.read_text(encoding="utf-8"))


def content(
    path: Path, like: dict[str, list[str]] | None = None
) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Return the columns of each table, and its rows; of the columns in ``like`` where it is given."""
    with closing(sqlite3.connect(path)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = like or {
            name: [row[1] for row in db.execute(f'PRAGMA table_info("{name}")')]
            for name in names
            if not name.startswith("sqlite_")
        }
        rows = {name: db.execute(_select(name, wanted)).fetchall() for name, wanted in columns.items()}
    return columns, rows


def schema_of(path: Path) -> set[tuple[str, str, str]]:
    """Return every table and index as SQLite has it written down."""
    with closing(sqlite3.connect(path)) as db:
        return set(db.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master"))


def _select(table: str, columns: list[str]) -> str:
    wanted = ", ".join(f'"{name}"' for name in columns)
    return f'SELECT {wanted} FROM "{table}" ORDER BY rowid'  # noqa: S608 - names from our own schema


def test_there_is_a_dump_of_every_earlier_schema() -> None:
    """Protects the next step: whoever adds one adds a dump of the schema before it, with rows in every table."""
    assert {int(dump.stem) for dump in DUMPS} >= set(range(1, NEWEST))


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_an_earlier_database_is_taken_along(dump: Path, tmp_path: Path) -> None:
    """Protects a box in the field: all content is there after the update, in exactly the schema of a new box."""
    path = tmp_path / "nsp.db"
    restored(dump, path)
    columns, before = content(path)
    assert all(before.values()), "a table without rows proves nothing"
    Store(path).close()
    Store(tmp_path / "fresh.db").close()
    for one in (columns, before):
        one.pop("reading", None)  # it became "quantities": see the next test
    assert content(path, columns)[1] == before
    assert schema_of(path) == schema_of(tmp_path / "fresh.db")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (NEWEST,)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_an_earlier_database_says_is_understood(tmp_path: Path) -> None:
    """Protects meaning: window, quantities, alarms, events, decisions and a hold of the dump come out as what they are."""
    path = tmp_path / "nsp.db"
    restored(DUMPS[-1], path)
    with Store(path, ["own"]) as store:
        assert store.windows()[65, 1].newest == 70_001
        assert [f.counter for f in store.late_frames("de-linde")] == [69_990]
        assert ("de-linde", "fuel_low") in store.alarms()
        assert store.kit_events("de-linde")[0].text.startswith("iemand")
        assert store.is_held()
        assert Hold(True) in [action.entry for action in store.entries()]
        assert [m.kind for _, m in store.outbox("own")] == ["telemetry", "state"]
        assert store.readings("de-linde") == {
            "fuel_permille": Held(470, "good", datetime(2027, 1, 15, 17, 5, 0, 250_000, UTC)),
            "load_w": Held(None, "unknown", None),
        }


@pytest.mark.parametrize("kill_at_kb", [0, 20_000])
def test_a_migration_that_is_killed_is_whole_or_not_at_all(tmp_path: Path, kill_at_kb: int) -> None:
    """Protects the update from a power cut in the middle of it: the next start finds the old state and goes on."""
    schema, path = tmp_path / "schema", tmp_path / "nsp.db"
    copytree(SCHEMA, schema)
    restored(DUMPS[-1], path)
    Store(path).close()
    columns, before = content(path)
    (schema / f"{NEWEST + 1:04}.sql").write_text(LONG_STEP)
    program = DIES_AT % (str(path.with_name("nsp.db-wal")), kill_at_kb * 1000, str(path), str(schema))
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=PATIENCE_S)
    assert ended.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (NEWEST,)
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'big'").fetchone() == (0,)
    assert content(path, columns)[1] == before
    with Store(path, schema=schema) as store:
        assert store._rows("SELECT count(*), max(n) FROM big") == [(40_000, 40_000)]
    assert content(path, columns)[1] == before


def test_an_older_program_leaves_a_newer_database_alone(tmp_path: Path) -> None:
    """Protects data of a later version: refused with what to do, and not one byte of it is changed."""
    path = tmp_path / "nsp.db"
    restored(DUMPS[-1], path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {NEWEST + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="Install that version"):
        Store(path)
    assert path.read_bytes() == before
