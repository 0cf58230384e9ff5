"""gateway.toml of a new box, and the lines in it that name the clients. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nspgateway.config_parts import ClientConfig

_BEGIN = "# Clients: kept by `nsp gateway client add` and `remove`; change nothing between here and the end."
_END = "# End of the clients."
_INSIDE = 'listen = "127.0.0.1"'
_EVERYWHERE = 'listen = "0.0.0.0"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asks of a new box. Slugs, names and numbers as gateway.toml has them.

    ``hosts``: names and addresses under which other machines reach it; none = they do not.
    ``gateway_user``, ``broker_user``: who owns their files, where init is run by root.
    """

    region: str
    region_name: str
    cp: str
    cp_name: str
    cp_number: int
    points: Path
    keys: Path
    passphrase_file: Path
    data: Path
    modem: str = "/dev/nsp-modem"
    hosts: tuple[str, ...] = ()
    clients: tuple[ClientConfig, ...] = field(default=())
    port: int = 8883
    gateway_port: int = 8884
    page_port: int = 8443
    broker_data: Path = Path("/var/lib/mosquitto")
    gateway_user: str = "nsp-gateway"
    broker_user: str = "mosquitto"


def gateway_toml(wanted: Wanted, folder: Path) -> str:
    """Return the text of gateway.toml; paths inside ``folder`` are written as from there."""

    def path(place: Path) -> str:
        return _text(place.relative_to(folder) if place.is_relative_to(folder) else place)

    return f"""\
# Settings of this coordinating point's gateway. Made by `nsp gateway init`; change it by hand
# where you need to, and run `nsp gateway check-config` before you start the gateway again.
# No secrets stand in this file, only where they are. A path without / at its front starts here.

region = {_text(wanted.region)}
region_name = {_text(wanted.region_name)}
cp = {_text(wanted.cp)}
cp_name = {_text(wanted.cp_name)}
cp_number = {wanted.cp_number}  # on air: the same in every kit of this coordinating point

# Journal, history and what is still to be sent. Never share it between two gateways.
data = {path(wanted.data)}

# The support points, and the keys of their kits: both come from provisioning.
points = {path(wanted.points)}
keys = {path(wanted.keys)}
# The passphrase of the keys, on the first line of a file that only the gateway's user can read.
passphrase_file = {path(wanted.passphrase_file)}

[radio]
port = {_text(wanted.modem)}
# What the law lets the radio send depends on the antenna; while these are not said, 6 dBi are assumed.
# antenna_gain_dbi = 3.0
# cable_loss_db = 1.0
# Where the modem is plugged in, as uhubctl lists it: lets the gateway switch off a modem that hangs.
# hub_port = "1-1.2"

# The page, over TLS. It answers to the names in its certificate: `nsp gateway init --renew --host NAME` adds one.
[page]
{_EVERYWHERE if wanted.hosts else _INSIDE}  # 0.0.0.0: at all addresses of this box, 127.0.0.1: for itself alone
port = {wanted.page_port}
certificate = "gateway/page.pem"
private_key = "gateway/page.key"
language = "nl"
# Of these roles a password alone is not enough: they also type a code from an app on their telephone.
second_factor = ["cp_techniek", "cp_coordinator"]

# History is kept this long, unless somebody puts a hold on it, within this much disk.
[retention]
days = 365
most_mb = 4000
# Names, notes and what was typed in calls for help end after so many days, once the archive has released the records.
# Without a number here they stay until the region empties this box's data folder.
# personal_days = 365

# The broker on this box. The gateway is known to it by its certificate, not by a password.
[[broker]]
name = "local"
host = "127.0.0.1"
port = {wanted.gateway_port}
ca = "ca.pem"
certificate = "gateway/gateway.pem"
private_key = "gateway/gateway.key"

{_section(wanted.clients)}
# A second broker, for instance the region's, comes here: it has its own [[broker]] with name, host,
# port, ca, username and password_file. What cannot be sent to it waits on disk.
"""


def with_clients(text: str, clients: Sequence[ClientConfig]) -> str | None:
    """Return the file with these clients in the place of those in it; None when their place is not marked."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(f"{_END}\n")
    if not begin or not end:
        return None
    return before + _section(clients) + after


def outside(text: str) -> str:
    """Return the file with the page at all addresses of the box, where it was at its own only."""
    return text.replace(_INSIDE, _EVERYWHERE, 1)


def _section(clients: Sequence[ClientConfig]) -> str:
    tables = (
        f"[[broker.client]]\nname = {_text(client.name)}\nrole = {_text(client.role)}\n"
        f"may = [{', '.join(_text(right) for right in client.may)}]\n"
        for client in clients
    )
    return "".join((f"{_BEGIN}\n", *tables, f"{_END}\n"))


def _text(value: object) -> str:
    # JSON's escapes are all TOML's too; DEL alone is allowed in one and not in the other.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
