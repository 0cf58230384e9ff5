"""Charts of a point's past: what is drawn, and the same in words. Pure.

A chart is a flat picture of WIDTH x HEIGHT that the page stretches to the room there is; its figures and times
stand beside it as text. Times of which nothing is known are drawn as holes, and are named in the sentence above it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nspgateway.i18n import Language
from nspgateway.people import FuelEntry
from nspgateway.trend import Dot, Gap, Line, Run, Window

WIDTH, HEIGHT = 600, 120
# Gaps that are named one by one; the rest are counted.
_GAPS_NAMED = 2
# The newest entries by hand that are named.
_ENTRIES_NAMED = 3
_TICKS = 4
_MINUTES = 60
# Upper ends of a scale that people read at a glance, times ten to some power.
_ROUND = (1, 2, 3, 4, 5, 8, 10)

GENERATOR_ON = frozenset({"running", "cooling"})
# How tall a state of the generator is drawn, in parts of the whole: no two look alike, and none needs its colour.
_TALL = {"running": 1.0, "cooling": 0.75, "starting": 0.5, "fault": 1.0, "stopped": 0.08}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the picture; ``word``: what it stands for."""

    x: float
    y: float
    width: float
    height: float
    word: str


@dataclass(frozen=True, slots=True)
class Scale:
    """``low`` to ``high`` from the bottom to the top, in ``unit``, with ``digits`` decimals."""

    low: float
    high: float
    unit: str
    digits: int = 0

    def y(self, value: float) -> float:
        """Return how far from the top a value lies; one beyond the scale lies at its edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT * (1 - min(1.0, max(0.0, share))), 1)

    def text(self, lang: Language, value: float) -> str:
        """Return a value as people write it."""
        return f"{lang.number(value, self.digits)} {self.unit}"

    def label(self, lang: Language, value: float) -> str:
        """Return a value of the scale itself, without decimals that say nothing."""
        return f"{lang.number(value, 0 if value == int(value) else 1)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture with its words.

    ``summary``: what it shows, in sentences. ``strokes``, ``bands``: SVG paths of the mean and of what lies between
    lowest and highest. ``dips``, ``fills``: what people entered, as paths of a dot and of an upright line.
    ``holes``: nothing is known. ``boxes``: states. ``limit``: y of a line that means something,
    ``limit_text``: what. ``scale``: labels from the top down; ``times``: labels from left to right.
    """

    id: str
    title: str
    summary: str
    strokes: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    dips: tuple[str, ...] = ()
    fills: tuple[str, ...] = ()
    holes: tuple[Box, ...] = ()
    boxes: tuple[Box, ...] = ()
    limit: float | None = None
    limit_text: str = ""
    scale: tuple[str, ...] = ()
    times: tuple[str, ...] = ()


def percent() -> Scale:
    """The scale of a level."""
    return Scale(0, 100, "%")


def from_zero(highest: float | None, unit: str, least: float = 1.0) -> Scale:
    """The scale of a quantity that begins at 0, up to a round figure above ``highest``."""
    most = max(highest or 0.0, least)
    power = 10.0 ** math.floor(math.log10(most))
    top = next(step * power for step in _ROUND if step * power >= most * (1 - 1e-9))
    return Scale(0, top, unit, 1)


def of_line(
    lang: Language,
    name: tuple[str, str],
    line: Line,
    scale: Scale,
    window: Window,
    limit: tuple[float, str] | None = None,
) -> Chart:
    """Draw a line. ``name``: id and title; ``limit``: a value that means something, and what."""
    return Chart(
        id=name[0],
        title=name[1],
        summary=" ".join((*_course(lang, line, scale, window.until), *gaps_text(lang, line.gaps, window))),
        strokes=tuple(_stroke(piece, scale, window) for piece in line.pieces),
        bands=tuple(_band(piece, scale, window) for piece in line.pieces if len(piece) > 1),
        holes=tuple(_hole(gap, window) for gap in line.gaps),
        limit=None if limit is None else scale.y(limit[0]),
        limit_text="" if limit is None else limit[1],
        scale=tuple(
            scale.label(lang, value) for value in (scale.high, (scale.low + scale.high) / 2, scale.low)
        ),
        times=times(lang, window),
    )


def with_entries(
    lang: Language, chart: Chart, entries: Sequence[FuelEntry], tank_litres: float, window: Window
) -> Chart:
    """Return a chart of a tank's level with what people dipped and poured in, as far as it lies in the window."""
    _ = lang.gettext
    shown = [entry for entry in entries if window.since <= entry.at <= window.until]
    if not shown:
        return chart
    said = [
        (
            _("dipped {litres} l ({clock})") if entry.kind == "dip" else _("refuelled {litres} l ({clock})")
        ).format(litres=lang.number(entry.litres, 1), clock=lang.day_and_clock(entry.at, window.until))
        for entry in shown[-_ENTRIES_NAMED:]
    ]
    level = percent()
    return replace(
        chart,
        summary=" ".join((chart.summary, _("By hand: {entries}.").format(entries=", ".join(said)))),
        dips=tuple(
            f"M{_x(entry.at, window):g} {level.y(100 * entry.litres / tank_litres):g}h0.01"
            for entry in shown
            if entry.kind == "dip"
        ),
        fills=tuple(f"M{_x(entry.at, window):g} 0V{HEIGHT}" for entry in shown if entry.kind == "refuel"),
    )


