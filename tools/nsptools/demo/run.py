"""The demo, wired: broker, provisioning, town, gateway and page in one process, on loopback only.

Nothing of the chain is passed over: register bytes on a bus, the firmware under
MicroPython, sealed frames over a simulated modem and air, a serial port, the
gateway, a broker. What stands in for hardware is in ``nsptools.bench``.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nspgateway.__main__ import Gateway, load
from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig
from nspgateway.config_parts import PageConfig
from nspgateway.folder import PRIVATE, make_private
from nspgateway.web.serving import Served
from nsplink import regions
from nsptools.bench.air import Air
from nsptools.bench.broker import EmbeddedBroker, PortInUse
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.town import GATEWAY_MODEM, HEAP, HEAP_WITH_PAGE, KitSpec, Town
from nsptools.demo import logins, places, volunteer
from nsptools.demo.door import Door
from nsptools.demo.logins import Logins
from nsptools.demo.tally import Tally
from nsptools.provision import DEVICES, CpSpec, Provisioned, SiteSpec, provision
from nsptools.scenario.clock import StoryClock
from nsptools.scenario.office import Office
from nsptools.scenario.player import Player
from nsptools.scenario.reader import Scenario

HOST = "127.0.0.1"
HEARTBEAT_S, FULL_S = 300, 3600
# What a channel of 10 % allows one kit at SF9, with room for alarms: a demo may be fast, not unlawful.
MIN_HEARTBEAT_S = 4
DRAIN_S = 5.0


class DemoError(Exception):
    """The demo cannot start; the text names the option to change."""

    exit_code = 2


@dataclass(frozen=True)
class Options:
    """What ``nsp demo`` was asked for. ``data``: folder to keep, None = a fresh one that is removed.

    ``scenario`` brings its own points, so that ``kits`` does not count then. ``login``: the page asks who somebody is.
    ``local_pages``: the kits have the memory that their own pages need.
    """

    kits: int = 4
    speed: float = 60.0
    http_port: int = 8080
    mqtt_port: int = 1883
    seed: int = 1
    language: str = "nl"
    data: Path | None = None
    scenario: Scenario | None = None
    login: bool = False
    local_pages: bool = False


@dataclass(frozen=True)
class Running:
    """A demo that is up. ``tasks`` run until it is left; one that ends before has failed.

    ``story``: what plays the scenario and its task, which is one of ``tasks``.
    """

    url: str
    mqtt_port: int
    town: Town
    gateway: Gateway
    tally: Tally
    tasks: tuple[asyncio.Task[None], ...]
    story: tuple[Player, asyncio.Task[None]] | None = None
    logins: Logins | None = None


def interval_s(seconds: float, speed: float) -> int:
    """A real interval for so many seconds of the demo's clock, in whole lawful seconds."""
    return max(MIN_HEARTBEAT_S, math.ceil(seconds / speed))


@contextlib.asynccontextmanager
async def demo(options: Options, say: Callable[[str, str], None]) -> AsyncIterator[Running]:
    """Run the demo inside the block. Raises DemoError when a port is taken or the folder is in use."""
    async with contextlib.AsyncExitStack() as stack:
        folder = _folder(options.data, stack)
        page = _bind(options.http_port, "--http-port")
        stack.callback(page.close)
        broker = EmbeddedBroker(HOST, options.mqtt_port)
        try:
            await broker.start()
        except PortInUse as error:
            raise DemoError(f"{error}. Choose another with --mqtt-port, or 0 for any free one.") from error
        stack.push_async_callback(broker.stop)
        clock = _clock(options)
        air = Air(seed=options.seed)
        modem = Rui3Modem(air, GATEWAY_MODEM)
        await modem.start()
        stack.push_async_callback(modem.stop)
        here = places.of_story(options.scenario) if options.scenario else places.default(options.kits)
        made = _provision(folder, here, options, modem.path, broker.port)
        config, points, keys = load(made.config_file, demo=True)
        gateway = Gateway(
            config,
            points,
            keys,
            clock,
            page=Served(page, is_open=not options.login),
            banner="DEMO",
            demo=True,
        )
        who = logins.make(gateway.store, places.MUNICIPALITY) if options.login else None
        kits = [KitSpec(kit.slug, place.plant, kit.files) for kit, place in zip(made.kits, here, strict=True)]
        types = options.scenario is not None and options.scenario.types
        heap = HEAP_WITH_PAGE if options.local_pages or types else HEAP
        town = Town(kits, folder, modem, air, seed=options.seed, speed=options.speed, say=say, heap=heap)
        tally = Tally(broker.port)
        door = Door(page.getsockname()[1], lambda request: _answer(town, request))
        await door.start()
        stack.push_async_callback(door.stop)
        tasks: tuple[asyncio.Task[None], ...] = (
            _task(stack, tally.run(), "tally"),
            _task(stack, gateway.run(), "gateway"),
        )
        await tally.listening.wait()
        await town.start()
        stack.push_async_callback(town.stop)
        url = f"http://{HOST}:{page.getsockname()[1]}/"
        if options.scenario is None:
            first = next(iter(town.points.values()))
            tasks = (*tasks, _task(stack, volunteer.calls_once(gateway, first), "volunteer"))
        office = Office(gateway.desk, gateway.ingest.situation, clock)
        gateway.own.add(office.ups.add_to)
        story = _story(stack, options.scenario, town, office, say)
        if story is not None:
            tasks = (*tasks, story[1])
        yield Running(url, broker.port, town, gateway, tally, tasks, story, who)


