"""The JSON of every MQTT message, version 1: typed, in a stable order. Pure.

Times are UTC (ISO 8601, Z, whole seconds), ages are whole seconds. Quantities
keep the names, units and scaled integers of ``nsplink.fields``. A value is
null whenever its quality is "unknown" or "none"; its age goes on growing.
``demo`` is null at a real gateway; else every time in the message runs at
``demo.speed``. ``exercise`` says whether the newest frame of the point was marked
as part of an exercise; of an alarm that was there before it began, no. Nothing here has room for personal data or coordinates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from nspgateway.calls import Stage
from nspgateway.moments import age, seconds, utc, utc_or_none
from nspgateway.view import Forecast, Priority, Quality, Reading
from nspgateway.vouchers import SOURCES
from nsplink import fields

Presence = Literal["online", "offline"]
# The life of an alarm after ISA-18.2; "normal" is the last message of one.
AlarmState = Literal[
    "normal", "unacknowledged", "acknowledged", "returned_unacknowledged", "shelved", "suppressed"
]
Value = int | str | None

_ORDER = {name: place for place, (_, name, *_) in enumerate(fields.FIELDS)}
# Not quantities: they arrive as the quality of others, and as names of alarms.
_NOT_VALUES = frozenset({"alarms", "q_generator", "q_battery", "q_meter", "q_tank"})


class Demo(Struct, frozen=True):
    """Not a real gateway: ``speed`` seconds of its clock pass in one on the wall."""

    speed: float


class Texts(Struct, frozen=True):
    """One text in both languages."""

    nl: str
    en: str


class Measured(Struct, frozen=True, gc=False):
    """One quantity of the merged state; ``at`` is the last good reading at the kit, null = never."""

    value: Value
    quality: Quality
    at: datetime | None
    age_s: int | None


class Sent(Struct, frozen=True, gc=False):
    """One quantity as a heartbeat carried it."""

    value: Value
    quality: Quality


class HoursLeft(Struct, frozen=True):
    """When it runs empty: hours, and the moments they stand for."""

    hours_low: float
    hours_likely: float
    hours_high: float
    empty_low: datetime
    empty_likely: datetime
    empty_high: datetime
    reason: str
    measured_at: datetime
    age_s: int


class _FromPoint(Struct, frozen=True, kw_only=True):
    """What every message of a point begins with. ``kit`` is the address on air, null = no kit."""

    schema: int = 1
    region: str
    cp: str
    municipality: str
    point: str
    number: int
    name: str
    kit: int | None
    demo: Demo | None
    exercise: bool = False


class Dark(Struct, frozen=True):
    """When the point goes dark: ``word`` says in which case, ``parts`` by what, ``missing`` what is not counted.

    ``word``: runs_down, if_grid_fails, if_sun_fails, dark (since ``since``) or unknown.
    """

    word: str
    low: datetime | None
    likely: datetime | None
    high: datetime | None
    parts: list[str]
    missing: list[str]
    since: datetime | None


class State(_FromPoint, frozen=True, kw_only=True):
    """All that is known of a point at ``at``; not to be trusted after ``valid_until``.

    ``fuel_source``: who says so: "gauge", "by_hand", or "estimate" from a last reading; ``fuel_at``: when.
    ``fuel_half_load_h``: hours if half of the load were switched off.
    """

    at: datetime
    valid_until: datetime
    deployment: str
    last_heard: datetime | None
    last_heard_age_s: int | None
    values: dict[str, Measured]
    local_alarms: list[str] | None
    fuel_kind: str
    fuel_litres: float | None
    tank_litres: float | None
    fuel: HoursLeft | None
    battery: HoursLeft | None
    fuel_source: str | None = None
    fuel_at: datetime | None = None
    fuel_age_s: int | None = None
    fuel_half_load_h: float | None = None
    lights_out: Dark | None = None


class Telemetry(_FromPoint, frozen=True, kw_only=True):
    """One heartbeat. ``key`` is the same in every delivery of it, and in no other message.

    ``late``: it was lost on the air and came afterwards; ``made_at`` is when the kit made it, as far
    as can be told, and ``received_at`` when it came.
    """

    key: str
    generation: int
    counter: int
    kind: str
    received_at: datetime
    rssi_dbm: int | None
    snr_db: float | None
    values: dict[str, Sent]
    local_alarms: list[str] | None
    late: bool = False
    made_at: datetime | None = None


class AlarmMessage(_FromPoint, frozen=True, kw_only=True):
    """One alarm of one point; ``ended_at`` is null while it lasts."""

    id: str
    state: AlarmState
    priority: Priority
    at: datetime
    raised_at: datetime
    age_s: int
    ended_at: datetime | None
    title: Texts
    what: Texts
    do: Texts
    reason: str


class Litres(Struct, frozen=True):
    """An amount of fuel and when it comes or came; null = not known."""

    litres: float
    at: datetime | None


class OnItsWay(Struct, frozen=True):
    """An amount of fuel and when it is to be there, null = not known. ``delivery``: its name in commands."""

    litres: float
    at: datetime | None
    delivery: int


class RefuelLine(Struct, frozen=True):
    """One point of the refuel list; litres and moments are null while unknown, and ``why`` says why.

    ``exercise``: the line is part of an exercise.
    """

    point: str
    number: int
    name: str
    municipality: str
    deployment: str
    fuel_kind: str
    litres: float | None
    fuel_source: str | None
    fuel_at: datetime | None
    litres_needed: float | None
    litres_fit: float | None
    empty_low: datetime | None
    drive_before: datetime | None
    why: str
    priority: int
    planned: list[OnItsWay]
    delivered: Litres | None
    filler: str
    access: str
    supplier: str
    exercise: bool = False


class Refuel(Struct, frozen=True):
    """Who needs which fuel, first one first, to reach ``hours``; totals by kind of fuel.

    ``unknown``: by kind, at how many points the litres needed are not known.
    """

    schema: int
    region: str
    cp: str
    demo: Demo | None
    at: datetime
    valid_until: datetime
    hours: float
    points: list[RefuelLine]
    litres_needed: dict[str, float]
    litres_planned: dict[str, float]
    unknown: dict[str, int]


class HelpMessage(_FromPoint, frozen=True, kw_only=True):
    """How a call for help stands; neither what was typed, nor where it is, nor who did what.

    ``id`` is that of the call, ``key`` that of this message: the same in every delivery of it. ``mark``: whether
    the call was made, withdrawn or added to. ``stage``: "stored" is the one that a machine may say, all others are
    a person's. Each time is that of the first of its stage, null = not yet.
    """

    key: str
    id: str
    kind: str | None
    mark: Literal["made", "withdrawn", "details"]
    stage: Stage
    at: datetime
    made_at: datetime
    age_s: int
    by_hand: bool
    stored_at: datetime
    withdrawn_at: datetime | None
    read_at: datetime | None
    passed_on_at: datetime | None
    answered_at: datetime | None
    called_back_at: datetime | None
    closed_at: datetime | None


class Reply(Struct, frozen=True, kw_only=True):
    """The answer to a client's command; ``id`` is the command's, null when it had none that can be read.

    ``word`` says for a program what ``text`` says for a person. ``ok``: it is done, and the word is "done", or
    "draft": what was written waits for a person who approves it.
    """

    schema: int = 1
    region: str
    cp: str
    demo: Demo | None
    id: str | None
    at: datetime
    ok: bool
    word: str
    text: Texts


class Modem(Struct, frozen=True):
    """The gateway's radio: ``cause`` is one word for why it is down, empty while it is up."""

    state: Literal["up", "down"]
    cause: str
    since: datetime


