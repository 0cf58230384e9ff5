"""Plays a scenario's events on a town at their times of the demo's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from nspgateway.clock import Clock
from nsptools.bench.engine import Shutdown, State
from nsptools.bench.town import Town
from nsptools.bench.twin import TwinError
from nsptools.scenario.events import Event
from nsptools.scenario.reader import Point, Scenario

_LOOK_S = 0.25  # wall seconds between two looks at a set that is to fail its start
_TURNING = (State.WARMING, State.RUNNING, State.COOLING)


@dataclass
class Tally:
    """What became of the events. ``failed``: one line for each that could not be played; the story went on."""

    played: int = 0
    failed: list[str] = field(default_factory=list)


class Player:
    """One story on one town, whose points are named by the story's slugs.

    ``say`` gets a line for every event. Events of one moment are played in the order of the file.
    ``ended`` is set when the last one has been played; only a kit may still be starting then.
    """

    def __init__(self, scenario: Scenario, town: Town, clock: Clock, say: Callable[[str], None]) -> None:
        self.tally = Tally()
        self.ended = asyncio.Event()
        self._scenario = scenario
        self._town = town
        self._clock = clock
        self._say = say
        self._points = {point.id: point for point in scenario.points}
        # Cutting a kit's power takes a moment; the next event of the same kit waits for it.
        self._power = {point.id: asyncio.Lock() for point in scenario.points}
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
        points = self._points.values() if event.point is None else [self._points[event.point]]
        if event.word.verb in ("reboot", "kill"):
            for point in points:
                group.create_task(self._power_of(event, point))
            return
        try:
            if event.word.verb == "loss":
                self._town.air.loss = float(event.arguments["share"])
            else:
                for point in points:
                    self._turn(event, point, group)
        except ValueError as error:
            self._failed(event, error)
            return
        self.tally.played += 1

    def _turn(self, event: Event, point: Point, group: asyncio.TaskGroup) -> None:
        match event.word.verb:
            case "refuel":
                self._refuel(point, float(event.arguments["litres"]))
            case "not_auto":
                self._not_auto(point, on=bool(event.arguments["on"]))
            case "fail_start":
                self._fail_start(point, event.arguments.get("n"), group)
            case _:
                for turn in event.word.turns:
                    self._set(point, turn.door, turn.text(event.arguments))

    def _refuel(self, point: Point, litres: float) -> None:
        """Fill up, at most to the brim."""
        level = float(self._get(point, "plant.fuel_l"))
        taken = min(litres, point.plant.tank_l - level)
        self._set(point, "plant.fuel_l", str(level + taken))
        if taken < litres:
            self._say(f"{point.id}: the tank is full; {taken:.1f} of {litres:g} l went in")

    def _not_auto(self, point: Point, *, on: bool) -> None:
        """Press MANUAL, as who only wants to look: a set that turns goes on, one that stands stays so."""
        if on:
            self._set(point, "plant.start", str(int(self._get(point, "plant.state") in _TURNING)))
        self._set(point, "plant.mode", "manual" if on else "auto")

    def _fail_start(self, point: Point, count: float | None, group: asyncio.TaskGroup) -> None:
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

    def _failed(self, event: Event, error: Exception) -> None:
        line = f"{event.at:%H:%M:%S} {event.point or 'all'} {event.word.name} was not played: {error}"
        self.tally.failed.append(line)
        self._say(line)

    def _set(self, point: Point, door: str, text: str) -> None:
        self._town.set(f"{point.slug}.{door}", text)

    def _get(self, point: Point, door: str) -> str:
        return self._town.get(f"{point.slug}.{door}")


def _told(event: Event) -> str:
    """The event's arguments, for its line."""
    return "".join(
        f" {name}={str(value).lower() if isinstance(value, bool) else f'{value:g}'}"
        for name, value in event.arguments.items()
    )