async def wait(running: Running, seconds: float | None) -> None:
    """Let the demo run for so long (None: until cancelled); raise what stopped a part of it before."""
    done, _ = await asyncio.wait(running.tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
        raise DemoError(f"the demo's {task.get_name()} ended by itself")


async def summary(running: Running) -> dict[str, object]:
    """Stop the kits, let air, journal and outbox empty (at most 5 s), and count."""
    town, gateway = running.town, running.gateway
    if running.story is not None:  # it might switch a kit on again
        running.story[1].cancel()
        await asyncio.wait([running.story[1]])
    await town.silence()
    loop = asyncio.get_running_loop()
    end = loop.time() + DRAIN_S
    while loop.time() < end:
        if not gateway.store.outbox_size() and not town.air.sending:
            break
        await asyncio.sleep(0.05)
    journal = gateway.store.heartbeats()
    lost = await asyncio.to_thread(_lost, town, journal)
    counted: dict[str, object] = {
        "kits": len(town.points),
        "heartbeats_sent": town.sent,
        "heartbeats_received": sum(map(len, journal.values())),
        "published": sum(publisher.published for publisher in gateway.publishers),
        "lost": lost,
        "duplicates": running.tally.duplicates,
        "alarms": sorted(running.tally.alarms),
    }
    if running.story is not None:
        events = running.story[0].tally
        counted["events"] = {"played": events.played, "failed": events.failed}
    return counted


def _lost(town: Town, journal: Mapping[int, set[int]]) -> int:
    """How many heartbeats the journal lacks that no kit holds for backfill any more."""
    lost = 0
    for point in town.points.values():
        missed = point.heartbeats - {counter & 0xFFFF for counter in journal.get(point.address, ())}
        lost += len(missed - point.held()) if missed else 0
    return lost


def _answer(town: Town, request: dict[str, str]) -> dict[str, str]:
    if "value" in request:
        town.set(request["name"], request["value"])
    return {"name": request["name"], "value": town.get(request["name"])}


def _clock(options: Options) -> Clock:
    if options.scenario is None:
        return Clock(options.speed)
    return StoryClock(options.speed, options.scenario.start)


def _story(
    stack: contextlib.AsyncExitStack,
    scenario: Scenario | None,
    town: Town,
    office: Office,
    say: Callable[[str, str], None],
) -> tuple[Player, asyncio.Task[None]] | None:
    """Begin the story; None when there is none."""
    clock = office.clock
    if scenario is None or not isinstance(clock, StoryClock):
        return None
    clock.begin()
    player = Player(scenario, town, clock, lambda line: say("scenario", line), office)
    return player, _task(stack, player.run(), "scenario")


def _provision(
    folder: Path, here: Sequence[places.Place], options: Options, modem_port: str, mqtt_port: int
) -> Provisioned:
    sites = [
        SiteSpec(place.point, number, tuple(one for one in DEVICES if one.name in place.plant.devices))
        for number, place in enumerate(here, start=1)
    ]
    cp = CpSpec(
        slug=places.CP,
        number=places.CP_NUMBER,
        region=places.REGION,
        name=places.CP_NAME,
        region_name=places.REGION_NAME,
        latitude=places.CP_PLACE[0],
        longitude=places.CP_PLACE[1],
        modem_port=modem_port,
        # The embedded broker speaks MQTT 3.1.1 only.
        brokers=(BrokerConfig(name="demo", host=HOST, port=mqtt_port, protocol="3.1.1"),),
        page=PageConfig(language="en" if options.language == "en" else "nl", second_factor=("cp_techniek",)),
    )
    return provision(
        folder,
        sites,
        cp,
        phy=regions.PHY,
        demo=True,
        heartbeat_s=interval_s(HEARTBEAT_S, options.speed),
        full_s=interval_s(FULL_S, options.speed),
        speed=options.speed,
    )


def _folder(data: Path | None, stack: contextlib.AsyncExitStack) -> Path:
    if data is None:
        folder = Path(tempfile.mkdtemp(prefix="nsp-demo-", dir=_throwaway_place()))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder
    make_private(data)
    if any(data.iterdir()):
        raise DemoError(f"{data} is not empty. Give --data a new or empty folder.")
    data.chmod(PRIVATE)  # one that was there already: keys come into it
    return data


def _throwaway_place() -> Path | None:
    """Memory, where there is some: what is removed at the end needs no disk.

    The gateway's commits and the simulated buses share one event loop here, and
    a slow disk would make the buses look dead.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    return memory if os.access(memory, os.W_OK) else None


def _bind(port: int, option: str) -> socket.socket:
    page = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    page.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        page.bind((HOST, port))
        page.listen()
    except OSError as error:
        page.close()
        raise DemoError(
            f"port {port} on {HOST} is already in use. Choose another with {option}, or 0 for any free one."
        ) from error
    return page


def _task(
    stack: contextlib.AsyncExitStack, work: Coroutine[None, None, None], name: str
) -> asyncio.Task[None]:
    """Run ``work`` until the stack is left."""
    task = asyncio.create_task(work, name=name)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)
    return task
