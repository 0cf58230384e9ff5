"""One connection to an MQTT broker, and the secrets it needs."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Never

import aiomqtt
from paho.mqtt.client import Client
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from nspgateway.config import BrokerConfig
from nspgateway.errors import ConfigError


class BrokerClient(aiomqtt.Client):
    """aiomqtt's client, which tells at once when the link is gone or the broker says no.

    By itself aiomqtt lets a publish wait for its deadline when the link has gone,
    and takes every PUBACK for a yes, though in MQTT 5 it may be a refusal.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._refusal: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def lost(self) -> Never:
        """Wait for the end of the connection; raises MqttError."""
        async for _ in self.messages:
            pass  # we subscribe to nothing
        raise aiomqtt.MqttError("disconnected")

    async def refused(self) -> Never:
        """Wait until the broker refuses a message; raises MqttError with its words."""
        reason = await self._refusal
        raise aiomqtt.MqttError(f"the broker refuses a message: {reason}")

    async def close(self) -> None:
        """Disconnect if still connected; never raises."""
        with suppress(aiomqtt.MqttError):
            await self.__aexit__(None, None, None)
        self._look_at_end()

    def abandon(self) -> None:
        """Close the socket of a connection that did not come about; aiomqtt leaves it open."""
        self._client.disconnect()
        self._look_at_end()

    def _look_at_end(self) -> None:
        """Take notice of how the link ended, else asyncio logs an exception that nobody asked for."""
        if self._disconnected.done():
            self._disconnected.exception()

    def _on_publish(
        self, client: Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        if not reason_code.is_failure:
            super()._on_publish(client, userdata, mid, reason_code, properties)
        elif not self._refusal.done():
            self._refusal.set_result(str(reason_code))


@asynccontextmanager
async def opened(client: BrokerClient) -> AsyncIterator[None]:
    """Connect, and disconnect at the end, also when cancelled half-way.

    paho connects in a thread that nothing can interrupt: a cancelled start waits
    for it (paho's limit is 5 s), else its socket would be left on the event loop.
    """
    opening = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(opening)
    except aiomqtt.MqttError as error:
        if isinstance(error.__context__, TimeoutError):
            # Seen with brokers of MQTT 3.1.1, which wait for the rest of what they misread.
            raise aiomqtt.MqttError(
                "no answer to CONNECT; is it a broker, and of this MQTT version?"
            ) from None
        raise
    except asyncio.CancelledError:
        with suppress(aiomqtt.MqttError):
            await opening
            await client.close()
        raise
    finally:
        if opening.done() and opening.exception() is not None:
            client.abandon()
    try:
        yield
    finally:
        await client.close()


def read_secret(path: Path | None) -> str | None:
    """Return the password in a file (its last line break is not part of it); None = no file.

    Raises ConfigError when it cannot be read, or when others than its owner can.
    """
    if path is None:
        return None
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(path, "", "others can read this password", f"Run: chmod 600 {path}")
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            path, "", f"the password cannot be read ({error})", "Check the path and whose file it is."
        ) from error


def tls_context(broker: BrokerConfig) -> ssl.SSLContext | None:
    """Return how to check the broker's certificate; None = no TLS. Raises ConfigError."""
    if broker.ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=broker.ca)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            broker.ca, "", f"no usable certificate ({error})", "Give the CA's certificate as PEM."
        ) from error


def is_loopback(host: str) -> bool:
    """Return whether what is sent to ``host`` stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
