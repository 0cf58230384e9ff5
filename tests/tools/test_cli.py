"""The `nsp` command itself: finding subcommands, exit codes, and one line for a mistake."""

import subprocess
import sys
from pathlib import Path

import pytest

from nsptools import cli, commands

HELLO = '''"""Says hello.

And nothing else.
"""

def command(name: str = "world") -> None:
    """Say hello."""
    print("hello", name)
'''
NESTED = '''"""Two words deep."""

import typer

app = typer.Typer()


@app.callback()
def group() -> None:
    """Two words deep."""


@app.command()
def run(times: int = 1) -> None:
    """Run."""
    print("ran", times)
'''
MISTAKE = '''"""Fails in a way that the person can mend."""


class PortTakenError(Exception):
    exit_code = 2


def command() -> None:
    """Fail."""
    raise PortTakenError("port 8080 is taken: choose another one with --http-port")
'''
BUG = '''"""Fails in a way that only we can mend."""


def command() -> None:
    """Fail."""
    raise KeyError("oops")
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Command modules of this test alone, in the place of the real ones."""
    for name, source in {"hello_there": HELLO, "nested": NESTED, "mistake": MISTAKE, "bug": BUG}.items():
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.setattr(commands, "__path__", [str(tmp_path)])
    for name in [name for name in sys.modules if name.startswith(f"{commands.__name__}.")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_function_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """A module's `command` runs under the module's name, with dashes, and takes options."""
    assert cli.main(["hello-there", "--name", "Ark"]) == 0
    assert capsys.readouterr().out == "hello Ark\n"


@pytest.mark.usefixtures("folder")
def test_an_app_has_commands_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """A module's `app` keeps its own verbs, even when it has one only: `nsp gateway run`."""
    assert cli.main(["nested", "run", "--times", "3"]) == 0
    assert capsys.readouterr().out == "ran 3\n"


@pytest.mark.usefixtures("folder")
def test_a_mistake_of_the_person_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An error with an exit code is told in one line, without a traceback, and ends with that code."""
    assert cli.main(["mistake"]) == 2
    said = capsys.readouterr()
    assert said.err == "nsp: port 8080 is taken: choose another one with --http-port\n"
    assert said.out == ""


@pytest.mark.usefixtures("folder")
def test_a_bug_of_ours_keeps_its_traceback() -> None:
    """What nobody foresaw is not made to look harmless."""
    with pytest.raises(KeyError, match="oops"):
        cli.main(["bug"])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments", [[], ["hello"], ["hello-there", "--nmae", "x"], ["nested", "run", "--times", "x"], ["--x"]]
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    """Scripts can tell a wrong call from a failed run."""
    assert cli.main(arguments) == 2


@pytest.mark.usefixtures("folder")
def test_help_lists_every_command_with_its_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`nsp --help` names every command, in the words of its module."""
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert "hello-there" in said
    assert "Says hello." in said
    assert "And nothing else" not in said
    assert "Two words deep." in said


def test_only_the_wanted_command_is_imported(folder: Path) -> None:
    """The start of one command does not pay for the imports of the others."""
    program = (
        "import sys; from nsptools import cli, commands;"
        f"commands.__path__[:] = [{str(folder)!r}];"
        "cli.main(['--help']); cli.main(['hello-there']);"
        "print(*sorted(name for name in sys.modules if name.startswith(commands.__name__ + '.')))"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ended.stdout.splitlines()[-2:] == ["hello world", "nsptools.commands.hello_there"]
