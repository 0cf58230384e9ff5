"""A damaged disk: named at the start with what to do, nothing overwritten; a lost end of the log costs only the end."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from gateway_box import T0, Box
from nspgateway.errors import StoreCorrupt
from nspgateway.records import Answered, Changes
from nspgateway.store import Store

PAGE = 4096


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway's folder after an evening, closed properly."""
    box = Box(tmp_path_factory.mktemp("whole"))
    for counter in range(1, 300):
        box.clock.move(60)
        box.vital(counter, kit=65 + counter % 2)
    box.store.close()
    return box.folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be harmed."""
    return Path(shutil.copytree(whole, tmp_path / "box"))


def assert_refused(path: Path) -> None:
    """It is named, with what to do, and every byte is as it was."""
    before = saved(path)
    with pytest.raises(StoreCorrupt, match=r"nsp\.db: .*Nothing was changed\. Move the file away.*backup"):
        Store(path)
    assert saved(path) == before


def saved(path: Path) -> dict[str, bytes]:
    """Return the file and its log; the third file beside them is an index that SQLite makes anew."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return {file.name: data for file in files if file.exists() and (data := file.read_bytes())}


@pytest.mark.parametrize("page", [0, 1, 7, 20])
def test_bytes_that_fell_over(folder: Path, page: int) -> None:
    """Protects against building on rotten ground: a page whose head is rubbish stops the start."""
    path = folder / "nsp.db"
    data = bytearray(path.read_bytes())
    start = page * PAGE + (100 if page == 0 else 0)  # the file's own head comes first
    data[start : start + 64] = Random(page).randbytes(64)
    path.write_bytes(data)
    assert_refused(path)


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.1, 0.003])
def test_a_file_that_lost_its_end(folder: Path, kept: float) -> None:
    """Protects against a file that was copied half: it is not taken for a short history."""
    path = folder / "nsp.db"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    assert_refused(path)


def test_a_damaged_file_keeps_its_log(folder: Path) -> None:
    """Protects what a rescuer needs: the write-ahead log beside a damaged file is left, too."""
    path = folder / "nsp.db"
    store = Store(path)
    store.commit(Changes(T0, command=Answered("region", "a-1", T0, "{}")))
    saved = {end: path.with_name(f"nsp.db{end}").read_bytes() for end in ("", "-wal")}
    store.close()
    data = bytearray(saved[""])
    data[7 * PAGE : 7 * PAGE + 64] = b"\xa5" * 64
    path.write_bytes(data)
    path.with_name("nsp.db-wal").write_bytes(saved["-wal"])
    assert_refused(path)
    assert path.with_name("nsp.db-wal").read_bytes() == saved["-wal"]


@pytest.mark.parametrize("kind", ["cut off", "fallen over"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.71, 0.999])
def test_a_log_that_lost_its_end(tmp_path: Path, share: float, kind: str) -> None:
    """Protects all that stands before the damage: whole transactions up to there, none in half, and it goes on."""
    (tmp_path / "made").mkdir()
    box = Box(tmp_path / "made")
    for counter in range(1, 40):
        box.clock.move(60)
        box.vital(counter)
    copied = tmp_path / "copied"
    copied.mkdir()
    for end in ("", "-wal"):
        shutil.copy(box.folder / f"nsp.db{end}", copied / f"nsp.db{end}")
    box.store.close()
    wal = copied / "nsp.db-wal"
    data = bytearray(wal.read_bytes())
    at = int(len(data) * share)
    if kind == "cut off":
        del data[at:]
    else:
        data[at : at + 16] = b"\xa5" * 16
    wal.write_bytes(data)
    with Store(copied / "nsp.db", ["own"]) as store:
        counters = [f.counter for f in store.frames("de-linde", T0 - timedelta(days=1))] if share else []
        assert counters == list(range(1, len(counters) + 1))
        assert (len(counters) > 20) == (share > 0.7)
        sent = [m for _, m in store.outbox("own") if m.kind == "telemetry"]
        assert len(sent) == len(counters)
        if counters:
            assert store.windows()[65, 1].newest == counters[-1]
        assert store._rows("PRAGMA integrity_check") == [("ok",)]
