"""The whole chain, from a register on a bus to a figure in a browser: what is shown follows what is there.

One demo with six points serves all tests; its chain has nothing in it that is made for tests.

    de-linde     runs low on fuel by itself, then dry
    de-ark       one register of its generator's controller is turned by hand
    de-kuil      its generator's controller stops answering
    three more   their kits lose power again and again, each with an emergency stop to tell at every start
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio
from aiomqtt import ProtocolVersion
from playwright.async_api import Locator, Page, expect

from air_post import Post
from browser import GuardedPage, chromium, shown, watch
from mqtt_peers import Listener, until
from nsp import nsp_async
from nspgateway.ingest import DUPLICATE_S
from nspkit import persist
from nsplink import frame, message, seal
from nsptools.bench.town import SimulatedPoint
from nsptools.demo import places
from nsptools.demo.run import Options, Running, demo
from patience import PATIENCE_MS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("headless_demo")]

CUT = ("dorpshuis-zuid", "de-brug", "het-anker")
CUTS = 4  # of each, and one more while it boots
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
# Demo seconds between a good reading and the moment when the gateway may no longer call it good.
GOOD_S = 360
SHARED_MEMORY = "/dev/shm"
LONG_PAUSE_S = 2.0


@dataclass
class World:
    """A running demo with everything that looks at it from outside."""

    running: Running
    page: Page
    visit: GuardedPage
    post: Post
    listener: Listener
    muted: asyncio.Task[dict[str, int]]
    cuts: list[asyncio.Task[None]]
    pauses_s: list[
        float
    ]  # of this process, in which gateway and broker live: those that were longer than any before

    def cell(self, slug: str, field: str) -> Locator:
        """What the page shows of a point."""
        return self.page.locator(f'[data-point="{slug}"] [data-field="{field}"]')

    def alarm(self, slug: str, name: str) -> Locator:
        """An open alarm on the page, perhaps among those behind the fold."""
        return self.page.locator(f'[data-alarm="{name}"][data-alarm-point="{slug}"]')

    def published(self, slug: str, name: str) -> list[str]:
        """The states of an alarm in the order in which a subscriber heard them."""
        return [json.loads(m)["state"] for m in self.listener.payloads(f"{slug}/alarm/{name}") if m]


def address(slug: str) -> int:
    """A point's address on air: the demo counts its points as places names them."""
    number = next(n for n in range(1, places.MAX_KITS) if places.point(n).slug == slug)
    return frame.address(places.CP_NUMBER, number)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        # In memory: a busy disk would stop the loop that the simulated buses live in, and kits would lose devices.
        memory = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="nsp-chain-", dir=memory)))
        options = Options(kits=3 + len(CUT), http_port=0, mqtt_port=0, data=folder)
        running = await stack.enter_async_context(demo(options, lambda _slug, _line: None))
        town = running.town
        for slug in CUT:
            town.set(f"{slug}.plant.estop", "1")
        post = Post(town.air, "post")
        listener = Listener(running.mqtt_port, ProtocolVersion.V311)
        await stack.enter_async_context(listener)
        browser = await stack.enter_async_context(chromium())
        visit = GuardedPage(await browser.new_page(locale="nl-NL"), running.url)
        page = await visit.open()
        await watch(page, ("de-kuil", "fuel"), ("de-kuil", "generator"), ("de-linde", "fuel"))
        muted = asyncio.create_task(mute(running, page))
        cuts = [asyncio.create_task(cut_power(running, slug)) for slug in CUT]
        pauses_s = [0.0]
        watched = asyncio.create_task(watch_pauses(pauses_s))
        yield World(running, page, visit, post, listener, muted, cuts, pauses_s)
        for task in (muted, *cuts, watched):
            task.cancel()


async def watch_pauses(longer_s: list[float]) -> None:
    """Write down how long this process stood still, each time that it was longer than before."""
    loop = asyncio.get_running_loop()
    while True:
        at_s = loop.time()
        await asyncio.sleep(0.05)
        if loop.time() - at_s > longer_s[-1]:
            longer_s.append(loop.time() - at_s)


