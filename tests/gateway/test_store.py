"""The database and the key register: durable, exactly once, and clear about what is wrong."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from nspgateway.config import BrokerConfig, GatewayConfig, PointConfig, RadioConfig
from nspgateway.errors import (
    KeyRegisterError,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreTooNew,
)
from nspgateway.folder import FolderLock
from nspgateway.keys import KeyRegister, read_passphrase
from nspgateway.messages import OutboxMessage
from nspgateway.records import AlarmChange, Changes, Frame, Heard, Held, Window
from nspgateway.store import Store

T0 = datetime(2027, 1, 15, 17, 0, 0, 250_000, tzinfo=UTC)
PASSPHRASE = "een lange wachtzin"
CONFIG = GatewayConfig(
    region="regio-oost",
    cp="kazerne-oost",
    cp_number=1,
    data=Path(),
    points=Path(),
    keys=Path(),
    radio=RadioConfig(port="/dev/null"),
    broker=(BrokerConfig(name="own", host="localhost"),),
)
POINT = PointConfig(
    slug="de-linde",
    name="Buurthuis De Linde",
    number=1,
    municipality="Lindendam",
    region="regio-oost",
    cp="kazerne-oost",
    latitude=52.1,
    longitude=5.9,
    kit_address=65,
)
FRAME = Frame(
    kit=65,
    generation=1,
    counter=70_000,
    point="de-linde",
    received_at=T0,
    kind="vital",
    exercise=False,
    fields={"fuel_permille": 470, "load_w": None, "power_source": "generator"},
    raw=b"\xe0\x00\x41",
    rssi_dbm=-97,
    snr_db=6.5,
)
MESSAGE = OutboxMessage("nsp/v1/regio-oost/de-linde/telemetry", b'{"key":"65-1-70000"}', False, None, T0)


def _store(path: Path, *brokers: str) -> Store:
    store = Store(path, brokers or ("own",))
    store.register(CONFIG, [POINT], T0)
    return store


def _changes(frame: Frame = FRAME) -> Changes:
    return Changes(
        at=T0,
        frame=frame,
        window=Window(frame.counter, (1 << 63) | 1),
        heard=Heard(65, 1, frame.counter, T0, -97, 6.5),
        readings={"fuel_permille": Held(470, "good", T0), "load_w": Held(None, "unknown", None)},
        alarms=(AlarmChange("de-linde", "fuel_low", "raise", '{"a":1}', True, True),),
        messages=(MESSAGE,),
    )


def _commit_many(store: Store, count: int) -> None:
    for counter in range(count):
        store.commit(_changes(replace(FRAME, counter=counter)))


def test_everything_of_a_frame_survives_a_restart(tmp_path: Path) -> None:
    """Protects what a restart needs: journal, window, readings, alarms and unsent messages, unchanged."""
    with _store(tmp_path / "nsp.db") as store:
        store.commit(_changes())
    with _store(tmp_path / "nsp.db") as store:
        assert store.find_frame(65, 1, 70_000) == FRAME
        assert store.frames("de-linde", T0) == [FRAME]
        assert store.frames("de-linde", T0 + timedelta(microseconds=1)) == []
        assert store.windows() == {(65, 1): Window(70_000, (1 << 63) | 1)}
        assert store.readings("de-linde") == _changes().readings
        assert store.heard("de-linde") == _changes().heard
        assert store.alarms() == {("de-linde", "fuel_low"): '{"a":1}'}
        assert [message for _, message in store.outbox("own")] == [MESSAGE]
        assert store.newest() == T0


def test_a_frame_is_written_once_or_not_at_all(tmp_path: Path) -> None:
    """Protects "exactly once": a second commit of the same counter fails and leaves no half of itself."""
    with _store(tmp_path / "nsp.db") as store:
        store.commit(_changes())
        with pytest.raises(StoreError):
            store.commit(_changes(replace(FRAME, raw=b"other")))
        assert store.frame_count() == 1
        assert store.outbox_size() == 1
        store.commit(_changes(replace(FRAME, generation=2)))
        assert store.frame_count() == 2


def test_an_alarm_back_to_normal_is_forgotten_but_stays_in_the_log(tmp_path: Path) -> None:
    """Protects the list of open alarms, and the evaluation afterwards."""
    with _store(tmp_path / "nsp.db") as store:
        store.commit(_changes())
        gone = AlarmChange("de-linde", "fuel_low", "clear", '{"a":2}', False, True)
        silent = AlarmChange("de-linde", "overload", "wait", '{"a":3}', True, False)
        store.commit(Changes(at=T0, alarms=(gone, silent)))
        assert store.alarms() == {("de-linde", "overload"): '{"a":3}'}
    with sqlite3.connect(tmp_path / "nsp.db") as raw:
        assert raw.execute("SELECT alarm, action FROM alarm_event ORDER BY id").fetchall() == [
            ("fuel_low", "raise"),
            ("fuel_low", "clear"),
        ]
    raw.close()


def test_a_message_waits_for_each_broker_until_it_confirms(tmp_path: Path) -> None:
    """Protects two brokers from each other: what one has confirmed, the other may still need."""
    with _store(tmp_path / "nsp.db", "own", "region") as store:
        store.commit(_changes())
        [(own, _)] = store.outbox("own")
        store.delivered([own, 999])
        assert store.outbox("own") == []
        assert len(store.outbox("region")) == 1
    with _store(tmp_path / "nsp.db", "own") as store:
        assert store.outbox_size() == 0, "a broker that left the settings must not fill the disk"


def test_a_replaced_kit_leaves_the_history_with_the_point(tmp_path: Path) -> None:
    """Protects history: it belongs to the point, and which kit stood there when stays known."""
    path = tmp_path / "nsp.db"
    with _store(path) as store:
        store.commit(_changes())
        later = T0 + timedelta(hours=1)
        replaced = PointConfig(
            **{name: getattr(POINT, name) for name in POINT.__struct_fields__} | {"kit_address": 66}
        )
        store.register(CONFIG, [replaced], later)
        store.commit(_changes(replace(FRAME, kit=66, counter=1)))
        assert [frame.kit for frame in store.frames("de-linde", T0)] == [65, 66]
    raw = sqlite3.connect(path)
    rows = raw.execute('SELECT kit, "until" FROM assignment ORDER BY id').fetchall()
    raw.close()
    assert rows == [(65, later.isoformat(timespec="microseconds")), (66, None)]


def test_durability_settings(tmp_path: Path) -> None:
    """Protects against a power cut: WAL with a sync at every commit, and foreign keys that are kept."""
    with _store(tmp_path / "nsp.db") as store:
        assert store._rows("PRAGMA journal_mode") == [("wal",)]
        assert store._rows("PRAGMA synchronous") == [(2,)]
        with pytest.raises(StoreError, match="FOREIGN KEY"):
            store.commit(_changes(replace(FRAME, point="nowhere")))


def test_refuses_a_damaged_file(tmp_path: Path) -> None:
    """Protects against working on in a damaged database: it is named at the start, with the cure."""
    path = tmp_path / "nsp.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreCorrupt, match=r"nsp\.db.*backup"):
        Store(path)
    path.unlink()
    with _store(path) as store:
        _commit_many(store, 300)
    data = bytearray(path.read_bytes())
    page = 4096
    for start in range(4 * page, len(data) - page, 2 * page):
        data[start : start + 64] = b"\xa5" * 64
    path.write_bytes(data)
    with pytest.raises(StoreCorrupt, match="backup"):
        Store(path)


def test_refuses_a_newer_schema(tmp_path: Path) -> None:
    """Protects data of a later version from an older program that does not know what it means."""
    path = tmp_path / "nsp.db"
    _store(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 9999")
    raw.close()
    with pytest.raises(StoreTooNew, match="schema 9999"):
        Store(path)


def test_runs_only_the_missing_migrations(tmp_path: Path) -> None:
    """Protects data at an update: each step once, and a step that fails leaves the step before it."""
    schema = tmp_path / "schema"
    schema.mkdir()
    (schema / "0001.sql").write_text("CREATE TABLE a (x TEXT); -- one; two\nINSERT INTO a VALUES ('a;b');")
    Store(tmp_path / "m.db", schema=schema).close()
    (schema / "0002.sql").write_text(
        "CREATE TABLE b (x TEXT);\nINSERT INTO a VALUES ('c');\nCREATE TABLE a (x TEXT);"
    )
    with pytest.raises(StoreError, match="already exists"):
        Store(tmp_path / "m.db", schema=schema)
    (schema / "0002.sql").write_text("CREATE TABLE b (x TEXT);\nINSERT INTO a VALUES ('c');")
    for _ in range(2):
        with Store(tmp_path / "m.db", schema=schema) as store:
            assert store._rows("SELECT x FROM a") == [("a;b",), ("c",)]
            assert store._rows("PRAGMA user_version") == [(2,)]


def test_full_disk_writes_nothing_and_recovers(tmp_path: Path) -> None:
    """Protects the journal on a full disk: the frame is not half there, and later frames are."""
    with _store(tmp_path / "nsp.db") as store:
        pages = store._rows("PRAGMA page_count")[0][0]
        # SQLite's own ceiling on the size of the file fails exactly as a disk without room does.
        store._rows(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreFull, match="Free space"):
            _commit_many(store, 2000)
        kept = store.frame_count()
        assert store.outbox_size() == kept
        store._rows("PRAGMA max_page_count = 1000000")
        store.commit(_changes(replace(FRAME, counter=5000)))
        assert store.frame_count() == kept + 1


def test_another_writer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects the search for a second gateway on the same data: the message says what holds the file."""
    monkeypatch.setattr("nspgateway.database.BUSY_S", 0.01)
    path = tmp_path / "nsp.db"
    with (
        _store(path) as store,
        _store(path) as other,
        other._transaction(),
        pytest.raises(StoreLocked, match="other program"),
    ):
        store.commit(_changes())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Protects the first start: a wrong data folder is said in words."""
    with pytest.raises(StoreError, match="folder exists"):
        Store(tmp_path / "none" / "nsp.db")


def test_key_register_keeps_keys_encrypted(tmp_path: Path) -> None:
    """Protects the keys of a stolen box: not in the file, and not without the passphrase."""
    path = tmp_path / "keys.db"
    register = KeyRegister.create(path, PASSPHRASE)
    first, second = register.issue([65, 66], T0)
    assert path.stat().st_mode & 0o777 == 0o600
    assert first.key not in path.read_bytes()
    assert KeyRegister.load(path, PASSPHRASE).keys == (first, second)
    with pytest.raises(KeyRegisterError, match="wrong passphrase"):
        KeyRegister.load(path, "another long passphrase")
    with pytest.raises(KeyRegisterError, match="passphrase_file"):
        KeyRegister.load(path)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(KeyRegisterError, match="damaged"):
        KeyRegister.load(path, PASSPHRASE)


def test_plain_register_is_for_a_demo_only(tmp_path: Path) -> None:
    """Protects a real gateway from a demo's register in the clear."""
    path = tmp_path / "keys.db"
    KeyRegister.create(path, None).issue([65], T0)
    assert len(KeyRegister.load(path, demo=True).keys) == 1
    with pytest.raises(KeyRegisterError, match="only a demo"):
        KeyRegister.load(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700])
