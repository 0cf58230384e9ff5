"""The first night of an outage as it is lived: the kits' own firmware, the air, a gateway on files and the people.

Everything runs in one virtual time. The stand-ins are what a building's devices say and the radio chips; a frame
is on the air as long as it would be, and may be lost there.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import structs

from gateway_box import Box
from night_sites import RULES, SITES, START, plants
from nspgateway.bulletin_sender import MEMORY
from nspgateway.clock import Clock
from nspgateway.desk import Desk
from nspgateway.facts import OwnFacts
from nspgateway.notify import Notice
from nspgateway.ports import PortDown, Reception
from nspgateway.refuel_list import Line
from nspgateway.resident_messages import Hanging
from nspgateway.sounding import sounding
from nspgateway.transmitter import Transmitter
from nspgateway.view import Overview, Point, Sound
from nspgateway.web import create_app
from nspgateway.web.office import Works
from nspkit.radio import RadioError
from nsplink import frame
from nsptools.bench import virtual_time
from nsptools.bench.air import Air
from nsptools.bench.air_radio import AirRadio
from nsptools.fleet import kit as kits
from nsptools.scenario.office import Office, Ups
from story_kit import Board, Front, Hands, Plant, StoryKit
from web_room import Answer, RoleGate, around, call

GROUP = 64
# One draw of chance: when heartbeats fall, who sends at the same time as whom. In another a frame that somebody waits
# for may meet another one on the air, and what it says is seen a little later.
SEED = 5
FEED_S = 30.0
BUSY_S, IDLE_S = 80, 10
# Nothing that a kit waits for before it is sure takes longer.
SURE_S = 65


class LoopClock(Clock):
    """The gateway's clock in virtual time."""

    def __init__(self, start: datetime) -> None:
        self._loop = asyncio.get_running_loop()
        super().__init__(1.0, start)

    def monotonic(self) -> float:
        """Seconds of the loop."""
        return self._loop.time()

    def wall(self) -> datetime:
        """What the box's date says: it is right."""
        return START + timedelta(seconds=self._loop.time())


class Mast:
    """The gateway's radio on the simulated air."""

    state = "up"
    reason = cause = ""

    def __init__(self, air: Air, phy: Any, hear: Callable[[Reception], object], since: datetime) -> None:
        self.since = since
        self.garbled = 0
        self.loses_fragment_to = ""
        self._air = air
        self._hear = hear
        self.radio = AirRadio(air, "gateway", phy, self._take)

    async def run(self) -> None:
        """Listen until cancelled."""
        await self.radio.run()

    async def send(self, data: bytes) -> None:
        """Put a frame on the air. Raises PortDown."""
        loser = self.loses_fragment_to if frame.parse(data)[0].kind == "fragment" else ""
        if loser:
            self.loses_fragment_to = ""
            self._air.set_loss("gateway", loser, 1.0)
        try:
            await self.radio.send(data, 0)
        except RadioError as error:
            raise PortDown(str(error)) from error
        finally:
            if loser:
                self._air.set_loss("gateway", loser, self._air.loss)

    def _take(self, rssi_dbm: int, snr_db: int, data: bytes) -> None:
        self._hear(Reception(data, rssi_dbm, float(snr_db)))


class Place:
    """One point: its building, its kit, and what outlives a boot of that."""

    def __init__(self, night: Night, slug: str, address: int, plant: Plant) -> None:
        self.address = address
        self.plant = plant
        self.front = Front()
        self.kit: StoryKit
        self._night = night
        self._slug = slug
        self._folder = night.folder / f"kit-{slug}"
        self._folder.mkdir()
        self._memory = bytearray()
        self._chance = random.Random(f"{SEED} kit {slug}")
        self._tasks: list[asyncio.Task[None]] = []
        kits.flash(self._folder, 1, night.box.key(address).key)

    def start(self) -> None:
        """Switch the kit on."""
        night = self._night
        conf, *rest = kits.plan(
            self.address,
            night.box.key(self.address).key,
            night.box.key(GROUP).key,
            night.box.config.radio.phy(),
            night.box.config.gateway_id,
        )
        point = next(one for one in night.box.points if one.slug == self._slug)
        conf |= {"sources": list(point.sources), "rated_w": point.rated_w or 0}
        board = Board(self._folder, self._chance, self._memory)
        board.front = self.front
        self.kit = StoryKit(
            board, (conf, *rest), night.air, f"kit-{self._slug}", quantities=self.plant.quantities
        )
        self.feed()
        self._tasks = [asyncio.create_task(self.kit.run()), asyncio.create_task(self._feeding())]

    async def stop(self) -> None:
        """Cut its power. Raises what its firmware raised."""
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    def feed(self) -> None:
        """Let the kit read its devices, if it reaches them."""
        if self.plant.is_plugged:
            self.kit.feed(self.plant.shows())
        else:
            self.kit.uplink.wake()

    def hands(self) -> Hands:
        """Somebody stands at the kit."""
        return Hands(self.front, self.kit)

    async def _feeding(self) -> None:
        last_s = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(self._night.feed_s(self._slug))
            now_s = asyncio.get_running_loop().time()
            self.plant.live(now_s - last_s)
            last_s = now_s
            self.feed()


