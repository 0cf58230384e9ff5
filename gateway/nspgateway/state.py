"""A point's state: what its kit said last, and what that is still worth by now. Pure.

Good until one expected interval and a fifth, stale until three, then unknown:
reckoned from the last good read at the kit, and never better than the kit's
own word for the device that the quantity comes from. An unknown quantity keeps
the time of its last good value, so that its age goes on growing, never the value.
What lies in the future (the clock was set back) has no age, and so is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nspgateway import events, forecast, fuel_level
from nspgateway.config import PointConfig
from nspgateway.events import Event
from nspgateway.facts import Facts
from nspgateway.forecast import BatterySample, FuelSample
from nspgateway.fuel_level import Tank
from nspgateway.records import Frame, Heard, Held, Value
from nspgateway.uplinks import HEARTBEATS
from nspgateway.view import Quality, Reading, is_ahead
from nsplink.fields import ALARMS, MESSAGES

GOOD_INTERVALS = 1.2
STALE_INTERVALS = 3.0
HISTORY = timedelta(hours=24)
# A restart reads this much more of the journal, so that the oldest of the day has its own past too.
WARM_UP = timedelta(hours=12)
# On-change frames come on top of 288 heartbeats a day; the bound is for a flood of them.
HISTORY_SAMPLES = 1000

# Whose quality bits speak for a quantity. The kit itself vouches for the rest.
SOURCES: Mapping[str, str] = {
    "fuel_permille": "q_tank",
    "generator_state": "q_generator",
    "generator_mode": "q_generator",
    "generator_w": "q_generator",
    "generator_v": "q_generator",
    "generator_dhz": "q_generator",
    "engine_dh": "q_generator",
    "engine_starts": "q_generator",
    "starter_dv": "q_generator",
    "battery_permille": "q_battery",
    "battery_cv": "q_battery",
    "battery_da": "q_battery",
    "battery_c": "q_battery",
    "load_w": "q_meter",
}
_HEARTBEAT = MESSAGES["full"]
_OFTEN = frozenset(MESSAGES["vital"])
_OF_CONTROLLER = frozenset(name for name, word in SOURCES.items() if word in {"q_generator", "q_tank"})
_NO_DEVICE = Reading(None, "none", None)


@dataclass(frozen=True, slots=True)
class PointState:
    """Everything known of one point. ``held`` by name; histories oldest first, bounded.

    ``event``: what the newest frame says of one alarm; None when it speaks of the whole state.
    """

    point: PointConfig
    held: Mapping[str, Held] = field(default_factory=dict)
    heard: Heard | None = None
    fuel_history: tuple[FuelSample, ...] = ()
    battery_history: tuple[BatterySample, ...] = ()
    tank: Tank = field(default_factory=Tank)
    event: Event | None = None


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
    if frame.kind not in HEARTBEATS:
        return {}
    at = frame.received_at
    return _by_word(state, frame) | {
        name: _hold(state.held.get(name), value, _source(name, frame.fields), at)
        for name, value in frame.fields.items()
    }


def after(
    state: PointState, frame: Frame, changed: Mapping[str, Held], *, is_known: bool = False
) -> PointState:
    """Return the state after a newer frame and its ``changes``. ``is_known``: its event came before."""
    heard = Heard(
        frame.kit,
        frame.generation,
        frame.counter,
        frame.received_at,
        frame.rssi_dbm,
        frame.snr_db,
        frame.exercise,
    )
    held = {**state.held, **changed}
    # A frame that speaks neither of one alarm nor of all leaves the last word on it as it was.
    speaks = frame.kind in events.KINDS or "alarms" in frame.fields
    event = events.of_frame(frame) if speaks and not is_known else state.event
    return remember(replace(state, held=held, heard=heard, event=event), frame)


def remember(state: PointState, frame: Frame) -> PointState:
    """Return the state with a heartbeat's samples at the end of its histories."""
    if "fuel_permille" not in frame.fields:
        return state
    now = frame.received_at
    fuel = [s for s in state.fuel_history if now - HISTORY <= s.at <= now]
    battery = [s for s in state.battery_history if now - HISTORY <= s.at <= now]
    tank = state.tank
    if state.fuel_history and state.fuel_history[-1].at > now:
        # The clock was set back: a history has to run forward.
        tank = fuel_level.replay(state.point, fuel)
    sample = _fuel_sample(state.point, frame)
    fuel.append(sample)
    if "battery_da" in frame.fields:
        battery.append(_battery_sample(frame))
    return replace(
        state,
        fuel_history=tuple(fuel[-HISTORY_SAMPLES:]),
        battery_history=tuple(battery[-HISTORY_SAMPLES:]),
        tank=fuel_level.advance(state.point, tank, sample),
    )


def readings(state: PointState, now: datetime) -> dict[str, Reading]:
    """Return every quantity of a heartbeat, heard or not, and what else was heard."""
    unheard = Held(None, "unknown", None)
    names = dict.fromkeys((*_HEARTBEAT, *state.held))
    lacking = _lacking(state.point)
    return {
        name: _NO_DEVICE
        if name in lacking and held.value is None
        else reading(held, _interval(state.point, name), now)
        for name, held in ((name, state.held.get(name, unheard)) for name in names)
    }


def reading(held: Held, interval_s: float, now: datetime) -> Reading:
    """Return what a quantity expected every ``interval_s`` is worth at ``now``."""
    quality = _quality(held, interval_s, now)
    return Reading(held.value if quality in ("good", "stale") else None, quality, held.good_at)


