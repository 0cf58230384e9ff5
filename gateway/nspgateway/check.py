"""Looks at everything that the gateway starts from and says all that is wrong with it, not only the first.

What one file makes impossible to look at is not guessed: a gateway.toml that cannot be read hides the rest.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import ssl
import stat
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nspgateway import map_picture, mqtt_client, region
from nspgateway.alarms import load_rules
from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig, GatewayConfig, PointConfig, load_gateway, load_points
from nspgateway.config_parts import PageConfig
from nspgateway.errors import ConfigError, GatewayError
from nspgateway.keys import KeyRegister, read_passphrase
from nspgateway.mqtt_commands import check as check_clients
from nspgateway.mqtt_socket import connected
from nspgateway.ports.chosen import port_of
from nspgateway.secure import days_left, require_secure
from nspgateway.web import serving

# To reach a broker or the UPS.
_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class Report:
    """``well``: what is in order, a line each; ``wrong``: what is not, with its cure."""

    well: tuple[str, ...]
    wrong: tuple[str, ...]


Look = Callable[[], str]


def check(config_file: Path, *, connect: bool = False) -> Report:
    """Look at gateway.toml and all that it names. ``connect``: also whether brokers and UPS can be reached."""
    well: list[str] = []
    wrong: list[str] = []

    def look(at: Look) -> bool:
        try:
            well.append(at())
        except GatewayError as error:
            # Two looks may come across the same file: told once.
            if str(error) not in wrong:
                wrong.append(str(error))
        except OSError as error:
            wrong.append(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        else:
            return True
        return False

    loaded: list[GatewayConfig] = []

    def settings() -> str:
        config = load_gateway(config_file)
        loaded.append(config)
        return f"{config_file}: {config.cp} in {config.region}, brokers {len(config.broker)}"

    if look(settings):
        for at in _looks(config_file, loaded[0], connect=connect):
            look(at)
    else:
        look(_rules)
    return Report(tuple(well), tuple(wrong))


def _looks(config_file: Path, config: GatewayConfig, *, connect: bool) -> Iterator[Look]:
    yield lambda: _radio(config)
    yield lambda: _secure(config_file, config)
    yield lambda: _clients(config_file, config)
    yield lambda: _points(config)
    yield lambda: _keys(config)
    yield _rules
    if config.region_file is not None:
        yield lambda: _region(config)
    if config.map is not None:
        picture = config.map.picture
        yield lambda: f"{picture}: {len(map_picture.read(picture))} bytes to lie under the map"
    yield lambda: _data(config)
    if config.page is None or config.page.certificate is not None:
        yield lambda: _page(config.page)
    if config.radio.hub_port is not None:
        yield _hub
    for broker in config.broker:
        yield partial(_broker, broker)
        if connect:
            yield partial(_reached, broker)
    if config.relay is not None:
        chip = config.relay.chip
        yield lambda: _relay(chip)
    if config.ups is not None and connect:
        host, port = config.ups.host, config.ups.port
        yield lambda: _ups(host, port)


def _radio(config: GatewayConfig) -> str:
    """The radio of these settings, as at the start; whether it is there shows when it runs."""
    port_of(config, lambda _heard: None, Clock())
    radio = config.forwarder
    if radio is None:
        return f"radio: a modem at {config.radio.port}"
    return f"radio: packet forwarders, {len(radio.euis)}, at {radio.host}:{radio.port}"


def _secure(config_file: Path, config: GatewayConfig) -> str:
    require_secure(config_file, config)
    left = days_left(config, Clock().now())
    if left and min(left.values()) < 0:
        file = min(left, key=left.__getitem__)
        raise GatewayError(f"{file}: this certificate has ended. Run: nsp gateway init --renew")
    days = f", certificates good for {min(left.values())} days" if left else ""
    return f"{config_file}: brokers, page and secrets as they must be{days}"


def _clients(config_file: Path, config: GatewayConfig) -> str:
    check_clients(config_file, config)
    return f"{config_file}: clients that may send commands {sum(len(b.client) for b in config.broker)}"


def _points(config: GatewayConfig) -> str:
    points = load_points(config.points, config)
    kits = sum(point.kit_address is not None for point in points)
    return f"{config.points}: points {len(points)}, with a kit {kits}"


def _keys(config: GatewayConfig) -> str:
    if config.passphrase_file is None:
        raise GatewayError(
            f"{config.keys}: no passphrase_file is given. "
            "Outside the demo the key register is encrypted: name the file with its passphrase."
        )
    register = KeyRegister.load(config.keys, read_passphrase(config.passphrase_file))
    known = {key.address for key in register.keys if key.withdrawn is None}
    points: tuple[PointConfig, ...] = ()
    with suppress(ConfigError):  # told by itself
        points = load_points(config.points, config)
    bare = [p.slug for p in points if p.kit_address is not None and p.kit_address not in known]
    if bare:
        # All that such a kit says is refused.
        raise GatewayError(
            f"{config.keys}: no key for the kit of {', '.join(bare)}. "
            "Provision these kits, or correct their kit_address in points.toml."
        )
    return f"{config.keys}: keys in use {len(known)}, each kit has one"


def _hub() -> str:
    if shutil.which("uhubctl", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
        raise GatewayError("radio.hub_port: uhubctl is not installed. Run: apt-get install uhubctl")
    return "radio: the modem's supply can be switched"


def _rules() -> str:
    return f"{len(load_rules())} alarm rules with their texts and roles"


def _region(config: GatewayConfig) -> str:
    found = region.load(config.region_file)
    return f"{config.region_file}: deciders {len(found.decider)}, milestones {len(found.milestone)}"


def _data(config: GatewayConfig) -> str:
    """The data folder, or the nearest one above it, can be written to; one that exists is for its owner."""
    folder = config.data
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise GatewayError(f"{config.data}: {folder} is no folder. Name a folder as data.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise GatewayError(f"{config.data}: this user may not write in {folder}. Give it that right.")
    if folder == config.data and folder.stat().st_mode & 0o077:
        raise GatewayError(f"{config.data}: others can look into this folder. Run: chmod 700 {config.data}")
    return f"{config.data}: can be written"


def _page(page: PageConfig | None) -> str:
    """The page's names, without which browsers refuse it; that it has TLS is looked at with the brokers."""
    if page is None or page.certificate is None:
        return "page: none is served"
    hosts = serving.names(page)
    if not hosts:
        raise GatewayError(
            f"{page.certificate}: names no host, so that browsers refuse it. Run: nsp gateway init --renew --host NAME"
        )
    return f"page: at {page.listen}, port {page.port}, called {', '.join(hosts)}"


