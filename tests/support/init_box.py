"""A box as ``nsp gateway init`` makes it, its broker in a real Mosquitto, and connections with its accounts."""

import asyncio
import hashlib
import socket
import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import aiomqtt

from mqtt_peers import Mosquitto
from nspgateway.config import BrokerConfig, load_gateway
from nspgateway.config_parts import ClientConfig
from nspgateway.init import box
from nspgateway.init.files import Layout
from nspgateway.init.gateway_toml import Wanted
from nspgateway.messages import OutboxMessage
from nspgateway.mqtt_client import BrokerClient, opened, tls_context
from patience import PATIENCE_S
from ports import free_port

REGION, CP = "rijnmond", "brandweer"
SCREEN = ClientConfig(name="screen", role="cp_coordinator", may=("acknowledge", "shelve"))
NODERED = ClientConfig(name="nodered", role="cp_techniek", may=("backfill",))
BRIDGE = ClientConfig(name="bridge", role="cp_medewerker")


def wanted(folder: Path, **more: Any) -> Wanted:
    """What the tests ask of a box, with free ports."""
    options = {
        "region": REGION,
        "region_name": "Veiligheidsregio Rijnmond",
        "cp": CP,
        "cp_name": 'De "oude" kazerne',
        "cp_number": 3,
        "points": folder / "points.toml",
        "keys": folder / "keys.db",
        "passphrase_file": folder / "passphrase",
        "data": folder.parent / "data",
        "modem": str(folder.parent / "no-modem"),
        "hosts": ("nsp-box.lan", "192.168.1.10"),
        "clients": (SCREEN, NODERED, BRIDGE),
        "port": free_port(),
        "gateway_port": free_port(),
        "broker_data": folder.parent,
        **more,
    }
    return Wanted(**options)


class InitBox:
    """A new box in ``folder`` / "box"."""

    def __init__(self, folder: Path, at: datetime | None = None, **more: Any) -> None:
        self.layout = Layout(folder / "box")
        self.wanted = wanted(self.layout.folder, **more)
        box.create(self.layout, self.wanted, at or datetime.now(UTC))

    @property
    def broker(self) -> BrokerConfig:
        """The gateway's own way to the broker."""
        return load_gateway(self.layout.config).broker[0]

    def password(self, client: str) -> str:
        return self.layout.password(client).read_text().strip()

    def account(self, client: str, **more: Any) -> "Account":
        """A connection with a client's account, as the client would make it."""
        return Account(
            self.wanted.port,
            **{"tls": self.trust(), "username": client, "password": self.password(client)} | more,
        )

    def gateway(self) -> "Account":
        """A connection as the gateway's."""
        return Account(self.wanted.gateway_port, tls=tls_context(self.broker))

    def trust(self) -> ssl.SSLContext:
        """Trust in this box's CA alone."""
        return ssl.create_default_context(cafile=self.layout.ca)


class InitMosquitto(Mosquitto):
    """Mosquitto on the configuration that was made, but for the user it runs as."""

    def __init__(self, made: InitBox) -> None:
        self.port = made.wanted.port
        self._gateway_port = made.wanted.gateway_port
        self._log = made.layout.folder.parent / "mosquitto.log"
        self._config = made.layout.folder.parent / "mosquitto.conf"
        self._made = made.layout.broker / "mosquitto.conf"
        self._process = None

    def _spawn(self) -> Any:
        # user root: started by root it would drop to a user who cannot read this folder.
        self._config.write_text(f"{self._made.read_text()}user root\n")
        return super()._spawn()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return super()._listens() and probe.connect_ex(("127.0.0.1", self._gateway_port)) == 0

    @property
    def log(self) -> str:
        return self._log.read_text()


class Account:
    """One connection, which asks for everything under nsp/ and remembers what it is given."""

    def __init__(self, port: int, *, tls: ssl.SSLContext | None, **login: Any) -> None:
        options = {"identifier": login.get("username", "test"), "timeout": PATIENCE_S, **login}
        self._client = BrokerClient("127.0.0.1", port, tls, protocol=aiomqtt.ProtocolVersion.V5, **options)
        self._stack = AsyncExitStack()
        self.heard: list[tuple[str, bytes]] = []

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(opened(self._client))
        await self._client.subscribe("nsp/#", qos=0)
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._stack.aclose()

    @property
    def lost(self) -> bool:
        """Whether the broker has ended this connection."""
        return self._task.done()

    async def say(self, topic: str, payload: bytes = b"1") -> None:
        """Publish under nsp/v1/<region>/ and wait for the broker's answer; RefusedByBroker when it says no."""
        message = OutboxMessage(f"nsp/v1/{REGION}/{topic}", payload, False, None, datetime.now(UTC))
        async with asyncio.timeout(PATIENCE_S):
            await self._client.deliver(message, None)

    async def _listen(self) -> None:
        try:
            async for message in self._client.messages:
                self.heard.append(
                    (str(message.topic).removeprefix(f"nsp/v1/{REGION}/"), bytes(message.payload))
                )
        except aiomqtt.MqttError:
            pass  # the test asks


def tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time of change and hash of everything in a folder."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    }
