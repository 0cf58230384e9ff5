"""A town of support points: plants, kits and modems on one air, and the gateway's modem beside them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nspkit import pins
from nspkit.journal import BATCH as JOURNAL_BATCH
from nspkit.journal import Journal
from nsplink import frame
from nsptools.bench import modem_doors, vm
from nsptools.bench.air import Air
from nsptools.bench.hands import Hands
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.site import Site
from nsptools.bench.spec import PlantSpec
from nsptools.bench.twin import Ssd1306, Twin, make_image, read_files
from nsptools.flash import firmware

BUS_UART, RADIO_UART = 1, 2
DE_PIN = pins.UARTS[BUS_UART]["de"]
BOARD = "rak3172-devkit-s3"  # what the twins are
GATEWAY_MODEM = "gateway"
# Bound of a kit's heap, and what one has whose local page can be opened: a board with PSRAM has more.
HEAP, HEAP_WITH_PAGE = "288k", "416k"
# At the kit's own pins: a cell that is nearly full, 12.8 V, an enclosure in a heated room.
CELL_UV, SUPPLY_UV, ENCLOSURE_C = 1_950_000, 800_000, 21.5
# Kinds that a kit keeps until it knows that they have arrived.
HEARTBEATS = frozenset({"vital", "full"})
_MODEM, _HAND = "modem.", "hand."  # how the doors of a modem begin, and those of the hands at a kit


@dataclass(frozen=True)
class KitSpec:
    """One point of the town. ``files``: settings, key and counter, for the root of the kit's flash."""

    slug: str
    plant: PlantSpec
    files: Mapping[str, bytes]


class SimulatedPoint:
    """One point: its plant and bus, its kit as a twin, its modem."""

    def __init__(
        self,
        spec: KitSpec,
        folder: Path,
        air: Air,
        *,
        seed: int,
        speed: float,
        say: Callable[[str, str], None],
        heap: str = HEAP,
    ) -> None:
        self.slug = spec.slug
        self._heap = heap
        self.site = Site(spec.slug, spec.plant, seed, speed)
        self.modem = Rui3Modem(air, spec.slug)
        self.image = folder / f"{spec.slug}.img"
        self._files = {**firmware.files(BOARD, compiled=True), **spec.files}
        self._number = seed
        self._say = say
        self._twin: Twin | None = None
        self.hands = Hands()
        self.address = 0  # as its frames say it, 0 before the first
        self.heartbeats: set[int] = set()
        self.modem.radio.on_sent = self._note_sent

    @property
    def twin(self) -> Twin:
        """The kit, once started."""
        if self._twin is None:
            raise RuntimeError(f"{self.slug} is not started")
        return self._twin

    async def start(self) -> None:
        """Flash the kit, then switch on plant, modem and kit."""
        await asyncio.to_thread(make_image, self.image, self._files)
        await self.site.start()
        await self.modem.start()
        self._twin = Twin(
            self.slug,
            self.image,
            {BUS_UART: self.site.bus_path, RADIO_UART: self.modem.path},
            {BUS_UART: DE_PIN},
            unique_id=bytes((2, 0, 0)) + self._number.to_bytes(3, "big"),
            on_log=lambda line: self._say(self.slug, line),
            on_pin=self._pin_changed,
            display=Ssd1306(),
            heap=self._heap,
        )
        power(self._twin)
        await self._twin.start()

    def _note_sent(self, data: bytes) -> None:
        """Keep the counters of heartbeats, as low as on air: no bench sends 65,536 frames of one kit."""
        header, _ = frame.parse(data)
        self.address = header.address
        if header.kind in HEARTBEATS:
            self.heartbeats.add(header.counter & 0xFFFF)

    def held(self) -> set[int]:
        """Counters of the heartbeats that the stopped kit would still tell of: on its flash, or not yet there.

        What was in its RAM when it was stopped counts: the bench took its power, not the kit.
        """
        with tempfile.TemporaryDirectory(prefix="nsp-held-") as folder:
            vm.write_tree(Path(folder), read_files(self.image))
            kept = [record[0] & 0xFFFF for record in Journal(f"{folder}/").take(1 << 16, 1 << 32)]
        newest = sorted(self.heartbeats)[-JOURNAL_BATCH:]
        return {*kept, *newest}

    def _pin_changed(self, pin: int, level: int | None) -> None:
        """The kit's hand on its modem. A floating NRST is pulled up, the floating gate of the P-FET down."""
        if pin == pins.MODEM_NRST:
            self.modem.hold(level == 0)
        elif pin == pins.MODEM_CUT:
            self.modem.supply(level != 1)

    async def stop(self) -> None:
        """Switch everything off; also what was started only half."""
        self.hands.stop()
        if self._twin is not None:
            await self._twin.kill()
        await self.modem.stop()
        await self.site.stop()


