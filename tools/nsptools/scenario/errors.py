"""What can be wrong with a scenario file.

ScenarioError
 +- NotPlayable   the file is right, but uses words that nothing plays yet
"""

from __future__ import annotations


class ScenarioError(Exception):
    """A scenario file cannot be used: which file, line, entry and field, and what was expected there."""

    exit_code = 2

    def __init__(
        self, file: str, expected: str, *, line: int | None = None, entry: str = "", field: str = ""
    ) -> None:
        self.file = file
        self.line = line
        self.entry = entry
        self.field = field
        self.expected = expected
        place = f"{file}, line {line}" if line else file
        super().__init__(": ".join(part for part in (place, entry, field, expected) if part))


class NotPlayable(ScenarioError):
    """Entries with words that are known and come later; each is named with its line and the reason."""
