"""tools/setup.sh where it cannot go on: it says what is missing and what to do, and leaves nothing half made."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("bash", "cat", "dirname", "flock", "readlink", "sha256sum", "uname")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone that nothing was set up in, with a PATH that holds little more than a shell."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "tools", clone / "tools", ignore=shutil.ignore_patterns("nsptools"))
    shutil.copy(ROOT / "pyproject.toml", clone)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    return clone


def program(clone: Path, name: str, script: str) -> None:
    """Put a program of this name on the clone's PATH."""
    path = clone.parent / "bin" / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def setup(clone: Path, *parts: str) -> str:
    """What setup.sh says on its way out; it must fail and must not leave an environment behind."""
    environment = {"PATH": str(clone.parent / "bin")}
    command = [str(clone / "tools" / "setup.sh"), *parts]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert not (clone / ".venv").exists()
    return ended.stderr


def test_no_python(clone: Path) -> None:
    """Without Python the person is told which one to install."""
    assert "install Python 3.11 or newer" in setup(clone, "demo")


def test_python_too_old(clone: Path) -> None:
    """An old Python is named with its version before anything is installed."""
    program(clone, "python3", '[ "$1" = -V ] && echo Python 3.9.2; exit 1')
    assert "Python 3.11 or newer is needed; python3 is Python 3.9.2" in setup(clone, "demo")


def test_another_machine(clone: Path) -> None:
    """Twins need x86_64 Linux: elsewhere the person learns so, and that the gateway runs all the same."""
    program(clone, "uname", "echo Linux aarch64")
    said = setup(clone, "dev")
    assert "this is Linux aarch64" in said
    assert "the gateway alone runs here" in said


def test_no_apt(clone: Path) -> None:
    """On a system without apt the missing package is named and left to the person."""
    program(clone, "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')
    assert "there is no apt-get to install it: python3-venv" in setup(clone, "demo")


def test_no_mirror(clone: Path) -> None:
    """When apt fails, its own last words stand above ours."""
    program(clone, "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')
    for tool in ("env", "id", "mktemp", "tail", "rm", "tee", "chmod"):
        (clone.parent / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    program(clone, "sudo", 'case "$1" in env) exec "$@" ;; esac')
    program(clone, "id", "echo 1000")
    program(clone, "apt-get", "echo E: Could not resolve the mirror; exit 100")
    said = setup(clone, "demo")
    assert "Could not resolve the mirror" in said
    assert "is there a network" in said


def test_unknown_part(clone: Path) -> None:
    """A typo in the Makefile is no silent success."""
    assert "no such part: demos" in setup(clone, "demos")
