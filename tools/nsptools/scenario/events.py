"""``[[at]]``, ``[[expect]]`` and ``[[ask]]`` entries -> what happens when, and what is looked at. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import cast

from nsptools.bench.spec import PlantSpec
from nsptools.scenario import clock_times, words
from nsptools.scenario.arguments import Argument, Arguments, Around, Value
from nsptools.scenario.place import Entry
from nsptools.scenario.word import Word

# A time of day that goes back means the next day, but not further than this: else it is an entry out of order.
_LONGEST_NIGHT = timedelta(hours=12)
_DAY = timedelta(days=1)
_TIME_EXPECTED = f"expected {clock_times.EXPECTED}"
# A number, which depends on nothing around it.
_WITHIN, _NOTHING_AROUND = Argument("within_s", high=86_400.0), Around(datetime(1970, 1, 1, tzinfo=UTC), ())
_EVENT_KEYS = ("t", "point", "do")
_EXPECT_TEXTS = ("who", "see", "never", "mark", "because")

Plants = Mapping[str, PlantSpec]


@dataclass(frozen=True)
class Event:
    """One playable event. ``point``: an id, None = every point, all at once, or none, as the word has it."""

    at: datetime
    word: Word
    point: str | None
    arguments: Arguments
    place: str

    def number(self, name: str) -> float:
        """Return an argument that is a number."""
        return float(cast("float", self.arguments[name]))


@dataclass(frozen=True)
class Later:
    """One entry that is right but not playable yet. ``why``: empty, or what about it comes later.

    ``point``: an id, or None. ``more``: everything else that the entry says, unchecked.
    """

    at: datetime
    word: str
    place: str
    why: str
    point: str | None
    more: Mapping[str, object]


@dataclass(frozen=True)
class Expect:
    """What must be seen within so long after a time, or never between two times. Not judged here.

    ``more``: everything else that the entry says.
    """

    after: time | None
    within_s: float | None
    between: tuple[time, time] | None
    see: str | None
    never: str | None
    point: str | None
    more: Mapping[str, object]


def timeline(
    entries: Sequence[Entry], start: datetime, end: datetime | None, plants: Plants
) -> tuple[tuple[Event, ...], tuple[Later, ...]]:
    """Return the playable events and the others, each in order of time. ``plants`` by point id; ``end``: the story's."""
    played: list[Event] = []
    later: list[Later] = []
    now = start
    for entry in entries:
        now = _moment(entry, now)
        if end is not None and now > end:
            raise entry.wrong("t", f"lies after the story's end, {end:%H:%M:%S}")
        one = _event(entry, now, plants)
        if isinstance(one, Event):
            played.append(one)
        else:
            later.append(one)
    return tuple(played), tuple(later)


def expect(entry: Entry, plants: Plants) -> Expect:
    """Check one ``[[expect]]`` for form."""
    table = entry.table or {}
    for name in _EXPECT_TEXTS:
        if name in table and (not isinstance(table[name], str) or not table[name]):
            raise entry.wrong(name, f"{table[name]!r}; expected text")
    if "sound" in table and not isinstance(table["sound"], bool):
        raise entry.wrong("sound", f"{table['sound']!r}; expected true or false")
    if ("see" in table) == ("never" in table):
        raise entry.wrong("", "expected one of see and never")
    if ("after" in table) == ("between" in table):
        raise entry.wrong("", "expected one of after (with within_s) and between")
    after, within_s, between = None, None, None
    if "after" in table:
        after = _time_of_day(entry, "after")
        within_s = cast("float", _argument(entry, _WITHIN, _NOTHING_AROUND))
    else:
        between = _between(entry)
    return Expect(
        after,
        within_s,
        between,
        table.get("see"),
        table.get("never"),
        _point(entry, plants),
        _rest(entry, ("after", "within_s", "between", "see", "never", "point")),
    )


def ask(entry: Entry, plants: Plants) -> Mapping[str, object]:
    """Check one ``[[ask]]`` for form: a time and a point, where it has them. The rest is for exercises."""
    table = entry.table or {}
    for name in ("t", "after"):
        if name in table:
            _time_of_day(entry, name)
    _point(entry, plants)
    return MappingProxyType(dict(table))


