"""Runs on the MicroPython VM: the kit's own bus, poller and tables against the wire of modbus_wire.py."""

import asyncio
import gc
import json
import struct

import modbus_virtual as virtual  # type: ignore[import-not-found]  # beside this script on the VM

from nspkit.bus import ERRORS, Bus, BusError
from nspkit.clock import Clock
from nspkit.kit import KitState
from nspkit.poll import Device, Poller
from nspkit.table import load

# Quantities without unit and words: a register of theirs is any number.
_PUBLIC = ("engine_starts", "engine_rpm", "tank_raw")
_OTHER_THAN_FOUND = 7


class Source:
    """A device table of plain registers. The first one of the first devices is a public quantity."""

    def __init__(self, number: int, conf: dict) -> None:  # type: ignore[type-arg]  # JSON
        self.__name__ = "matrix"
        self.REGISTERS: list[tuple[object, ...]] = []
        self.HOLE_LIMIT = conf["hole_limit"]
        self.TIMEOUT_MS = conf["timeout_ms"]
        self.LATE_MS = conf["late_ms"]
        self.GAP_MS = conf["gap_ms"]
        self.REPLY_OFFSET = conf["reply_offset"]
        self.BLOCK_LIMIT = 100
        for function, first, count, group in conf["blocks"]:
            for address in range(first, first + count):
                name = "_%d_%d" % (function, address)  # noqa: UP031 - cheaper than an f-string on the VM
                if not self.REGISTERS and number < len(_PUBLIC):
                    name = _PUBLIC[number]
                self.REGISTERS.append((name, function, address, "u16", "", 0, 65535, group))


class Watched(Poller):
    """The kit's poller, which tells the wire what came of each read."""

    world: virtual.World

    def _succeeded(self, dev: Device, index: int, data: memoryview) -> None:
        super()._succeeded(dev, index, data)
        _, _, first, _, rows = dev.blocks[index]
        values, outcome = b"", 0
        for row in rows:
            value = dev.model.found[row[0]]
            values += struct.pack("<HH", first + row[2] // 2, value)
            if row[0][0] != "_" and self._state.value(row[0], self._clock.ms()) != value:
                outcome = _OTHER_THAN_FOUND
        self._tell(outcome, values)

    def _failed(self, dev: Device, index: int, error: BusError) -> None:
        super()._failed(dev, index, error)
        self._tell(1 + ERRORS.index(error.kind), b"")

    def _tell(self, outcome: int, values: bytes) -> None:
        if not self.world.tell(virtual.RESULT, outcome, len(values) // 4, values):
            raise SystemExit


def _nothing(*_arguments: object) -> None:
    pass


async def _run(conf: dict) -> None:  # type: ignore[type-arg]  # JSON
    world = virtual.World(conf["path"], conf["tick_us"], conf["wakes"])
    clock = Clock(world.ticks_ms, world.ticks_diff, world.sleep_ms)
    uart = virtual.Uart(world, conf["baud"])
    # A collection between request and reply is the kit's rule, but takes most of the time of a long run here.
    bus = Bus(uart, None, clock, (conf["baud"], None, 1), _nothing)
    devices = []
    for number, item in enumerate(conf["devices"]):
        devices.append(Device("device", item["unit"], load(Source(number, item))))
    poller = Watched(bus, devices, KitState(("generator",)), clock, _nothing, _nothing)
    poller.world = world
    if conf["scheduled"]:
        await poller.run()
    seed = conf["seed"]
    while True:  # back to back, in any order, whatever the device did before
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        dev = devices[(seed >> 8) % len(devices)]
        closed = bus.errors["closed"]
        await poller.read(dev, (seed >> 16) % len(dev.blocks))
        if bus.errors["closed"] != closed:
            await clock.sleep_ms(1)  # nothing was asked, and time must pass all the same


gc.threshold(100_000)  # type: ignore[attr-defined]  # the VM's
with open("options.json") as file:  # noqa: PTH123 - no pathlib on the VM
    options = json.load(file)
asyncio.run(_run(options))
