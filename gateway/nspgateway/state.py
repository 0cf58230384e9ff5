"""A point's state: everything that its kit said last, and what follows from it by now. Pure.

What one quantity is still worth stands in ``held``. What lies in the future (the clock was set back) has no age, and so is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec import Struct, structs

from nspgateway import events, forecast, fuel_level, fuel_loss, mains, stock
from nspgateway.config import PointConfig
from nspgateway.events import Event
from nspgateway.facts import Facts, LinkFacts, OwnFacts, StormFacts
from nspgateway.forecast import BatterySample, FuelSample
from nspgateway.fuel_level import Tank
from nspgateway.fuel_loss import Loss
from nspgateway.held import (
    STALE_INTERVALS,
    as_reading,
    good,
    hold,
    quality_of,
    reading,
    said_of_devices,
)
from nspgateway.mains import Mains
from nspgateway.people import FuelEntry
from nspgateway.records import Frame, Heard, Held, Value
from nspgateway.standing import Standing
from nspgateway.stock import Entered, Used
from nspgateway.uplinks import HEARTBEATS
from nspgateway.view import Quality, Reading, is_ahead
from nspgateway.vouchers import BEHIND, SOURCES
from nsplink.fields import ALARMS, MESSAGES, SELF_TESTS

HISTORY = timedelta(hours=24)
# A restart reads this much more of the journal, so that the oldest of the day has its own past too.
WARM_UP = timedelta(hours=12)
# On-change frames come on top of 288 heartbeats a day; the bound is for a flood of them.
HISTORY_SAMPLES = 1000
# A meter behind a set that stands still shows a few watts at most.
RUNS_FROM_W = 20

_UNHEARD = dict.fromkeys(MESSAGES["full"], Held(None, "unknown", None))
_OFTEN = frozenset(MESSAGES["vital"])
_OF_CONTROLLER = frozenset(name for name, word in SOURCES.items() if word in {"q_generator", "q_tank"})
# A result of its own, not a reading that grows old.
SELF_TEST = "self_test"
_NO_DEVICE = Reading(None, "none", None)


_Sample = TypeVar("_Sample", FuelSample, BatterySample)
_T = TypeVar("_T")


class PointState(Struct, frozen=True):
    """Everything known of one point. ``held`` by name; histories oldest first, bounded.

    ``used``: what the set did since the count began, ``gauged``: the same at the gauge's newest reading;
    ``entered``: litres by hand, oldest first. ``dark_since``: the first heartbeat without power.
    ``loss``: fuel that the load does not explain.
    ``event``: what the newest frame says of one alarm; None when it speaks of the whole state.
    """

    point: PointConfig
    held: Mapping[str, Held] = msgspec.field(default_factory=dict)
    heard: Heard | None = None
    fuel_history: tuple[FuelSample, ...] = ()
    battery_history: tuple[BatterySample, ...] = ()
    tank: Tank = msgspec.field(default_factory=Tank)
    event: Event | None = None
    used: Used = msgspec.field(default_factory=Used)
    gauged: Used = msgspec.field(default_factory=Used)
    entered: tuple[Entered, ...] = ()
    dark_since: datetime | None = None
    loss: Loss | None = None
    mains: Mains = msgspec.field(default_factory=Mains)


def is_newer(state: PointState, frame: Frame) -> bool:
    """Tell whether the frame may change the state; an older one is for the journal only."""
    heard = state.heard
    if heard is None or heard.kit != frame.kit:
        return True
    return (frame.generation, frame.counter) > (heard.generation, heard.counter)


def changes(state: PointState, frame: Frame) -> dict[str, Held]:
    """Return the quantities as held after a newer frame; only those that it speaks of."""
    if frame.kind in events.KINDS:
        return _with_event(state, frame)
    if frame.kind == "boot":
        return _with_test(state, frame)
    if frame.kind not in HEARTBEATS:
        return {}
    at, fields, held = frame.received_at, frame.fields, state.held
    words = said_of_devices(fields)
    return _by_word(state, frame, words) | {
        name: hold(held.get(name), value, words.get(SOURCES.get(name, ""), "good"), at)
        for name, value in fields.items()
    }


def after(
    state: PointState, frame: Frame, changed: Mapping[str, Held], *, is_known: bool = False
) -> PointState:
    """Return the state after a newer frame and its ``changes``. ``is_known``: its event came before."""
    before, exercise = state.heard, frame.exercise
    if frame.kind == "help" and before is not None and before.kit == frame.kit:
        # A call says of itself whether it is practised, not whether its point is in an exercise.
        exercise = before.exercise
    name, radio = (frame.kit, frame.generation, frame.counter), (frame.rssi_dbm, frame.snr_db)
    heard = Heard(*name, frame.received_at, *radio, exercise)
    held = {**state.held, **changed}
    # A frame that speaks neither of one alarm nor of all leaves the last word on it as it was.
    speaks = frame.kind in events.KINDS or "alarms" in frame.fields
    event = events.of_frame(frame) if speaks and not is_known else state.event
    return remember(structs.replace(state, held=held, heard=heard, event=event), frame)


def remember(state: PointState, frame: Frame) -> PointState:
    """Return the state with a heartbeat's samples at the end of its histories."""
    if "fuel_permille" not in frame.fields:
        return state
    now = frame.received_at
    fuel = _of_the_day(state.fuel_history, now)
    battery = _of_the_day(state.battery_history, now)
    tank = state.tank
    if state.fuel_history and state.fuel_history[-1].at > now:
        # The clock was set back: a history has to run forward.
        tank = fuel_level.replay(state.point, fuel)
    sample = _fuel_sample(state.point, frame)
    fuel.append(sample)
    if "battery_da" in frame.fields:
        battery.append(_battery_sample(frame))
    used = stock.advance(state.point, state.used, sample)
    tank = fuel_level.advance(state.point, tank, sample)
    return structs.replace(
        state,
        fuel_history=tuple(fuel[-HISTORY_SAMPLES:]),
        battery_history=tuple(battery[-HISTORY_SAMPLES:]),
        tank=tank,
        loss=fuel_loss.loss(state.point, tank),
        used=used,
        gauged=state.gauged if sample.litres is None else used,
        dark_since=_dark_since(state.dark_since, frame),
        mains=mains.after(state.mains, frame.fields.get("power_source"), now),
    )