def _event(entry: Entry, at: datetime, plants: Plants) -> Event | Later:
    written = (entry.table or {}).get("do")
    if not isinstance(written, str):
        raise entry.wrong("do", "is missing; expected a word" if written is None else "expected a word")
    try:
        name = words.whole(written)
    except ValueError as error:
        raise entry.wrong("do", str(error)) from error
    point = _point(entry, plants)
    place = f"line {entry.line()}, {entry.title}"
    rest = _rest(entry, _EVENT_KEYS)
    if name not in words.WORDS:
        return Later(at, name, place, "", point, rest)
    word = words.WORDS[name]
    if word.where == "one" and point is None:
        raise entry.wrong("point", f"is missing; {name} is about one of {', '.join(plants)}")
    if word.where == "none" and point is not None:
        raise entry.wrong("point", f"does not belong to {name}: leave it out")
    arguments = _arguments(entry, word, Around(at, tuple(plants)))
    why = word.not_yet(arguments, point, plants[point] if point else None)
    if why:
        return Later(at, name, place, f" with {why}", point, rest)
    return Event(at, word, point, arguments, place)


def _arguments(entry: Entry, word: Word, around: Around) -> Arguments:
    names = [argument.name for argument in word.arguments]
    for key in _rest(entry, _EVENT_KEYS):
        if key not in names:
            has = ", ".join(names) or "none"
            raise entry.wrong(key, f"is no argument of {word.name}; it has {has}")
    found: dict[str, Value] = {}
    for argument in word.arguments:
        if argument.name not in (entry.table or {}) and (argument.optional or argument.default is not None):
            if argument.default is not None:
                found[argument.name] = argument.default
        else:
            found[argument.name] = _argument(entry, argument, around)
    return MappingProxyType(found)


def _argument(entry: Entry, argument: Argument, around: Around) -> Value:
    written = (entry.table or {}).get(argument.name)
    if written is None:
        raise entry.wrong(argument.name, f"is missing; expected {argument.expected(around)}")
    value = argument.read(written, around)
    if value is None:
        raise entry.wrong(argument.name, f"{written!r}; expected {argument.expected(around)}")
    return value


def _moment(entry: Entry, before: datetime) -> datetime:
    """Date and time of an event that follows the moment ``before``, in that one's offset."""
    clock = _time_of_day(entry, "t")
    moment = before.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0)
    if moment >= before.replace(microsecond=0):
        return moment
    moment += _DAY
    if moment - before > _LONGEST_NIGHT:
        raise entry.wrong(
            "t",
            f"goes back from {before:%H:%M:%S}; entries stand in order of time, and past midnight the next "
            "comes within 12 hours",
        )
    return moment


def _time_of_day(entry: Entry, field: str) -> time:
    if field not in (entry.table or {}):
        raise entry.wrong(field, f"is missing; {_TIME_EXPECTED}")
    return _time(entry, field, (entry.table or {})[field])


def _time(entry: Entry, field: str, value: object) -> time:
    found = clock_times.of_day(value)
    if found is None:
        raise entry.wrong(field, f"{value!r}; {_TIME_EXPECTED}")
    return found


def _between(entry: Entry) -> tuple[time, time]:
    value = (entry.table or {})["between"]
    if not isinstance(value, list) or len(value) != 2:
        raise entry.wrong("between", f"{value!r}; expected two times of day")
    return _time(entry, "between", value[0]), _time(entry, "between", value[1])


def _point(entry: Entry, plants: Plants) -> str | None:
    """The id of the entry's point; None when it names none."""
    point = (entry.table or {}).get("point")
    if point is None:
        return None
    if not isinstance(point, str) or point not in plants:
        raise entry.wrong("point", f"no point {point!r}; there are {', '.join(plants)}")
    return point


def _rest(entry: Entry, but: Sequence[str]) -> Mapping[str, object]:
    return MappingProxyType({key: value for key, value in (entry.table or {}).items() if key not in but})
