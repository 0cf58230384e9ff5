"""A gateway on real files, for tests: real keys, real frames, a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from msgspec import structs

from nspgateway.clock import Clock
from nspgateway.clock_watch import Kernel
from nspgateway.config import BrokerConfig, GatewayConfig, PointConfig, RadioConfig
from nspgateway.ingest import Ingest
from nspgateway.keys import KeyRegister, KitKey
from nspgateway.own import OwnBox
from nspgateway.ports import Reception
from nspgateway.store import Store
from nspgateway.transmitter import Transmitter
from nsplink import frame, message, seal

T0 = datetime(2027, 1, 15, 17, 0, tzinfo=UTC)
VITAL = {
    "fuel_permille": 900,
    "generator_state": "running",
    "generator_mode": "auto",
    "power_source": "generator",
    "battery_permille": 800,
    "load_w": 8000,
    "alarms": 0,
    "q_generator": "good",
    "q_battery": "good",
    "q_meter": "good",
    "q_tank": "good",
}


class VirtualClock(Clock):
    """A clock that stands still until it is moved. ``date``: what the box says, which may be set."""

    passed_s = 1000.0

    def __init__(self, at: datetime = T0) -> None:
        self.at = self.date = at
        super().__init__(1.0, at)

    def now(self) -> datetime:
        return self.at

    def wall(self) -> datetime:
        return self.date

    def step(self, delta: timedelta) -> None:
        super().step(delta)
        self.at += delta

    def monotonic(self) -> float:
        return self.passed_s

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.date += timedelta(seconds=seconds)
        self.passed_s += max(0.0, seconds)


class Mast:
    """A port that is up and puts nothing on the air: ``frames`` holds what it was given, ``fault`` what it raises."""

    state = "up"
    reason = cause = ""
    since = T0

    def __init__(self, clock: VirtualClock, air_s: float = 0.2) -> None:
        self.frames: list[bytes] = []
        self.fault: Exception | None = None
        self.garbled = 0
        self.was_used = asyncio.Event()
        self._clock = clock
        self._air_s = air_s

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def send(self, data: bytes) -> None:
        if self.fault is not None:
            raise self.fault
        self.frames.append(data)
        self.was_used.set()
        self._clock.move(self._air_s)


class Box:
    """A gateway on real files; ``restart`` begins again from them, as after a power cut.

    ``linked``: it also sends, by ``mast``, in virtual time. ``first``: settings of the first point.
    ``kernel``: what vouches for the date, which the gateway then watches; it needs ``linked``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        linked: bool = False,
        deployment: Any = "closed",
        first: dict[str, Any] | None = None,
        slugs: Sequence[str] = ("de-linde", "de-ark"),
        kernel: Kernel | None = None,
        clock: VirtualClock | None = None,
    ) -> None:
        self.folder = folder
        self.linked = linked
        self.kernel = kernel
        self.config = GatewayConfig(
            region="regio-oost",
            cp="kazerne-oost",
            cp_number=1,
            data=folder,
            points=folder / "points.toml",
            keys=folder / "keys.db",
            radio=RadioConfig(port="/dev/null"),
            broker=(BrokerConfig(name="own", host="localhost"),),
        )
        self.points = [
            PointConfig(
                slug=slug,
                name=slug,
                number=number,
                municipality="Lindendam",
                region="regio-oost",
                cp="kazerne-oost",
                latitude=52.1,
                longitude=5.9,
                kit_address=64 + number,
                tank_litres=40.0,
                rated_w=10000,
                devices=("generator", "battery", "meter"),
                deployment=deployment,
            )
            for number, slug in enumerate(slugs, 1)
        ]
        if first:
            self.points[0] = structs.replace(self.points[0], **first)
        if self.config.keys.exists():
            self.register = KeyRegister.load(self.config.keys, demo=True)
        else:
            self.register = KeyRegister.create(self.config.keys, None)
            self.register.issue([point.kit_address or 0 for point in self.points], T0)
        self.clock = clock or VirtualClock()
        self.start()

    def start(self) -> None:
        self.store = Store(self.config.database, ["own"])
        self.own = OwnBox(self.config, self.clock, self.store, self.kernel) if self.kernel else None
        self.transmitter = None
        if self.linked:
            self.transmitter = Transmitter(
                self.config, self.points, self.register, self.store, self.clock, Random(1)
            )
        self.mast = Mast(self.clock)
        self.ingest = Ingest(
            self.config,
            self.points,
            self.register,
            self.store,
            self.clock,
            transmitter=self.transmitter,
        )
        if self.own is not None and self.transmitter is not None:
            self.own.attach(self.ingest, self.transmitter)

    def tick(self) -> None:
        """Let the gateway look at its clock and at the time, as it does each second."""
        if self.own is not None:
            self.own.tick()
        self.ingest.tick()

    def restart(self) -> None:
        self.store.close()
        self.start()

    def hear(self, data: bytes) -> str:
        return self.ingest.receive(Reception(data, -90, 7.0))

    def vital(self, counter: int, kit: int = 65, **values: Any) -> str:
        return self.hear(sealed(self.key(kit), counter, **values))

    def say(self, kind: str, counter: int, kit: int = 65, **values: Any) -> str:
        """Let a kit send one frame; return what became of it."""
        return self.hear(sealed(self.key(kit), counter, kind, **values))

    def boot(self, counter: int, kit: int = 65) -> str:
        """Let a kit report that it has booted with this counter."""
        return self.say("boot", counter, kit, boot_epoch=counter, reset_cause="power", boots=1)

    def run(self, seconds: float) -> list[bytes]:
        """Let the gateway send for so long; return the frames."""
        assert self.transmitter is not None
        begun, end = len(self.mast.frames), self.clock.passed_s + seconds
        while self.clock.passed_s < end:
            wait_s = asyncio.run(self.transmitter.step(self.mast))
            self.clock.move(min(wait_s, end - self.clock.passed_s))
        return self.mast.frames[begun:]

    def opened(self, data: bytes, epoch: int, counter: int | None = None) -> tuple[str, dict[str, Any]]:
        """Open a downlink as its kit does, in the boot that began with ``epoch``. Raises BadTag."""
        header, _ = frame.parse(data)
        key = seal.DownlinkKey(self.key(header.address).key, self.config.gateway_id)
        payload = key.open(data, header, header.counter if counter is None else counter, epoch)
        return header.kind, message.decode(header.kind, payload)

    def key(self, kit: int, generation: int = 1) -> KitKey:
        return next(k for k in self.register.of_kit(kit) if k.generation == generation)

    def outbox(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            (m.topic.removeprefix("nsp/v1/regio-oost/"), json.loads(m.payload))
            for _, m in self.store.outbox("own", 10**6)
        ]

    def state(self, alarm: str, point: str = "de-linde") -> str:
        """The state of an alarm, "normal" when none is open."""
        found = self.ingest.situation.open_alarm(point, alarm)
        return found.state if found else "normal"

    def alarms(self) -> set[str]:
        return {alarm.id for alarm in self.ingest.overview().alarms}


def sealed(
    key: KitKey,
    counter: int,
    kind: str = "vital",
    *,
    wide: bool = True,
    exercise: bool = False,
    **values: Any,
) -> bytes:
    header = frame.Header(frame.UP, kind, key.address, key.generation & 1, exercise, wide, counter)
    return seal.UplinkKey(key.key).seal(header, message.encode(kind, VITAL | values))
