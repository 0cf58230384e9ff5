"""One real kit among simulated things: plant, bus, modem and air around the firmware in a twin."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from nspgateway.config import PointConfig
from nsplink import regions
from nsptools.bench import profiles
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.site import Site
from nsptools.bench.town import BOARD, BUS_UART, DE_PIN, RADIO_UART, power
from nsptools.bench.twin import Twin, make_image
from nsptools.benchmark.listener import Listener
from nsptools.flash import firmware
from nsptools.provision import CpSpec, ProvisionedKit, SiteSpec, provision

SPEED = 60.0
PLANT = profiles.spec("diesel10k_running")
_POINT = PointConfig(
    slug="benchmark",
    name="Benchmark",
    number=1,
    municipality="Benchmark",
    latitude=52.0,
    longitude=6.0,
    rated_w=round(PLANT.rated_w),
    sources=("grid", "generator", "battery"),
    devices=("generator", "battery", "meter"),
)
# The kit stretches what it is told to what is lawful: at SF9 and 10 % that is about 5 s.
HEARTBEAT_S, FULL_S = 1, 60


@dataclass(frozen=True)
class Rig:
    """A kit that runs. ``listener`` hears and opens what it sends."""

    site: Site
    modem: Rui3Modem
    twin: Twin
    listener: Listener


def make_kit(folder: Path) -> ProvisionedKit:
    """Files of one kit with three devices and a fresh key, as the provisioning station makes them."""
    cp = CpSpec(slug="benchmark", number=1, region="benchmark")
    made = provision(
        folder,
        [SiteSpec(_POINT, 1)],
        cp,
        phy=regions.PHY,
        demo=True,
        heartbeat_s=HEARTBEAT_S,
        full_s=FULL_S,
        speed=SPEED,
    )
    return made.kits[0]


def key_of(kit: ProvisionedKit) -> bytes:
    """The kit's key of 16 bytes, from the file on its flash."""
    return bytes.fromhex(json.loads(kit.files["key.json"])["key"])


@contextlib.asynccontextmanager
async def rig(folder: Path, kit: ProvisionedKit, *, heap_bytes: int) -> AsyncIterator[Rig]:
    """Power a kit up with so much heap, and leave it when the block ends. ``folder``: for its flash image.

    The twin samples its heap once a second. Raises TwinError when it does not start at all.
    """
    async with contextlib.AsyncExitStack() as stack:
        image = folder / f"{heap_bytes}.img"
        make_image(image, {**firmware.files(BOARD, compiled=True), **kit.files})
        stack.callback(image.unlink)
        site, air = Site(kit.slug, PLANT, speed=SPEED), Air()
        stack.push_async_callback(site.stop)
        await site.start()
        modem = Rui3Modem(air, kit.slug)
        stack.push_async_callback(modem.stop)
        await modem.start()
        listener = Listener(air, key_of(kit))
        twin = Twin(
            kit.slug,
            image,
            {BUS_UART: site.bus_path, RADIO_UART: modem.path},
            {BUS_UART: DE_PIN},
            heap=str(heap_bytes),
            sample_heap=True,
        )
        power(twin)
        await stack.enter_async_context(twin)
        yield Rig(site, modem, twin, listener)