def enter(state: PointState, entry: FuelEntry) -> PointState:
    """Return the state with litres by hand; ``entry.at`` at most as far back as the history reaches."""
    new = stock.entered(state.point, state.used, state.fuel_history, entry)
    oldest = entry.at - stock.ENTRY_LASTS
    known = [one for one in (*state.entered, new) if one.entry.at >= oldest]
    return structs.replace(state, entered=tuple(sorted(known, key=lambda one: one.entry.at)))


def _of_the_day(history: tuple[_Sample, ...], now: datetime) -> list[_Sample]:
    """Return the samples of the last 24 hours, none of them from the future."""
    since = now - HISTORY
    if history and since <= history[0].at and history[-1].at <= now and len(history) < HISTORY_SAMPLES:
        return list(history)
    return [sample for sample in history if since <= sample.at <= now]


def readings(state: PointState, now: datetime) -> dict[str, Reading]:
    """Return every quantity of a heartbeat, heard or not, and what else was heard."""
    lacking = _lacking(state.point)
    often_s, full_s = state.point.interval_s, state.point.full_interval_s
    # Most quantities came with one frame: their quality is asked for once.
    known: dict[tuple[str, datetime | None, bool], Quality] = {}
    found: dict[str, Reading] = {}
    for name, held in {**_UNHEARD, **state.held}.items():
        if held.value is None:
            found[name] = _NO_DEVICE if name in lacking else as_reading(held, quality_of(held, full_s, now))
            continue
        often = name in _OFTEN
        alike = (held.source, held.good_at, often)
        quality = known.get(alike)
        if quality is None:
            quality = known[alike] = quality_of(held, often_s if often else full_s, now)
        found[name] = as_reading(held, quality)
    found.pop(SELF_TEST, None)
    return found


def local_alarms(values: Mapping[str, Reading]) -> frozenset[str] | None:
    """Return the names of the kit's own alarms; None when they are unknown."""
    bits = values["alarms"].value
    if not isinstance(bits, int):
        return None
    return frozenset(name for bit, name in enumerate(ALARMS) if bits >> bit & 1) if bits else frozenset()