async def mute(running: Running, page: Page) -> dict[str, int]:
    """Once the page shows fuel and state of de-kuil's generator, their controller falls silent.

    Returns how many pictures of each there were by then: on a busy machine a good one may have faded before.
    """
    good = '[data-point="de-kuil"]:has([data-field="fuel"][data-quality="good"])'
    both = page.locator(f'{good} [data-field="generator"][data-quality="good"]')
    await expect(both).to_have_count(1, timeout=3 * PATIENCE_MS)
    seen = {field: len(await shown(page, "de-kuil", field)) for field in ("fuel", "generator")}
    running.town.set("de-kuil.generator.mute", "1")
    return seen


async def cut_power(running: Running, slug: str) -> None:
    """Cut a kit's power while its first frame is on the air or some time after, once also while it boots."""
    point, chance, boot = running.town.points[slug], random.Random(slug), 0
    for number in range(CUTS):
        boot = await next_boot(point, boot)
        if number % 2:
            await asyncio.sleep(chance.uniform(0, 2.5))
        await point.twin.power_cycle()
        if number == 1:
            await asyncio.sleep(chance.uniform(0, 4))
            await point.twin.power_cycle()
    await next_boot(point, boot)


async def next_boot(point: SimulatedPoint, boot: int) -> int:
    """Return as soon as the kit transmits in a later boot than ``boot`` (from 1): each has counters of its own."""
    await until(lambda: boot_on_air(point) > boot)
    return boot_on_air(point)


def boot_on_air(point: SimulatedPoint) -> int:
    """The boot that the frame is from which the point's modem transmits at this moment; 0 = none."""
    sending = point.modem.radio._sending
    return 0 if sending is None else name_of(sending.data)[2] // persist.BLOCK + 1


async def test_one_register_moves_the_figure_on_the_page(world: World) -> None:
    """Protects the chain as a whole: a register turned by hand is what the page shows."""
    fuel, name = world.cell("de-ark", "fuel"), "de-ark.generator.fuel_percent"
    await expect(fuel).to_have_attribute("data-quality", "good")
    await expect(fuel).to_contain_text(re.compile(r"11\d l diesel"))  # 118 l; the gauge has whole percents
    port = world.running.url.rstrip("/").rpartition(":")[2]
    done = await nsp_async("bench", "set", name, "31", "--http-port", port)
    assert done == (0, f"{name} = 31\n", "")
    await expect(fuel).to_have_attribute("data-value", "310")
    await expect(fuel).to_contain_text("37 l diesel")
    await expect(fuel).to_contain_text("31 %")
    world.running.town.set(name, "auto")  # what comes of that is looked at in a later test


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("de-lind.plant.fuel_l", "1", "no point 'de-lind'; there are de-linde, de-ark"),
        ("de-linde.generator.fuel", "1", "fuel_percent"),
        ("de-linde.plant.fuel_l", "41", "expected 0 to 40"),
        ("de-linde.plant.fuel_l", "veel", "'veel' is not a number"),
    ],
)
async def test_a_door_that_is_not_there(world: World, name: str, value: str, said: str) -> None:
    """Protects a trainer's time: a mistyped point, name or value is told in one line with what there is."""
    port = world.running.url.rstrip("/").rpartition(":")[2]
    done = await nsp_async("bench", "set", name, value, "--http-port", port)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert done.err.startswith("nsp: ")
    assert said in done.err


async def test_a_tank_runs_low_and_dry(world: World) -> None:
    """Protects the reason for it all: falling fuel, then the alarms in their order, on the page and on MQTT."""
    slug, town = "de-linde", world.running.town
    await expect(world.alarm(slug, "fuel_low")).to_have_count(1, timeout=2 * PATIENCE_MS)
    while len(set(levels := await figures(world, slug, "fuel"))) < 2:  # noqa: ASYNC110 - a browser has no event
        await asyncio.sleep(0.2)
    assert levels == sorted(levels, reverse=True)
    town.set(f"{slug}.plant.fuel_l", "0.4")
    # A level is the median of five readings, and on a channel that kits with alarms fill every other is lost.
    await expect(world.alarm(slug, "fuel_critical")).to_have_count(1, timeout=2 * PATIENCE_MS)
    await expect(world.alarm(slug, "generator_failed")).to_have_count(1)
    await expect(world.cell(slug, "generator")).to_have_attribute("data-value", "fault")
    await expect(world.cell(slug, "source")).to_contain_text("Accu")
    battery = world.page.locator(f'[data-alarm^="battery_"][data-alarm-point="{slug}"]')
    await expect(battery).to_have_count(1)
    await expect(world.page.locator(f'[data-point="{slug}"] ~ [data-point="de-ark"]')).to_have_count(1)
    for name in ("fuel_low", "fuel_critical", "generator_failed"):
        await until(lambda name=name: world.published(slug, name))
        assert world.published(slug, name)[0] == "unacknowledged"


