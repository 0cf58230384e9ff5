"""Mosquitto's configuration, its list of rights and its list of accounts, as text. Pure.

For Mosquitto 2.0 (mosquitto.conf(5)). Two listeners: the gateway shows a certificate on
a listener of its own that only this machine reaches, everyone else has an account and a
password over TLS. Who floods the second one takes no connection away from the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nspgateway.config_parts import ClientConfig

# The gateway's account: the name in its certificate. No client can have it.
GATEWAY_ACCOUNT = "gateway"
# What any account may read, under nsp/v1/<region>/: nothing with a person's words or name is ever on them.
_READABLE = ("+/state", "+/telemetry", "+/alarm/#", "+/help/#", "+/refuel/#", "+/gateway/#")


def mosquitto_conf(folder: Path, ca: Path, data: Path, *, outside: bool, port: int, gateway_port: int) -> str:
    """Return mosquitto.conf. ``folder``: where Mosquitto's files are; ``data``: where it keeps what it holds.

    ``outside``: whether other machines may reach the listener of accounts.
    """
    return f"""\
# Mosquitto's whole configuration on this box. Made by `nsp gateway init`.
# Nothing is reached without TLS and nobody without an account; there is no port 1883.

per_listener_settings false
allow_anonymous false
password_file {folder / "accounts"}
acl_file {folder / "rights"}
# A small answer does not wait for the next one: by default TCP may keep it for up to 40 ms.
set_tcp_nodelay true

# People's programs: screens, Node-RED, the region's bridge. Account and password.
listener {port}{"" if outside else " 127.0.0.1"}
cafile {ca}
certfile {folder / "server.pem"}
keyfile {folder / "server.key"}
tls_version tlsv1.2
require_certificate false
# An account has one connection; nobody can throw out another by taking its client id.
use_username_as_clientid true
max_connections 100

# The gateway alone, from this machine only, with its certificate.
listener {gateway_port} 127.0.0.1
cafile {ca}
certfile {folder / "server.pem"}
keyfile {folder / "server.key"}
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
max_connections 8

# What was acknowledged is on disk at once, not within half an hour.
persistence true
persistence_location {data}/
autosave_interval 1
autosave_on_changes true
persistent_client_expiration 7d

# One client that is slow, away or broken does not fill the box. What is too long is refused with a
# word, so that the gateway can set it aside; what is absurd ends the connection.
max_inflight_messages 20
max_queued_messages 5000
max_queued_bytes 8388608
message_size_limit 131072
max_packet_size 1048576
memory_limit 134217728

# To the journal of systemd. Never the contents of a message.
log_dest stderr
log_timestamp false
log_type error
log_type warning
log_type notice
connection_messages true
"""


def rights(region: str, cp: str, clients: Sequence[ClientConfig]) -> str:
    """Return Mosquitto's ACL: whoever is not named in it may nothing.

    No patterns for all accounts: an account that is withdrawn must lose everything with its lines.
    """
    root = f"nsp/v1/{region}"
    parts = [
        "# Who may read and write what at the broker. Kept by `nsp gateway client`.\n",
        _user(GATEWAY_ACCOUNT, [f"write {root}/#", f"read {root}/{cp}/command/#"]),
    ]
    for client in clients:
        lines = [f"read {root}/{topic}" for topic in _READABLE]
        if client.may:
            lines += [
                f"write {root}/{cp}/command/{client.name}/#",
                f"read {root}/{cp}/reply/{client.name}/#",
            ]
        parts.append(_user(client.name, lines))
    return "\n".join(parts)


def accounts(hashes: Mapping[str, str]) -> str:
    """Return Mosquitto's password file: name -> hash of each account."""
    return "".join(f"{name}:{hashed}\n" for name, hashed in sorted(hashes.items()))


def read_accounts(text: str) -> dict[str, str]:
    """Return name -> hash of each account in a password file."""
    pairs = (line.partition(":") for line in text.splitlines() if line.strip())
    return {name: hashed for name, _, hashed in pairs}


def _user(name: str, lines: Sequence[str]) -> str:
    return "".join((f"user {name}\n", *(f"topic {line}\n" for line in lines)))
