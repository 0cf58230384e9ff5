"""Kits on the bench that something is wrong with: what they say, and that they keep off the air."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from mqtt_peers import until
from nspgateway.config import BrokerConfig
from nspkit import persist
from nsplink import regions
from nsptools.bench import vm
from nsptools.bench.air import Air
from nsptools.bench.town import KitSpec, SimulatedPoint
from nsptools.demo import places
from nsptools.provision import CpSpec, SiteSpec, provision

pytestmark = pytest.mark.asyncio(loop_scope="module")

Files = dict[str, bytes]
Bench = dict[str, SimulatedPoint]
LED = 2  # its pin on the kit's board
LORAWAN = 1  # the mode of a modem that nobody has spoken to
OTHER_KEY = {"generation": 1, "key": "0f" * 16}


def _with(name: str, content: bytes) -> Callable[[Files], Files]:
    return lambda files: files | {name: content}


def _without(*names: str) -> Callable[[Files], Files]:
    return lambda files: {key: content for key, content in files.items() if key not in names}


def _unknown_model(files: Files) -> Files:
    return files | {"settings.json": files["settings.json"].replace(b"seplos_v3", b"seplos_v9")}


_LADDER = "nspkit/radio/ladder.py"


def _hasty(ladder: bytes) -> bytes:
    """The ladder with its steps, but a third of a second for each answer."""
    return re.sub(rb"ANSWER_MS = 1000|0, [12]000\)", lambda found: found[0].replace(b"000", b"50"), ladder)


# What is done to the files of the flash -> what the kit says of it.
BROKEN: dict[str, tuple[Callable[[Files], Files], tuple[str, ...]]] = {
    "cut-off-settings": (_with("settings.json", b'{"version": 1, "addr'), ("settings.json", "is not JSON")),
    "unknown-device": (_unknown_model, ("settings.json: devices[1].model", "seplos_v9", "seplos_v3")),
    "key-of-another": (_with("key.json", json.dumps(OTHER_KEY).encode()), ("needs key", "counter record")),
    "key-cut-off": (
        _with("key.json", b'{"generation": 1, "key": "0f0f"}'),
        ("key.json: key", "32 hex digits"),
    ),
    "no-counter": (_without(*persist.FILES), ("needs key", "no valid counter record")),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """All of them at once: each takes seconds to boot."""
    folder, air = tmp_path_factory.mktemp("kits"), Air()
    files = provisioned(folder)
    specs = {name: change(files) for name, (change, _) in BROKEN.items()} | {
        "no-modem": files,
        "hung-modem": files | {_LADDER: _hasty(vm.firmware_files()[_LADDER])},
    }
    points = {
        name: SimulatedPoint(
            KitSpec(name, places.plant(2), own), folder, air, seed=n, speed=60, say=lambda _slug, _line: None
        )
        for n, (name, own) in enumerate(specs.items())
    }
    async with AsyncExitStack() as stack:
        for point in points.values():
            stack.push_async_callback(point.stop)
        await asyncio.gather(*(point.start() for point in points.values()))
        points["no-modem"].modem.hang("dead")  # the wire is there, nothing at its end
        points["hung-modem"].modem.hang("no_answer")  # until its supply is cut
        yield points


def provisioned(folder: Path) -> Files:
    """The files of a kit with which nothing is wrong."""
    cp = CpSpec(slug=places.CP, number=places.CP_NUMBER, region=places.REGION, brokers=(_BROKER,))
    site = SiteSpec(places.point(2), 2)
    made = provision(folder, [site], cp, phy=regions.PHY, demo=True, heartbeat_s=5, full_s=60)
    return made.kits[0].files


_BROKER = BrokerConfig(name="none", host="127.0.0.1")


@pytest.mark.parametrize("name", BROKEN)
async def test_a_kit_that_is_not_sure_of_its_files(bench: Bench, name: str) -> None:
    """Protects the air and the key: the kit says which file is wrong, once, and neither runs nor starts again."""
    point = bench[name]
    line = await point.twin.wait_for_log("not started:")
    for part in BROKEN[name][1]:
        assert part in line
    await until(lambda: LED in point.twin.pins)  # it flashes its code and does nothing else any more
    assert not point.twin.uart_settings
    assert (point.twin.boots, point.modem.sent, point.modem.settings.mode) == (1, 0, LORAWAN)
    assert OTHER_KEY["key"] not in "".join(point.twin.log)
    assert not any("Traceback" in text for text in point.twin.log)


async def test_a_kit_without_a_modem(bench: Bench) -> None:
    """Protects the site's own watch: the kit says that its modem is missing, goes on reading its devices, and lives."""
    point = bench["no-modem"]
    await point.twin.wait_for_log("radio: the modem does not answer: check its plug and its power")
    answered = point.site.station.counters.answered
    await until(lambda: point.site.station.counters.answered > answered + 10)
    assert (point.twin.boots, point.twin.exited, point.modem.sent) == (1, None, 0)


async def test_a_hung_modem_comes_back_through_the_board_s_hand_on_its_supply(bench: Bench) -> None:
    """Protects the site nobody drives to: a modem that only a power cut revives gets one from its kit, and sends."""
    point = bench["hung-modem"]
    await point.twin.wait_for_log("radio: up")
    # Once, unless a pause of this machine made it look dead again.
    assert point.modem.steps["NRST"] >= 1
    assert point.modem.steps["supply"] >= 1
    await until(lambda: point.modem.sent > 0)
    assert (point.twin.boots, point.twin.exited) == (1, None)