def _broker(broker: BrokerConfig) -> str:
    mqtt_client.read_secret(broker.password_file)
    tls = mqtt_client.tls_context(broker)
    if tls is None and broker.password_file is not None and not mqtt_client.is_loopback(broker.host):
        raise GatewayError(
            f"broker {broker.name}: its password would travel unencrypted. Name the broker's ca."
        )
    return f"broker {broker.name}: {'TLS' if tls else 'no TLS'}, {broker.host}:{broker.port}"


def _reached(broker: BrokerConfig) -> str:
    async def reach() -> None:
        async with asyncio.timeout(_CONNECT_S):
            sock = await connected(broker.host, broker.port, mqtt_client.tls_context(broker))
        sock.close()

    _attempt(
        reach, f"broker {broker.name} at {broker.host}:{broker.port}", "Is it on, and is this its address?"
    )
    return f"broker {broker.name}: answers"


def _ups(host: str, port: int) -> str:
    async def reach() -> None:
        async with asyncio.timeout(_CONNECT_S):
            _reader, writer = await asyncio.open_connection(host, port)
        writer.close()

    _attempt(reach, f"ups at {host}:{port}", "Is upsd running there?")
    return "ups: upsd answers"


def _attempt(reach: Callable[[], Coroutine[Any, Any, None]], what: str, cure: str) -> None:
    try:
        asyncio.run(reach())
    except (OSError, TimeoutError) as error:
        why = _why(error) or f"no answer within {_CONNECT_S:g} s"
        raise GatewayError(f"{what}: {why}. {cure}") from error


def _why(error: Exception) -> str:
    """Return the system's words; asyncio's own name the address, those of TLS have no number of the system."""
    if isinstance(error, OSError) and error.errno in errno.errorcode and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno or 0)
    return str(error)


def _relay(chip: Path) -> str:
    if not stat.S_ISCHR(chip.stat().st_mode):
        raise GatewayError(f"{chip}: is no GPIO character device. Name one of those that gpiodetect lists.")
    if not os.access(chip, os.R_OK | os.W_OK):
        raise GatewayError(f"{chip}: this user may not use it. Add it to the group gpio.")
    return f"relay: {chip} can be used"
