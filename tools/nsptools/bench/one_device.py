"""One simulated device with its plant, on a pseudo-terminal or a loopback port, until it is told to stop."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from nsptools.bench import catalogue
from nsptools.bench.profiles import spec
from nsptools.bench.site import Site
from nsptools.bench.spec import PlantSpec

_PROFILE = "diesel10k_dse7320"


class DeviceError(Exception):
    """What cannot be simulated, and what could."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What to simulate. `tcp_port` None: on a pseudo-terminal, with `link` as a further name of it.

    `unit`, `baud` None: as the model leaves the factory. `plant`: its `devices` and `models` do not count.
    """

    model: str
    unit: int | None = None
    baud: int | None = None
    tcp_port: int | None = None
    link: Path | None = None
    fault: str = "none"
    speed: float = 1.0
    seed: int = 1
    plant: PlantSpec | None = None


@dataclass(frozen=True)
class Running:
    """The site with the one device, its owner's name there, and where it answers, in words."""

    site: Site
    owner: str
    where: str


@contextlib.asynccontextmanager
async def running(setup: Setup) -> AsyncIterator[Running]:
    """Run the device while inside. Raises DeviceError for a setup that cannot be, a port or a link that is taken."""
    try:
        entry = catalogue.entry(setup.model)
        site = _site(setup, entry)
    except ValueError as error:
        raise DeviceError(str(error)) from error
    made: Path | None = None
    try:
        try:
            await site.start()
            if setup.link is not None and site.tcp is None:
                _make_link(setup.link, site.bus_path)
                made = setup.link
        except OSError as error:
            raise DeviceError(str(error)) from error
        yield Running(site, entry.owner, _where(site, entry, setup))
    finally:
        if made is not None:
            made.unlink(missing_ok=True)
        await site.stop()


def _site(setup: Setup, entry: catalogue.Entry) -> Site:
    plant = replace(
        setup.plant or spec(_PROFILE),
        devices=(entry.owner,),
        models={entry.owner: setup.model},
        units={} if setup.unit is None else {entry.owner: setup.unit},
    )
    site = Site(
        setup.model,
        plant,
        setup.seed,
        setup.speed,
        setup.baud or entry.baud,
        tcp_port=(setup.tcp_port or 0) if entry.tcp else setup.tcp_port,
    )
    site.set("bus.fault", setup.fault)
    return site


def _where(site: Site, entry: catalogue.Entry, setup: Setup) -> str:
    unit = site.devices[entry.owner].unit
    if site.tcp is not None:
        return f"{setup.model}, unit {unit}: Modbus TCP 127.0.0.1:{site.tcp.port}"
    path = setup.link or site.bus_path
    return f"{setup.model}, unit {unit}: {path}, {site.line.baud} baud 8{entry.parity}{entry.stop}"


def _make_link(link: Path, path: str) -> None:
    """A symbolic link to the pseudo-terminal; a dead one is replaced, anything else is not overwritten."""
    if link.is_symlink() and not link.exists():
        link.unlink()
    link.symlink_to(path)
