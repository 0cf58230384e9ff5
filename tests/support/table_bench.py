"""One of the kit's device tables at one end of a wire, the bench's device of that model at the other."""

import contextlib
from pathlib import Path

from nspkit import models
from nspkit.bus import Bus
from nspkit.kit import KitState
from nspkit.poll import Device, Poller
from nsptools.bench import catalogue, profiles
from nsptools.bench.hostkit import HostBoard
from nsptools.bench.site import Site
from read_surely import TRIES, read_surely

BAUD = 115_200


def spec_of(model):
    """A plant that has this device alone on its bus."""
    owner = catalogue.MODELS[model].owner
    fields = {
        name: getattr(profiles.demo_spec(0), name) for name in profiles.demo_spec(0).__dataclass_fields__
    }
    return type(profiles.demo_spec(0))(**(fields | {"devices": (owner,), "models": {owner: model}}))


class TableBench:
    """A site whose plant stands still, its one device, and the kit's poller of it.

    ``quick``: a line of 115,200 baud and a device that answers at once; else
    both as the maker has them.
    """

    def __init__(self, model: str, folder: Path, *, quick: bool = True) -> None:
        entry = catalogue.MODELS[model]
        self.owner = entry.owner
        self.model = model
        self.quick = quick
        baud = BAUD if quick else entry.baud
        self.line = (baud, None, 1)
        self.site = Site("de-linde", spec_of(model), speed=0, baud=baud, pace_requests=not quick)
        self.folder = folder

    async def start(self) -> None:
        self.site.plant.step(60)
        if self.quick:
            self.site.set(f"{self.owner}.reply_ms", 0)
            self.site.set(f"{self.owner}.min_gap_ms", 0)
        await self.site.start()
        self.board = HostBoard(self.folder, {1: self.site.bus_path})
        self.clock = self.board.clock
        self.uart, _ = self.board.bus({"uart": 1})
        self.poller = self.poller_for(models.get(self.model))

    async def stop(self) -> None:
        self.board.close()
        await self.site.stop()

    def poller_for(self, table) -> Poller:
        """A poller with its own state for this device.Model."""
        if self.quick:
            table.gap_ms = 0
        device = Device(self.owner, self.site.devices[self.owner].unit, table)
        bus = Bus(self.uart, None, self.clock, self.line, collect=self.board.collect)
        return Poller(bus, [device], KitState(()), self.clock, lambda _: None, lambda: None)

    async def read(self, quantity, poller=None, tries=None):
        """What the kit makes of the quantity, its block read now; "failed" when nothing came."""
        poller = poller or self.poller
        # A table with a mistake in it may ask what no device answers.
        tries = tries or (TRIES if poller is self.poller else 1)
        device = poller.devices[0]
        index = next(i for i, names in enumerate(device.model.names) if quantity in names)
        if not await read_surely(poller, index, tries):
            device.model.found.update(dict.fromkeys(device.model.names[index], "failed"))
        return device.model.found[quantity]

    async def disagreements(self, cases, poller=None, *, enough=None):
        """Of (doors, values there, quantity, value it must be): those that are not, up to ``enough`` of them.

        Several doors stand in one string; their values are a tuple then. What
        one read gives serves all cases of the same doors and values.
        """
        poller = poller or self.poller
        wrong = []
        for (door, shown), group in _grouped(cases).items():
            self._turn(door.split(), shown if isinstance(shown, tuple) else (shown,))
            blocks = set()
            for quantity, expected in group:
                block = next(names for names in poller.devices[0].model.names if quantity in names)
                if block not in blocks:
                    await self.read(quantity, poller)
                    blocks.add(block)
                got = poller.devices[0].model.found[quantity]
                if got != expected or type(got) is not type(expected):
                    wrong.append(f"{self.model}: {door} = {shown}: {quantity} is {got!r}, not {expected!r}")
            self._turn(door.split(), ["auto"] * len(door.split()))
            if enough and len(wrong) >= enough:
                break
        return wrong

    def _turn(self, doors, values):
        for name, value in zip(doors, values, strict=True):
            self.site.set(f"{self.owner}.{name}", value)


def _grouped(cases):
    """(doors, values) -> [(quantity, what it must be)], in the order of the cases."""
    groups = {}
    for door, shown, quantity, expected in cases:
        groups.setdefault((door, shown), []).append((quantity, expected))
    return groups


@contextlib.asynccontextmanager
async def table_bench(model: str, folder: Path, *, quick: bool = True):
    """A started TableBench, stopped at the end."""
    bench = TableBench(model, folder, quick=quick)
    await bench.start()
    try:
        yield bench
    finally:
        await bench.stop()
