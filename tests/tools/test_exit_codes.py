"""Every `nsp` command, called with what it cannot use: exit code 2, one line that says what, and never a traceback."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nspgateway import __main__ as gateway
from nsptools import cli
from nsptools.commands import demo

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "technician.md").read_text(encoding="utf-8")
# In the folder there is: bad.toml, bad.csv, bad.json and bad.bin, none of which is what its name says; an empty folder;
# a passphrase. "absent" and what begins so is not there.
BAD = """
backtest absent.json
bench device nothing
bench set de-linde.plant.fuel_l
benchmark --only nothing
boards nothing
demo --speed 0
demo --scenario absent
demo --scenario bad.toml
demo --headless --data bad.csv/a
devices nothing
docs absent/page.md
fleet --hours 0
fleet --hours 1
fleet --kits 99
fleet --hours 4 --alarms 0 --storm 4
fleet --hours 4 --alarms 0 --outage 5:1
fleet --outage nothing
fleet --frequency-hz 1
flash --station absent --port /dev/absent
flash --station empty --port /dev/absent --passphrase-file absent
flash --station empty --sha256 x
flash --station empty --image bad.bin
flash --station empty --image absent.bin --sha256 00
flash prepare --cache cache --image absent.bin --no-packages
flash prepare --cache cache --image https://127.0.0.1:1/x.bin --no-packages
gateway run --config absent.toml
gateway run --config bad.toml
gateway check-config --config absent.toml
gateway check-config --config bad.toml
gateway status --config absent.toml
gateway status --config bad.toml
gateway refuel --config bad.toml
gateway account list --config bad.toml
gateway account add post-1 --config absent.toml
gateway screen add hal --config bad.toml
gateway emergency-code --config bad.toml
gateway client add wall --role cp_medewerker --folder absent
gateway client remove wall --folder absent
gateway init --renew --folder absent
kits list --station absent
kits list --station empty --passphrase-file absent
kits withdraw de-linde --station empty
kits store de-linde --station empty --port /dev/absent
kits export out de-linde --station empty --first-passphrase-file pass --second-passphrase-file absent
kits import absent --station other --first-passphrase-file pass --second-passphrase-file pass
kits import bad.bin --station other --first-passphrase-file pass --second-passphrase-file pass --demo
probe --port /dev/absent
probe --port /dev/absent --settings bad.json
probe --port /dev/absent --model nothing
provision absent.csv --station made --demo
provision bad.csv --station made --demo
provision bad.csv --station bad.csv/a/b --demo
"""
# A name that no disk takes is refused by the system itself, wherever a command first looks at it.
LONG = "x" * 300
CALLS = [
    *BAD.strip().splitlines(),
    f"provision bad.csv --station {LONG} --demo",
    f"gateway init --folder {LONG}",
    f"demo --headless --data {LONG}",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nothing can be used; nobody sets up a log or the collector for the whole process."""
    monkeypatch.chdir(tmp_path)
    for name in ("log_to_stderr", "settle_memory"):
        monkeypatch.setattr(gateway, name, lambda: None)
    monkeypatch.setattr(demo, "_quiet", lambda *, verbose: None)  # noqa: ARG005 - as it is called
    (tmp_path / "bad.toml").write_text("this is [ not toml")
    (tmp_path / "bad.csv").write_text("not;a;list")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "bad.bin").write_bytes(bytes(range(100)))
    (tmp_path / "empty").mkdir()
    (tmp_path / "pass").write_text("een lange wachtzin van vier woorden")
    (tmp_path / "pass").chmod(0o600)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("call", CALLS)
def test_what_cannot_be_used_is_told_with_2(call: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Protects a script that has to tell what it gave wrongly from what failed: the same code in every command."""
    assert cli.main(shlex.split(call)) == 2
    said = capsys.readouterr()
    assert said.err.strip() or said.out.strip()
    assert "Traceback" not in said.err + said.out


def test_every_command_is_called() -> None:
    """Protects the next command: whoever adds one adds what it refuses here."""
    assert {call.split()[0] for call in CALLS} == set(cli._names())


@pytest.mark.parametrize("name", sorted(cli._names()))
def test_an_option_that_is_not_there_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Protects from a slip of the keyboard that is passed over in silence."""
    assert cli.main([name, "--nothing-of-the-kind"]) == 2
    assert "--nothing-of-the-kind" in re.sub(r"\s", "", capsys.readouterr().err)


@pytest.mark.usefixtures("folder")
def test_the_gateway_itself_has_the_same_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Protects who starts it without `nsp`: settings that cannot be used end with the same code."""
    assert gateway.main(["bad.toml"]) == 2
    assert gateway.main([]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_codes_stand_on_the_page() -> None:
    """Protects the table: the codes that commands end with are those that it explains."""
    table = PAGE.partition("## Exit codes")[2].partition("## ")[0]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == ["0", "1", "2", "3", "130"]
