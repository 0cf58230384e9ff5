"""The cell "empty around": clock, range and hours left of one point, in words. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

from nspgateway import words
from nspgateway.cells import NEVER, Cell, ago, seconds_since
from nspgateway.i18n import Language
from nspgateway.view import Forecast, Point, Quality, Reading

# A forecast and what it is about: the reading whose quality it inherits.
_Stock = tuple[Forecast, str, Reading]


def cell(lang: Language, point: Point, now: datetime) -> Cell:
    """The stock that is empty first, then the other one; or why there is none."""
    first_of_all = first_empty(point)
    stocks = sorted(_stocks(lang, point), key=lambda stock: stock[0] is not first_of_all)
    # Fuel that nothing burns lights no lamp: there it is dark already.
    if not stocks or is_dark(point):
        return _no_forecast(lang, point)
    first = _stock_cell(lang, stocks[0], point, now)
    others = tuple(_other_line(lang, stock, now) for stock in stocks[1:])
    return replace(first, lines=first.lines + others)


def reasoned(lang: Language, point: Point, now: datetime) -> Cell:
    """The same, with what the forecast goes by: for the point's own page, where there is room."""
    made = cell(lang, point, now)
    first = first_empty(point)
    if first is None or not made.figure:
        return made
    return replace(made, lines=(*made.lines, lang.gettext(words.FORECAST_REASONS[first.reason])))


def in_short(lang: Language, point: Point, now: datetime) -> Cell:
    """The same for a screen without room for a condition: on the grid nothing runs down."""
    return _no_forecast(lang, point) if is_on_grid(point) else cell(lang, point, now)


def first_empty(point: Point) -> Forecast | None:
    """The forecast of the stock that runs out first; None when there is none.

    Who lives on the battery is not dark when the tank is empty: then the battery's end is the one.
    """
    found = [forecast for forecast in (point.fuel, point.battery) if forecast is not None]
    if _source(point) == "battery":
        found = [forecast for forecast in found if forecast.likely_h > 0] or found
    return min(found, key=lambda forecast: forecast.likely_h, default=None)


def left(lang: Language, forecast: Forecast) -> str:
    """Hours left as a range that holds the forecast's own: rounded outwards, coarser when longer."""
    _ = lang.gettext
    if forecast.likely_h <= 0:
        return _("probably empty now")
    low, high = max(0.0, forecast.low_h), forecast.high_h
    if high < 2:
        return _range(lang, low * 60, high * 60, 5, _("{low} to {high} min left"), _("about {high} min left"))
    if high <= 72:
        step = 0.5 if low < 4 else 1
        return _range(lang, low, high, step, _("{low} to {high} h left"), _("about {high} h left"))
    return _range(lang, low / 24, high / 24, 1, _("{low} to {high} days left"), _("about {high} days left"))


def _range(lang: Language, low: float, high: float, step: float, both: str, one: str) -> str:
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    texts = [lang.number(value, 0 if value == int(value) else 1) for value in (low, high)]
    return (one if texts[0] == texts[1] else both).format(low=texts[0], high=texts[1])


def _stocks(lang: Language, point: Point) -> list[_Stock]:
    found: list[_Stock] = []
    if point.fuel is not None:
        found.append((point.fuel, lang.gettext("fuel"), point.readings.get("fuel_permille", NEVER)))
    if point.battery is not None:
        found.append((point.battery, lang.gettext("battery"), point.readings.get("battery_permille", NEVER)))
    return found


def _stock_cell(lang: Language, stock: _Stock, point: Point, now: datetime) -> Cell:
    _ = lang.gettext
    forecast, name, reading = stock
    quality: Quality = "good" if reading.quality == "good" else "stale"
    # A day is named when it is another one than was named last: today's never is.
    between = _("between {low} and {high}").format(
        low=lang.moment(forecast.empty_low, now),
        high=lang.moment(forecast.empty_high, forecast.empty_low),
    )
    age_s = seconds_since(forecast.measured_at, now)
    age = ago(lang, age_s)
    if forecast.reason == "by_hand":
        age = _("entered by hand ({clock}), {ago}").format(
            clock=lang.moment(forecast.measured_at, now), ago=ago(lang, age_s)
        )
    elif quality == "stale":
        age = _("estimate from an old reading ({clock}), {ago}").format(
            clock=lang.moment(forecast.measured_at, now), ago=ago(lang, age_s)
        )
    return Cell(
        "hours",
        quality,
        lang.day_and_clock(forecast.empty_likely, now),
        f"{forecast.likely_h:.2f}",
        left(lang, forecast),
        (between,),
        f"{name}, {age}",
        age_s,
        condition=_("if the grid fails now") if is_on_grid(point) else "",
    )


def _other_line(lang: Language, stock: _Stock, now: datetime) -> str:
    forecast, name, _reading = stock
    if forecast.likely_h <= 0:
        return f"{name}: {left(lang, forecast)}"
    clock = lang.moment(forecast.empty_likely, now)
    return lang.gettext("{stock}: around {clock}, {left}").format(
        stock=name, clock=clock, left=left(lang, forecast)
    )


def is_unknown(point: Point) -> bool:
    """Tell whether nobody knows how long there is power: no forecast, and no news that makes one needless."""
    return first_empty(point) is None and _source(point) not in {"grid", "none"}


def is_source_known(point: Point) -> bool:
    """Tell whether anything that still counts, fresh or old, says what carries the load."""
    reading = point.readings.get("power_source", NEVER)
    return reading.quality in {"good", "stale"} and reading.value is not None


def is_on_grid(point: Point) -> bool:
    """Tell whether fresh news says that the grid carries the load: then nothing runs down."""
    return _source(point) == "grid"


def is_dark(point: Point) -> bool:
    """Tell whether fresh news says that nothing carries the load."""
    return _source(point) == "none"


def _source(point: Point) -> str | None:
    """The power source, as far as it is known at this moment."""
    reading = point.readings.get("power_source", NEVER)
    return str(reading.value) if reading.quality == "good" and reading.value is not None else None


def _no_forecast(lang: Language, point: Point) -> Cell:
    _ = lang.gettext
    source = _source(point)
    if source == "grid":
        return Cell("hours", "none", _("not running down"), lines=(_("grid power"),))
    if is_dark(point):
        return Cell("hours", "none", _("no power now"), level="critical", shape="square")
    return Cell("hours", "unknown", _("unknown"), lines=(_("stock or load unknown"),), shape="question")
