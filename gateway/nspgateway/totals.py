"""What the region asks of all points together: open, without power or contact, empty first, litres to bring. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nspgateway import hours, urgency, words
from nspgateway.cells import Level
from nspgateway.i18n import Language
from nspgateway.view import CLOSED, NEED_HOURS, Forecast, Overview, Point

# Names spelled out before a line goes on with a number.
NAMES = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the summary or of the system line; ``counters`` are (id, words, count)."""

    id: str
    label: str
    text: str
    level: Level = ""
    counters: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    """``used``: points that are not closed or stored; the tuples are some of them.

    ``first``: who is empty first, with its forecast; a point on the grid does not run down. ``litres``: by kind of
    fuel, to bring every point to ``NEED_HOURS``; ``litres_unknown``: at how many points that is not known.
    """

    used: tuple[Point, ...]
    open: int
    partly_open: int
    closed: int
    no_power: tuple[Point, ...]
    power_unknown: int
    no_contact: tuple[Point, ...]
    hours_unknown: tuple[Point, ...]
    first: tuple[Point, Forecast] | None
    litres: Mapping[str, float]
    litres_unknown: int


def of(points: Sequence[Point]) -> Totals:
    """Return the totals of these points."""
    used = tuple(point for point in points if point.deployment not in CLOSED)
    running = [
        (point, forecast)
        for point in used
        if not (hours.is_on_grid(point) or hours.is_dark(point))
        and (forecast := hours.first_empty(point)) is not None
    ]
    litres: dict[str, float] = {}
    for point in used:
        if point.litres_needed:
            litres[point.fuel_kind] = litres.get(point.fuel_kind, 0.0) + point.litres_needed
    return Totals(
        used=used,
        open=sum(point.deployment == "open" for point in used),
        partly_open=sum(point.deployment == "partly_open" for point in used),
        closed=len(points) - len(used),
        no_power=tuple(point for point in used if urgency.has_no_power(point)),
        power_unknown=sum(
            not (hours.is_source_known(point) or urgency.has_no_power(point)) for point in used
        ),
        no_contact=tuple(point for point in used if point.status == "no_contact"),
        hours_unknown=tuple(point for point in used if hours.is_unknown(point)),
        first=min(running, key=lambda pair: pair[1].likely_h, default=None),
        litres=litres,
        litres_unknown=sum(point.litres_needed is None for point in used),
    )


def facts(lang: Language, overview: Overview, names: int = NAMES) -> tuple[Fact, ...]:
    """The summary above the points: what the region's officer asks first; so many ``names`` in a line."""
    _ = lang.gettext
    found = of(overview.points)
    return (
        _open(lang, found),
        _dark(lang, found, names),
        _names(lang, "silent", _("No contact"), found.no_contact, names),
        _first(lang, found, overview),
        _names(lang, "unclear", _("Hours left unknown"), found.hours_unknown, names),
        _litres(lang, found),
    )


def _open(lang: Language, found: Totals) -> Fact:
    _ = lang.gettext
    text = _("{n} of {total}").format(n=lang.number(found.open), total=lang.number(len(found.used)))
    if found.partly_open:
        text = _("{text}, {n} partly").format(text=text, n=lang.number(found.partly_open))
    return Fact("open", _("Open"), text)


def _dark(lang: Language, found: Totals, names: int) -> Fact:
    """Who is without power, and at how many points nobody knows: what is not heard is not fine."""
    fact = _names(lang, "no_power", lang.gettext("Without power"), found.no_power, names, "critical")
    unknown = power_unknown_text(lang, found)
    return replace(fact, text=f"{fact.text}, {unknown}", level=fact.level or "attention") if unknown else fact


def power_unknown_text(lang: Language, found: Totals) -> str:
    """Return at how many points nobody knows whether there is power; "" = known everywhere."""
    return _unknown_at(lang, found.power_unknown) if found.power_unknown else ""


def _unknown_at(lang: Language, points: int) -> str:
    return lang.ngettext("unknown at {n} point", "unknown at {n} points", points).format(
        n=lang.number(points)
    )


def _first(lang: Language, found: Totals, overview: Overview) -> Fact:
    _ = lang.gettext
    if found.first is None:
        return Fact("first", _("First to run dry"), first_text(lang, found, overview.now))
    point, _forecast = found.first
    text = first_text(lang, found, overview.now)
    level: Level = "critical" if point.status == "critical" else ""
    return Fact("first", _("First to run dry"), text, "attention" if point.status == "attention" else level)


def _names(
    lang: Language, key: str, label: str, points: Sequence[Point], names: int, level: Level = "attention"
) -> Fact:
    if not points:
        return Fact(key, label, lang.gettext("no point"))
    text = ", ".join(point.name for point in points[:names])
    if len(points) > names:
        text = lang.gettext("{names} and {n} more").format(names=text, n=lang.number(len(points) - names))
    return Fact(key, label, text, level)


def first_text(lang: Language, found: Totals, now: datetime) -> str:
    """Return who is empty first, and around when."""
    if found.first is None:
        return lang.gettext("no forecast")
    point, forecast = found.first
    clock = lang.day_and_clock(forecast.empty_likely, now)
    return lang.gettext("{name}, around {clock}").format(name=point.name, clock=clock)


def _litres(lang: Language, found: Totals) -> Fact:
    label = lang.gettext("Fuel needed in {n} hours").format(n=NEED_HOURS)
    return Fact("litres", label, litres_text(lang, found), "attention" if found.litres_unknown else "")


def litres_text(lang: Language, found: Totals) -> str:
    """Return the fuel to bring within the hours that the region plans for; what is unknown is never 0."""
    _ = lang.gettext
    parts = [
        _("{litres} l {kind}").format(litres=lang.number(litres), kind=_(words.FUELS.get(kind, kind)))
        for kind, litres in sorted(found.litres.items())
    ]
    if found.litres_unknown:
        parts.append(_unknown_at(lang, found.litres_unknown))
    return ", ".join(parts) or _("none")
