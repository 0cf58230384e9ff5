"""Scenario files for tests, and a stage to play them on: real plants, buses, air and desk, with the kits off."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from command_room import Room
from nspgateway.clock import Clock
from nspgateway.people import By
from nsplink import frame
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.town import GATEWAY_MODEM, KitSpec, Town
from nsptools.scenario.office import Office
from nsptools.scenario.player import Player
from nsptools.scenario.reader import Scenario, read
from virtual import run as run_virtual

HEAD = """
[scenario]
name = "Eerste nacht"
start = "2027-01-15T18:00:00+01:00"
seed = 4

[[point]]
id = "A"
name = "Buurthuis De Linde"
plant = "diesel10k_dse7320"
tank_l = 60
fuel_l = 51

[[point]]
id = "B"
name = "Kerk De Ark"
plant = "diesel10k_dse7320"
"""
GROUP = frame.address(1, 0)
LINES = len(HEAD.splitlines())


def entry(table: str = "at", **fields: object) -> str:
    """One entry as TOML; values as they are written."""
    return f"\n[[{table}]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())


def at(t: str, do: str, point: str | None = "A", **fields: object) -> str:
    """One event; ``point`` None leaves it out."""
    about = {} if point is None else {"point": f'"{point}"'}
    return entry(t=f'"{t}"', do=f'"{do}"', **about, **fields)


class LoopClock(Clock):
    """The demo's clock over a loop with virtual time."""

    def __init__(self, speed: float, start: datetime) -> None:
        self._loop = asyncio.get_running_loop()
        super().__init__(speed, start)

    def monotonic(self) -> float:
        return self._loop.time()


class Stage:
    """A town whose plants and buses run and whose kits stay off, a gateway's desk, and the player of a story on them."""

    SPEED = 60.0
    # Somebody who is there beside the story.
    BY = By("post-9", "cp_medewerker", "page")

    def __init__(self, story: Scenario, folder: Path, devices: tuple[str, ...]) -> None:
        air = Air(seed=story.seed)
        kits = [KitSpec(point.slug, replace(point.plant, devices=devices), {}) for point in story.points]
        self.town = Town(kits, folder, Rui3Modem(air, GATEWAY_MODEM), air, speed=self.SPEED)
        self.clock = LoopClock(self.SPEED, story.start)
        self.said: list[str] = []
        slugs = tuple(point.slug for point in story.points)
        self.room = Room(folder, linked=True, slugs=slugs, clock=self.clock)
        self.room.box.register.issue([GROUP], story.start)
        self.room.restart()
        self.office = Office(self.room.desk, self.room.box.ingest.situation, self.clock)
        self.player = Player(story, self.town, self.clock, self.said.append, self.office)
        self.start = story.start
        self._playing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        for point in self.town.points.values():
            await point.site.start()
        self._playing = asyncio.create_task(self.player.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._playing is not None
        self._playing.cancel()
        await asyncio.wait([self._playing])
        for point in self.town.points.values():
            await point.site.stop()

    async def until(self, minute: float) -> None:
        """Let the story run to so many minutes after its start."""
        await self.clock.sleep(
            (self.start + timedelta(minutes=minute) - self.clock.now()).total_seconds() / self.SPEED
        )

    def shows(self, *doors: str) -> list[str]:
        """What these doors show now."""
        return [self.town.get(door) for door in doors]


def play(text: str, folder: Path, scene, devices=("generator", "battery", "meter")) -> Stage:
    """Play a story in virtual time while ``scene(stage)`` looks on; ``devices``: what is on each bus."""

    async def run() -> Stage:
        async with Stage(read(text, "s.toml"), folder, devices) as stage:
            await scene(stage)
        return stage

    return run_virtual(run())
