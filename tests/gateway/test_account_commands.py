"""The commands on the box that keep accounts, screens and the emergency code, beside a gateway that runs or does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from access_room import cheap
from gateway_process import provisioned
from nspgateway.access import passwords
from nspgateway.config import BrokerConfig, load_gateway
from nspgateway.folder import FolderLock
from nspgateway.store import Store
from nsptools.cli import main

__all__ = ["cheap"]


class Shell:
    """A terminal on the box."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = config
        self._capsys = capsys

    def run(self, *words: str) -> tuple[int, str, str]:
        """Return the exit code, and what was printed."""
        code = main(["gateway", *words, "--config", str(self.config)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def store(self) -> Store:
        return Store(load_gateway(self.config).database)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """A box as provisioned, at which no gateway ran yet."""
    return Shell(provisioned(tmp_path, BrokerConfig(name="own", host="127.0.0.1")), capsys)


@pytest.mark.parametrize("is_running", [False, True])
def test_an_account_is_made_and_taken_away(shell: Shell, *, is_running: bool) -> None:
    """Protects from a box that nobody can get into: a technician at its keyboard helps, also while the gateway runs."""
    with shell.store() as store, closing(FolderLock(store.path.parent)) if is_running else nullcontext():
        code, out, _ = shell.run(
            "account", "add", "Post-1", "--role", "gemeente", "--municipality", "Lindendam"
        )
        assert code == 0
        (password,) = re.findall(r": ([a-z0-9-]{19})$", out, re.MULTILINE)
        account = store.account("post-1")
        assert account is not None
        assert passwords.fits(account.password, password)
        assert (account.role, account.municipality, account.must_change) == ("gemeente", "Lindendam", True)
        assert shell.run("account", "disable", "post-1")[0] == 0
        assert "disabled" in shell.run("account", "list")[1]
        assert shell.run("account", "enable", "post-1")[0] == 0
        assert shell.run("account", "role", "post-1", "--role", "archief")[0] == 0
        assert shell.run("account", "reset", "post-1")[0] == 0
        after = store.account("post-1")
        assert after is not None
        assert (after.role, after.disabled, after.password == account.password) == ("archief", False, False)
        assert {line.by.origin for line in store.actions()} == {"command"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("account", "add", "De Baas", "--role", "archief"), "a name has a-z"),
        (("account", "add", "piet", "--role", "baas"), "there is: meekijker, cp_medewerker"),
        (("account", "add", "piet", "--role", "gemeente"), "name it"),
        (("account", "add", "piet", "--role", "gemeente", "--municipality", "Elders"), "there is: Lindendam"),
        (("account", "disable", "niemand"), "There is no account 'niemand'"),
        (("account", "reset-second-factor", "niemand"), "There is no account 'niemand'"),
        (("screen", "remove", "wand"), "There is no screen 'wand'"),
    ],
)
def test_what_cannot_be_says_what_can(shell: Shell, words: tuple[str, ...], said: str) -> None:
    """Protects a technician from a traceback and from guessing."""
    code, _, err = shell.run(*words)
    assert code == 2
    assert said in err


def test_a_screen_gets_its_code(shell: Shell) -> None:
    """Protects the wall where no technician can log in: its code comes from the box as well."""
    assert "no screens" in shell.run("screen", "list")[1]
    assert re.search(r": [2-9A-Z]{4}-[2-9A-Z]{4}$", shell.run("screen", "add", "wand")[1].strip())
    assert "wand  not paired" in shell.run("screen", "list")[1]
    assert shell.run("screen", "remove", "wand")[0] == 0


def test_the_sheet_for_the_envelope(shell: Shell) -> None:
    """Protects who opens the envelope: the sheet says in Dutch what the code is for, and only the newest one works."""
    first, second = (shell.run("emergency-code")[1] for _ in range(2))
    assert "NOODCODE" in second
    assert "De code werkt één keer." in second
    codes = [re.findall(r"^    ([2-9A-Z-]{24})$", sheet, re.MULTILINE) for sheet in (first, second)]
    assert codes[0] != codes[1]
    with shell.store() as store:
        kept = store.emergency_code()
        assert kept is not None
        assert [passwords.fits(kept.hash, code) for (code,) in codes] == [False, True]


def test_nothing_is_left_for_another_user(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Protects the gateway's start: run as root, files would be root's and the gateway could not open them."""
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    code, _, err = shell.run("account", "list")
    assert code != 0
    assert "sudo -u " in err
    assert not load_gateway(shell.config).database.exists()


def test_before_the_first_start(shell: Shell) -> None:
    """Protects from a data folder in the wrong place: without one nothing is made."""
    load_gateway(shell.config).data.rmdir()
    code, _, err = shell.run("emergency-code")
    assert code != 0
    assert "Start it once" in err
