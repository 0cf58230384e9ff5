"""Provision a coordinating point and its kits: settings, keys and counters, as files in one folder.

    folder/gateway.toml points.toml keys.db       for the gateway
    folder/kits/<slug>/settings.json key.json counter[01].bin budget[01].bin   for the root of each kit's flash

The folders with secrets in them are for their owner only. Every kit gets a new key from the operating system's random source and a
counter record bound to it: a key never outlives its counter. The budget's record says that a new kit has sent nothing yet.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import msgspec
from msgspec import structs

from nspgateway.config import (
    BrokerConfig,
    Device,
    GatewayConfig,
    PointConfig,
    legal_dbm,
    load_gateway,
    load_points,
)
from nspgateway.config_parts import PageConfig
from nspgateway.errors import GatewayError
from nspgateway.folder import make_private
from nspgateway.keys import KeyRegister, KitKey, read_passphrase
from nspgateway.region import Region, packaged
from nspkit import budget, persist
from nspkit.settings import RESERVE_LETTERS
from nspkit.signs import RESERVE
from nsplink import frame, regions
from nsptools import toml_text

SETTINGS_VERSION = 1
BUS_UART, RADIO_UART = 1, 2
# Change frames of a kit: one a minute, twelve an hour.
CHANGE_GAP_S, CHANGE_REFILL_S = 60, 300
_SOME_RESERVE = "RESERVE"  # whose name is too long; the card says which it is
_NAME_LETTERS = 60  # that the kit's page has room for
LINE: Mapping[str, object] = {"baud": 19200, "bits": 8, "parity": None, "stop": 1}


class ProvisionError(GatewayError):
    """The list of sites, or the folder, cannot be used."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One Modbus device: what it measures, its register table, its unit id on the RS485 bus.

    ``line``: its own baud, parity and stop bits, None = those of the bus; ``without``: quantities of
    its table that come from another device, or that the site does not have.
    """

    name: str
    model: str
    unit: int
    bus: int = 0
    line: Mapping[str, object] | None = None
    without: tuple[str, ...] = ()


DEVICES = (
    DeviceSpec("generator", "dse7320mk2", 10),
    DeviceSpec("battery", "seplos_v3", 1),
    DeviceSpec("meter", "sdm630", 2),
)


@dataclass(frozen=True, slots=True)
class TankSpec:
    """What the fuel probe reads with an empty and with a full tank, in its own raw numbers."""

    empty_raw: int
    full_raw: int


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """One support point with a kit.

    ``point``: as in points.toml; its kit_address and intervals are filled in here.
    ``kit``: 1-63, unique at the coordinating point. ``devices``: the same as the point's.
    ``tank``: None = the device itself gives a percentage. ``generator_auto``: the set is meant
    to stand in automatic, so that anything else is worth an alarm. ``line``: of the RS485 bus.
    """

    point: PointConfig
    kit: int
    devices: tuple[DeviceSpec, ...] = DEVICES
    tank: TankSpec | None = None
    generator_auto: bool = True
    line: Mapping[str, object] = field(default_factory=lambda: dict(LINE))


_LOCAL_BROKER = (BrokerConfig(name="local", host="127.0.0.1"),)


@dataclass(frozen=True, slots=True)
class CpSpec:
    """The coordinating point. ``number``: 1-1023, from the national list. The antenna is the gateway's own.

    ``latitude``, ``longitude``: for the map; both or neither. ``words``: for stock and topics on the kits' own pages.
    """

    slug: str
    number: int
    region: str
    name: str = ""
    region_name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    gateway_id: int = 1
    modem_port: str = "/dev/ttyUSB0"
    antenna_gain_dbi: float | None = None
    cable_loss_db: float = 0.0
    brokers: tuple[BrokerConfig, ...] = _LOCAL_BROKER
    page: PageConfig | None = None
    words: Region = field(default_factory=packaged)


@dataclass(frozen=True, slots=True)
class ProvisionedKit:
    """The files of one kit: ``folder`` is copied as it stands to the root of its flash."""

    slug: str
    address: int
    generation: int
    folder: Path

    @property
    def files(self) -> dict[str, bytes]:
        """Name -> content of everything in the folder."""
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What was made, read back from the files."""

    config_file: Path
    config: GatewayConfig
    points: tuple[PointConfig, ...]
    kits: tuple[ProvisionedKit, ...]


