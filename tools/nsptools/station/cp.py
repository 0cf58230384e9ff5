"""station.toml: the coordinating point that this station makes kits for."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, structs

from nspgateway import tomlplace
from nspgateway.config import RadioConfig, Slug
from nspgateway.errors import ConfigError
from nsptools import toml_text
from nsptools.provision import CpSpec
from nsptools.station.folder import put

FILE = "station.toml"


class StationConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``cp_number``: from the national list, 1 to 1023; kits of another number are neighbours'. Intervals in s."""

    region: Slug
    cp: Slug
    cp_number: Annotated[int, Meta(ge=1, le=1023)]
    region_name: str = ""
    cp_name: str = ""
    gateway_id: Annotated[int, Meta(ge=1, le=255)] = 1
    modem_port: str = "/dev/nsp-modem"
    frequency_hz: Annotated[int, Meta(ge=863_000_000, le=870_000_000)] = 869_475_000
    sf: Annotated[int, Meta(ge=7, le=12)] = 9
    power_dbm: Annotated[int, Meta(ge=5, le=22)] = 22
    antenna_gain_dbi: Annotated[float, Meta(ge=-10, le=20)] | None = None
    cable_loss_db: Annotated[float, Meta(ge=0, le=20)] = 0.0
    heartbeat_s: Annotated[int, Meta(ge=5, le=3600)] = 300
    full_s: Annotated[int, Meta(ge=5, le=86400)] = 3600

    def spec(self) -> CpSpec:
        """Return what provisioning wants to know of the coordinating point."""
        return CpSpec(
            slug=self.cp,
            number=self.cp_number,
            region=self.region,
            name=self.cp_name,
            region_name=self.region_name,
            gateway_id=self.gateway_id,
            modem_port=self.modem_port,
            antenna_gain_dbi=self.antenna_gain_dbi,
            cable_loss_db=self.cable_loss_db,
        )

    def phy(self) -> dict[str, int | str]:
        """Return the words of the physical layer for every radio."""
        radio = RadioConfig(port="-", frequency_hz=self.frequency_hz, sf=self.sf, power_dbm=self.power_dbm)
        return radio.phy()


def load(folder: Path) -> StationConfig:
    """Read a station's settings. Raises ConfigError with file, line and key."""
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        cure = f"Make a station: nsp provision LIST --station {folder} --region R --cp C --cp-number N"
        raise ConfigError(path, "", "is not there", cure) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, "", f"cannot be read ({error})", "Check the file.") from error
    try:
        return msgspec.convert(tomllib.loads(text), StationConfig)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            path, "", f"is not TOML: {error}", "Correct the line.", tomlplace.syntax(error)
        ) from error
    except msgspec.ValidationError as error:
        place = tomlplace.Place.of(str(error), StationConfig)
        raise ConfigError(
            path, place.key, place.expected, place.cure, tomlplace.line(text, place.key)
        ) from error


def checked(folder: Path, given: dict[str, Any]) -> StationConfig:
    """Return a new station's settings. Raises ConfigError when one is missing or wrong."""
    path = folder / FILE
    try:
        return msgspec.convert(
            {key: value for key, value in given.items() if value is not None}, StationConfig
        )
    except msgspec.ValidationError as error:
        place = tomlplace.Place.of(str(error), StationConfig)
        option = "--" + place.key.replace("_", "-") if place.key else ""
        raise ConfigError(
            path, option, place.expected, "A new station needs --region, --cp and --cp-number."
        ) from error


def write(folder: Path, config: StationConfig) -> None:
    """Write a new station's settings. Raises FolderError."""
    put(folder / FILE, toml_text.table("", structs.asdict(config)).encode())


def same(folder: Path, given: dict[str, Any]) -> None:
    """Refuse words that do not fit the station that is there. Raises ConfigError."""
    config = structs.asdict(load(folder))
    for name, value in given.items():
        if value is not None and value != config[name]:
            cure = f"This station is that one; for {value} make another folder."
            raise ConfigError(folder / FILE, name, f"is {config[name]!r}, not {value!r}", cure)
