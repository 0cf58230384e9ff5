"""Makes a box's folder, renews its certificates, adds and withdraws its clients.

What exists is never overwritten: a second ``create`` refuses. Secrets go into files of
mode 0600 in folders of mode 0700, and nowhere else; none is returned.
"""

from __future__ import annotations

import os
import pwd
import re
import tempfile
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from nspgateway.config import BrokerConfig, GatewayConfig, load_gateway
from nspgateway.config_parts import ClientConfig
from nspgateway.errors import ConfigError
from nspgateway.init import authority, broker_files, gateway_toml, passwords
from nspgateway.init.authority import OWN_HOSTS, Authority
from nspgateway.init.files import PUBLIC, InitError, Layout, put, put_folder, read_private, read_public, told
from nspgateway.init.gateway_toml import Wanted
from nspgateway.keys import read_passphrase
from nspgateway.weak import WEAKNESSES, weakness

BROKER_NAME = "local"
# Before this program existed: a box whose clock says so has no clock yet.
_SANE = datetime(2026, 1, 1, tzinfo=UTC)
_ROLES = Path(__file__).parents[1] / "roles.toml"
_INSIDE_ONLY = re.compile(r"^(listener \d+) 127\.0\.0\.1$", re.MULTILINE)


def create(layout: Layout, wanted: Wanted, at: datetime) -> None:
    """Make all files in ``layout.folder``. Raises InitError, ConfigError or AuthorityError, then nothing is made."""
    if there := layout.made():
        raise InitError(f"{there[0]}: exists already. Nothing was changed; see `nsp gateway init --renew`.")
    _require_clock(at)
    hosts = [authority.checked_host(host) for host in wanted.hosts]
    for number, client in enumerate(wanted.clients):
        _check_client(client, wanted.clients[:number])
    _check_provisioned(wanted)
    text = gateway_toml.gateway_toml(wanted, layout.folder)
    config = _checked(text, layout.config)
    _make_folder(layout.folder)

    ca = Authority.create(config.region, config.cp, hosts, at)
    server_key, gateway_key, page_key = (authority.new_key() for _ in range(3))
    drawn = {client.name: passwords.new_password() for client in wanted.clients}
    put_folder(layout.authority, {layout.ca_key.name: authority.key_pem(ca.key)}, None)
    put(layout.ca, authority.certificate_pem(ca.certificate), PUBLIC)
    shown = ca.client(gateway_key.public_key(), broker_files.GATEWAY_ACCOUNT, at)
    put_folder(
        layout.gateway,
        {
            "gateway.key": authority.key_pem(gateway_key),
            "gateway.pem": authority.certificate_pem(shown),
            "page.key": authority.key_pem(page_key),
            "page.pem": authority.certificate_pem(ca.server(page_key.public_key(), hosts, at)),
        },
        _owner(wanted.gateway_user),
    )
    conf = broker_files.mosquitto_conf(
        layout.broker,
        layout.ca,
        wanted.broker_data,
        outside=bool(hosts),
        port=wanted.port,
        gateway_port=wanted.gateway_port,
    )
    hashes = {name: passwords.hashed(secret, passwords.new_salt()) for name, secret in drawn.items()}
    put_folder(
        layout.broker,
        {
            "server.key": authority.key_pem(server_key),
            "server.pem": authority.certificate_pem(ca.server(server_key.public_key(), hosts, at)),
            "accounts": broker_files.accounts(hashes).encode(),
            "rights": broker_files.rights(config.region, config.cp, wanted.clients).encode(),
            "mosquitto.conf": conf.encode(),
        },
        _owner(wanted.broker_user),
    )
    waiting = {layout.password(name).name: f"{secret}\n".encode() for name, secret in drawn.items()}
    put_folder(layout.clients, waiting, None)
    # Last: a folder without it was not finished.
    put(layout.config, text.encode(), PUBLIC)


def renew(layout: Layout, at: datetime, hosts: Sequence[str] = ()) -> None:
    """Make new certificates for broker, gateway and page, ``hosts`` added; the CA and all keys stay.

    One file is replaced for each, whole: a cut half-way leaves the old one or the new.
    """
    _require_clock(at)
    _require_made(layout)
    ca = Authority.load(read_public(layout.ca), read_private(layout.ca_key))
    files = (layout.broker / "server.pem", layout.gateway / "page.pem", layout.gateway / "gateway.pem")
    keys = [authority.load_key(read_private(file.with_suffix(".key"))).public_key() for file in files]
    had = authority.hosts_of(authority.load_certificate(read_public(files[0])))
    everyone = tuple(dict.fromkeys((*had, *map(authority.checked_host, hosts))))
    made = [ca.server(key, everyone, at) for key in keys[:2]]
    made.append(ca.client(keys[2], broker_files.GATEWAY_ACCOUNT, at))
    for file, certificate in zip(files, made, strict=True):
        put(file, authority.certificate_pem(certificate))
    if set(had) <= set(OWN_HOSTS) < set(everyone):
        # Until now nobody outside was to reach broker and page, so they listen inside only.
        conf = layout.broker / "mosquitto.conf"
        put(conf, _INSIDE_ONLY.sub(r"\1", read_public(conf).decode(), count=1).encode())
        put(layout.config, gateway_toml.outside(read_public(layout.config).decode()).encode(), PUBLIC)


def certificates(layout: Layout) -> dict[str, x509.Certificate]:
    """Return the certificates of CA, broker, gateway and page by these names. Raises InitError."""
    files = {
        "CA": layout.ca,
        "broker": layout.broker / "server.pem",
        "gateway": layout.gateway / "gateway.pem",
        "page": layout.gateway / "page.pem",
    }
    return {name: authority.load_certificate(read_public(path)) for name, path in files.items()}


