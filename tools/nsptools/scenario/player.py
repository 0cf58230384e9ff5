"""Plays a scenario's events on a town at their times of the demo's clock."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nspgateway.clock import Clock
from nspgateway.desk import Refused
from nspgateway.errors import GatewayError
from nsptools.bench.engine import Shutdown, State
from nsptools.bench.town import GATEWAY_MODEM, Town
from nsptools.bench.twin import TwinError
from nsptools.scenario import words
from nsptools.scenario.arguments import Value
from nsptools.scenario.events import Event
from nsptools.scenario.office import NOT_THERE_YET, Office
from nsptools.scenario.reader import Point, Scenario
from nsptools.scenario.word import Act

_LOOK_S = 0.25  # wall seconds between two looks at a set that is to fail its start
# Wall seconds in which people wait for what they are to act on: a call that is still on its way.
_PATIENCE_S, _AGAIN_S = 30.0, 0.25
_TURNING = (State.WARMING, State.RUNNING, State.COOLING)


@dataclass
class Tally:
    """What became of the events. ``failed``: one line for each that could not be played; the story went on."""

    played: int = 0
    failed: list[str] = field(default_factory=list)


class Player:
    """One story on one town, whose points are named by the story's slugs, and at the desk of its gateway.

    ``office``: None = there is no gateway, and what people do at its desk is left out.
    ``say`` gets a line for every event. Events of one moment are played in the order of the file.
    ``ended`` is set when the last one has been played; only a kit may still be starting then, and somebody at the
    desk may wait for what an event is about.
    """

    def __init__(
        self,
        scenario: Scenario,
        town: Town,
        clock: Clock,
        say: Callable[[str], None],
        office: Office | None = None,
    ) -> None:
        self.tally = Tally()
        self.ended = asyncio.Event()
        self._scenario = scenario
        self._town = town
        self._office = office
        self._clock = clock
        self._say = say
        self._points = {point.id: point for point in scenario.points}
        # Cutting a kit's power takes a moment; the next event of the same kit waits for it.
        self._power = {point.id: asyncio.Lock() for point in scenario.points}
        # So does what people do about one alarm, or the calls of one point: it may wait, and keeps its order.
        self._subjects: defaultdict[object, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._whole_db: dict[str, float] = {}
        self._cures: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Play until cancelled: a fault that ends by itself may outlast the last event."""
        async with asyncio.TaskGroup() as group:
            for event in self._scenario.events:
                await self._wait(event)
                self._say(f"{event.at:%H:%M:%S} {event.point or 'all'} {event.word.name}{_told(event)}")
                self._play(event, group)
            self._say("the last event has been played")
            self.ended.set()
            await asyncio.Event().wait()

    async def _wait(self, event: Event) -> None:
        while (left_s := (event.at - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(left_s / self._clock.speed)

    def _play(self, event: Event, group: asyncio.TaskGroup) -> None:
        points = self._about(event)
        if event.word.verb in ("reboot", "kill"):
            for point in points:
                group.create_task(self._power_of(event, point))
            return
        try:
            if event.word.where == "one_or_air" and event.point is None:
                self._town.air.loss = float(event.number("share"))
            for point in points:
                self._do(event, point, group)
            for prefix in [f"{point.slug}." for point in points] or [""]:
                self._turn(event, prefix)
        except ValueError as error:
            self._failed(event, error)
            return
        typed = _typed(event)
        if event.word.act is not None and self._office is not None:
            group.create_task(self._act(event, event.word.act, self._office))
        elif typed:
            group.create_task(self._type(event, points[0], typed))
        else:
            self.tally.played += 1

    def _about(self, event: Event) -> Sequence[Point]:
        if event.point is not None:
            return (self._points[event.point],)
        return tuple(self._points.values()) if event.word.where == "one_or_every" else ()

    def _do(self, event: Event, point: Point, group: asyncio.TaskGroup) -> None:
        match event.word.verb:
            case "refuel":
                self._refuel(point, event.number("litres"))
            case "not_auto":
                self._not_auto(point, on=bool(event.arguments["on"]))
            case "fail_start":
                self._fail_start(point, event.arguments.get("n"), group)
            case "loss":
                for direction in ((point.slug, GATEWAY_MODEM), (GATEWAY_MODEM, point.slug)):
                    self._town.air.set_loss(*direction, event.number("share"))
            case "antenna":
                self._antenna(point, event.number("db"))

    def _turn(self, event: Event, prefix: str) -> None:
        for turn in event.word.turns:
            text = turn.text(event.arguments)
            if text is not None:
                self._town.set(prefix + turn.door, text)

    async def _act(self, event: Event, act: Act, office: Office) -> None:
        """Let somebody do it at the desk; what it is about may still be on its way there."""
        place = office.place if event.point is None else self._points[event.point].slug
        loop = asyncio.get_running_loop()
        async with self._subjects[_subject(event)]:
            end_s = loop.time() + _PATIENCE_S
            while True:
                try:
                    act(office, place, event.arguments)
                except (GatewayError, ValueError) as error:
                    waits = isinstance(error, Refused) and error.word in NOT_THERE_YET
                    if waits and loop.time() < end_s:
                        await asyncio.sleep(_AGAIN_S)
                        continue
                    self._failed(event, error)
                else:
                    self.tally.played += 1
                return

    def _refuel(self, point: Point, litres: float) -> None:
        """Fill up, at most to the brim."""
        level = float(self._get(point, "plant.fuel_l"))
        taken = min(litres, point.plant.tank_l - level)
        self._set(point, "plant.fuel_l", str(level + taken))
        if taken < litres:
            self._say(f"{point.id}: the tank is full; {taken:.1f} of {litres:g} l went in")

    def _antenna(self, point: Point, db: float) -> None:
        """Let so many dB more be lost between this point and the gateway than at the start."""
        pair = (point.slug, GATEWAY_MODEM)
        whole_db = self._whole_db.setdefault(point.slug, self._town.air.path_loss_db(*pair))
        self._town.air.set_path_loss(*pair, whole_db + db)

    def _not_auto(self, point: Point, *, on: bool) -> None:
        """Press MANUAL, as who only wants to look: a set that turns goes on, one that stands stays so."""
        if on:
            self._set(point, "plant.start", str(int(self._get(point, "plant.state") in _TURNING)))
        self._set(point, "plant.mode", "manual" if on else "auto")

    def _fail_start(self, point: Point, count: Value | None, group: asyncio.TaskGroup) -> None:
        if point.id in self._cures:
            self._cures.pop(point.id).cancel()
        self._set(point, "plant.fail_start", "0" if count == 0 else "1")
        if count:
            self._cures[point.id] = group.create_task(self._cured_when_locked_out(point))

    async def _cured_when_locked_out(self, point: Point) -> None:
        """End the fault once the controller has given up (or was stopped by hand), not because it had before."""
        for locked_out in (False, True):
            while (self._get(point, "plant.shutdown") != Shutdown.NONE) is not locked_out:
                await self._clock.sleep(_LOOK_S)
        self._set(point, "plant.fail_start", "0")

    async def _power_of(self, event: Event, point: Point) -> None:
        twin = self._town.points[point.slug].twin
        try:
            async with self._power[point.id]:
                await (twin.power_cycle() if event.word.verb == "reboot" else twin.kill())
        except TwinError as error:
            self._failed(event, error)
        else:
            self.tally.played += 1

    async def _type(self, event: Event, point: Point, typed: Mapping[str, str]) -> None:
        simulated = self._town.points[point.slug]
        try:
            await simulated.hands.type_call(simulated.twin, typed)
        except ValueError as error:
            self._failed(event, error)
        else:
            self.tally.played += 1

    def _failed(self, event: Event, error: Exception) -> None:
        line = f"{event.at:%H:%M:%S} {event.point or 'all'} {event.word.name} was not played: {error}"
        self.tally.failed.append(line)
        self._say(line)

    def _set(self, point: Point, door: str, text: str) -> None:
        self._town.set(f"{point.slug}.{door}", text)

    def _get(self, point: Point, door: str) -> str:
        return self._town.get(f"{point.slug}.{door}")


def _typed(event: Event) -> dict[str, str]:
    """Return what somebody types about a call, by the names of the kit's page; empty for other events."""
    if event.word.verb != "type":
        return {}
    names = [argument.name for argument in words.TYPED]
    return {name: str(event.arguments[name]) for name in names if name in event.arguments}


def _subject(event: Event) -> tuple[object, ...]:
    """Return what somebody acts on: an alarm of a place, the calls of a point, or all else about it."""
    is_call = any(argument.name == "call" for argument in event.word.arguments)
    return event.point, event.arguments.get("alarm"), is_call


def _told(event: Event) -> str:
    """The event's arguments, for its line."""
    return "".join(f" {name}={_short(value)}" for name, value in event.arguments.items())


def _short(value: Value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return f"{value:%H:%M:%S}"
        case str():
            return f'"{value}"'
        case tuple():
            return ",".join(value)
    return f"{value:g}"
