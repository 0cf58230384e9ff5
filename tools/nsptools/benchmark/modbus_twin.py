"""main.py of a twin for the benchmark: the kit's bus or poller alone, in real time on the board's own UART."""

import asyncio
import json

from nspkit import board as boards
from nspkit import models
from nspkit.bus import Bus, BusError
from nspkit.device import Model
from nspkit.kit import KitState
from nspkit.poll import Device, Poller


def _nothing(*_arguments: object) -> None:
    pass


async def _back_to_back(bus: Bus, unit: int, function: int, address: int, count: int) -> None:
    dev = Device("device", unit, Model("plain"))
    while True:
        try:  # noqa: SIM105 - no contextlib on the board
            await bus.read(dev, function, address, count)
        except BusError:  # a PC that pauses makes a reply late; the next read is another one
            pass


with open("bench.json") as file:  # noqa: PTH123 - no pathlib on the board
    conf = json.load(file)
board = boards.Board()
uart, de = board.bus({"uart": 1, "baud": conf["baud"]})
bus = Bus(uart, de, board.clock, (conf["baud"], None, 1), board.collect)
if conf["read"]:
    asyncio.run(_back_to_back(bus, *conf["read"]))
else:
    devices = [Device(name, unit, models.get(model)) for name, unit, model in conf["devices"]]
    asyncio.run(Poller(bus, devices, KitState(("generator",)), board.clock, print, _nothing).run())