def of_runs(lang: Language, name: tuple[str, str], found: Sequence[Run], window: Window) -> Chart:
    """Draw what a generator did: every state at its own height."""
    gaps = tuple(Gap(run.since, run.until) for run in found if run.word is None)
    _ = lang.gettext
    return Chart(
        id=name[0],
        title=name[1],
        summary=" ".join((*_ran(lang, found, window), *gaps_text(lang, gaps, window))),
        holes=tuple(_hole(gap, window) for gap in gaps),
        boxes=tuple(_state(run, window) for run in found if run.word in _TALL),
        scale=(_("runs"), "", _("stands still")),
        times=times(lang, window),
    )


def times(lang: Language, window: Window) -> tuple[str, ...]:
    """Return the labels under a chart, evenly spread from its left to its right."""
    part = (window.until - window.since) / _TICKS
    return tuple(
        lang.day_and_clock(window.since + part * number, window.until) for number in range(_TICKS + 1)
    )


def gaps_text(lang: Language, gaps: Sequence[Gap], window: Window) -> tuple[str, ...]:
    """Say of which times nothing is known."""
    _ = lang.gettext
    if not gaps:
        return ()
    if gaps[0].since <= window.since and gaps[0].until >= window.until:
        return (_("No readings in this time."),)
    texts = []
    if gaps[-1].until >= window.until:
        since = lang.day_and_clock(gaps[-1].since, window.until)
        texts.append(_("No readings since {clock}.").format(clock=since))
        gaps = gaps[:-1]
    longest = sorted(gaps, key=lambda gap: gap.since - gap.until)[:_GAPS_NAMED]
    named = [
        _("from {since} to {until}").format(
            since=lang.day_and_clock(gap.since, window.until),
            until=lang.day_and_clock(gap.until, window.until),
        )
        for gap in sorted(longest, key=lambda gap: gap.since)
    ]
    if named:
        texts.append(_("No readings {times}.").format(times=_(" and ").join(named)))
    more = len(gaps) - len(named)
    if more:
        texts.append(lang.ngettext("And {n} shorter gap.", "And {n} shorter gaps.", more).format(n=more))
    return tuple(texts)


def _course(lang: Language, line: Line, scale: Scale, now: datetime) -> Iterable[str]:
    if line.first is None or line.last is None or line.low is None or line.high is None:
        return
    _ = lang.gettext

    def said(found: tuple[float, datetime]) -> dict[str, str]:
        return {"value": scale.text(lang, found[0]), "clock": lang.day_and_clock(found[1], now)}

    if line.low[0] == line.high[0]:
        yield _("Always {value} (last reading {clock}).").format(**said(line.last))
        return
    yield _("From {first} to {value} (last reading {clock}).").format(
        first=scale.text(lang, line.first[0]), **said(line.last)
    )
    yield _("Lowest {value} ({clock}).").format(**said(line.low))
    yield _("Highest {value} ({clock}).").format(**said(line.high))


def _ran(lang: Language, found: Sequence[Run], window: Window) -> Iterable[str]:
    _ = lang.gettext
    known = [run for run in found if run.word is not None]
    if not known:
        return
    on = [run for run in known if run.word in GENERATOR_ON]
    total = sum((run.until - run.since).total_seconds() for run in on)
    starts = sum(1 for run in on if run.word == "running")
    if total < _MINUTES:
        yield _("Did not run, as far as known.")
    else:
        yield lang.ngettext(
            "Ran {duration} as far as known, in {n} run.",
            "Ran {duration} as far as known, in {n} runs.",
            starts,
        ).format(duration=lang.duration(total), n=starts)
    faults = [run for run in known if run.word == "fault"]
    if faults:
        yield _("Fault since {clock}.").format(clock=lang.day_and_clock(faults[-1].since, window.until))


def _x(at: datetime, window: Window) -> float:
    share = (at - window.since) / (window.until - window.since)
    return round(WIDTH * min(1.0, max(0.0, share)), 1)


def _stroke(piece: Sequence[Dot], scale: Scale, window: Window) -> str:
    """A single reading is a short stroke: it would not be seen otherwise."""
    points = [f"{_x(dot.at, window):g} {scale.y(dot.mean):g}" for dot in piece]
    return f"M{points[0]}h2" if len(points) == 1 else "M" + "L".join(points)


def _band(piece: Sequence[Dot], scale: Scale, window: Window) -> str:
    over = [f"{_x(dot.at, window):g} {scale.y(dot.high):g}" for dot in piece]
    under = [f"{_x(dot.at, window):g} {scale.y(dot.low):g}" for dot in reversed(piece)]
    return "M" + "L".join([*over, *under]) + "Z"


def _hole(gap: Gap, window: Window) -> Box:
    left = _x(gap.since, window)
    # However short, it is seen.
    return Box(left, 0, max(1.0, round(_x(gap.until, window) - left, 1)), HEIGHT, "unknown")


def _state(run: Run, window: Window) -> Box:
    left, tall = _x(run.since, window), HEIGHT * _TALL[run.word or ""]
    return Box(
        left,
        round(HEIGHT - tall, 1),
        max(1.0, round(_x(run.until, window) - left, 1)),
        round(tall, 1),
        run.word or "",
    )