def add_client(layout: Layout, client: ClientConfig) -> Path:
    """Give a new client an account, its rights and its place in gateway.toml; return its password's file."""
    config, broker = _local_broker(layout)
    _check_client(client, broker.client)
    clients = (*broker.client, client)
    text = _with_clients(layout, clients)
    accounts = layout.broker / "accounts"
    hashes = broker_files.read_accounts(read_private(accounts).decode())
    secret = passwords.new_password()
    hashes[client.name] = passwords.hashed(secret, passwords.new_salt())
    password_file = layout.password(client.name)
    if not layout.clients.exists():  # removed with the last password that was handed over
        put_folder(layout.clients, {}, None)
    put(password_file, f"{secret}\n".encode())
    put(accounts, broker_files.accounts(hashes).encode())
    put(layout.broker / "rights", broker_files.rights(config.region, config.cp, clients).encode())
    put(layout.config, text, PUBLIC)
    return password_file


def remove_client(layout: Layout, name: str) -> None:
    """Take a client's account, rights and place in gateway.toml away. Raises InitError when there is none."""
    config, broker = _local_broker(layout)
    clients = tuple(client for client in broker.client if client.name != name)
    accounts = layout.broker / "accounts"
    hashes = broker_files.read_accounts(read_private(accounts).decode())
    if len(clients) == len(broker.client) and name not in hashes:
        known = ", ".join(client.name for client in broker.client) or "none"
        raise InitError(f"{layout.config}: no client {name!r}. There is: {known}.")
    text = _with_clients(layout, clients)
    hashes.pop(name, None)
    put(accounts, broker_files.accounts(hashes).encode())
    put(layout.broker / "rights", broker_files.rights(config.region, config.cp, clients).encode())
    put(layout.config, text, PUBLIC)
    with told("remove"):
        layout.password(name).unlink(missing_ok=True)


def missing(config: GatewayConfig) -> list[str]:
    """Return what the gateway still needs and what makes it, one line each."""
    needs = (
        (config.keys, "the keys of the kits: provisioning makes them"),
        (config.points, "the support points: provisioning makes it, together with the keys"),
        (config.passphrase_file, "the passphrase that the keys were provisioned with, mode 0600"),
    )
    return [f"{path}: {what}" for path, what in needs if path is not None and not path.exists()]


def _local_broker(layout: Layout) -> tuple[GatewayConfig, BrokerConfig]:
    _require_made(layout)
    config = load_gateway(layout.config)
    for broker in config.broker:
        if broker.name == BROKER_NAME:
            return config, broker
    raise InitError(
        f"{layout.config}: has no broker named {BROKER_NAME!r}. This command keeps the clients of that one."
    )


def _with_clients(layout: Layout, clients: Sequence[ClientConfig]) -> bytes:
    text = gateway_toml.with_clients(read_public(layout.config).decode(), clients)
    if text is None:
        raise InitError(
            f"{layout.config}: the lines between which this command keeps the clients are gone. "
            "Put them back from a backup, below [[broker]] of this box."
        )
    _checked(text, layout.config)
    return text.encode()


def _checked(text: str, file: Path) -> GatewayConfig:
    """Return the settings that the gateway will read from this text. Raises ConfigError that names ``file``."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / file.name
        draft.write_text(text, encoding="utf-8")
        try:
            return load_gateway(draft)
        except ConfigError as error:
            raise ConfigError(file, error.where, error.expected, error.cure) from error


def _check_client(client: ClientConfig, others: Sequence[ClientConfig]) -> None:
    if client.name == broker_files.GATEWAY_ACCOUNT:
        raise InitError(f"client {client.name!r}: that is the gateway's own account. Take another name.")
    if any(client.name == other.name for other in others):
        raise InitError(f"client {client.name!r}: exists already. Remove it first, or take another name.")
    roles = tomllib.loads(_ROLES.read_text(encoding="utf-8"))["nl"]
    if client.role not in roles:
        raise InitError(f"client {client.name!r}: no role {client.role!r}. There is: {', '.join(roles)}.")


def _check_provisioned(wanted: Wanted) -> None:
    """Refuse keys or a passphrase that are there already, but open to others or weak."""
    for path in (wanted.keys, wanted.passphrase_file):
        with told("read"):
            mode = path.stat().st_mode & 0o777 if path.exists() else 0
        if mode & 0o077:
            raise InitError(f"{path}: mode {mode:04o} lets others at a secret. Run: chmod 600 {path}")
    if wanted.passphrase_file.exists():
        reason = weakness(read_passphrase(wanted.passphrase_file))
        if reason is not None:
            raise InitError(
                f"{wanted.passphrase_file}: the passphrase {WEAKNESSES[reason]}. Provision the keys with a better one."
            )


def _require_made(layout: Layout) -> None:
    if not layout.config.exists():
        raise InitError(f"{layout.config}: is not there. Run `nsp gateway init` first, or give --folder.")


def _require_clock(at: datetime) -> None:
    if at < _SANE:
        raise InitError(f"this box's clock says {at:%Y-%m-%d}. Set it first: certificates begin today.")


def _make_folder(folder: Path) -> None:
    with told("make"):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o755)  # whatever the umask: the users of broker and gateway must get through
        mode = folder.stat().st_mode & 0o777
    if mode & 0o022:
        raise InitError(
            f"{folder}: mode {mode:04o} lets others put files in it. Run: chmod go-w {folder}, "
            "or take another folder."
        )


def _owner(user: str) -> int | None:
    """Return the id of a user to whom we can give files; None when we are not root or there is no such user."""
    try:
        return pwd.getpwnam(user).pw_uid if os.geteuid() == 0 else None
    except KeyError:
        return None