class Night:
    """The points, the coordinating point, and what is kept for who looks back.

    ``said``: every notice that people heard; by the name of a moment ``shots``: what the overview showed, ``displays``: of kits, ``pages``: their words, ``sounds``, ``refuel``: the list, ``wall``: what
    hangs; by point ``pressed``: its newest call, ``came``: the message to residents, and ``shown``: which text.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = LoopClock(START)
        self.box = box = Box(folder, linked=True, slugs=tuple(SITES), clock=self.clock)  # type: ignore[arg-type]  # never moved
        box.register.issue([GROUP], START)
        box.points = [structs.replace(p, rules=RULES, **SITES[p.slug]) for p in box.points]
        self.air = Air(loss=0.0, seed=SEED)
        self.ups = Ups()
        self.ups.say("line", None, START)
        self.said: list[Notice] = []
        self.shots: dict[str, Overview] = {}
        self.displays: dict[str, list[str]] = {}
        self.pages: dict[str, str] = {}
        self.sounds: dict[str, Sequence[Sound]] = {}
        self.refuel: dict[str, Sequence[Line]] = {}
        self.wall: dict[str, dict[str, Hanging]] = {}
        self.pressed: dict[str, datetime] = {}
        self.came: dict[str, datetime] = {}
        self.shown: dict[str, bytes | None] = {}
        self.refuels: list[float] = []
        self.walks: dict[str, dict[str, int]] = {}
        self._changed_s: dict[str, float] = {}
        self._happened_s = 0.0
        self._at_work: list[asyncio.Task[Any]] = []
        box.store.close()
        box.start()
        self._open()
        self.places = {
            slug: Place(self, slug, 65 + number, plant)
            for number, (slug, plant) in enumerate(plants().items())
        }
        for slug in self.places:
            self.air.set_path_loss("gateway", f"kit-{slug}", 118.0)

    # The coordinating point

    @property
    def office(self) -> Office:
        """The desk, and what lies on it."""
        return Office(self.desk, self.box.ingest.situation, self.clock, self.ups)

    @property
    def transmitter(self) -> Transmitter:
        """What sends."""
        assert self.box.transmitter is not None
        return self.box.transmitter

    def _open(self) -> None:
        box = self.box
        assert box.transmitter is not None
        self.desk = Desk(box.ingest.situation, box.ingest.recorder, self.clock, box.ingest.show)
        self.desk.use_radio(box.transmitter, box.store.memory(MEMORY), box.store.holders)
        box.ingest.situation.own = lambda now: self.ups.add_to(OwnFacts(), now)
        box.ingest.recorder.on_notices = self.said.extend
        self.mast = Mast(self.air, box.config.radio.phy(), box.ingest.receive, self.clock.now())
        box.ingest.attach(self.mast, ())

    def open_up(self) -> None:
        """Let the gateway work."""
        assert self.box.transmitter is not None
        self._at_work = [
            asyncio.create_task(self.mast.run()),
            asyncio.create_task(self.box.transmitter.run(self.mast)),
            asyncio.create_task(self._tick()),
        ]

    async def kill(self) -> None:
        """End the gateway in the middle of whatever it does."""
        for task in self._at_work:
            task.cancel()
        await asyncio.wait(self._at_work)
        self.box.store.close()

    def revive(self) -> None:
        """Begin again from what is on disk."""
        self.box.start()
        self._open()
        self.open_up()

    async def _tick(self) -> None:
        """Look at the time: each second around what happens, else less often, since eight hours have 28,800 seconds."""
        while True:
            since_s = self.clock.monotonic() - self._happened_s
            await asyncio.sleep(1 if since_s < BUSY_S else IDLE_S)
            self.box.ingest.tick()

    # What happens

    async def until(self, moment: datetime) -> None:
        """Let everything go on to this moment."""
        await asyncio.sleep((moment - self.clock.now()).total_seconds())
        self._happened_s = self.clock.monotonic()
        for task in self._at_work:
            if task.done() and not task.cancelled():
                task.result()

    def set(
        self, slug: str, *, source: str | None = None, load_w: int | None = None, **stands: int | str
    ) -> None:
        """Let the building of a point change."""
        place = self.places[slug]
        plant = place.plant
        plant.source = plant.source if source is None else source
        plant.load_w = plant.load_w if load_w is None else load_w
        plant.stands |= stands
        self._changed_s[slug] = self.clock.monotonic()
        place.feed()

    def feed_s(self, slug: str) -> float:
        """Return after how many seconds the kit reads its devices again: often, until it is sure of what changed."""
        since_s = self.clock.monotonic() - self._changed_s.get(slug, 0.0)
        return 1.0 if since_s < SURE_S else FEED_S

    def lose_next_fragment(self, slug: str) -> None:
        """Let the next fragment of a message not reach this point."""
        self.mast.loses_fragment_to = f"kit-{slug}"

    def hangs(self, slug: str) -> bytes | None:
        """Return the text that the kit of a point shows to be hung up."""
        found = self.places[slug].kit.inbox.shown()
        return None if found is None else bytes(found[2])

    async def hang_up(self, slug: str) -> bool:
        """Let somebody say at the kit that the message hangs."""
        inbox = self.places[slug].kit.inbox
        number, revision = inbox.shown()[:2]
        return bool(await inbox.hung((number, revision)))

    def walls(self) -> dict[str, Hanging]:
        """Return what should hang at each point, and what it said of it."""
        standings = self.box.ingest.situation.standings
        return {slug: found for slug in self.places if (found := standings[slug].hanging) is not None}

    def jam(self, *, on: bool) -> None:
        """Let a disturber near the coordinating point ruin what comes in, or stop it."""
        for slug in self.places:
            self.air.set_loss(f"kit-{slug}", "gateway", 1.0 if on else self.air.loss)
        if on:
            self._disturber = asyncio.create_task(self._ruin())
        else:
            self._disturber.cancel()

    async def _ruin(self) -> None:
        while True:
            await asyncio.sleep(5)
            self.mast.garbled += 1

    # What is seen

    async def read_displays(self, name: str) -> None:
        """Keep what all displays show now."""
        found = await asyncio.gather(*(place.hands().reads() for place in self.places.values()))
        self.displays |= {f"{slug} {name}": lines for slug, lines in zip(self.places, found, strict=True)}

    def sounding(self) -> tuple[Sound, ...]:
        """Return what sounds now."""
        situation = self.box.ingest.situation
        alarms = (alarm for kept in situation.alarms.values() for alarm in kept.values())
        return sounding(alarms, situation.calls.values(), situation.late)

    def shot(self, name: str) -> Overview:
        """Keep what the overview shows now."""
        self.shots[name] = found = self.box.ingest.overview()
        return found

    def point(self, shot: str, slug: str) -> Point:
        """Return a point as the overview showed it then."""
        return next(point for point in self.shots[shot].points if point.slug == slug)

    def keep(self) -> None:
        """Keep what was written down and what went to the broker."""
        self.calls = dict(self.box.ingest.situation.calls)
        self.actions = self.box.store.actions()
        self.outbox = self.box.outbox()
        self.frames = {slug: self.box.store.frames(slug, START) for slug in self.places}
        self.late = {slug: self.box.store.late_frames(slug) for slug in self.places}

    async def page(self, path: str, role: str = "cp_medewerker") -> str:
        """Return the words of a page as somebody sees it now."""
        answer = await self.ask(path, RoleGate(role))
        assert answer.status == 200, f"{path}: {answer.status}"
        return answer.text

    async def ask(self, path: str, gate: RoleGate) -> Answer:
        """Return what a browser gets now."""
        box = self.box
        works = Works(box.ingest, self.desk, box.store, box.config, self.clock, lambda: around(box))
        return await call(create_app(box.ingest, banner=None, gate=gate, works=works), "GET", path, {})

    def moment(self, clock: str) -> datetime:
        """A time of the night."""
        return moment(clock)


def moment(clock: str) -> datetime:
    """Return the moment of a time of day in this night."""
    hour, minute, second = map(int, (*clock.split(":"), "0")[:3])
    found = START.replace(hour=hour, minute=minute, second=second)
    return found + timedelta(days=found < START)


def live(
    folder: Path, steps: Iterable[tuple[datetime, Callable[[Night], Awaitable[None] | object]]]
) -> Night:
    """Take each step of the night at its moment; return it as it ended."""

    async def play() -> Night:
        night = Night(folder)
        night.open_up()
        for place in night.places.values():
            place.start()
        for at, step in steps:
            await night.until(at)
            done = step(night)
            if isinstance(done, Awaitable):
                await done
        for place in night.places.values():
            await place.stop()
        night.keep()
        await night.kill()
        return night

    return virtual_time.run(play())