async def figures(world: World, slug: str, field: str) -> list[int]:
    """The figures that a watched cell has shown."""
    return [int(picture["value"]) for picture in await shown(world.page, slug, field) if picture["value"]]


async def test_silence_is_shown_as_stale_and_then_as_unknown(world: World) -> None:
    """Protects from green while a device is dead: an old figure is called old, then there is none; its age grows."""
    seen = await world.muted
    fuel, generator = world.cell("de-kuil", "fuel"), world.cell("de-kuil", "generator")
    for cell in (generator, fuel):
        await expect(cell).to_have_attribute("data-quality", "unknown")
    await expect(fuel).to_contain_text("onbekend")
    before = int(await fuel.get_attribute("data-age") or 0)
    await world.page.wait_for_function(
        """(before) => document.querySelector('[data-point="de-kuil"] [data-field="fuel"]').dataset.age > before""",
        arg=before,
    )
    for field, figure in (("fuel", "970"), ("generator", "stopped")):
        pictures = await shown(world.page, "de-kuil", field)
        check_fading(pictures[seen[field] - 1 :], figure)
    # The devices beside it on the same bus go on as if nothing had happened.
    await expect(world.cell("de-kuil", "battery")).to_have_attribute("data-quality", "good")
    await expect(world.cell("de-kuil", "load")).to_have_attribute("data-quality", "good")


def check_fading(pictures: list[dict[str, str | int | None]], figure: str) -> None:
    """Each picture is the last figure with an honest age, or no figure at all, and in the end there is none.

    While this machine pauses the gateway's clock goes on, and the kit's next word comes late: a quality may be passed
    over then, and a figure come back that nobody had heard of for too long.
    """
    assert {"unknown"} <= {picture["quality"] for picture in pictures} <= {"good", "stale", "unknown"}
    for picture in pictures:
        if picture["quality"] == "unknown":
            assert (picture["value"], "onbekend" in picture["text"]) == ("", True)
        else:
            assert picture["value"] == figure
        if picture["quality"] == "good":
            assert picture["age"] <= GOOD_S
        if picture["quality"] == "stale":
            assert "oude meting" in picture["text"]
    assert any("voor het laatst gemeten" in str(picture["text"]) for picture in pictures)
    shown_last = max((n for n, one in enumerate(pictures) if one["quality"] != "unknown"), default=-1)
    ages = [picture["age"] for picture in pictures[shown_last + 1 :] if picture["age"] is not None]
    assert ages == sorted(ages)
    assert ages[0] > GOOD_S


async def test_power_cuts_never_use_a_counter_twice(world: World) -> None:
    """Protects keys and frames: whenever a kit dies, its next frame is new to the gateway and to the cipher."""
    await asyncio.gather(*world.cuts)
    # A frame that was cut off, or met another on the air, nobody heard: not every boot has left a trace.
    await until(lambda: all(boots(world.post, slug) for slug in CUT))
    assert all(len(boots(world.post, slug)) <= CUTS + 2 for slug in CUT)
    names = [name_of(data) for _, data in world.post.heard]
    assert len(set(names)) == len(names)
    store = world.running.gateway.store
    for slug in CUT:
        journal = [f.counter for f in store.frames(slug, LONG_AGO)]
        assert journal == sorted(set(journal))
    # What was on the air while the gateway itself sent, it did not hear; what it heard was new to it. On a machine that
    # pauses it may be handed the very same bytes twice, which it knows.
    assert {"accepted"} <= set(world.running.gateway.ingest.counters) <= {"accepted", "duplicate"}


def name_of(data: bytes) -> tuple[int, int, int]:
    """Direction, kit and counter of a frame: what must never come twice."""
    header = frame.parse(data)[0]
    return header.direction, header.address, header.counter


