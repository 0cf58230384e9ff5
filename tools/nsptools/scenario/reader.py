"""A scenario file's text -> a Scenario: typed, checked, fixed. Pure.

Everything that is wrong is a ScenarioError with file, line, entry, field and what was expected.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from nspgateway import tomlplace
from nspgateway.config import Deployment, Name, NotNegative
from nspgateway.desk_exercise import LONGEST, NAME_MOST
from nsptools.bench import profiles
from nsptools.bench.spec import PlantSpec
from nsptools.scenario import words
from nsptools.scenario.desk_words import EXERCISE_BEGINS, EXERCISE_ENDS
from nsptools.scenario.errors import NotPlayable, ScenarioError
from nsptools.scenario.events import Event, Expect, Later, ask, expect, timeline
from nsptools.scenario.place import Entry

MAX_POINTS = 63  # kits of one coordinating point
_TABLES = ("scenario", "point", "at", "expect", "ask")
_Id = Annotated[str, Meta(pattern="^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", max_length=40)]
# A plant without generator or battery is not playable yet.
_AtLeastOne = Annotated[float, Meta(ge=1)]


class Head(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[scenario]``. ``start``: where the demo's clock begins, with its offset from UTC.

    ``end``: when the story is over, None = with its last event; ``exercise``: all of it is an exercise.
    """

    name: Name
    start: Annotated[datetime, Meta(tz=True)]
    end: Annotated[datetime, Meta(tz=True)] | None = None
    exercise: bool = False
    seed: Annotated[int, Meta(ge=0)] = 1


class _Point(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[point]]`` as written; None = as the plant's profile has it. Limits are PlantSpec's."""

    id: _Id
    name: Name
    plant: str
    deployment: Deployment = "closed"
    lead_time_h: NotNegative = 3.0
    tank_l: float | None = None
    fuel_l: float | None = None
    dead_l: float | None = None
    load_w: float | None = None
    load_variation: float | None = None
    rated_w: _AtLeastOne | None = None
    battery_wh: _AtLeastOne | None = None
    soc: float | None = None
    ambient_c: float | None = None
    grid_on: bool | None = None
    running: bool | None = None
    mode: str | None = None
    attempts: int | None = None


_PLANT_FIELDS = tuple(name for name in _Point.__struct_fields__ if name in PlantSpec.__dataclass_fields__)


@dataclass(frozen=True)
class Point:
    """One support point of the story. ``slug``: its id in small letters, as topics and doors name it."""

    id: str
    name: str
    plant: PlantSpec
    deployment: Deployment
    lead_time_h: float

    @property
    def slug(self) -> str:
        """Name in topics and at the bench's doors."""
        return self.id.lower()


@dataclass(frozen=True)
class Scenario:
    """One story. ``events`` stand in order of time, with those of the exercise that it is, from ``start`` to ``end``.

    ``later``: entries whose words are not playable yet.

    ``expects`` and ``asks`` are read and checked for form; nothing judges them here.
    """

    file: str
    name: str
    start: datetime
    end: datetime
    exercise: bool
    seed: int
    points: tuple[Point, ...]
    events: tuple[Event, ...]
    later: tuple[Later, ...]
    expects: tuple[Expect, ...]
    asks: tuple[Mapping[str, object], ...]

    @property
    def types(self) -> bool:
        """Whether somebody types at a kit, whose page needs more memory."""
        names = {argument.name for argument in words.TYPED}
        return any(event.word.verb == "type" and names & set(event.arguments) for event in self.events)

    def require_playable(self) -> None:
        """Raise NotPlayable when the story has entries that nothing plays yet, naming each."""
        if self.later:
            lines = [f"{one.place}: {one.word} is not playable yet{one.why}" for one in self.later]
            raise NotPlayable(
                self.file,
                "\n  ".join(["", *lines, "Leave these entries out, or skip them with --skip-unplayable."]),
            )