def facts(
    state: PointState,
    now: datetime,
    speed: float = 1.0,
    *,
    link: LinkFacts | None = None,
    sf: int = 9,
    standing: Standing | None = None,
    own: OwnFacts | None = None,
    storms: tuple[StormFacts, ...] = (),
    back_with_many: bool = False,
) -> Facts:
    """Return what is true of the point at ``now``. ``speed``: of the gateway's clock beside the kit's.

    ``standing``: what people said of it; the others are not the point's own and are passed through.
    """
    state = _without_future(state, now)
    values = readings(state, now)
    event = events.news(state.event, STALE_INTERVALS * state.point.interval_s, now)
    began = {event.alarm: event.began(speed)} if event else {}
    is_gauged = values["fuel_permille"].value is not None
    burn = forecast.fuel_burn(state.point, state.tank, state.fuel_history, now)
    known = stock.stock(
        state.point, state.tank, state.entered, (state.used, state.gauged), burn, now, is_gauged=is_gauged
    )
    by_hand = known is not None and known.source == "by_hand"
    if known is not None and by_hand:
        fuel = forecast.estimated(state.point, known, burn, now) if burn else None
    else:
        fuel = forecast.fuel(state.point, state.fuel_history, now, state.tank, burn)
    return Facts(
        point=state.point,
        now=now,
        readings=values,
        local_alarms=local_alarms(values),
        fuel_litres=known.litres if known is not None and (is_gauged or by_hand) else None,
        fuel=fuel,
        battery=forecast.battery(state.point, values, state.battery_history, now),
        last_heard=state.heard.at if state.heard else None,
        burn=burn,
        refuels=state.tank.refuels,
        last_litres=known.litres if known is not None and by_hand else state.tank.litres,
        last_source=_last(state, "power_source", str),
        last_charge_permille=_last(state, "battery_permille", int),
        began=began if event and event.kind == "alarm" else {},
        ended=frozenset(began) if event and event.kind == "clear" else frozenset(),
        failed_parts=failed_parts(state),
        ready_at=state.held[SELF_TEST].good_at if SELF_TEST in state.held else None,
        stock=known,
        standing=standing,
        loss=_loss(state, now, standing),
        dark_since=state.dark_since,
        mains=state.mains,
        link=link,
        sf=sf,
        own=own,
        storms=storms,
        back_with_many=back_with_many,
    )


def _last(state: PointState, name: str, kind: type[_T]) -> _T | None:
    """Return a quantity as it was last told, however old."""
    value = state.held[name].value if name in state.held else None
    return value if isinstance(value, kind) else None


def failed_parts(state: PointState) -> tuple[str, ...]:
    """Return the parts of the kit that failed in its newest self-test, however long ago that was."""
    held = state.held.get(SELF_TEST)
    bits = held.value if held is not None and isinstance(held.value, int) else 0
    if not bits:
        return ()
    return tuple(name for bit, name in enumerate(SELF_TESTS) if bits >> bit & 1)


def _loss(state: PointState, now: datetime, standing: Standing | None) -> Loss | None:
    """What was in the tank before people were at it says nothing of what is lost since."""
    stopped = standing.stop_until if standing else None
    if stopped is None or now - stopped > fuel_level.MEMORY:
        return state.loss
    return fuel_loss.loss(state.point, state.tank, stopped)


def _lacking(point: PointConfig) -> frozenset[str]:
    """Return the quantities of devices that the point does not have: nothing of them can be unknown."""
    return frozenset() if forecast.measures_fuel(point) else _OF_CONTROLLER


def _by_word(state: PointState, frame: Frame, words: Mapping[str, Quality]) -> dict[str, Held]:
    """Return what the kit's words for its devices change of the quantities that the frame leaves out."""
    changed: dict[str, Held] = {}
    fields = frame.fields
    for word, source in words.items():
        for name in BEHIND[word]:
            if name in fields:
                continue
            before = state.held.get(name)
            if before is not None and before.source == source and before.value is not None:
                continue
            if source == "none":
                changed[name] = Held(None, source, before.good_at if before else None)
            elif before is not None:
                value = before.value if source in ("good", "stale") else None
                changed[name] = Held(value, "unknown" if value is None else source, before.good_at)
    return {name: held for name, held in changed.items() if held != state.held.get(name)}