def boots(post: Post, slug: str) -> set[int]:
    """The boots of a kit that were heard."""
    names = [name_of(data) for _, data in post.heard]
    sent_by = (frame.UP, address(slug))
    return {counter // persist.BLOCK for direction, kit, counter in names if (direction, kit) == sent_by}


async def test_frames_that_are_not_to_be_trusted(world: World) -> None:
    """Protects the picture from forgers: what is forged, strange, cut off or played back is counted, never shown."""
    slug, gateway = "dorpshuis-zuid", world.running.gateway
    point = world.running.town.points[slug]
    await point.twin.kill()
    point.modem.unplug()  # nor may a frame be on its way: from here on the point is silent
    loop = asyncio.get_running_loop()
    taken = {f.raw for f in gateway.store.frames(slug, LONG_AGO)}
    at, recorded = next(one for one in world.post.heard if one[1] in taken)
    stranger = Post(world.running.town.air, "stranger")
    forged = [
        ("bad_tag", forgery(address("de-kuil"))),
        ("unknown_kit", forgery(frame.address(places.CP_NUMBER, 60))),
        ("malformed", recorded[:9]),
        ("bad_tag", recorded[:-1]),
    ]
    for number, (outcome, data) in enumerate(forged):
        count = gateway.ingest.counters[outcome]
        await send_until(stranger, data, lambda o=outcome, n=count: gateway.ingest.counters[o] > n)
        if not number:  # what the point's kit said last lies before this one
            before = (gateway.store.heard(slug), gateway.store.readings(slug))
    # Within this time it could be the same frame, heard by a second receiver.
    await until(lambda: loop.time() > at + DUPLICATE_S + 1)
    await send_until(stranger, recorded, lambda: gateway.ingest.counters["replay"])
    for name, count in (("bad_tag", 2), ("unknown_kit", 1), ("malformed", 1), ("replay", 1)):
        # More of them where one was sent again that had been heard.
        assert gateway.ingest.counters[name] >= count
        counter = world.page.locator(f'[data-counter="{name}"]')
        while await counter.get_attribute("data-value") != str(gateway.ingest.counters[name]):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)
    assert before == (gateway.store.heard(slug), gateway.store.readings(slug))
    await expect(world.cell("de-kuil", "fuel")).to_have_attribute("data-quality", "unknown")


async def send_until(stranger: Post, data: bytes, was_heard: Callable[[], object]) -> None:
    """Send a frame until it was heard: the gateway hears nothing while it sends itself."""
    for _ in range(6):
        await stranger.send(data)
        with suppress(pytest.fail.Exception):
            return await until(was_heard, 2)
    pytest.fail("six tries, and the gateway heard none")


def forgery(to: int) -> bytes:
    """A well-formed heartbeat of a kit, sealed with a key that nobody gave out."""
    header = frame.Header(frame.UP, "vital", to, 1, False, True, 1_000_000)
    values = {"fuel_permille": 50, "generator_state": "running", "q_tank": "good", "q_generator": "good"}
    return seal.UplinkKey(secrets.token_bytes(16)).seal(header, message.encode("vital", values))


async def test_a_register_let_go_follows_the_plant(world: World) -> None:
    """Protects the next demo: a register given back, as the first test did, shows what is in the tank again."""
    await expect(world.cell("de-ark", "fuel")).to_contain_text(re.compile(r"11\d l diesel"))


async def test_a_receiver_that_is_unplugged(world: World) -> None:
    """Protects from a gateway that is deaf and does not know it: the page says so, and hears again by itself."""
    modem = world.running.town.gateway_modem
    modem.unplug()
    await expect(world.page.locator('[data-modem="down"]')).to_be_visible()
    await expect(world.page.locator('[data-modem="down"]')).to_contain_text("Onze eigen ontvanger")
    modem.replug()
    await expect(world.page.locator('[data-modem="down"]')).to_have_count(0)
    heard = world.running.gateway.ingest.counters["accepted"]
    await until(lambda: world.running.gateway.ingest.counters["accepted"] > heard)


async def test_nothing_fell_over(world: World) -> None:
    """Protects against quiet damage: after all this every part runs, no message came twice, the page had no fault."""
    assert not [task.get_name() for task in world.running.tasks if task.done()]
    # Who pauses for long hears an acknowledgement too late, and says it again.
    assert world.running.tally.duplicates == 0 or world.pauses_s[-1] > LONG_PAUSE_S
    assert world.running.gateway.ingest.recorder.problem == ""
    await expect(world.page.locator("body")).to_have_attribute("data-live", "live")
    assert world.visit.faults == []
