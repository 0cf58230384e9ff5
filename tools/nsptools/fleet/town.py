"""A coordinating point and its kits on one channel, hidden from each other, and the doors to what befalls them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nspkit.journal import Journal
from nsplink import frame, regions
from nsptools.bench.air import Air
from nsptools.fleet import kit as kits
from nsptools.fleet.gateway import FleetGateway
from nsptools.fleet.kit import STEADY, FleetBoard, FleetKit

CP_NUMBER = 301
GATEWAY_ID = 1
FEED_S = 100.0
# Between kits nothing is heard; to the gateway all are, the nearest 20 dB louder than the farthest.
_HIDDEN_DB = 400.0
_PATH_DB = (105.0, 125.0)


@dataclass(frozen=True)
class Channel:
    """What all radios of the town are set to."""

    frequency_hz: int = int(regions.PHY["frequency_hz"])
    sf: int = 9

    def phy(self) -> dict[str, int | str]:
        """Return the record that both ends write to their radio."""
        return {**regions.PHY, "frequency_hz": self.frequency_hz, "sf": self.sf}

    @property
    def limit_s(self) -> float:
        """Seconds on air that the sub-band allows in an hour."""
        return float(regions.sub_band(self.frequency_hz, 125)[4]) / 1e6


def held_by(journal: Journal) -> set[int]:
    """Return the counters that a journal holds for backfill, of all boots; it is of no further use."""
    held: set[int] = set()
    while records := journal.take(1 << 16, 1 << 32):
        held |= {record[0] for record in records}
        journal.settle_many(tuple(held))
    return held


class Post:
    """One point: its kit, and what outlives a reboot of it."""

    def __init__(
        self, number: int, folder: Path, key: bytes, group: bytes, channel: Channel, air: Air, seed: int
    ) -> None:
        self.name = f"kit{number:02d}"
        self.address = frame.address(CP_NUMBER, number)
        self.values: dict[str, int | str] = dict(STEADY)
        self.spent: list[tuple[float, float, bytes]] = []
        self.kits: list[FleetKit] = []
        self.held: set[int] = (
            set()
        )  # counters of heartbeats that the kit still had to tell of when it was stopped
        self.cut: set[int] = set()  # of those that a power cut took from RAM
        self._folder = folder
        self._key = key
        self._group = group
        self._channel = channel
        self._air = air
        self._chance = random.Random(f"{seed} kit {number}")
        self._memory = bytearray()
        self._task: asyncio.Task[None] | None = None
        folder.mkdir()
        kits.flash(folder, 1, key)

    @property
    def kit(self) -> FleetKit:
        """The kit as it runs now."""
        return self.kits[-1]

    @property
    def is_on(self) -> bool:
        """Whether it has power."""
        return self._task is not None

    def start(self) -> None:
        """Switch on."""
        plan = kits.plan(self.address, self._key, self._group, self._channel.phy(), GATEWAY_ID)
        board = FleetBoard(self._folder, self._chance, self._memory)
        self.kits.append(FleetKit(board, plan, self._air, self.name))
        self.kit.feed(self.values)
        self._task = asyncio.create_task(self.kit.run())

    async def stop(self) -> None:
        """Cut the power: what is in RAM is gone, what flash has stays."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        self.spent += self.kit.on_air.spent
        self.held = held_by(self.kit.uplink.journal)
        failure = None if self._task.cancelled() else self._task.exception()
        self._task = None
        if failure is not None:
            raise failure

    async def reboot(self, dark_s: float) -> None:
        """Lose power for so long."""
        await self.stop()
        self.cut |= self.held - held_by(Journal(f"{self._folder}/"))
        await asyncio.sleep(dark_s)
        self.start()

    def set(self, **values: int | str) -> None:
        """Let the plant show something else."""
        self.values.update(values)
        self.feed()

    def feed(self) -> None:
        """Read all devices once more."""
        if self._task is not None:
            if self._task.done():
                self._task.result()
            self.kit.feed(self.values)


class Town:
    """``count`` kits and a gateway. ``loss``: chance that a frame is lost, each way, beside collisions."""

    def __init__(self, count: int, folder: Path, channel: Channel, loss: float, seed: int) -> None:
        self.air = Air(loss=loss, seed=seed)
        self.channel = channel
        chance = random.Random(f"{seed} town")
        keys = {frame.address(CP_NUMBER, number): chance.randbytes(16) for number in range(count + 1)}
        group = keys[frame.address(CP_NUMBER, 0)]
        self.posts = [
            Post(n, folder / str(n), keys[frame.address(CP_NUMBER, n)], group, channel, self.air, seed)
            for n in range(1, count + 1)
        ]
        self._place(chance)
        self.gateway = FleetGateway(
            self.air, CP_NUMBER, GATEWAY_ID, keys, channel.phy(), random.Random(f"{seed} gateway")
        )
        self._running: list[asyncio.Task[None]] = []

    def _place(self, chance: random.Random) -> None:
        for index, post in enumerate(self.posts):
            self.air.set_path_loss("gateway", post.name, chance.uniform(*_PATH_DB))
            for other in self.posts[:index]:
                self.air.set_path_loss(post.name, other.name, _HIDDEN_DB)

    def start(self) -> None:
        """Switch everything on together, as a return of the mains does."""
        self._running = [asyncio.create_task(self.gateway.run()), asyncio.create_task(self._feed())]
        for post in self.posts:
            post.start()

    async def stop(self) -> None:
        """Switch everything off; raises what anything of it raised."""
        for post in self.posts:
            await post.stop()
        for task in self._running:
            task.cancel()
        for result in await asyncio.gather(*self._running, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _feed(self) -> None:
        while True:
            await asyncio.sleep(FEED_S)
            for task in self._running:
                if task.done():
                    task.result()
            for post in self.posts:
                post.feed()

    def spent(self) -> Mapping[str, list[tuple[float, float, bytes]]]:
        """Return by name of a party when it was on the air, for how long, and with what."""
        return {"gateway": self.gateway.radio.spent, **{post.name: post.spent for post in self.posts}}