def local_alarms(values: Mapping[str, Reading]) -> frozenset[str] | None:
    """Return the names of the kit's own alarms; None when they are unknown."""
    bits = values["alarms"].value
    if not isinstance(bits, int):
        return None
    return frozenset(name for bit, name in enumerate(ALARMS) if bits >> bit & 1)


def facts(state: PointState, now: datetime, speed: float = 1.0) -> Facts:
    """Return what is true of the point at ``now``. ``speed``: of the gateway's clock beside the kit's."""
    state = _without_future(state, now)
    values = readings(state, now)
    event = events.news(state.event, STALE_INTERVALS * state.point.interval_s, now)
    began = {event.alarm: event.began(speed)} if event else {}
    return Facts(
        point=state.point,
        now=now,
        readings=values,
        local_alarms=local_alarms(values),
        fuel_litres=None if values["fuel_permille"].value is None else state.tank.litres,
        fuel=forecast.fuel(state.point, state.fuel_history, now, state.tank),
        battery=forecast.battery(state.point, values, state.battery_history, now),
        last_heard=state.heard.at if state.heard else None,
        burn=forecast.fuel_burn(state.point, state.tank, state.fuel_history, now),
        refuels=state.tank.refuels,
        last_litres=state.tank.litres,
        began=began if event and event.kind == "alarm" else {},
        ended=frozenset(began) if event and event.kind == "clear" else frozenset(),
    )


def _lacking(point: PointConfig) -> frozenset[str]:
    """Return the quantities of devices that the point does not have: nothing of them can be unknown."""
    return frozenset() if forecast.measures_fuel(point) else _OF_CONTROLLER


def _quality(held: Held, interval_s: float, now: datetime) -> Quality:
    if held.source == "none":
        return "none"
    if held.value is None or held.good_at is None:
        return "unknown"
    intervals = (now - held.good_at).total_seconds() / interval_s
    if intervals > STALE_INTERVALS or is_ahead(held.good_at, now):
        return "unknown"
    return "stale" if intervals > GOOD_INTERVALS or held.source == "stale" else "good"


def _hold(before: Held | None, value: Value, source: Quality, at: datetime) -> Held:
    """Return one quantity after a frame that says ``value`` of it."""
    good_at = before.good_at if before else None
    if source == "none":
        return Held(None, source, good_at)
    if value is None or source == "unknown":
        return Held(None, "unknown", good_at)
    if source == "good":
        return Held(value, source, at)
    # Stale at the kit and never good here: its age is not known, and a number without age is none.
    return Held(value if good_at else None, source, good_at)


def _source(name: str, fields: Mapping[str, Value]) -> Quality:
    """Return the kit's word for the device behind a quantity."""
    bits = SOURCES.get(name)
    if bits is None or bits not in fields:
        return "good"
    word = fields[bits]
    return (
        "good" if word == "good" else "stale" if word == "stale" else "none" if word == "none" else "unknown"
    )


def _by_word(state: PointState, frame: Frame) -> dict[str, Held]:
    """Return what the kit's words for its devices change of the quantities that the frame leaves out."""
    changed: dict[str, Held] = {}
    for name, word in SOURCES.items():
        before = state.held.get(name)
        if word not in frame.fields or name in frame.fields:
            continue
        source = _source(name, frame.fields)
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
    return {"alarms": replace(before, value=bits | bit if event.kind == "alarm" else bits & ~bit)}


def _without_future(state: PointState, now: datetime) -> PointState:
    """Return the state without samples that a clock stamped before it was set back."""
    newest = max((h[-1].at for h in (state.fuel_history, state.battery_history) if h), default=now)
    if not is_ahead(newest, now):
        return state
    fuel = tuple(s for s in state.fuel_history if s.at <= now)
    battery = tuple(s for s in state.battery_history if s.at <= now)
    return replace(
        state, fuel_history=fuel, battery_history=battery, tank=fuel_level.replay(state.point, fuel)
    )


def settled(state: PointState, now: datetime) -> PointState:
    """Return the state without a single sample from the future, after the clock was stepped back."""
    fuel = tuple(s for s in state.fuel_history if s.at <= now)
    battery = tuple(s for s in state.battery_history if s.at <= now)
    if len(fuel) == len(state.fuel_history) and len(battery) == len(state.battery_history):
        return state
    tank = fuel_level.replay(state.point, fuel)
    return replace(state, fuel_history=fuel, battery_history=battery, tank=tank)


def _interval(point: PointConfig, name: str) -> float:
    return point.interval_s if name in _OFTEN else point.full_interval_s


def _litres(point: PointConfig, permille: Value) -> float | None:
    if point.tank_litres is None or not isinstance(permille, int):
        return None
    return point.tank_litres * permille / 1000


def _good(fields: Mapping[str, Value], name: str) -> int | None:
    """Return a number that the kit itself calls good."""
    value = fields.get(name)
    return value if isinstance(value, int) and _source(name, fields) == "good" else None


def _fuel_sample(point: PointConfig, frame: Frame) -> FuelSample:
    litres = _litres(point, _good(frame.fields, "fuel_permille"))
    running = frame.fields.get("generator_state") == "running"
    return FuelSample(frame.received_at, litres, _good(frame.fields, "load_w"), running)


def _battery_sample(frame: Frame) -> BatterySample:
    centivolts, deciamps = _good(frame.fields, "battery_cv"), _good(frame.fields, "battery_da")
    if centivolts is None or deciamps is None:
        return BatterySample(frame.received_at, None)
    return BatterySample(frame.received_at, centivolts * deciamps / 1000)
