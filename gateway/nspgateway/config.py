"""gateway.toml and points.toml -> settings: read once, checked, then fixed.

A key that is unknown, missing, of the wrong type or out of range stops the
start with a ConfigError that names file, line and key, says what was expected
and what to do. Secrets are never in these files, only the paths to them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, structs

from nspgateway import budget, tomlplace
from nspgateway.config_parts import (
    AlertTestConfig,
    ClientConfig,
    ForwarderConfig,
    Latitude,
    Longitude,
    MapConfig,
    PageConfig,
    RefuelConfig,
    RelayConfig,
    RetentionConfig,
    UpsConfig,
)
from nspgateway.errors import ConfigError
from nspgateway.rule_changes import RuleChange, fault
from nsplink import regions

Slug = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
SlugOrEmpty = Annotated[str, Meta(pattern="^([a-z0-9]+(-[a-z0-9]+)*)?$", max_length=40)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Line = Annotated[str, Meta(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Lines = Annotated[tuple[Line, ...], Meta(max_length=20)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Gain = Annotated[float, Meta(ge=-10, le=20)]
Loss = Annotated[float, Meta(ge=0, le=20)]
Deployment = Literal[
    "stored", "activated", "setting_up", "open", "partly_open", "closed", "wound_down", "without_kit"
]
FuelKind = Literal["diesel", "hvo", "petrol"]
Source = Literal["grid", "generator", "battery", "sun"]
Device = Literal["generator", "battery", "meter"]
KitInput = Literal["input_1", "input_2"]
InputName = Literal["co_alarm", "smoke_alarm", "water_alarm", "door_open"]


class PointConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One support point. Litres, W, Wh, hours; ``interval_s`` in seconds of the gateway's clock.

    Fuel use in litres/h = burn_idle_l_per_kwh * rated kW + burn_l_per_kwh * load kW.
    ``kit_address`` is the 16-bit address on air (coordinating point << 6 | kit); None = no kit.
    ``cp`` and ``region`` are taken from gateway.toml where points.toml leaves them out.
    ``priority``: 1 is refuelled first. ``filler``, ``access``, ``supplier``: short texts for the refuel
    list, which goes to MQTT and into files: how to fill, how to get there, who brings it; no names of people.
    ``address``: of the building; ``backup``: how to reach it when the kit is silent; ``instructions``: what to know
    or do at this point, a line each. All who look at the page see them: no names or numbers of people there either.
    ``contacts``: who to call, a line each. Personal: shown to a person who is logged in with the right to, nowhere else.
    ``antenna_gain_dbi`` and ``cable_loss_db`` are the kit's; without the gain 6 dBi are assumed.
    ``inputs``: what is connected to the kit's inputs. ``rules``: figures of alarm rules for this point.
    """

    slug: Slug
    name: Name
    number: Annotated[int, Meta(ge=1, le=9999)]
    municipality: Name
    cp: SlugOrEmpty = ""
    region: SlugOrEmpty = ""
    latitude: Latitude
    longitude: Longitude
    kit_address: Annotated[int, Meta(ge=65, le=65535)] | None = None
    deployment: Deployment = "closed"
    tank_litres: Positive | None = None
    dead_litres: NotNegative = 0.0
    fuel_kind: FuelKind = "diesel"
    rated_w: Annotated[int, Meta(gt=0)] | None = None
    burn_idle_l_per_kwh: NotNegative = 0.035
    burn_l_per_kwh: Positive = 0.255
    battery_wh: Annotated[int, Meta(gt=0)] | None = None
    lead_time_h: NotNegative = 3.0
    priority: Annotated[int, Meta(ge=1, le=9)] = 5
    filler: Line = ""
    access: Line = ""
    supplier: Line = ""
    address: Line = ""
    backup: Line = ""
    instructions: Lines = ()
    contacts: Lines = ()
    interval_s: Positive = 300.0
    full_interval_s: Positive = 3600.0
    sources: tuple[Source, ...] = ()
    devices: tuple[Device, ...] = ()
    antenna_gain_dbi: Gain | None = None
    cable_loss_db: Loss = 0.0
    inputs: dict[KitInput, InputName] = {}
    rules: dict[str, RuleChange] = {}

    def __post_init__(self) -> None:
        if self.tank_litres is not None and self.tank_litres < self.dead_litres:
            raise ValueError(
                f"tank_litres = {self.tank_litres:g} must be at least dead_litres = {self.dead_litres:g}"
            )
        if self.kit_address is not None and not self.kit_address & 63:
            raise ValueError(
                f"kit_address = {self.kit_address}: its low 6 bits are the kit, 1 to 63; 0 is the group"
            )
        if self.full_interval_s < self.interval_s:
            raise ValueError(f"full_interval_s = {self.full_interval_s:g} must be at least interval_s")


class RadioConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The LoRa modem at the serial device ``port`` and the words of the physical layer.

    Without ``port`` a packet forwarder is the radio (``GatewayConfig.forwarder``).
    ``power_dbm`` is at the radio. What the law allows there depends on the gain of the
    antenna and the loss of its cable; without ``antenna_gain_dbi`` 6 dBi are assumed.
    ``hub_port``: where it is plugged in, as uhubctl lists it ("1-1.2": hub 1-1, port 2), if that hub can switch.
    """

    port: Annotated[str, Meta(min_length=1)] | None = None
    frequency_hz: Annotated[int, Meta(ge=863_000_000, le=870_000_000)] = 869_475_000
    sf: Annotated[int, Meta(ge=7, le=12)] = 9
    bandwidth_khz: Literal[125, 250, 500] = 125
    coding_rate: Annotated[int, Meta(ge=5, le=8)] = 5
    preamble: Annotated[int, Meta(ge=5, le=65535)] = 8
    power_dbm: Annotated[int, Meta(ge=5, le=22)] = 14
    sync_word: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{4}$")] = "3444"
    antenna_gain_dbi: Gain | None = None
    cable_loss_db: Loss = 0.0
    hub_port: Annotated[str, Meta(pattern=r"^\d+-\d+(\.\d+)*$")] | None = None

    def phy(self) -> dict[str, int | str]:
        """Return the physical layer's record, as ``nsplink.rui3`` takes it."""
        return {name: getattr(self, name) for name in regions.PHY}


class BrokerConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One MQTT broker. ``protocol`` is the MQTT version; ``ca`` turns TLS on.

    ``certificate`` and ``private_key``: PEM files that we show to a broker which asks who we are.
    ``client``: who may send commands over it. ``optional``: there is not always a route to it (the region's):
    that it is away is no fault. ``keep``: messages that are kept for it at most while it is away, each about a kilobyte.
    """

    name: Slug
    host: Annotated[str, Meta(min_length=1)]
    port: Port = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    username: str | None = None
    password_file: Path | None = None
    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    client: tuple[ClientConfig, ...] = ()
    optional: bool = False
    keep: Annotated[int, Meta(ge=100)] = 100_000

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key belong together: give both, or neither")
        if self.certificate is not None and self.ca is None:
            raise ValueError("a certificate is shown over TLS only: give the broker's ca too")


class GatewayConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How this box works. ``data`` is a folder; paths are absolute once loaded.

    ``page``: None = none is served.
    ``region_file``: a region's own deciders, milestones and lists, as in the packaged region.toml.
    ``map``: a picture to lie under the map.
    ``latitude``, ``longitude``: where the coordinating point is, for the map; both or neither.
    """

    region: Slug
    cp: Slug
    region_name: str = ""
    cp_name: str = ""
    cp_number: Annotated[int, Meta(ge=1, le=1023)]
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    gateway_id: Annotated[int, Meta(ge=1, le=255)] = 1
    data: Path
    points: Path
    keys: Path
    passphrase_file: Path | None = None
    radio: RadioConfig
    broker: tuple[BrokerConfig, ...] = ()
    page: PageConfig | None = None
    forwarder: ForwarderConfig | None = None
    retention: RetentionConfig = RetentionConfig()
    ups: UpsConfig | None = None
    relay: RelayConfig | None = None
    alert_test: AlertTestConfig | None = None
    refuel: RefuelConfig = RefuelConfig()
    region_file: Path | None = None
    map: MapConfig | None = None

    def __post_init__(self) -> None:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude belong together: give both, or neither")

    @property
    def database(self) -> Path:
        """The SQLite file: journal, history and outbox."""
        return self.data / "nsp.db"


class _PointsFile(Struct, frozen=True, forbid_unknown_fields=True):
    point: tuple[PointConfig, ...]


_T = TypeVar("_T", GatewayConfig, _PointsFile)
_Section = TypeVar("_Section", BrokerConfig, PageConfig, MapConfig)


def load_gateway(path: Path) -> GatewayConfig:
    """Read gateway.toml; relative paths in it start from its own folder."""
    config, text = _read(path, GatewayConfig)
    _one_radio(path, text, config)
    _lawful(path, text, config.radio)
    _unique(path, text, "broker", [b.name for b in config.broker], "name")
    here = path.resolve().parent
    return structs.replace(
        config,
        data=here / config.data,
        points=here / config.points,
        keys=here / config.keys,
        passphrase_file=here / config.passphrase_file if config.passphrase_file else None,
        region_file=here / config.region_file if config.region_file else None,
        broker=tuple(_from(here, b) for b in config.broker),
        page=_from(here, config.page) if config.page else None,
        map=_from(here, config.map) if config.map else None,
    )


def load_points(path: Path, gateway: GatewayConfig) -> tuple[PointConfig, ...]:
    """Read points.toml; ``gateway`` fills in cp and region and says which kit addresses are ours."""
    loaded, text = _read(path, _PointsFile)
    points = loaded.point
    _unique(path, text, "point", [p.slug for p in points], "slug")
    _unique(path, text, "point", [p.number for p in points], "number")
    _unique(path, text, "point", [p.kit_address for p in points], "kit_address")
    for index, point in enumerate(points):
        if point.cp not in ("", gateway.cp):
            raise ConfigError(
                path,
                f"point[{index}].cp",
                f"{point.cp!r} is another coordinating point, this one is {gateway.cp!r}",
                "Leave it out, or move the point to that one's points.toml.",
                tomlplace.line(text, f"point[{index}].cp"),
            )
        address = point.kit_address
        if address is not None and address >> 6 != gateway.cp_number:
            low, high = gateway.cp_number << 6 | 1, gateway.cp_number << 6 | 63
            where = f"point[{index}].kit_address"
            raise ConfigError(
                path,
                where,
                f"{address} belongs to coordinating point {address >> 6}, not to {gateway.cp_number}",
                f"Give an address from {low} to {high}.",
                tomlplace.line(text, where),
            )
        wrong = fault(point.rules)
        if wrong is not None:
            where = f"point[{index}].{wrong.key}"
            raise ConfigError(path, where, wrong.expected, wrong.cure, tomlplace.line(text, where))
    _within_budget(path, gateway.radio, sum(p.kit_address is not None for p in points))
    return tuple(structs.replace(p, cp=p.cp or gateway.cp, region=p.region or gateway.region) for p in points)


def _from(here: Path, section: _Section) -> _Section:
    """Return a section of which every path starts from ``here``."""
    paths = {name: here / path for name, path in structs.asdict(section).items() if isinstance(path, Path)}
    return structs.replace(section, **paths)


def legal_dbm(
    frequency_hz: int, bandwidth_khz: int, antenna_gain_dbi: float | None, cable_loss_db: float
) -> int:
    """Return the most that a radio may be set to on this channel; ValueError where nothing is allowed."""
    gain_cdbi = None if antenna_gain_dbi is None else round(antenna_gain_dbi * 100)
    erp_dbm = regions.sub_band(frequency_hz, bandwidth_khz)[3]
    return regions.legal_dbm(erp_dbm, gain_cdbi, round(cable_loss_db * 100))


def _one_radio(path: Path, text: str, config: GatewayConfig) -> None:
    """Refuse settings with no radio, and those with two: whichever was meant would be a guess."""
    if (config.radio.port is None) == (config.forwarder is None):
        missing = config.forwarder is None
        problem = "missing, and there is no [forwarder]" if missing else "given, and a [forwarder] too"
        cure = (
            "Give the modem's serial device as radio.port, or a packet forwarder as [forwarder]: one of them."
        )
        raise ConfigError(path, "radio.port", problem, cure, tomlplace.line(text, "radio.port"))


def _lawful(path: Path, text: str, radio: RadioConfig) -> None:
    """Refuse a channel outside every sub-band, and more power than its limit leaves behind this antenna."""
    gain = radio.antenna_gain_dbi
    try:
        most = legal_dbm(radio.frequency_hz, radio.bandwidth_khz, gain, radio.cable_loss_db)
    except ValueError as error:
        where = "radio.frequency_hz"
        cure = f"Take one of {', '.join(map(str, regions.CHANNELS_HZ))}, with bandwidth_khz = 125."
        raise ConfigError(path, where, str(error), cure, tomlplace.line(text, where)) from error
    if radio.power_dbm > most:
        where = "radio.power_dbm"
        antenna = "an antenna of 6 dBi (none is given)" if gain is None else f"an antenna of {gain:g} dBi"
        problem = (
            f"{radio.power_dbm} is more than the {most} that the law leaves on this channel"
            f" for {antenna} behind {radio.cable_loss_db:g} dB of cable"
        )
        cure = f"Set power_dbm = {most}, or give the right antenna_gain_dbi and cable_loss_db."
        if most < regions.RADIO_DBM[0]:
            cure = "No radio goes so low: take a smaller antenna, or a channel of 869.4-869.65 MHz."
        raise ConfigError(path, where, problem, cure, tomlplace.line(text, where))


def _within_budget(path: Path, radio: RadioConfig, kits: int) -> None:
    """Refuse a channel on which answering so many kits, or a kit's heartbeats, take over half of the lawful hour."""
    limit_us = regions.sub_band(radio.frequency_hz, radio.bandwidth_khz)[4]
    air = budget.Air(radio.sf, radio.bandwidth_khz, radio.coding_rate, radio.preamble)
    plans = ((f"to answer {kits} kits", budget.gateway_us(air, kits)), ("a kit", budget.kit_us(air)))
    for what, needed_us in plans[: 2 if kits else 0]:
        if budget.exceeds(needed_us, limit_us):
            raise ConfigError(
                path,
                "point",
                f"{what} takes {needed_us / 1e6:.1f} s of every hour at SF{radio.sf}; the law allows"
                f" {limit_us / 1e6:g} s on this channel, and half of it is kept for alarms, help and retries",
                "In gateway.toml take a lower radio.sf or a channel of 869.4-869.65 MHz; or take fewer kits.",
            )


def _read(path: Path, kind: type[_T]) -> tuple[_T, str]:
    """Return the decoded file and its text."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            path, "", f"cannot be read ({error.strerror})", "Check the path and the file's permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(path, "", "is not UTF-8 text", "Save the file as UTF-8.") from error
    try:
        return msgspec.convert(tomllib.loads(text), kind, dec_hook=_path), text
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            path, "", f"is not TOML: {error}", "Correct the line.", tomlplace.syntax(error)
        ) from error
    except msgspec.ValidationError as error:
        place = tomlplace.Place.of(str(error), kind)
        raise ConfigError(
            path, place.key, place.expected, place.cure, tomlplace.line(text, place.key)
        ) from error


def _path(kind: type, value: object) -> Path:
    """Make the one type that TOML does not have."""
    if kind is not Path or not isinstance(value, str) or not value:
        raise ValueError("Expected a path between quotes")
    return Path(value)


def _unique(path: Path, text: str, table: str, values: list[Any], key: str) -> None:
    """Refuse a second table with the same value of ``key``; None may repeat."""
    for index, value in enumerate(values):
        if value is not None and value in values[:index]:
            where = f"{table}[{index}].{key}"
            raise ConfigError(
                path,
                where,
                f"{value!r} is already used by {table}[{values.index(value)}]",
                f"Give every {table} its own {key}.",
                tomlplace.line(text, where),
            )
