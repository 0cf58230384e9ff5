"""Where in a TOML file a complaint belongs: from a checker's words to key and line. Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from nspgateway.complaint import plain

_WHERE = re.compile(r"^(?P<said>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_NAMED = re.compile(r"(?P<what>unknown|missing required) field `(?P<key>[^`]*)`")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(#.*)?$")
_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class Place:
    """``key`` as ``table[index].name``, what was expected there and what to do."""

    key: str
    expected: str
    cure: str

    @classmethod
    def of(cls, complaint: str, kind: object = None) -> Place:
        """Read a msgspec complaint, for instance "Expected `int` >= 7 - at `$.radio.sf`"; ``kind``: of the whole."""
        match = _WHERE.match(complaint)
        said, path = (match["said"], match["path"] or "") if match else (complaint, "")
        named = _NAMED.search(said)
        if named is None:
            return cls(path, plain(said, kind, path), "Correct the value.")
        key = f"{path}.{named['key']}" if path else named["key"]
        if named["what"] == "unknown":
            return cls(key, "is not a key that is known here", "Correct its spelling or remove it.")
        return cls(key, "is missing", "Add it.")


def line(text: str, key: str) -> int | None:
    """Return the 1-based line of ``key``, else that of its table, else None.

    A reader's aid: it follows plain ``[table]``, ``[[table]]`` and ``key = ``
    lines, which is how these files are written, not every form that TOML has.
    ``[...]`` in a key is any name: a checker does not say which.
    """
    key = key.replace("[...]", ".[...]")
    table, _, name = key.rpartition(".")
    seen: dict[str, int] = {}
    current, found = "", None
    for number, content in enumerate(text.splitlines(), 1):
        header = _HEADER.match(content)
        if header:
            # [point.rules.fuel_low] is of the newest [[point]], [[broker.client]] of the newest [[broker]].
            first, dot, rest = header[2].partition(".")
            current = f"{first}[{seen[first]}]{dot}{rest}" if dot and first in seen else header[2]
            if header[1] == "[[":
                index = seen[current] = seen.get(current, -1) + 1
                current = f"{current}[{index}]"
            if _is(current, table) or _is(current, key):
                found = number
        elif _is(current, table) and re.match(rf"\s*[\"']?{re.escape(_bare(name))}[\"']?\s*=", content):
            return number
    return found


def syntax(error: tomllib.TOMLDecodeError) -> int | None:
    """Return the line that the parser names, or None."""
    match = _LINE.search(str(error))
    return int(match[1]) if match else None


def _is(current: str, wanted: str) -> bool:
    """Tell whether a table is the one that is wanted."""
    return re.fullmatch(re.escape(wanted).replace(re.escape("[...]"), "[^.]+"), current) is not None


def _bare(name: str) -> str:
    """Drop the index of an array's element: ``devices[2]`` -> ``devices``."""
    return name.split("[", 1)[0]