def provision(
    folder: Path,
    sites: Sequence[SiteSpec],
    cp: CpSpec,
    *,
    phy: Mapping[str, int | str],
    demo: bool,
    heartbeat_s: int,
    full_s: int,
    speed: float = 1.0,
    passphrase_file: Path | None = None,
) -> Provisioned:
    """Make all files for a coordinating point and its kits in ``folder``, which must have none yet.

    ``phy``: the words of the radio's physical layer. ``heartbeat_s`` and ``full_s``: the kits'
    intervals in real seconds; ``speed``: the gateway's seconds in one of them. Without ``demo``
    the register is encrypted with the passphrase in ``passphrase_file``. Raises ProvisionError,
    ConfigError or KeyRegisterError; what is half made then must not be used.
    """
    passphrase = _passphrase(demo, passphrase_file)
    _check_devices(sites)
    addresses = _addresses(sites, cp)
    points = tuple(
        structs.replace(
            site.point,
            kit_address=address,
            interval_s=heartbeat_s * speed,
            full_interval_s=full_s * speed,
        )
        for site, address in zip(sites, addresses, strict=True)
    )
    config_file = folder / "gateway.toml"
    _write_new(folder / "points.toml", points_toml(points))
    _write_new(config_file, gateway_toml(cp, phy, passphrase_file))
    config = load_gateway(config_file)
    read_back = load_points(config.points, config)
    make_private(config.data)
    register = KeyRegister.create(config.keys, passphrase)
    group, *keys = register.issue([frame.address(cp.number, 0), *addresses], datetime.now(UTC))
    kits = tuple(
        _write_kit(folder, site, key, group, kit_settings(site, cp, key, phy, heartbeat_s, full_s, speed))
        for site, key in zip(sites, keys, strict=True)
    )
    return Provisioned(config_file, config, read_back, kits)


def _passphrase(demo: bool, file: Path | None) -> str | None:
    if file is not None:
        return read_passphrase(file)
    if not demo:
        raise ProvisionError(
            "Outside a demo the keys are encrypted. Give a file with a passphrase, mode 0600."
        )
    return None


def _addresses(sites: Sequence[SiteSpec], cp: CpSpec) -> list[int]:
    """Return the address on air of each site's kit; refuse what is out of range or used twice."""
    addresses: list[int] = []
    for site in sites:
        if not 1 <= site.kit <= 63:
            raise ProvisionError(f"{site.point.slug}: kit {site.kit}; a coordinating point has kits 1 to 63.")
        try:
            address = frame.address(cp.number, site.kit)
        except ValueError as error:
            raise ProvisionError(f"{site.point.slug}: {error}.") from error
        if address in addresses:
            raise ProvisionError(f"{site.point.slug}: kit {site.kit} is used twice. Give every site its own.")
        addresses.append(address)
    return addresses


def _check_devices(sites: Sequence[SiteSpec]) -> None:
    """Refuse a kit that reads other devices than the gateway expects: one of them would be unknown for ever."""
    for site in sites:
        # A kit may have more, such as a tank probe, for which points.toml has no word.
        reads = {device.name for device in site.devices if device.name in get_args(Device)}
        if reads != set(site.point.devices):
            raise ProvisionError(
                f"{site.point.slug}: the kit reads {_listed(reads)}, "
                f"the point has {_listed(site.point.devices)}. Give both the same devices."
            )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no devices"


def points_toml(points: Sequence[PointConfig]) -> str:
    """Return the text of points.toml."""
    return "\n".join(toml_text.table("[[point]]", _without_empty(msgspec.to_builtins(p))) for p in points)


def gateway_toml(cp: CpSpec, phy: Mapping[str, int | str], passphrase_file: Path | None) -> str:
    """Return the text of gateway.toml. Raises ProvisionError where the law leaves no power."""
    head = {
        "region": cp.region,
        "region_name": cp.region_name,
        "cp": cp.slug,
        "cp_name": cp.name,
        "cp_number": cp.number,
        "latitude": cp.latitude,
        "longitude": cp.longitude,
        "gateway_id": cp.gateway_id,
        "data": "data",
        "points": "points.toml",
        "keys": "keys.db",
        "passphrase_file": passphrase_file.resolve() if passphrase_file else None,
    }
    tables = [toml_text.table("", _without_empty(head))]
    antenna = {"antenna_gain_dbi": cp.antenna_gain_dbi, "cable_loss_db": cp.cable_loss_db}
    power_dbm = _power_dbm("the gateway", phy, cp.antenna_gain_dbi, cp.cable_loss_db)
    radio = {"port": cp.modem_port, **phy, "power_dbm": power_dbm, **antenna}
    tables.append(toml_text.table("[radio]", radio))
    tables += [toml_text.table("[[broker]]", structs.asdict(broker)) for broker in cp.brokers]
    if cp.page is not None:
        tables.append(toml_text.table("[page]", structs.asdict(cp.page)))
    return "\n".join(tables)


def _without_empty(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value not in ("", (), {})}


