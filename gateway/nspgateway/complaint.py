"""What a checker of types says, in the words of somebody who writes the file: no types, no patterns. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import inspect

_KINDS: Mapping[str, str] = {
    "str": "text between quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list between [ and ]",
    "object": "a table",
    "date": "a date",
    "datetime": "a date and time",
}
# By pattern of a field; a test looks that every one of our files has its words here.
PATTERNS: Mapping[str, str] = {
    "^[a-z0-9]+(-[a-z0-9]+)*$": "of a-z, 0-9 and single hyphens, such as kazerne-oost",
    "^([a-z0-9]+(-[a-z0-9]+)*)?$": "of a-z, 0-9 and single hyphens, or none",
    r"^[^\x00-\x1f\x7f]*\Z": "on one line, without tabs",
    "^[0-9A-Fa-f]{4}$": "of four characters 0-9 and A-F, such as 3444",
    "^[0-9a-f]{16}$": "of sixteen characters 0-9 and a-f",
    "^([01][0-9]|2[0-3]):[0-5][0-9]$": "with hours and minutes, such as 06:30",
    "^[a-z0-9_]{1,30}$": "of at most 30 of a-z, 0-9 and _",
    "^[A-Za-z0-9._-]+$": "of letters, digits, dots, hyphens and underscores",
    r"^\d+-\d+(\.\d+)*$": "as uhubctl lists it, such as 1-1.2",
    r"^(?!0\.0\.0\.0$|::$).+": "with an address of this box, not with all of them",
}
# A checker quotes a pattern as Python does.
_WORDS = {repr(pattern)[1:-1]: words for pattern, words in PATTERNS.items()}
_BOUNDS = ((" >= ", ", at least "), (" <= ", ", at most "), (" > ", ", more than "), (" < ", ", less than "))
_QUOTED = re.compile(r"`([^`]*)`")
_PATTERN = re.compile(r" matching regex '(.*)'$", re.DOTALL)
_CHOICE = re.compile(r"^Invalid enum value (.*)$", re.DOTALL)


def plain(said: str, kind: object = None, path: str = "") -> str:
    """Return msgspec's ``said`` in plain words; with ``kind`` and the ``path`` in it also what there is to choose from."""
    wrong = _CHOICE.match(said)
    if wrong is not None:
        known = ", ".join(repr(one) for one in choices(kind, path))
        return f"{wrong[1]} is not one of {known}" if known else f"{wrong[1]} is not one of those there are"
    pattern = _PATTERN.search(said)
    if pattern is not None:
        if pattern[1] not in _WORDS:
            return said[:1].lower() + said[1:]
        said = f"{said[: pattern.start()]} {_WORDS[pattern[1]]}"
    said = _QUOTED.sub(lambda found: _kinds(found[1]), said)
    for sign, words in _BOUNDS:
        said = said.replace(f" of length{sign}", f" with a length{words}".replace(",", " of")).replace(
            sign, words
        )
    return said[:1].lower() + said[1:]


def _kinds(types: str) -> str:
    """`str | null` -> text between quotes: that it may also be left out is no cure."""
    names = [name for name in types.split(" | ") if name != "null"] or ["null"]
    return " or ".join(_KINDS.get(name, name) for name in names)


def choices(kind: object, path: str) -> tuple[str | int | bool | None, ...]:
    """Return what the field at ``path`` (``broker[0].protocol``) of a struct ``kind`` may say; nothing when that is not known."""
    found = [] if kind is None else [inspect.type_info(kind)]
    for name in path.replace("[", ".[").split("."):
        found = [one for whole in found for one in _within(whole, name)]
    return tuple(value for one in found if isinstance(one, inspect.LiteralType) for value in one.values)


def _within(whole: inspect.Type, name: str) -> Iterator[inspect.Type]:
    """Yield the types that the field ``name`` of a struct, or an element ``[0]`` of a list, may have."""
    if isinstance(whole, inspect.StructType) and not name.startswith("["):
        for field in whole.fields:
            if field.name == name:
                yield from field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    elif isinstance(whole, inspect.VarTupleType | inspect.ListType) and name.startswith("["):
        yield whole.item_type
