"""The charts of one point over one span, and the same figures as a table. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nspgateway import charts, trend
from nspgateway.charts import Chart
from nspgateway.config import PointConfig
from nspgateway.forecast import has_generator, measures_fuel
from nspgateway.held import STALE_INTERVALS
from nspgateway.i18n import Language
from nspgateway.people import FuelEntry
from nspgateway.trend import Line, Past, Run, Span, Window
from nspgateway.view import SNR_LIMIT_DB, WEAK_MARGIN_DB

# What people see of a radio link is how far it stands above the noise; these hold all that a modem tells.
_SNR_LOW, _SNR_HIGH = -25.0, 15.0


@dataclass(frozen=True, slots=True)
class History:
    """``charts`` from top to bottom; ``columns``: headings of the table; ``rows``: a time and its cells."""

    charts: tuple[Chart, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A chart, and what its quantity was within a part of the time."""

    chart: Chart
    line: Line | None = None
    scale: charts.Scale | None = None
    runs: tuple[Run, ...] = ()


def since(span: Span, point: PointConfig, now: datetime) -> datetime:
    """Return from when on the journal has to be read: a reading before the span may still be valid in it."""
    return now - span.length - timedelta(seconds=point.interval_s * STALE_INTERVALS)


def build(
    lang: Language,
    point: PointConfig,
    past: Sequence[Past],
    span: Span,
    now: datetime,
    sf: int,
    entered: Sequence[FuelEntry] = (),
) -> History:
    """Return what a point's heartbeats tell. ``sf``: the spreading factor they come with; ``entered``: litres by hand."""
    window = trend.window(span, now, point.interval_s, STALE_INTERVALS)
    drawn = tuple(_all(lang, point, past, window, sf, entered))
    return History(
        charts=tuple(one.chart for one in drawn),
        columns=tuple(one.chart.title for one in drawn),
        rows=tuple(_rows(lang, drawn, window, span)),
    )


def _all(
    lang: Language,
    point: PointConfig,
    past: Sequence[Past],
    window: Window,
    sf: int,
    entered: Sequence[FuelEntry],
) -> Iterator[_Drawn]:
    _ = lang.gettext
    # Where nobody named the devices there may be any of them.
    is_open = not point.devices

    def level(name: str) -> Line:
        return trend.line(((one.at, _divided(one.number(name), 10)) for one in past), window)

    if measures_fuel(point):
        fuel = _line(lang, ("fuel", _("Fuel")), level("fuel_permille"), charts.percent(), window)
        if point.tank_litres:
            chart = charts.with_entries(lang, fuel.chart, entered, point.tank_litres, window)
            fuel = replace(fuel, chart=chart)
        yield fuel
    if is_open or "battery" in point.devices:
        yield _line(lang, ("battery", _("Battery")), level("battery_permille"), charts.percent(), window)
    if is_open or "meter" in point.devices:
        load = trend.line(((one.at, _divided(one.number("load_w"), 1000)) for one in past), window)
        yield _line(
            lang, ("load", _("Load")), load, charts.from_zero(load.high and load.high[0], "kW"), window
        )
    if has_generator(point):
        states = trend.runs(((one.at, one.word("generator_state")) for one in past), window)
        yield _Drawn(charts.of_runs(lang, ("generator", _("Generator")), states, window), runs=states)
    snr = trend.line(((one.at, one.snr_db) for one in past), window)
    weak = SNR_LIMIT_DB[sf] + WEAK_MARGIN_DB
    scale = charts.Scale(_SNR_LOW, _SNR_HIGH, "dB", 1)
    limit = _("below {value} the link is weak").format(value=scale.text(lang, weak))
    yield _line(lang, ("link", _("Link, signal above the noise")), snr, scale, window, (weak, limit))


def _line(
    lang: Language,
    name: tuple[str, str],
    line: Line,
    scale: charts.Scale,
    window: Window,
    limit: tuple[float, str] | None = None,
) -> _Drawn:
    return _Drawn(charts.of_line(lang, name, line, scale, window, limit), line, scale)


def _rows(
    lang: Language, drawn: Sequence[_Drawn], window: Window, span: Span
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Newest first: a table is read from its top."""
    until = window.until
    while until > window.since:
        begin = until - span.row
        clock = f"{lang.moment(begin, window.until)} – {lang.clock(until)}"
        yield clock, tuple(_cell(lang, one, begin, until) for one in drawn)
        until = begin


def _cell(lang: Language, drawn: _Drawn, begin: datetime, until: datetime) -> str:
    _ = lang.gettext
    if drawn.line is None or drawn.scale is None:
        on = trend.lasted(drawn.runs, charts.GENERATOR_ON, begin, until)
        if on is None:
            return _("no readings")
        return lang.duration(on.total_seconds()) if on else _("did not run")
    dots = (dot for piece in drawn.line.pieces for dot in piece)
    found = trend.within(dots, begin, until)
    if found is None:
        return _("no readings")
    low, high = (drawn.scale.text(lang, value) for value in found)
    return low if low == high else _("{low} to {high}").format(low=low, high=high)


def _divided(value: int | None, by: int) -> float | None:
    return None if value is None else value / by
