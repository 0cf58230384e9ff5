"""One simulated support point: plant, devices and bus, running in real time on the event loop.

The plant runs `speed` times faster than the wall clock; bus and devices run in real time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from types import MappingProxyType

from nsptools.bench import catalogue, doors
from nsptools.bench.faults import Injection, named
from nsptools.bench.line import Line
from nsptools.bench.plant import Plant
from nsptools.bench.registers import Device, Missing
from nsptools.bench.slave import Station
from nsptools.bench.spec import PlantSpec
from nsptools.bench.tcp_server import TcpServer

TICK_S = 0.25  # wall seconds between two steps of the plant
_LONGEST_GAP_S = 5.0  # a suspended machine must not jump hours ahead
_LONGEST_DELAY_MS = 10_000.0

_SENTINELS: Mapping[str, Missing] = MappingProxyType(
    {
        "sentinel": Missing.UNIMPLEMENTED,
        **{f"sentinel:{code.name.lower()}": code for code in Missing},
    }
)
_DEVICE_SWITCHES = ("mute", "min_gap_ms", "reply_ms")
_BUS_SWITCHES = ("unplug", "fault")


class Site:
    """One point on the bench.

    Doors (`set`, `get`) are named OWNER.NAME and take text, numbers or switches:

    - `plant.NAME`: a variable of doors.py, as `plant.fuel_l`, `plant.load_w`, `plant.grid_on`;
    - `generator.NAME`, `battery.NAME`, `meter.NAME` and so on: a register in its own steps, as
      `generator.fuel_percent`; `auto` lets the plant decide again, `sentinel` (or `sentinel:transducer_fault`
      and so on) shows not available; `mute` silences the device, `reply_ms` is its answering time,
      `min_gap_ms` makes it answer *busy* to requests that come sooner;
    - `bus.unplug`; `bus.fault`: none, or silence, noise, truncate, crc, late on every reply.

    Every wrong name or value raises ValueError that says what there is.

    Models that only speak Modbus TCP are not on the bus but on a loopback port; with `tcp_port` (0: any free
    one) every device is.
    """

    def __init__(
        self,
        name: str,
        spec: PlantSpec,
        seed: int = 1,
        speed: float = 60.0,
        baud: int = 19_200,
        pace_requests: bool = False,
        tcp_port: int | None = None,
    ) -> None:
        if not 0 <= speed <= 3600:
            raise ValueError(f"speed is {speed:g}; expected 0 to 3600 plant seconds a second")
        self.name = name
        self.speed = speed
        self.plant = Plant(spec, seed)
        self.devices = catalogue.at_site(self.plant)
        self.line = Line(baud, pace_requests, seed)
        on_tcp = {
            owner
            for owner in self.devices
            if tcp_port is not None or catalogue.entry(catalogue.model_at(spec, owner)).tcp
        }
        on_bus = [device for owner, device in self.devices.items() if owner not in on_tcp]
        self.station = Station(on_bus, baud, seed)
        boxes = [device for owner, device in self.devices.items() if owner in on_tcp]
        self.tcp = TcpServer(boxes, tcp_port or 0, seed) if boxes else None
        self._task: asyncio.Task[None] | None = None

    @property
    def bus_path(self) -> str:
        """Path of the pseudo-terminal that the kit's UART opens; only between start and stop."""
        return self.line.kit_path

    async def start(self) -> None:
        """Open the bus and let plant time run. OSError when a TCP port is taken; `stop` clears up."""
        self.line.open()
        self.station.open(self.line.device_path)
        if self.tcp is not None:
            await self.tcp.start()
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"plant {self.name}")

    async def stop(self) -> None:
        """Stop the time and close the bus; a second call does nothing."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self.tcp is not None:
            await self.tcp.stop()
        await self.station.close()
        self.line.close()

    def set(self, name: str, value: object) -> None:
        """Change what a door names; see the class."""
        owner, item = self._split(name)
        text = str(int(value)) if isinstance(value, bool) else str(value).strip()
        if owner == "plant":
            doors.write_variable(self.plant, item, text)
        elif owner == "bus":
            self._set_bus(item, text)
        elif item in _DEVICE_SWITCHES:
            _set_switch(self.devices[owner], item, text)
        else:
            _set_register(self.devices[owner], item, text)

    def get(self, name: str) -> str:
        """What a door shows now, as text; a register that is not available is `sentinel:...`."""
        owner, item = self._split(name)
        if owner == "plant":
            return doors.read_variable(self.plant, item)
        if owner == "bus":
            return self._get_bus(item)
        device = self.devices[owner]
        if item == "mute":
            return doors.show(device.mute)
        if item == "min_gap_ms":
            return doors.show(device.min_gap_ms)
        if item == "reply_ms":
            return doors.show(device.reply_ms[1])
        device.kind(item)
        value = device.values()[item]
        return f"sentinel:{value.name.lower()}" if isinstance(value, Missing) else doors.show(value)

    def names(self) -> tuple[str, ...]:
        """Every door of this site."""
        own = [f"plant.{name}" for name in doors.VARIABLES] + [f"bus.{name}" for name in _BUS_SWITCHES]
        for key, device in self.devices.items():
            own += [f"{key}.{name}" for name in (*_DEVICE_SWITCHES, *device.names())]
        return tuple(own)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(TICK_S)
            now = loop.time()
            self.plant.step(min(now - before, _LONGEST_GAP_S) * self.speed)
            before = now

    def _split(self, name: str) -> tuple[str, str]:
        owner, dot, item = name.partition(".")
        owners = ("plant", "bus", *self.devices)
        if not dot or not item:
            raise ValueError(f"{name!r} is no door; expected OWNER.NAME, as plant.fuel_l")
        if owner not in owners:
            raise ValueError(f"{self.name} has no {owner!r}; it has {', '.join(owners)}")
        return owner, item

    def _set_bus(self, item: str, text: str) -> None:
        if item == "unplug":
            self.line.unplugged = doors.flag(text)
        elif item == "fault":
            self._set_fault(text)
        else:
            raise ValueError(f"the bus has no {item!r}; it has {', '.join(_BUS_SWITCHES)}")

    def _set_fault(self, text: str) -> None:
        harmed = [self.line.injections]
        if self.tcp is not None:
            harmed.append(self.tcp.injections)
        # A name that does not exist is refused before the old fault is gone.
        fault = None if text == "none" else named(text)
        for injections in harmed:
            injections[:] = [] if fault is None else [Injection(fault)]

    def _get_bus(self, item: str) -> str:
        if item == "unplug":
            return doors.show(self.line.unplugged)
        if item == "fault":
            return (
                ",".join(getattr(entry.fault, "__name__", "own") for entry in self.line.injections) or "none"
            )
        raise ValueError(f"the bus has no {item!r}; it has {', '.join(_BUS_SWITCHES)}")


def _set_switch(device: Device, item: str, text: str) -> None:
    if item == "mute":
        device.mute = doors.flag(text)
    elif item == "min_gap_ms":
        device.min_gap_ms = doors.number(text, 0.0, _LONGEST_DELAY_MS)
    else:
        delay = doors.number(text, 0.0, _LONGEST_DELAY_MS)
        device.reply_ms = (delay, delay)


def _set_register(device: Device, item: str, text: str) -> None:
    if text == "auto":
        device.release(item)
    elif text in _SENTINELS:
        device.override(item, _SENTINELS[text])
    else:
        device.kind(item)  # an unknown register is the better complaint, so it comes before a bad number
        try:
            value = doors.number(text)
        except ValueError as error:
            raise ValueError(
                f"{device.name}.{item}: {error}; expected a number, auto or one of {', '.join(_SENTINELS)}"
            ) from None
        device.override(item, value)
