"""``nsp gateway init`` where something is wrong already, or goes wrong half-way."""

import errno
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from init_box import BRIDGE, NODERED, SCREEN, InitBox, tree, wanted
from nspgateway.config import load_gateway
from nspgateway.config_parts import ClientConfig
from nspgateway.errors import GatewayError
from nspgateway.init import box
from nspgateway.init.files import InitError, Layout

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ROOMY = 1_000_000


class SmallDisk:
    """A disk that takes so many more writes, then none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = ROOMY
        monkeypatch.setattr(os, "fsync", self._take)

    def _take(self, _descriptor: int) -> None:
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


def open_files(folder: Path) -> set[str]:
    """Names of the files that others can read or change."""
    return {path.name for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077}


@pytest.mark.parametrize(
    ("name", "text", "mode", "words"),
    [
        ("passphrase", "een lange wachtzin\n", 0o644, "chmod 600"),
        ("passphrase", "wachtwoord\n", 0o600, "shorter than 12"),
        ("passphrase", "\n", 0o600, "holds no passphrase"),
        ("keys.db", "{}", 0o640, "chmod 600"),
    ],
)
def test_open_or_weak_secrets_of_provisioning(
    tmp_path: Path, name: str, text: str, mode: int, words: str
) -> None:
    """Keys that others can read, or behind a weak passphrase, are told before a box is made around them."""
    layout = Layout(tmp_path / "box")
    layout.folder.mkdir()
    (layout.folder / name).write_text(text)
    (layout.folder / name).chmod(mode)
    before = tree(layout.folder)
    with pytest.raises(GatewayError, match=words):
        box.create(layout, wanted(layout.folder), NOW)
    assert tree(layout.folder) == before


def test_disk_full_while_a_box_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the disk runs full: it is told, no secret is open, no half box is taken for a whole, the next works."""
    disk = SmallDisk(monkeypatch)
    failures = whole = 0
    told, public = list[str](), set[str]()
    while not whole:
        folder = tmp_path / str(failures)
        folder.mkdir()
        layout = Layout(folder / "box")
        disk.room = failures
        try:
            InitBox(folder)
        except InitError as error:
            failures += 1
            told.append(str(error))
            disk.room = ROOMY
            public |= open_files(folder)
            if not layout.config.exists():
                for path in layout.made():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                InitBox(folder)
        else:
            whole += 1
        assert load_gateway(layout.config).broker[0].client == (SCREEN, NODERED, BRIDGE)
    assert public == {"ca.pem", "ca.pem.new", "gateway.toml", "gateway.toml.new"}
    assert all("No space left on device" in words for words in told)
    # Each of 15 files and the folder that it is in, and each of 4 folders in theirs.
    assert failures == 2 * (1 + 2 + 5 + 3 + 4) + 4


def test_disk_full_while_a_client_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the disk runs full: the same command, once there is room, ends in one client with one account."""
    disk = SmallDisk(monkeypatch)
    made = InitBox(tmp_path)
    wall = ClientConfig(name="wall", role="cp_medewerker", may=("test",))
    accounts, rights = made.layout.broker / "accounts", made.layout.broker / "rights"
    before = accounts.read_text(), rights.read_text()
    failures = whole = 0
    while not whole:
        disk.room = failures
        try:
            box.add_client(made.layout, wall)
            whole += 1
        except InitError:
            failures += 1
            disk.room = ROOMY
            if wall not in made.broker.client:
                box.add_client(made.layout, wall)
        disk.room = ROOMY
        assert made.broker.client == (SCREEN, NODERED, BRIDGE, wall)
        assert accounts.read_text().count("wall:") == rights.read_text().count("user wall\n") == 1
        box.remove_client(made.layout, "wall")
        assert (accounts.read_text(), rights.read_text()) == before
    assert failures == 8  # a file and its folder, four times
