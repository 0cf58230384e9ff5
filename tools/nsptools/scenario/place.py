"""One entry of a scenario file and where it stands, for messages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nspgateway import tomlplace
from nsptools.scenario.errors import ScenarioError


@dataclass(frozen=True)
class Entry:
    """``table``: what was read, None when the file has none. ``index`` counts from 0; None: not in a list."""

    file: str
    text: str
    kind: str
    table: Mapping[str, Any] | None
    index: int | None = None

    @property
    def title(self) -> str:
        """How a person finds it: which kind, the how manieth, and what it is called."""
        if self.index is None:
            return f"[{self.kind}]"
        table = self.table or {}
        called = [str(table[key]) for key in ("t", "after", "id", "do") if key in table]
        return f"[[{self.kind}]] entry {self.index + 1}" + (f" ({' '.join(called)})" if called else "")

    def line(self, field: str = "") -> int | None:
        """Line of the field, else of the entry, else None."""
        path = self.kind if self.index is None else f"{self.kind}[{self.index}]"
        return tomlplace.line(self.text, f"{path}.{field}" if field else path)

    def wrong(self, field: str, expected: str) -> ScenarioError:
        """The complaint about a field (empty: about the entry as a whole)."""
        return ScenarioError(self.file, expected, line=self.line(field), entry=self.title, field=field)
