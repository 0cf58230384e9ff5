"""Outbox -> MQTT broker: a message leaves the outbox only when the broker has it.

QoS 1, so a message may be delivered twice (the same ``key``), never lost. The
outbox is the only queue: the client library's own dies with its connection.
MQTT 5 in the field, 3.1.1 for brokers that know no better (no expiry there).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import Literal, Protocol

import aiomqtt
import structlog

from nspgateway import messages
from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig
from nspgateway.errors import GatewayError
from nspgateway.messages import OutboxMessage
from nspgateway.mqtt_client import (
    BrokerClient,
    RefusedByBroker,
    is_loopback,
    opened,
    read_secret,
    tls_context,
)
from nspgateway.mqtt_commands import QUEUE, CommandLink, largest_packet
from nspgateway.payloads import Demo, Health
from nspgateway.pump import Pump

LinkState = Literal["online", "offline"]

# Messages on their way at once: what Mosquitto grants a client when nothing else is configured.
WINDOW = 20
# Messages taken from the outbox together, and confirmed to it in one transaction.
BATCH = 200
KEEPALIVE_S = 15
# How often an empty outbox is looked into although nobody called: a wake-up can be lost.
_LOOK_AGAIN_S = 5.0
# How often in the time that an answer may take is looked whether one is overdue.
_LOOKS = 4
# A going gateway does not wait long for a broker to hear it.
_GOODBYE_S = 0.7

_log = structlog.get_logger()
# paho writes to its logger what we report ourselves, with the reason and once.
_paho_log = logging.getLogger("nspgateway.mqtt.paho")
_paho_log.setLevel(logging.CRITICAL)


class Outbox(Protocol):
    """Durable queue of messages; it keeps each one until it is told of its delivery."""

    def next_batch(self, limit: int, without: Collection[str] = ()) -> list[tuple[int, OutboxMessage]]:
        """Return the oldest undelivered messages with their ids, at most ``limit``, in order.

        Those on the topics ``without`` are passed over.
        """

    def delivered(self, ids: Sequence[int]) -> None:
        """Forget these messages."""

    def flush(self) -> None:
        """Let what was to be forgotten be gone, as far as that is possible now."""

    async def wait_new(self) -> None:
        """Return once something was added after the last ``next_batch``."""


class Publisher:
    """One broker's link. ``run`` is its whole life.

    ``state`` and ``reason`` say how the link is; ``on_state`` is called with both
    when they change; a link that is online has a reason while the broker refuses a
    topic: that one waits, the others go on. Counters since the start: ``published``
    (acknowledged by the broker), ``expired`` (dropped unsent: their time was over).
    """

    def __init__(
        self,
        broker: BrokerConfig,
        outbox: Outbox,
        clock: Clock,
        *,
        region: str,
        cp: str,
        on_state: Callable[[LinkState, str], None] | None = None,
        ack_timeout_s: float = 10.0,
        first_delay_s: float = 0.5,
        longest_delay_s: float = 30.0,
        refused_delay_s: float = 60.0,
        health: Callable[[], Health] | None = None,
        demo: bool = False,
        commands: CommandLink | None = None,
        on_drained: Callable[[], None] = lambda: None,
    ) -> None:
        """Raise ConfigError when a file that ``broker`` names cannot be used.

        ``on_drained`` is called each time that the broker has all there was.

        ``commands``: takes those of this broker's clients; None = nothing is subscribed to. ``health``: what the status tells of the gateway itself. ``refused_delay_s``: after so
        long a topic that the broker refused is tried again.
        """
        self.name = broker.name
        self._broker = broker
        self._outbox = outbox
        self._clock = clock
        self._on_state = on_state
        self._ack_timeout_s = ack_timeout_s
        self._delay_s = partial(retry_delay, first_s=first_delay_s, longest_s=longest_delay_s)
        self._stable_s = longest_delay_s
        self._identifier = f"nsp-{region}-{cp}"
        mark = Demo(clock.speed) if demo else None
        self._status = partial(messages.gateway_status, region, cp, demo=mark)
        self._last_will = partial(messages.last_will, region, cp, demo=mark)
        self._health = health or Health
        self._commands = commands
        self._refused_delay_s = refused_delay_s
        self._on_drained = on_drained
        self._refused: dict[str, float] = {}  # topic -> when to try it again
        self._version_5 = broker.protocol == "5"
        self._log = _log.bind(broker=broker.name, address=f"{broker.host}:{broker.port}")
        self.state: LinkState = "offline"
        self.reason = "not connected yet"
        self.published = 0
        self.expired = 0
        password, tls = read_secret(broker.password_file), tls_context(broker)
        if password is not None and tls is None and not is_loopback(broker.host):
            self._log.warning("mqtt password travels unencrypted", cure="name the broker's ca")

    async def run(self) -> None:
        """Publish until cancelled, then say goodbye. Reconnects for ever."""
        failures = 0
        try:
            while True:
                began = self._clock.monotonic()
                reason = ""
                try:
                    await self._connection()
                except* (aiomqtt.MqttError, GatewayError) as group:
                    # GatewayError: a password file that changed, or a full disk under the outbox.
                    reason = _first_reason(group)
                lasted_s = self._clock.monotonic() - began
                failures = 1 if lasted_s >= self._stable_s else failures + 1
                delay_s = self._delay_s(failures, random.random())
                # That there is no route to a broker is said once, and again when there is another reason.
                is_news = not self._broker.optional or (self.state, self.reason) != ("offline", reason)
                self._now("offline", reason)
                if is_news:
                    self._log.warning("mqtt offline", reason=reason, retry_in_s=round(delay_s, 1))
                await self._clock.sleep(delay_s)
        finally:
            self._now("offline", "stopped")

    async def _connection(self) -> None:
        """Live through one connection; raises MqttError or an ExceptionGroup when it ends.

        Not a TaskGroup: on Python 3.11 one that fails while it is being left keeps
        counting its parent as cancelled, and ``run`` is that parent, and goes on.
        """
        client = self._new_client()
        changed = asyncio.Event()
        pump = Pump(
            partial(self._post, client),
            self._left_s,
            self._clock.monotonic,
            WINDOW,
            changed.set,
            self._note_refused,
            self._note_taken,
        )
        async with opened(client):
            tasks = [
                asyncio.create_task(work, name=f"mqtt {self._broker.name} {name}")
                for name, work in (
                    ("lost", self._commands.serve(client) if self._commands else client.lost()),
                    ("outbox", self._work(client, pump, changed)),
                    ("answers", self._watch(pump)),
                )
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                await _end(tasks)
                offline = self._status("offline", self._clock.now(), "stopped")
                with suppress(aiomqtt.MqttError, RefusedByBroker):
                    await self._publish(client, offline, None, _GOODBYE_S)
                raise
            raise ExceptionGroup("mqtt", await _end(tasks))

    def _new_client(self) -> BrokerClient:
        """A client is used for one connection: paho would repeat by itself what it still holds."""
        will = self._last_will(self._clock.now())
        return BrokerClient(
            self._broker.host,
            self._broker.port,
            tls_context(self._broker),
            identifier=self._identifier,
            protocol=aiomqtt.ProtocolVersion.V5 if self._version_5 else aiomqtt.ProtocolVersion.V311,
            # The broker keeps no session of ours: what it has not confirmed is in the outbox.
            clean_session=None if self._version_5 else True,
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=True),
            username=self._broker.username,
            password=read_secret(self._broker.password_file),
            timeout=self._ack_timeout_s,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=QUEUE,
            properties=largest_packet() if self._version_5 and self._commands else None,
            logger=_paho_log,
        )

    async def _work(self, client: BrokerClient, pump: Pump, changed: asyncio.Event) -> None:
        """Say that we are here and how we are, then send what is in the outbox, for ever."""
        self._refused.clear()
        told: Health | None = None
        stepped = self._clock.stepped
        try:
            while True:
                if self._clock.stepped != stepped:
                    # What is on its way keeps its age, as what waits in the outbox does.
                    pump.move(self._clock.stepped - stepped)
                    stepped = self._clock.stepped
                if (health := self._health()) != told:
                    await self._tell(client, health)
                    told = health
                changed.clear()
                self._settle(pump)
                if pump.is_hungry:
                    pump.take(self._outbox.next_batch(BATCH, self._set_aside()))
                pump.fill()
                if pump.in_flight or pump.done:
                    await changed.wait()
                else:
                    self._on_drained()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(min(_LOOK_AGAIN_S, self._refused_delay_s)):
                            await self._outbox.wait_new()
        finally:
            # Also when the link broke half-way: what was confirmed need not go again.
            self._settle(pump)
            self._outbox.flush()

    def _settle(self, pump: Pump) -> None:
        """Let the outbox forget what the broker has, or what is not true any more."""
        self.published += pump.published
        self.expired += pump.expired
        pump.published = pump.expired = 0
        if done := pump.taken_done():
            self._outbox.delivered(done)

    async def _watch(self, pump: Pump) -> None:
        """Wait for the end of the broker's patience; raises MqttError when an answer is overdue."""
        while True:
            await self._clock.sleep(self._ack_timeout_s / _LOOKS)
            if pump.waited_s() >= self._ack_timeout_s:
                raise aiomqtt.MqttError(_no_answer(self._ack_timeout_s))

    def _post(
        self,
        client: BrokerClient,
        message: OutboxMessage,
        left_s: float | None,
        on_answer: Callable[[str], None],
    ) -> None:
        client.post(message, _expiry_s(left_s), on_answer)

    async def _tell(self, client: BrokerClient, health: Health) -> None:
        """Publish the gateway's status, not by way of the outbox: it tells of a full disk too."""
        status = self._status("online", self._clock.now(), "", health=health)
        try:
            await self._publish(client, status, None, self._ack_timeout_s)
        except RefusedByBroker as refused:
            self._note_refused(status.topic, str(refused))
        else:
            self._refused.pop(status.topic, None)
        if self.state != "online":
            self._now("online", self.reason if self._refused else "")
            self._log.info("mqtt online", protocol=self._broker.protocol)

    def _set_aside(self) -> list[str]:
        """Return the topics that the broker refused a short while ago."""
        now = self._clock.monotonic()
        return [topic for topic, again in self._refused.items() if now < again]

    def _note_refused(self, topic: str, refused: str) -> None:
        if topic not in self._refused:
            self._log.warning("mqtt topic refused", topic=topic, reason=refused)
        self._refused[topic] = self._clock.monotonic() + self._refused_delay_s
        self._now("online", f"the broker refuses {topic}: {refused}")

    def _note_taken(self, topic: str) -> None:
        if topic in self._refused:
            del self._refused[topic]
            if not self._refused:
                self._now("online", "")

    def _left_s(self, message: OutboxMessage) -> float | None:
        """Return how long the message is still true, in seconds on the broker's wall; None = no end."""
        if message.expiry_s is None:
            return None
        age_s = (self._clock.now() - message.created).total_seconds()
        if age_s < 0:
            return 0.0  # from before the clock was set back: nobody knows how old it is
        return (message.expiry_s - age_s) / self._clock.speed

    async def _publish(
        self, client: BrokerClient, message: OutboxMessage, left_s: float | None, timeout_s: float
    ) -> None:
        """Send one message and return when the broker has it; else MqttError or RefusedByBroker."""
        try:
            async with asyncio.timeout(timeout_s):
                await client.deliver(message, _expiry_s(left_s))
        except TimeoutError:
            raise aiomqtt.MqttError(_no_answer(timeout_s)) from None
        self.published += 1

    def _now(self, state: LinkState, reason: str) -> None:
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason = state, reason
            if self._on_state is not None:
                self._on_state(state, reason)


def retry_delay(failures: int, chance: float, *, first_s: float, longest_s: float) -> float:
    """Return the seconds to wait after so many failures in a row (from 1).

    Doubles from ``first_s`` up to ``longest_s``; ``chance`` (0 to 1) takes off up
    to half, so that many gateways do not come back to one broker together.
    """
    steps = min(failures - 1, 30)  # far above any limit, far below the range of a float
    return min(longest_s, first_s * 2.0**steps) * (1 - chance / 2)


def _expiry_s(left_s: float | None) -> int | None:
    return None if left_s is None else max(1, int(left_s))


def _no_answer(timeout_s: float) -> str:
    return f"no acknowledgement within {timeout_s:g} s"


def _first_reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


async def _end(tasks: Sequence[asyncio.Task[None]]) -> list[Exception]:
    """Cancel the tasks, wait for them, and return what they ended with."""
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    return [end for end in ends if isinstance(end, Exception)]
