"""Scenario files on disk."""

from __future__ import annotations

from pathlib import Path

from nsptools.scenario.errors import ScenarioError
from nsptools.scenario.reader import Scenario, read


def load(path: Path) -> Scenario:
    """Read a scenario file. Raises ScenarioError, also when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(str(path), f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(str(path), "is not UTF-8 text") from error
    return read(text, str(path))
