"""Sections of gateway.toml beside radio and brokers; each may be left out. Pure."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

Port = Annotated[int, Meta(ge=1, le=65535)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
# Ids of roles.toml that a person can have.
PersonRole = Literal[
    "meekijker",
    "cp_medewerker",
    "cp_coordinator",
    "cp_logistiek",
    "cp_techniek",
    "gemeente",
    "communicatie",
    "oefenleiding",
    "archief",
]
# What a client on MQTT may be allowed to ask.
Right = Literal[
    "acknowledge", "shelve", "stop", "fuel", "delivery", "deployment", "backfill", "bulletin", "test"
]


class ClientConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A client that may send commands over a broker: its account there, the role it acts in, and its rights."""

    name: Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
    role: str
    may: tuple[Right, ...] = ()


class PageConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the page is served: at one address of ours, or at all of them ("0.0.0.0", "::"); ``port`` 0 = any free one.

    ``certificate`` and ``private_key``: PEM files; the page answers to the names in the certificate, and outside
    a demo over TLS only. ``second_factor``: roles of which a password alone is not enough.
    """

    listen: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8443
    certificate: Path | None = None
    private_key: Path | None = None
    language: Literal["nl", "en"] = "nl"
    second_factor: tuple[PersonRole, ...] = ("cp_techniek", "cp_coordinator")

    def __post_init__(self) -> None:
        try:
            ipaddress.ip_address(self.listen)
        except ValueError:
            raise ValueError(f"listen: {self.listen!r} must be an IP address, not a name") from None
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key belong together: give both, or neither")


class ForwarderConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A LoRaWAN concentrator's UDP packet forwarder as radio, in the place of a modem.

    ``host``: the address of ours that it sends to, never all of them. Only the gateways with these
    EUIs (16 hexadecimal digits), at these addresses, are heard.
    """

    host: Annotated[str, Meta(pattern=r"^(?!0\.0\.0\.0$|::$).+")]
    port: Port = 1700
    euis: Annotated[tuple[Annotated[str, Meta(pattern="^[0-9a-f]{16}$")], ...], Meta(min_length=1)]
    addresses: Annotated[tuple[str, ...], Meta(min_length=1)]
    most_per_s: Annotated[int, Meta(ge=1, le=1000)] = 50

    def __post_init__(self) -> None:
        for name, text in (("host", self.host), *(("addresses", one) for one in self.addresses)):
            try:
                ipaddress.ip_address(text)
            except ValueError:
                raise ValueError(f"{name}: {text!r} must be an IP address, not a name") from None


class RetentionConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long history is kept while no hold is on it, and how much disk it may take, in megabytes.

    Below ``free_mb`` of free disk the gateway begins to let go of what it can best miss. ``personal_days``: how long
    names, notes and what was typed in calls for help are kept, None = until the region empties the folder.
    """

    days: Annotated[int, Meta(ge=1, le=36500)] = 365
    most_mb: Annotated[int, Meta(ge=16)] = 4000
    free_mb: Annotated[int, Meta(ge=16)] = 200
    # Less would take the log of an incident away that nobody has activated anything for.
    personal_days: Annotated[int, Meta(ge=30, le=36500)] | None = None


class UpsConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The coordinating point's supply, as Network UPS Tools (upsd) tells it."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]+$")]
    host: str = "127.0.0.1"
    port: Port = 3493


class RelayConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An output that is held while all is well: a lamp and a buzzer on its resting contact sound when it is let go.

    ``chip`` and ``line``: of the GPIO character device. ``sounds``: priorities that sound until they are seen.
    ``second_place``: it stands in another room, and sounds for calls for help alone that wait too long for a person.
    """

    chip: Path = Path("/dev/gpiochip0")
    line: Annotated[int, Meta(ge=0, le=511)]
    active_low: bool = False
    sounds: tuple[Literal["critical", "high", "medium", "low"], ...] = ("critical",)
    second_place: bool = False


class AlertTestConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The daily test of the whole alarm path; ``at``: local time, HH:MM.

    ``within_s``: it has to be heard of by then, on the wall; a kit is asked again and again meanwhile.
    """

    at: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "10:00"
    within_s: Annotated[float, Meta(gt=0)] = 300.0


class MapConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A picture under the map: ``picture``, a PNG file with north up, and the degrees at which its edges lie."""

    picture: Path
    north: Latitude
    south: Latitude
    west: Longitude
    east: Longitude

    def __post_init__(self) -> None:
        if self.north <= self.south or self.east <= self.west:
            raise ValueError("north must lie north of south, and east to the east of west")


class RefuelConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many hours the fuel has to reach: what the refuel list asks for."""

    hours: Annotated[float, Meta(gt=0, le=336)] = 24.0
