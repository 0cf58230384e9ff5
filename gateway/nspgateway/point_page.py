"""One support point as a page: everything that is known of it, in one language. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from nspgateway import cells, exercise_mark, hours, popups, words
from nspgateway.alarm_boxes import AlarmBox, alarm_box
from nspgateway.cells import Cell
from nspgateway.config import PointConfig
from nspgateway.devices_health import Device, devices
from nspgateway.exercise_mark import Mark
from nspgateway.forecast import has_generator
from nspgateway.i18n import Language
from nspgateway.quantities import Row, rows
from nspgateway.standing import Standing
from nspgateway.view import Point


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the card: what it is, and what stands there; several for instructions and contacts."""

    id: str
    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PointPage:
    """``place``: number and municipality. ``marks``: what people said and still stands. ``now``: (heading, cell).

    ``card``: where it is, how to reach and fill it; ``contacts``: personal, for who may see them.
    """

    slug: str
    name: str
    place: str
    deployment: str
    deployment_shape: str
    status: str
    status_text: str
    status_shape: str
    mark: Mark
    mark_text: str
    marks: tuple[str, ...]
    alarms: tuple[AlarmBox, ...]
    now: tuple[tuple[str, Cell], ...]
    quantities: tuple[Row, ...]
    devices: tuple[Device, ...]
    card: tuple[Entry, ...]


def build(
    lang: Language,
    point: Point,
    config: PointConfig,
    standing: Standing,
    now: datetime,
    *,
    mark: Mark = "",
    exercise_since: datetime | None = None,
    contacts: bool,
) -> PointPage:
    """Return the page of a point. ``mark``: of an exercise that goes on, ``exercise_since``; ``contacts``: whether who looks may see who to call."""
    _ = lang.gettext
    deployment = words.DEPLOYMENTS[point.deployment]
    status = words.STATUSES[point.status]
    return PointPage(
        slug=point.slug,
        name=point.name,
        place=f"NSP {point.number:02d} · {point.municipality}",
        deployment=_(deployment.text),
        deployment_shape=deployment.shape,
        status=point.status,
        status_text=_(status.text),
        status_shape=status.shape,
        mark=mark,
        mark_text=exercise_mark.word(lang, mark),
        marks=tuple(marks(lang, standing, now)),
        alarms=tuple(
            alarm_box(
                lang,
                alarm,
                {point.slug: point.name},
                now,
                exercise_mark.of_alarm(mark, exercise_since, alarm),
            )
            for alarm in point.alarms
        ),
        now=_now(lang, point, now),
        quantities=rows(lang, point, now),
        devices=devices(lang, point, config, now) if point.kit_address is not None else (),
        card=tuple(_card(lang, config, contacts=contacts)),
    )


def marks(lang: Language, standing: Standing, now: datetime) -> Iterator[str]:
    """Yield what people have said of the point that still stands: a stop, a plan to open, fuel on its way."""
    _ = lang.gettext
    if standing.is_stopped(now) and standing.stop_until is not None:
        yield _("Refuelling until {clock}").format(clock=lang.moment(standing.stop_until, now))
    if standing.opens_at is not None:
        yield _("Planned to be open at {clock}").format(clock=lang.moment(standing.opens_at, now))
    for delivery in standing.deliveries.values():
        litres = lang.number(delivery.litres)
        if delivery.due_at is None:
            yield _("{litres} l of fuel on its way").format(litres=litres)
        else:
            yield _("{litres} l of fuel on its way, around {clock}").format(
                litres=litres, clock=lang.moment(delivery.due_at, now)
            )
    if standing.fuel:
        newest = standing.fuel[-1]
        text = _("Dipped") if newest.kind == "dip" else _("Refuelled")
        yield _("{what}: {litres} l, {clock}").format(
            what=text, litres=lang.number(newest.litres, 1), clock=lang.moment(newest.at, now)
        )


def _now(lang: Language, point: Point, now: datetime) -> tuple[tuple[str, Cell], ...]:
    made = (
        hours.reasoned(lang, point, now),
        cells.source(lang, point, now),
        cells.fuel(lang, point, now),
        cells.battery(lang, point, now),
        cells.load(lang, point, now),
        cells.generator(lang, point, now),
        cells.link(lang, point, now),
        cells.heard(lang, point, now),
    )
    return tuple((lang.gettext(words.COLUMNS[cell.field]), cell) for cell in made)


def _card(lang: Language, config: PointConfig, *, contacts: bool) -> Iterator[Entry]:
    _ = lang.gettext
    places = _("unknown")
    if popups.is_placed(config):
        places = f"{lang.number(config.latitude, 4)}; {lang.number(config.longitude, 4)}"
    texts = (
        ("address", _("Address"), (config.address,)),
        ("place", _("Latitude; longitude"), (places,)),
        ("backup", _("When its kit is silent"), (config.backup,)),
        ("contacts", _("Who to call"), config.contacts if contacts else ()),
        ("filler", _("Where to fill"), (config.filler,)),
        ("access", _("How to get in"), (config.access,)),
        ("supplier", _("Fuel comes from"), (config.supplier,)),
    )
    for id_, label, lines in texts:
        if any(lines):
            yield Entry(id_, label, lines)
    if has_generator(config):
        kind = _(words.FUELS[config.fuel_kind])
        tank = _("{litres} l {kind}").format(litres=_number(lang, config.tank_litres), kind=kind)
        yield Entry("tank", _("Tank"), (tank,))
        yield Entry(
            "lead_time",
            _("Time from order to refuelling"),
            (_("{n} hours").format(n=lang.number(config.lead_time_h, 1)),),
        )
    if config.instructions:
        yield Entry("instructions", _("Instructions"), config.instructions)


def _number(lang: Language, litres: float | None) -> str:
    return lang.gettext("unknown") if litres is None else lang.number(litres)
