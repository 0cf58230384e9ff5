"""One connection to an MQTT broker, and the secrets it needs."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Never

import aiomqtt
import structlog
from paho.mqtt.client import Client, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from nspgateway import mqtt_packets, tls
from nspgateway.config import BrokerConfig
from nspgateway.errors import ConfigError
from nspgateway.messages import OutboxMessage
from nspgateway.mqtt_socket import connected

# To reach a broker, with TLS; then its CONNACK has the deadline of any answer.
_CONNECT_S = 5.0
# What a stopping gateway waits at most for paho's thread, and for the broker to hear a goodbye.
_MOMENT_S = 0.5
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux only
# Read from a broker in one go.
_MOST_BYTES = 4096
# Reason codes from here on say no.
_REFUSED = 0x80


_log = structlog.get_logger()


class RefusedByBroker(Exception):
    """The broker has the message and does not want it; the text is its word for why."""


class BrokerClient(aiomqtt.Client):
    """aiomqtt's client, which tells at once when the link is gone or the broker says no.

    By itself aiomqtt lets a publish wait for its deadline when the link has gone,
    and takes every PUBACK for a yes, though in MQTT 5 it may be a refusal.
    """

    def __init__(self, host: str, port: int, tls_context: ssl.SSLContext | None, **options: Any) -> None:
        super().__init__(host, port, tls_context=tls_context, **options)
        self._address = (host, port, tls_context)
        self._own_socket: socket.socket | None = None
        self._written = asyncio.Event()
        self._answers: dict[int, Callable[[str], None]] = {}
        self._parcel: list[bytes] = []
        self._thread = threading.get_ident()
        self._v5 = options.get("protocol") is aiomqtt.ProtocolVersion.V5
        # paho has no door for this either.
        self._other_answer = self._client._handle_pubackcomp  # noqa: SLF001 - see mqtt_packets
        # What came in one go and paho has not taken yet: by itself it asks the system three times for each packet.
        self._received = bytearray()
        self._receive_more = self._client._sock_recv  # noqa: SLF001 - as above
        self._client._sock_recv = self._receive  # type: ignore[method-assign,assignment] # noqa: SLF001 - as above
        self._read_one = self._client.loop_read
        self._client.loop_read = self._read  # type: ignore[method-assign] # as paho's is called by aiomqtt
        self._client._handle_pubackcomp = self._note_puback  # type: ignore[method-assign,assignment] # noqa: SLF001 - as above

    async def reach(self) -> None:
        """Connect the socket that paho is then to use. Raises MqttError."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                sock = await connected(*self._address)
        except TimeoutError:
            raise aiomqtt.MqttError(f"no connection within {_CONNECT_S:g} s") from None
        except OSError as error:  # ssl.SSLError is one
            raise aiomqtt.MqttError(str(error)) from None
        self._own_socket = sock
        # paho has no door for a socket that is connected already; its version is pinned.
        self._client._create_socket = lambda: sock  # type: ignore[method-assign] # noqa: SLF001 - as said above

    async def written(self, within_s: float) -> None:
        """Return once paho's thread has written its CONNECT, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._written.wait()

    async def lost(self) -> Never:
        """Wait for the end of the connection; raises MqttError."""
        async for _ in self.messages:
            pass  # nothing is subscribed to
        raise aiomqtt.MqttError("disconnected")

    async def deliver(self, message: OutboxMessage, expiry_s: int | None) -> None:
        """Publish with QoS 1; return when the broker has it. Raises MqttError or RefusedByBroker."""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def settle(refusal: str) -> None:
            if not answer.done():
                answer.set_result(refusal)

        self.post(message, expiry_s, settle)
        refusal = await answer
        if refusal:
            raise RefusedByBroker(refusal)

    def post(self, message: OutboxMessage, expiry_s: int | None, on_answer: Callable[[str], None]) -> None:
        """Publish with QoS 1; ``on_answer`` hears the broker's word for why not, "" = it has it. Raises MqttError.

        It hears nothing when the connection ends first. ``expiry_s``: of a retained message at the broker.
        What is posted in one turn of the event loop leaves in one piece.
        """
        client = self._client
        if client.socket() is None:
            raise aiomqtt.MqttCodeError(MQTTErrorCode.MQTT_ERR_NO_CONN, "could not publish")
        number = client._mid_generate()  # noqa: SLF001 - see mqtt_packets: paho's own way costs too much
        self._answers[number] = on_answer
        if not self._parcel:
            self._loop.call_soon(self._hand_over)
        self._parcel.append(
            mqtt_packets.publish(
                message.topic, message.payload, number, expiry_s, retain=message.retain, v5=self._v5
            )
        )

    def _hand_over(self) -> None:
        """Give paho what was posted, to write it as it writes all else: over TLS, and in pieces where it must."""
        data = b"".join(self._parcel)
        self._parcel.clear()
        if self._client.socket() is not None:
            self._client._packet_queue(mqtt_packets.PUBLISH, data, 0, 1)  # noqa: SLF001 - as above

    def _read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read all that is there. By itself paho reads one packet each time that the socket is ready."""
        while True:
            code = self._read_one(max_packets)
            if code == MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._take_answers()
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS or not self._received:
                return code

    def _receive(self, size: int) -> bytes:
        """Return at most so many bytes of what has come, b"" at the end of the connection. BlockingIOError: nothing has."""
        if not self._received:
            self._received += self._receive_more(_MOST_BYTES)
            self._acknowledge_at_once()
        piece = bytes(self._received[:size])
        del self._received[:size]
        return piece

    def _take_answers(self) -> None:
        """Hear the answers to a ``post`` that have come whole; paho hears of the first other packet and of its own."""
        if self._client._in_packet["command"]:  # noqa: SLF001 - as above: it is in the middle of a packet
            return
        while found := mqtt_packets.whole_puback(self._received):
            number, code, length = found
            if number not in self._answers:
                return
            del self._received[:length]
            self._settle(number, code)

    def _note_puback(self, packet: Literal["PUBACK", "PUBCOMP"]) -> MQTTErrorCode:
        """Hear the broker's answer to a ``post``; paho hears of all others."""
        number, code = mqtt_packets.puback(self._client._in_packet["packet"])  # noqa: SLF001 - as above
        if packet != "PUBACK" or number not in self._answers:
            return self._other_answer(packet)
        self._settle(number, code)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _settle(self, number: int, code: int) -> None:
        refusal = str(ReasonCode(PacketTypes.PUBACK, identifier=code)) if code >= _REFUSED else ""
        self._answers.pop(number)(refusal)

    def _acknowledge_at_once(self) -> None:
        """Let TCP not wait 40 ms for something to send its acknowledgement with: by default a broker waits for that."""
        sock = self._own_socket
        if sock is not None and _QUICKACK is not None:
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    async def close(self) -> None:
        """Disconnect if still connected; never raises."""
        with suppress(aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(_MOMENT_S):
                await self.__aexit__(None, None, None)
        self.abandon()

    def abandon(self) -> None:
        """Close the socket, whatever became of the connection, without a word to the broker."""
        self._client._sock_close()  # noqa: SLF001 - paho's own way out waits until DISCONNECT is written
        if self._own_socket is not None:
            self._own_socket.close()
        if self._disconnected.done():
            # Take notice of how the link ended, else asyncio logs an exception that nobody asked for.
            self._disconnected.exception()

    def _client_connect(self) -> None:
        """As in aiomqtt, in its thread; what is new is that one can wait for its end."""
        try:
            super()._client_connect()
        finally:
            self._loop.call_soon_threadsafe(self._written.set)

    def _on_disconnect(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        """As in aiomqtt; and a broker that hangs up before its CONNACK is not waited for."""
        super()._on_disconnect(client, userdata, flags, reason_code, properties)
        self._loop.call_soon_threadsafe(self._give_up_connecting)

    def _give_up_connecting(self) -> None:
        if not self._connected.done():
            self._connected.set_exception(
                aiomqtt.MqttError("the broker hangs up without a word; does it want another certificate?")
            )

    def _on_publish(
        self, client: Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        """As in aiomqtt for what its ``publish`` sent; it takes a no for a yes, so that is told here."""
        if reason_code.is_failure:
            _log.warning("message refused by the broker", reason=str(reason_code))
        super()._on_publish(client, userdata, mid, reason_code, properties)

    def _on_socket_register_write(self, client: Client, userdata: Any, sock: Any) -> None:  # noqa: ARG002 - paho's
        """As in aiomqtt; but first it is tried to write, which nearly always is all there is to it."""
        if threading.get_ident() == self._thread:
            self._loop.call_soon(self._write, client, sock)
        else:
            self._loop.call_soon_threadsafe(self._write, client, sock)

    def _write(self, client: Client, sock: Any) -> None:
        try:
            client.loop_write()
        except Exception as error:  # noqa: BLE001 - as in aiomqtt: whatever it is, the connection is no more
            if not self._disconnected.done():
                self._disconnected.set_exception(error)
            return
        # Closed meanwhile, its number may be another file's by then, of which we would be told for ever.
        if client.want_write() and sock.fileno() >= 0:
            self._loop.add_writer(sock.fileno(), self._write, client, sock)


@asynccontextmanager
async def opened(client: BrokerClient) -> AsyncIterator[None]:
    """Connect, and disconnect at the end, also when cancelled half-way. Raises MqttError."""
    await client.reach()
    opening = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(opening)
    except aiomqtt.MqttError as error:
        client.abandon()
        if isinstance(error.__context__, TimeoutError):
            # Seen with brokers of MQTT 3.1.1, which wait for the rest of what they misread.
            raise aiomqtt.MqttError(
                "no answer to CONNECT; is it a broker, and of this MQTT version?"
            ) from None
        raise
    except asyncio.CancelledError:
        # Not before paho's thread is done: it would give the event loop a socket that is closed.
        await client.written(_MOMENT_S)
        opening.cancel()
        await asyncio.wait([opening])
        client.abandon()
        raise
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
        tls.check_private(path)
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            path, "", f"the password cannot be read ({error})", "Check the path and whose file it is."
        ) from error


def tls_context(broker: BrokerConfig) -> ssl.SSLContext | None:
    """Return how to check the broker's certificate, and what to show of ours; None = no TLS.

    Raises ConfigError.
    """
    if broker.ca is None:
        return None
    try:
        context = ssl.create_default_context(cafile=broker.ca)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            broker.ca, "", f"no usable certificate ({error})", "Give the CA's certificate as PEM."
        ) from error
    if broker.certificate is not None and broker.private_key is not None:
        tls.show(context, broker.certificate, broker.private_key)
    return context


def is_loopback(host: str) -> bool:
    """Return whether what is sent to ``host`` stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