def _with_event(state: PointState, frame: Frame) -> dict[str, Held]:
    """Return the kit's alarms with the one that this frame begins or ends.

    The frame says nothing of the others: they stay as old as they are, and what is unknown stays so.
    """
    event = events.of_frame(frame)
    before = state.held.get("alarms")
    if event is None or before is None or event.alarm not in ALARMS:
        return {}
    bits = reading(before, state.point.interval_s, frame.received_at).value
    if not isinstance(bits, int):
        return {}
    bit = 1 << ALARMS.index(event.alarm)
    return {"alarms": structs.replace(before, value=bits | bit if event.kind == "alarm" else bits & ~bit)}


def _with_test(state: PointState, frame: Frame) -> dict[str, Held]:
    """Return the self-test of a boot report; one that tells of none leaves the last result as it was."""
    bits = frame.fields.get(SELF_TEST)
    if bits is None:
        return {}
    return {SELF_TEST: hold(state.held.get(SELF_TEST), bits, "good", frame.received_at)}


def _reaches_beyond(history: Sequence[FuelSample | BatterySample], now: datetime) -> bool:
    return bool(history) and is_ahead(history[-1].at, now)


def _without_future(state: PointState, now: datetime) -> PointState:
    """Return the state without samples that a clock stamped before it was set back."""
    if not _reaches_beyond(state.fuel_history, now) and not _reaches_beyond(state.battery_history, now):
        return state
    fuel = tuple(s for s in state.fuel_history if s.at <= now)
    battery = tuple(s for s in state.battery_history if s.at <= now)
    tank = fuel_level.replay(state.point, fuel)
    loss = fuel_loss.loss(state.point, tank)
    return structs.replace(state, fuel_history=fuel, battery_history=battery, tank=tank, loss=loss)


def settled(state: PointState, now: datetime) -> PointState:
    """Return the state without a single sample from the future, after the clock was stepped back."""
    fuel = tuple(s for s in state.fuel_history if s.at <= now)
    battery = tuple(s for s in state.battery_history if s.at <= now)
    if len(fuel) == len(state.fuel_history) and len(battery) == len(state.battery_history):
        return state
    tank = fuel_level.replay(state.point, fuel)
    return structs.replace(state, fuel_history=fuel, battery_history=battery, tank=tank)


def _litres(point: PointConfig, permille: Value) -> float | None:
    if point.tank_litres is None or not isinstance(permille, int):
        return None
    return point.tank_litres * permille / 1000


def _fuel_sample(point: PointConfig, frame: Frame) -> FuelSample:
    litres = _litres(point, good(frame.fields, "fuel_permille"))
    load, charge = good(frame.fields, "load_w"), good(frame.fields, "battery_permille")
    return FuelSample(frame.received_at, litres, load, _runs(point, frame.fields, load), charge)


def _runs(point: PointConfig, fields: Mapping[str, Value], load_w: int | None) -> bool:
    """Tell whether the set runs: by its controller, or else by where the power comes from, or by its load."""
    state, source = fields.get("generator_state"), fields.get("power_source")
    if forecast.measures_fuel(point) and state not in (None, "none"):
        return state == "running"
    if source is not None:
        return source == "generator"
    return (
        not forecast.measures_fuel(point) and forecast.has_generator(point) and (load_w or 0) >= RUNS_FROM_W
    )


def _dark_since(before: datetime | None, frame: Frame) -> datetime | None:
    """Return since when there is no power; a frame that does not know the source changes nothing."""
    match frame.fields.get("power_source"):
        case "none":
            return before or frame.received_at
        case None:
            return before
    return None


def _battery_sample(frame: Frame) -> BatterySample:
    centivolts, deciamps = good(frame.fields, "battery_cv"), good(frame.fields, "battery_da")
    if centivolts is None or deciamps is None:
        return BatterySample(frame.received_at, None)
    carries = frame.fields.get("power_source") == "battery"
    load = good(frame.fields, "load_w") if carries else None
    return BatterySample(frame.received_at, centivolts * deciamps / 1000, load)
