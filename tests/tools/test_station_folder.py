"""The station's folder: one command at a time, full disks, ports that are no boards; no traceback, nothing half made."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from nspgateway import keys
from nsptools.cli import main
from nsptools.station import folder as folders
from nsptools.station import sealed
from nsptools.station.register import Register

LIST = (
    "name;number;municipality;latitude;longitude;devices;tank_litres;rated_kw\n"
    "De Linde;1;Lindendam;52,0907;5,1214;generator:dse7320mk2@10;60;10\n"
)
PASSPHRASE = "correct horse battery"
NEW = ("--region", "regio-oost", "--cp", "kazerne-oost", "--cp-number", "17")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with a list and a passphrase."""
    monkeypatch.chdir(tmp_path)
    for module in (sealed, keys):  # the real cost of a passphrase is a tenth of a second each time
        monkeypatch.setattr(module, "_SCRYPT_N", 1 << 4)
    (tmp_path / "sites.csv").write_text(LIST)
    (tmp_path / "pass").write_text(f"{PASSPHRASE}\n")
    (tmp_path / "pass").chmod(0o600)
    return tmp_path


def provision(station: str, *more: str) -> int:
    return main(["provision", "sites.csv", "--station", station, "--passphrase-file", "pass", *more])


def test_two_commands_never_change_one_station_at_once(desk, capsys):
    """The second would write down only what it has done itself, and the first one's keys were lost."""
    assert provision("s", *NEW) == 0
    before = (desk / "s" / "station.db").read_bytes()
    with folders.alone(desk / "s"):
        for words in (
            ["provision", "sites.csv"],
            ["kits", "withdraw", "de-linde"],
            ["flash", "--port", "/dev/null"],
        ):
            capsys.readouterr()
            assert main([*words, "--station", "s", "--passphrase-file", "pass"]) == 2
            assert "another nsp works on this station" in capsys.readouterr().err
    assert (desk / "s" / "station.db").read_bytes() == before
    assert main(["kits", "list", "--station", "s", "--passphrase-file", "pass"]) == 0


def test_a_full_disk_leaves_no_half_of_a_station(desk):
    """A station that could not be made is not there, and is made by the same words when there is room."""
    words = ("provision", "sites.csv", "--station", "s", "--passphrase-file", "pass", *NEW)
    ended = subprocess.run(
        [Path(sys.executable).with_name("nsp"), *words],
        # What stands for a full disk: no file grows beyond 300 bytes.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "cannot be written (File too large)" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in (desk / "s").iterdir() if path.suffix in (".db", ".new", ".toml")] == []
    assert provision("s", *NEW) == 0


@pytest.mark.parametrize("last", ["station.db", "keys.db"])
def test_a_station_whose_making_was_killed_is_made_by_the_same_words(desk, capsys, last):
    """What a killed command left has no kit in it and goes; what somebody else made, or holds a kit, stays."""
    (desk / "s").mkdir()
    Register.create(desk / "s" / "station.db", PASSPHRASE).close()
    if last == "keys.db":
        keys.KeyRegister.create(desk / "s" / "keys.db", PASSPHRASE)
    assert provision("s", *NEW) == 0
    (desk / "s" / "station.toml").unlink()
    assert provision("s", *NEW) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("station", "said"), [("pass", "pass: cannot be made"), ("pass/s", "cannot be made (File exists)")]
)
def test_a_place_that_is_no_folder_is_told(desk, capsys, station, said):
    """A file where the folder should be is named in one line."""
    assert provision(station, *NEW) == 2
    assert said in capsys.readouterr().err


def test_ports_that_are_no_boards_fail_alone_and_once(desk, capsys):
    """A port that is no board, or not there, or named twice, is one line that says so."""
    assert provision("s", *NEW) == 0
    capsys.readouterr()
    ports = ("--port", "sites.csv", "--port", "./sites.csv", "--port", "nothing")
    assert main(["flash", "--station", "s", "--passphrase-file", "pass", *ports]) == 1
    said = capsys.readouterr()
    assert "0 verified, 0 of them unchanged; 2 failed." in said.out
    assert "sites.csv: cannot be opened." in said.out
    assert "  failed: nothing: the board went away." in said.out
    assert "Traceback" not in said.out + said.err