def test_refuses_secrets_that_others_can_read(tmp_path: Path, mode: int) -> None:
    """Protects keys and passphrase from a careless copy: refused, with the command that cures it."""
    path = tmp_path / "keys.db"
    KeyRegister.create(path, None)
    path.chmod(mode)
    with pytest.raises(KeyRegisterError, match="chmod 600"):
        KeyRegister.load(path, demo=True)
    with pytest.raises(KeyRegisterError, match="chmod 600"):
        read_passphrase(path)


def test_a_passphrase_that_is_no_text(tmp_path: Path) -> None:
    """Protects the technician: a passphrase file in another encoding is named, with what to do."""
    path = tmp_path / "passphrase"
    path.write_bytes("geheim één\n".encode("latin-1"))
    path.chmod(0o600)
    with pytest.raises(KeyRegisterError, match="not UTF-8"):
        read_passphrase(path)


def test_two_gateways_never_share_a_folder(tmp_path: Path) -> None:
    """Protects the journal from two that each refuse what the other has taken; free again when the first ends."""
    first = FolderLock(tmp_path)
    with pytest.raises(StoreLocked, match="another gateway"):
        FolderLock(tmp_path)
    first.close()
    first.close()
    FolderLock(tmp_path).close()


def test_nobody_else_reads_the_database(tmp_path: Path) -> None:
    """Protects the journal on a shared machine: the file and what SQLite puts beside it are for their owner."""
    with _store(tmp_path / "nsp.db") as store:
        store.commit(_changes())
        assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("nsp.db*")} == {0o600}