def read(text: str, file: str) -> Scenario:
    """Read a scenario. ``file``: its name, for messages. Raises ScenarioError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(file, f"is not TOML: {error}", line=tomlplace.syntax(error)) from error
    unknown = [key for key in tables if key not in _TABLES]
    if unknown:
        raise ScenarioError(
            file, f"no table {unknown[0]!r} is known; there are {', '.join(_TABLES)}",
            line=tomlplace.line(text, unknown[0]) or tomlplace.line(text, f"{unknown[0]}[0]"),
        )  # fmt: skip
    title = Entry(file, text, "scenario", tables.get("scenario"))
    head = _convert(title, Head)
    points = _points(_entries(file, text, tables, "point"))
    if not points:
        raise ScenarioError(file, "a story has at least one point", entry="[[point]]")
    plants = {point.id: point.plant for point in points}
    played, later = timeline(_entries(file, text, tables, "at"), head.start, head.end, plants)
    end = head.end or max([head.start, *(one.at for one in played), *(one.at for one in later)])
    if head.exercise:
        played = _as_exercise(title, head, end, played)
    expects = tuple(expect(one, plants) for one in _entries(file, text, tables, "expect"))
    asks = tuple(ask(one, plants) for one in _entries(file, text, tables, "ask"))
    return Scenario(
        file, head.name, head.start, end, head.exercise, head.seed, points, played, later, expects, asks
    )


def _as_exercise(title: Entry, head: Head, end: datetime, played: tuple[Event, ...]) -> tuple[Event, ...]:
    """Return the events with the exercise begun before them and ended after them."""
    if not timedelta(minutes=1) <= end - head.start <= LONGEST:
        days = LONGEST // timedelta(days=1)
        raise title.wrong(
            "end" if head.end else "exercise",
            f"an exercise lasts from a minute to {days} days; "
            f"this one would end at {end:%Y-%m-%d %H:%M:%S}: set end",
        )
    place = f"line {title.line()}, {title.title}"
    return (
        Event(head.start, EXERCISE_BEGINS, None, {"name": head.name[:NAME_MOST], "end": end}, place),
        *played,
        Event(end, EXERCISE_ENDS, None, {}, place),
    )


_T = TypeVar("_T", Head, _Point)


def _convert(entry: Entry, kind: type[_T]) -> _T:
    if entry.table is None:
        raise ScenarioError(entry.file, "is missing; a story begins with it", entry=entry.title)
    try:
        return msgspec.convert(entry.table, kind)
    except msgspec.ValidationError as error:
        place = tomlplace.Place.of(str(error))
        known = ""
        if place.expected.startswith("is not a key"):
            known = f"; there are {', '.join(kind.__struct_fields__)}"
        raise entry.wrong(place.key, place.expected + known) from error


def _entries(file: str, text: str, tables: Mapping[str, Any], name: str) -> tuple[Entry, ...]:
    """Every ``[[name]]`` of the file."""
    found = tables.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ScenarioError(
            file, f"is a list of entries, each under its own [[{name}]]",
            line=tomlplace.line(text, name), entry=name,
        )  # fmt: skip
    return tuple(Entry(file, text, name, table, index) for index, table in enumerate(found))


def _points(entries: Sequence[Entry]) -> tuple[Point, ...]:
    points: list[Point] = []
    for entry in entries:
        point = _point(entry)
        if point.slug in [other.slug for other in points]:
            raise entry.wrong("id", f"{point.id!r} is used twice; every point has its own")
        if len(points) == MAX_POINTS:
            raise entry.wrong(
                "", f"more than {MAX_POINTS} points; a coordinating point has at most that many"
            )
        points.append(point)
    return tuple(points)


def _point(entry: Entry) -> Point:
    given = _convert(entry, _Point)
    if given.plant not in profiles.PROFILES:
        raise entry.wrong(
            "plant", f"no plant {given.plant!r} is playable; there are {', '.join(profiles.PROFILES)}"
        )
    changes = {name: value for name in _PLANT_FIELDS if (value := getattr(given, name)) is not None}
    try:
        plant = profiles.spec(given.plant, **changes)
    except ValueError as error:
        field = str(error).partition(" ")[0]
        own = "" if field in changes else f"; {field} comes from the plant {given.plant}, give it here too"
        raise entry.wrong(field, f"{error}{own}") from error
    return Point(given.id, given.name, plant, given.deployment, given.lead_time_h)
