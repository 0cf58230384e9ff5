"""How a quantity went over the last hours or days: lines that stop where nothing was known. Pure.

Between two readings a line is drawn only when they lie close enough for the first to have been valid until
the second came. A reading that its device did not vouch for ends the line: a straight stroke over a hole
would be a guess that looks like a measurement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from nspgateway.held import source_of
from nspgateway.records import Value


@dataclass(frozen=True, slots=True)
class Span:
    """How far a chart looks back. ``step``: what one dot sums up; ``row``: what a line of the table sums up."""

    length: timedelta
    step: timedelta
    row: timedelta


SPANS: Mapping[str, Span] = {
    "6h": Span(timedelta(hours=6), timedelta(minutes=5), timedelta(minutes=30)),
    "24h": Span(timedelta(hours=24), timedelta(minutes=15), timedelta(hours=2)),
    "7d": Span(timedelta(days=7), timedelta(hours=1), timedelta(hours=12)),
}


@dataclass(frozen=True, slots=True)
class Past:
    """One heartbeat of the journal: when it was made, what it said, how well it was heard (None = it came late)."""

    at: datetime
    fields: Mapping[str, Value]
    snr_db: float | None = None

    def number(self, name: str) -> int | None:
        """Return a quantity that its device vouched for; None = not known then."""
        value = self._vouched(name)
        return value if isinstance(value, int) else None

    def word(self, name: str) -> str | None:
        """Return a state that its device vouched for; None = not known then."""
        value = self._vouched(name)
        return value if isinstance(value, str) else None

    def _vouched(self, name: str) -> Value:
        return self.fields.get(name) if source_of(name, self.fields) == "good" else None


@dataclass(frozen=True, slots=True)
class Window:
    """From ``since`` to ``until``; what is older than ``valid`` says nothing any more."""

    since: datetime
    until: datetime
    step: timedelta
    valid: timedelta


@dataclass(frozen=True, slots=True)
class Dot:
    """What was measured within one step: where it lay, and between which values."""

    at: datetime
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which nothing is known."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """``pieces``: without a hole each, oldest first. ``low``, ``high``, ``first``, ``last``: (value, when), None = no reading."""

    pieces: tuple[tuple[Dot, ...], ...] = ()
    gaps: tuple[Gap, ...] = ()
    first: tuple[float, datetime] | None = None
    last: tuple[float, datetime] | None = None
    low: tuple[float, datetime] | None = None
    high: tuple[float, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A time in one state; ``word`` None = not known."""

    since: datetime
    until: datetime
    word: str | None


@dataclass(slots=True)
class _Piece:
    """A piece of a line that still grows."""

    dots: list[Dot] = field(default_factory=list)
    step: int = -1
    values: list[tuple[float, datetime]] = field(default_factory=list)

    def add(self, value: float, at: datetime, step: int) -> None:
        if step != self.step:
            self.end()
            self.step = step
        self.values.append((value, at))

    def end(self) -> tuple[Dot, ...]:
        if self.values:
            found = [value for value, _ in self.values]
            middle = self.values[0][1] + (self.values[-1][1] - self.values[0][1]) / 2
            self.dots.append(Dot(middle, min(found), sum(found) / len(found), max(found)))
            self.values = []
        return tuple(self.dots)


def line(samples: Iterable[tuple[datetime, float | None]], window: Window) -> Line:
    """Return the line of a quantity.

    ``samples``: in order of time, None = not known; those outside the window only tell whether something was
    known at its edge.
    """
    pieces: list[tuple[Dot, ...]] = []
    gaps: list[Gap] = []
    inside: list[tuple[float, datetime]] = []
    piece = _Piece()
    # From when on nothing is known; None = the newest reading is still valid.
    lost: datetime | None = window.since
    newest: datetime | None = None
    for at, value in samples:
        if at > window.until:
            break
        if newest is not None and lost is None and at - newest > window.valid:
            lost = newest
        if value is None:
            lost = at if lost is None else lost
            newest = None
            continue
        if lost is not None:
            pieces.append(piece.end())
            piece = _Piece()
            gaps.append(Gap(lost, at))
        lost, newest = None, at
        if at >= window.since:
            inside.append((float(value), at))
            piece.add(float(value), at, (at - window.since) // window.step)
    if newest is not None and window.until - newest > window.valid:
        lost = newest
    if lost is not None:
        gaps.append(Gap(lost, window.until))
    pieces.append(piece.end())
    if not inside:
        return Line(gaps=(Gap(window.since, window.until),))
    return Line(
        pieces=tuple(piece for piece in pieces if piece),
        gaps=tuple(_clipped(gaps, window)),
        first=inside[0],
        last=inside[-1],
        low=min(inside, key=lambda one: one[0]),
        high=max(inside, key=lambda one: one[0]),
    )


def runs(samples: Iterable[tuple[datetime, str | None]], window: Window) -> tuple[Run, ...]:
    """Return what state lasted from when to when, without a hole from ``since`` to ``until``.

    A state lasts until the next reading, but no longer than it is valid; from then on it is not known.
    """
    found: list[Run] = []

    def add(since: datetime, until: datetime, word: str | None) -> None:
        since, until = max(since, window.since), min(until, window.until)
        if since >= until:
            return
        if found and found[-1].word == word:
            found[-1] = Run(found[-1].since, until, word)
        else:
            found.append(Run(since, until, word))

    known = [*samples, (window.until, None)]
    add(window.since, known[0][0], None)
    for (at, word), (after, _) in pairwise(known):
        ends = min(after, at + window.valid)
        add(at, ends, word)
        add(ends, after, None)
    return tuple(found)


def window(span: Span, now: datetime, interval_s: float, intervals: float) -> Window:
    """Return the window of a span that ends now. A reading is valid for so many of its ``intervals``."""
    return Window(now - span.length, now, span.step, timedelta(seconds=interval_s * intervals))


def within(dots: Iterable[Dot], since: datetime, until: datetime) -> tuple[float, float] | None:
    """Return the lowest and highest value of a part of a line; None = nothing is known of it."""
    found = [dot for dot in dots if since < dot.at <= until]
    return (min(dot.low for dot in found), max(dot.high for dot in found)) if found else None


def lasted(found: Sequence[Run], words: frozenset[str], since: datetime, until: datetime) -> timedelta | None:
    """Return how long one of these states lasted in a time; None when none of that time is known."""
    parts = [(max(run.since, since), min(run.until, until), run.word) for run in found]
    known = [(begin, end, word) for begin, end, word in parts if begin < end and word is not None]
    if not known:
        return None
    return sum((end - begin for begin, end, word in known if word in words), timedelta(0))


def _clipped(gaps: Iterable[Gap], window: Window) -> Iterable[Gap]:
    """A gap that began before the window or is none in it is cut or left out."""
    for gap in gaps:
        since = max(gap.since, window.since)
        # What stands before the first reading is a hole only when a reading would have been due by then.
        is_start = gap.since == window.since and gap.until - gap.since <= window.valid
        if since < gap.until and not is_start:
            yield Gap(since, gap.until)
