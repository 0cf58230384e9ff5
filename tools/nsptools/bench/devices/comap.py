"""What ComAp controllers share: sentinels, engine states up to 14, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nsptools.bench import controller
from nsptools.bench.engine import Shutdown, State
from nsptools.bench.plant import Plant
from nsptools.bench.registers import READ_HOLDING, READ_INPUT, Device, Kind, Missing, Sentinels

# One number stands for every reason.
SENTINELS: Sentinels = MappingProxyType(
    {
        why: {kind: 0x8000_0000 if kind.words == 2 else 0x8000 for kind in (Kind.U16, Kind.S16, Kind.U32)}
        for why in (Missing.UNIMPLEMENTED, Missing.TRANSDUCER_FAULT)
    }
)

READY, NOT_READY, PRESTART, CRANKING, PAUSE, RUNNING, LOADED, COOLING, SHUTDOWN = 1, 2, 3, 4, 5, 7, 8, 10, 12
_STATES = {
    State.PRE_START: PRESTART,
    State.CRANKING: CRANKING,
    State.CRANK_REST: PAUSE,
    State.COOLING: COOLING,
}

# How the controller words its alarms.
_TEXTS = {
    "emergency_stop": "Emergency stop",
    "fail_to_start": "Start fail",
    "under_speed": "Underspeed",
    "low_fuel": "Fuel Level",
    "starter_low": "Batt volt",
    "overload": "Overload",
}


class ComApGenset(Device):
    """One controller. It answers function 3 and also 4; nothing that its map does not hold can be read.

    A read that begins or ends inside a value of several registers is refused as a bad address.
    """

    name = "generator"
    unit = 1
    function = READ_HOLDING
    also = (READ_INPUT,)
    sentinels = SENTINELS
    whole = True
    reply_ms = (30.0, 80.0)


def engine_state(plant: Plant, warming: int = RUNNING) -> int:
    """ComAp's engine state of the moment."""
    engine = plant.engine
    if engine.state is State.STOPPED:
        if engine.shutdown is not Shutdown.NONE:
            return SHUTDOWN
        return NOT_READY if engine.mode == "off" else READY
    if engine.state is State.WARMING:
        return warming
    if engine.state is State.RUNNING:
        return LOADED if plant.generator_w > 0 else RUNNING
    return _STATES[engine.state]


def alarm_lines(plant: Plant) -> list[str]:
    """The alarm list as on the panel, `*` before each line: active."""
    kinds: Mapping[controller.Level, str] = {controller.Level.SHUTDOWN: "Sd", controller.Level.WARNING: "Wrn"}
    return [f"*{kinds[level]} {_TEXTS[cause]}" for cause, level in controller.alarms(plant).items()]
