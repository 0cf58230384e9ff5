"""The further keys of an event, and what belongs there. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Literal

from nsptools.scenario.clock_times import EXPECTED, of_day

# A name is a choice, points are ids in small letters, a time is a moment.
Value = float | bool | str | datetime | tuple[str, ...]
Arguments = Mapping[str, Value]
Kind = Literal["number", "whole", "switch", "text", "choice", "next", "last", "points"]
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Around:
    """What an argument may depend on: when the event is, and which points there are (their ids)."""

    at: datetime
    points: tuple[str, ...]


@dataclass(frozen=True)
class Argument:
    """One further key of an event.

    ``kind``: "whole" is a number without fraction, "switch" true or false, "choice" one of ``choices``; "next" and
    "last" are times of day, the first one after the event and the last one before it; "points" a list of ids.
    ``low`` and ``high`` are included; of a text ``high`` is the most bytes. ``default``: what it is when it is left
    out; None: it must be given, unless it is ``optional``, which leaves it out of the arguments.
    """

    name: str
    kind: Kind = "number"
    low: float = 0.0
    high: float = 1e6
    choices: tuple[str, ...] = ()
    default: Value | None = None
    optional: bool = False

    def expected(self, around: Around) -> str:
        """What belongs there, in words."""
        return _KINDS[self.kind].expected(self, around)

    def read(self, written: object, around: Around) -> Value | None:
        """Return what was written, in its kind; None where that does not belong there."""
        return _KINDS[self.kind].read(self, written, around)


@dataclass(frozen=True)
class _Reading:
    """How a kind is told to people, and read."""

    expected: Callable[[Argument, Around], str]
    read: Callable[[Argument, object, Around], Value | None]


def _number(kinds: type | tuple[type, ...], name: str) -> _Reading:
    def read(argument: Argument, written: object, _around: Around) -> Value | None:
        if not isinstance(written, kinds) or isinstance(written, bool):
            return None
        value: float = written  # type: ignore[assignment]  # one of kinds
        return value if argument.low <= value <= argument.high else None

    return _Reading(lambda argument, _around: f"{name} from {argument.low:g} to {argument.high:g}", read)


def _switch(_argument: Argument, written: object, _around: Around) -> Value | None:
    return written if isinstance(written, bool) else None


def _text(argument: Argument, written: object, _around: Around) -> Value | None:
    if not isinstance(written, str) or not written.strip() or len(written.encode()) > argument.high:
        return None
    return written.strip()


def _choice(argument: Argument, written: object, _around: Around) -> Value | None:
    return written if isinstance(written, str) and written in argument.choices else None


def _clock(step: timedelta) -> _Reading:
    """A time of day: the nearest one that lies in the direction of ``step``."""

    def read(_argument: Argument, written: object, around: Around) -> Value | None:
        clock: time | None = of_day(written)
        if clock is None:
            return None
        at = around.at.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0)
        is_there = at > around.at if step > timedelta() else at <= around.at
        return at if is_there else at + step

    return _Reading(lambda _argument, _around: EXPECTED, read)


def _points(_argument: Argument, written: object, around: Around) -> Value | None:
    if not isinstance(written, list) or not written or not all(one in around.points for one in written):
        return None
    return tuple(one.lower() for one in written)


_KINDS: Mapping[Kind, _Reading] = MappingProxyType(
    {
        "number": _number((int, float), "a number"),
        "whole": _number(int, "a whole number"),
        "switch": _Reading(lambda _argument, _around: "true or false", _switch),
        "text": _Reading(lambda argument, _around: f"text of at most {argument.high:g} bytes", _text),
        "choice": _Reading(lambda argument, _around: f"one of {', '.join(argument.choices)}", _choice),
        "next": _clock(_DAY),
        "last": _clock(-_DAY),
        "points": _Reading(
            lambda _argument, around: f"a list of points out of {', '.join(around.points)}", _points
        ),
    }
)