def power(twin: Twin) -> None:
    """Give a twin what a kit in good order has at its own pins."""
    twin.set_adc(pins.CELL, CELL_UV)
    twin.set_adc(pins.SUPPLY, SUPPLY_UV)
    twin.set_temperature(pins.TEMPERATURE, ENCLOSURE_C)


class Town:
    """All points and the air between them.

    ``say(slug, line)`` gets every line that a kit prints; ``heap`` bounds the kits', see Twin.
    """

    def __init__(
        self,
        kits: Sequence[KitSpec],
        folder: Path,
        gateway_modem: Rui3Modem,
        air: Air,
        *,
        seed: int = 1,
        speed: float = 60.0,
        say: Callable[[str, str], None] = lambda _slug, _line: None,
        heap: str = HEAP,
    ) -> None:
        self.air = air
        self.gateway_modem = gateway_modem
        self.points = {
            spec.slug: SimulatedPoint(
                spec, folder, air, seed=seed * 1000 + number, speed=speed, say=say, heap=heap
            )
            for number, spec in enumerate(kits)
        }

    @property
    def sent(self) -> int:
        """Heartbeats that kits gave to their radios and whose time on air has ended."""
        return sum(len(point.heartbeats) for point in self.points.values())

    async def start(self) -> None:
        """Start every point; on an error stop what runs."""
        try:
            async with asyncio.TaskGroup() as group:
                for point in self.points.values():
                    group.create_task(point.start())
        except BaseException:
            await self.stop()
            raise

    async def silence(self) -> None:
        """Switch the kits off, so that the air can empty."""
        for point in self.points.values():
            await point.twin.kill()

    async def stop(self) -> None:
        """Switch everything off; the gateway's modem stays its owner's."""
        for point in self.points.values():
            await point.stop()

    def set(self, name: str, value: str) -> None:
        """Turn POINT.DEVICE.NAME by hand; ValueError says what there is."""
        slug, door = self._split(name)
        if door.startswith(_MODEM):
            modem_doors.write(self._modem(slug), door.removeprefix(_MODEM), value)
        elif door.startswith(_HAND):
            point = self._point(slug)
            point.hands.set(point.twin, door.removeprefix(_HAND), value)
        else:
            self._point(slug).site.set(door, value)

    def get(self, name: str) -> str:
        """What POINT.DEVICE.NAME shows."""
        slug, door = self._split(name)
        if door.startswith(_MODEM):
            return modem_doors.read(self._modem(slug), door.removeprefix(_MODEM))
        if door.startswith(_HAND):
            point = self._point(slug)
            return point.hands.get(point.twin, door.removeprefix(_HAND))
        return self._point(slug).site.get(door)

    @staticmethod
    def _split(name: str) -> tuple[str, str]:
        slug, _, door = name.partition(".")
        return slug, door

    def _modem(self, slug: str) -> Rui3Modem:
        return self.gateway_modem if slug == GATEWAY_MODEM else self._point(slug).modem

    def _point(self, slug: str) -> SimulatedPoint:
        if slug not in self.points:
            raise ValueError(f"no point {slug!r}; there are {', '.join(self.points)}")
        return self.points[slug]