class Health(Struct, frozen=True):
    """What is wrong inside the gateway. ``store_problem``: one word, empty = it writes what it hears.

    ``away``: brokers to which there is no route now, though nothing is wrong with that.
    """

    modem: Modem | None = None
    store_problem: str | None = None
    away: tuple[str, ...] = ()


class GatewayStatus(Struct, frozen=True):
    """Whether the gateway talks to the broker, and how it is; null = not known.

    ``at`` is null in the last will: the broker speaks it.
    """

    schema: int
    region: str
    cp: str
    demo: Demo | None
    state: Presence
    at: datetime | None
    reason: str
    modem: Modem | None = None
    store_problem: str | None = None
    away: tuple[str, ...] = ()


class GatewayStats(Struct, frozen=True):
    """The gateway's counters since it started."""

    schema: int
    region: str
    cp: str
    demo: Demo | None
    at: datetime
    counters: dict[str, int]


def in_order(names: Iterable[str]) -> Sequence[str]:
    """Return the names of quantities in the order of the table of fields, others after them."""
    return _in_order(tuple(names))


@lru_cache(maxsize=256)  # frames of a kind have the same names
def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    wanted = (name for name in names if name not in _NOT_VALUES)
    return tuple(sorted(wanted, key=lambda name: (_ORDER.get(name, len(_ORDER)), name)))


def measured(readings: Mapping[str, Reading], now: datetime) -> dict[str, Measured]:
    """Return readings with their ages; an unknown one has no value left to mistake for a measurement."""
    found: dict[str, Measured] = {}
    ages: dict[datetime | None, tuple[datetime | None, int | None]] = {}
    for name in in_order(readings):
        reading = readings[name]
        good_at = reading.good_at
        if good_at not in ages:  # of one frame all have the same
            ages[good_at] = utc_or_none(good_at), age(good_at, now)
        at, age_s = ages[good_at]
        known = reading.quality in ("good", "stale")
        found[name] = Measured(reading.value if known else None, reading.quality, at, age_s)
    return found


def sent(name: str, values: Mapping[str, Value]) -> Sent:
    """Return a quantity of a frame with the quality that the same frame gives its source."""
    value = values[name]
    word = values.get(SOURCES.get(name, ""), "good")
    if word == "none":
        return Sent(None, "none")
    if value is None or word is None:
        return Sent(None, "unknown")
    quality: Quality = "stale" if word == "stale" else "good"
    return Sent(value, quality)


def hours_left(forecast: Forecast | None, now: datetime) -> HoursLeft | None:
    """Return a forecast in hours to two decimals; None stays None: nobody knows."""
    if forecast is None:
        return None
    return HoursLeft(
        hours_low=round(forecast.low_h, 2),
        hours_likely=round(forecast.likely_h, 2),
        hours_high=round(forecast.high_h, 2),
        empty_low=utc(forecast.empty_low),
        empty_likely=utc(forecast.empty_likely),
        empty_high=utc(forecast.empty_high),
        reason=forecast.reason,
        measured_at=utc(forecast.measured_at),
        age_s=seconds(now - forecast.measured_at),
    )


def in_bit_order(names: frozenset[str]) -> list[str]:
    """Return the kit's local alarms in the order of their bits."""
    return [name for name in fields.ALARMS if name in names] if names else []


def alarm_names(bits: int) -> list[str]:
    """Return the names of the bits that are set, bit 0 first."""
    return [name for bit, name in enumerate(fields.ALARMS) if bits >> bit & 1] if bits else []
