"""What differs from region to region, as data: region.toml, read once, checked, then fixed."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, structs

from nspgateway import tomlplace
from nspgateway.errors import ConfigError

PACKAGED = Path(__file__).with_name("region.toml")
_Id = Annotated[str, Meta(pattern="^[a-z0-9_]{1,30}$")]
_Words = Annotated[str, Meta(min_length=1, max_length=60)]
_CURE = "See the region.toml that comes with the program."


class Named(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something with a name in both languages."""

    nl: _Words
    en: _Words

    def name(self, language: str) -> str:
        """Return its name in "nl" or "en"."""
        return self.nl if language == "nl" else self.en


class Decider(Named, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may decide on points."""

    id: _Id


class Milestone(Named, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What has to be reached ``due_h`` hours from T+0; None = at no certain time."""

    id: _Id
    due_h: Annotated[float, Meta(ge=0)] | None = None


class Region(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it, in the order of the file; stock lines and topics are known by their place."""

    decider: Annotated[tuple[Decider, ...], Meta(min_length=1)]
    milestone: tuple[Milestone, ...]
    stock: Annotated[tuple[Named, ...], Meta(max_length=8)]
    topic: Annotated[tuple[Named, ...], Meta(max_length=31)]

    def decided_by(self, name: str) -> Decider | None:
        """Return a decider by id."""
        return next((one for one in self.decider if one.id == name), None)

    def stock_name(self, line: int, language: str) -> str:
        """Return the name of a stock line; one that the region does not know has its number."""
        return self.stock[line].name(language) if 0 <= line < len(self.stock) else f"nr. {line + 1}"

    def topic_name(self, topic: int, language: str) -> str:
        """Return the name of a topic; one that the region does not know has its number."""
        return self.topic[topic].name(language) if 0 <= topic < len(self.topic) else f"nr. {topic + 1}"


class _Own(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A region's own file: only the tables that it has."""

    decider: Annotated[tuple[Decider, ...], Meta(min_length=1)] | None = None
    milestone: tuple[Milestone, ...] | None = None
    stock: Annotated[tuple[Named, ...], Meta(max_length=8)] | None = None
    topic: Annotated[tuple[Named, ...], Meta(max_length=31)] | None = None


@cache
def packaged() -> Region:
    """Return what comes with the program."""
    return msgspec.convert(tomllib.loads(PACKAGED.read_text(encoding="utf-8")), Region)


def load(path: Path | None) -> Region:
    """Return what comes with the program, with a region's own tables in its place. Raises ConfigError."""
    found = packaged()
    if path is None:
        return found
    try:
        text = path.read_text(encoding="utf-8")
        own = msgspec.convert(tomllib.loads(text), _Own)
    except OSError as error:
        raise ConfigError(path, "", f"cannot be read ({error.strerror})", _CURE) from error
    except UnicodeDecodeError as error:
        raise ConfigError(path, "", "is not UTF-8 text", "Save the file as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, "", f"is not TOML: {error}", _CURE, tomlplace.syntax(error)) from error
    except msgspec.ValidationError as error:
        place = tomlplace.Place.of(str(error), _Own)
        at = tomlplace.line(text, place.key)
        raise ConfigError(path, place.key, place.expected, f"{place.cure} {_CURE}", at) from error
    tables = {name: table for name, table in structs.asdict(own).items() if table is not None}
    for name in ("decider", "milestone"):
        ids = [one.id for one in tables.get(name, ())]
        twice = next((one for one in ids if ids.count(one) > 1), None)
        if twice is not None:
            raise ConfigError(path, name, f"the id {twice!r} is there twice", "Give each its own id.")
    return structs.replace(found, **tables)