def test_register_refusals(tmp_path: Path) -> None:
    """Protects keys in use from being overwritten, and says what is wrong with the file or passphrase."""
    path = tmp_path / "keys.db"
    with pytest.raises(KeyRegisterError, match="cannot be read"):
        KeyRegister.load(path)
    with pytest.raises(KeyRegisterError, match="12 characters"):
        KeyRegister.create(path, "short")
    KeyRegister.create(path, None)
    with pytest.raises(KeyRegisterError, match="exists already"):
        KeyRegister.create(path, None)
    path.write_bytes(b"\x00\x01rubbish")
    with pytest.raises(KeyRegisterError, match="no key register"):
        KeyRegister.load(path, demo=True)


def test_keys_are_new_unique_and_never_shown(tmp_path: Path) -> None:
    """Protects nonces: every kit, generation and register has its own key, which no log line shows."""
    one = KeyRegister.create(tmp_path / "one.db", None)
    two = KeyRegister.create(tmp_path / "two.db", None)
    for register in (one, two):
        register.issue([65, 66], T0)
        register.issue([65], T0)
    keys = [k.key for k in (*one.keys, *two.keys)]
    assert len(set(keys)) == 6
    assert [k.generation for k in one.of_kit(65)] == [2, 1]
    assert one.keys[0].key.hex() not in repr(one.keys)
    one.withdraw(65, 1, T0)
    one.withdraw(65, 1, T0 + timedelta(hours=1))
    assert [k.withdrawn for k in KeyRegister.load(tmp_path / "one.db", demo=True).of_kit(65)] == [None, T0]
