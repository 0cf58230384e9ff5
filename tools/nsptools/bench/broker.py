"""The MQTT broker inside the demo: amqtt, on loopback only, open to whoever is on this machine.

MQTT 3.1.1, without expiry and without memory: good enough to look at, never for the field.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
from functools import partial

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker

_LISTENER = "default"
# amqtt tells its whole life; what matters of it reaches the caller as an exception.
_TALKATIVE = ("amqtt", "transitions")
_log = logging.getLogger(__name__)


class BrokerStartError(Exception):
    """The demo's broker cannot start; the text says why."""


class PortInUse(BrokerStartError):
    """Something else listens on the port that was asked for."""

    def __init__(self, host: str, port: int) -> None:
        self.port = port
        super().__init__(f"port {port} on {host} is already in use")


class EmbeddedBroker:
    """A broker on ``host`` (a loopback address) and ``port`` (0 = any free one).

    ``port`` holds the real one once ``start`` has returned.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Raise BrokerStartError for an address that other machines can reach: there is no login."""
        if not _is_loopback(host):
            raise BrokerStartError(f"{host} is no loopback address; the demo's broker has no login")
        self.host = host
        self.port = port
        self._broker: Broker | None = None
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Future[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen. Raises PortInUse, or BrokerStartError for another refusal of the system."""
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        broker = Broker(
            {
                # We listen ourselves: a taken port is then an error with a number, and 0 can be asked for.
                "listeners": {_LISTENER: {"type": "external"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )
        try:
            server = await asyncio.start_server(
                partial(self._serve, broker), self.host, self.port, start_serving=False
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(self.host, self.port) from error
            raise BrokerStartError(f"cannot listen on {self.host}:{self.port}: {error.strerror}") from error
        await broker.start()
        await server.start_serving()
        self.port = server.sockets[0].getsockname()[1]
        self._broker, self._server = broker, server

    async def stop(self) -> None:
        """Drop every client and free the port. Safe to call twice."""
        if self._broker is None or self._server is None:
            return
        broker, server = self._broker, self._server
        self._broker = self._server = None
        server.close()
        await broker.shutdown()
        # A stranger that never said CONNECT: amqtt would wait for it for ever.
        for writer in self._clients.values():
            writer.transport.abort()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await server.wait_closed()

    async def _serve(
        self, broker: Broker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.ensure_future(
            broker.external_connected(StreamReaderAdapter(reader), StreamWriterAdapter(writer), _LISTENER)
        )
        self._clients[task] = writer
        try:
            await task
        except Exception as error:  # noqa: BLE001 - supervised here: one client's end, whatever amqtt made of it
            # Seen: RuntimeError, when one client connects while another subscribes. Clients reconnect.
            _log.debug("client dropped: %r", error)
        finally:
            del self._clients[task]
            writer.close()  # amqtt leaves the socket of a stranger open


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