def kit_settings(
    site: SiteSpec,
    cp: CpSpec,
    key: KitKey,
    phy: Mapping[str, int | str],
    heartbeat_s: int,
    full_s: int,
    speed: float,
) -> dict[str, object]:
    """Return a kit's settings.json. No key is in it. A rated power of 0 is one that nobody knows."""
    return {
        "version": SETTINGS_VERSION,
        "address": key.address,
        "gateways": [cp.gateway_id],
        "heartbeat_s": heartbeat_s,
        "full_s": full_s,
        "change_gap_s": max(1, round(CHANGE_GAP_S / speed)),
        "change_refill_s": max(1, round(CHANGE_REFILL_S / speed)),
        "radio": {"driver": "rui3", "uart": RADIO_UART, **phy, **_antenna(site.point, phy)},
        "buses": [{"uart": BUS_UART, **site.line}],
        "devices": [_device(device) for device in site.devices],
        "rated_w": site.point.rated_w or 0,
        "sources": list(site.point.sources),
        "tank": asdict(site.tank) if site.tank else None,
        "generator_auto": site.generator_auto,
        "inputs": dict(site.point.inputs),
        "reserve": reserve_word(site.point.backup),
        "local": {
            "point": site.point.name[:_NAME_LETTERS],
            "stock": [line.nl for line in cp.words.stock],
            "topics": [topic.nl for topic in cp.words.topic],
        },
    }


def reserve_word(backup: str) -> str:
    """Return how a kit's display calls the path to take when the radio fails: behind GEBRUIK there is room for little."""
    word = next(iter(backup.upper().split()), RESERVE).strip(".,:;")
    if word.startswith(RESERVE):
        return RESERVE
    return (
        word if 0 < len(word) <= RESERVE_LETTERS and word.isascii() and word.isprintable() else _SOME_RESERVE
    )


def _device(device: DeviceSpec) -> dict[str, object]:
    return {name: value for name, value in asdict(device).items() if value is not None and value != ()}


def _antenna(point: PointConfig, phy: Mapping[str, int | str]) -> dict[str, int]:
    """Return what the kit has to know of its antenna, and the power that is lawful with it.

    An unknown gain is left out: the kit then assumes 6 dBi, as is done here.
    """
    gain, loss = point.antenna_gain_dbi, point.cable_loss_db
    settings = {"power_dbm": _power_dbm(point.slug, phy, gain, loss), "cable_loss_cdb": round(loss * 100)}
    if gain is not None:
        settings["antenna_gain_cdbi"] = round(gain * 100)
    return settings


def _power_dbm(who: str, phy: Mapping[str, int | str], gain_dbi: float | None, loss_db: float) -> int:
    """Return the power that is wanted, or the most that is lawful; refuse a channel or antenna that leaves none."""
    try:
        most = legal_dbm(int(phy["frequency_hz"]), int(phy["bandwidth_khz"]), gain_dbi, loss_db)
    except ValueError as error:
        channels = ", ".join(map(str, regions.CHANNELS_HZ))
        raise ProvisionError(f"{who}: {error}. Take one of {channels}, with 125 kHz.") from error
    if most < regions.RADIO_DBM[0]:
        raise ProvisionError(
            f"{who}: the law leaves {most} dBm for this antenna and no radio goes below {regions.RADIO_DBM[0]}. "
            "Take a smaller antenna, or a channel of 869.4-869.65 MHz."
        )
    return min(int(phy["power_dbm"]), most)


def kit_files(key: KitKey, group: KitKey, settings: Mapping[str, object]) -> dict[str, bytes]:
    """Return the files that make a kit this one, by name: for the root of its flash. Most of them are secret."""
    secret = {"generation": key.generation, "key": key.key.hex(), "group": group.key.hex()}
    return {
        "settings.json": (json.dumps(settings, indent=1) + "\n").encode(),
        "key.json": (json.dumps(secret) + "\n").encode(),
        **{name: bytes(persist.initial_record(key.generation, key.key)) for name in persist.FILES},
        **{name: bytes(budget.initial_record()) for name in budget.FILES},
    }


def _write_kit(
    folder: Path, site: SiteSpec, key: KitKey, group: KitKey, settings: Mapping[str, object]
) -> ProvisionedKit:
    target = folder / "kits" / site.point.slug
    make_private(target.parent)
    make_private(target)
    for name, content in kit_files(key, group, settings).items():
        _write_new(target / name, content, mode=0o600 if name == "key.json" else 0o644)
    return ProvisionedKit(site.point.slug, key.address, key.generation, target)


def _write_new(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Make a file with this mode from its birth; never write over one, it may be in use."""
    data = content.encode() if isinstance(content, str) else content
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise ProvisionError(
            f"{path}: exists already. Give a folder that has none of these files."
        ) from error
    except OSError as error:
        raise ProvisionError(f"{path}: cannot be written ({error.strerror}). Check the folder.") from error
