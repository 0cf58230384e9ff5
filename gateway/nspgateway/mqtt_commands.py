"""Commands and replies on one broker's connection, and from which brokers commands are taken at all.

    nsp/v1/<region>/<cp>/command/<client>/<what>     in, QoS 1, never retained
    nsp/v1/<region>/<cp>/reply/<client>              out, QoS 1, never retained

The broker's access list binds <client> to the account. The broker keeps no session of ours: who
gets no reply sends the same command again, under the same id.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, Never

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from nspgateway import messages
from nspgateway.alarm_text import catalogue
from nspgateway.command_payloads import MOST_BYTES
from nspgateway.commands import Commands
from nspgateway.config import BrokerConfig, GatewayConfig
from nspgateway.errors import ConfigError
from nspgateway.mqtt_client import BrokerClient, is_loopback

# Commands that wait to be read; a broker that brings more at once has them dropped, without a reply.
QUEUE = 100
# A reply that could not be handed over by then is of no use to who waited for it.
REPLY_EXPIRY_S = 60
_ANSWER_S = 10.0
_MOST_CORRELATION = 128
_MOST_TOPIC = 200
_TOPIC = re.compile(r"[a-z0-9/_-]+")

_log = structlog.get_logger()


class CommandLink:
    """One broker's way to the desk."""

    def __init__(self, commands: Commands, broker: BrokerConfig, region: str, cp: str) -> None:
        self._commands = commands
        self._broker = broker
        self._place = (region, cp)
        self._filter = messages.command_topic(region, cp, "+", "+")
        self._log = _log.bind(broker=broker.name)

    async def serve(self, client: BrokerClient) -> Never:
        """Answer commands until the connection ends; raises MqttError then."""
        await self._subscribe(client)
        async for message in client.messages:
            await self._take(client, message)
            # However many wait: others have their turn after each.
            await asyncio.sleep(0)
        raise aiomqtt.MqttError("disconnected")

    async def _subscribe(self, client: BrokerClient) -> None:
        if self._broker.protocol == "5":
            # A retained command is not even asked for; one that comes marked as retained is seen to be.
            options = SubscribeOptions(qos=1, retainAsPublished=True, retainHandling=2)
            granted = await client.subscribe(self._filter, options=options)
        else:
            granted = await client.subscribe(self._filter, qos=1)
        if any(_is_failure(code) for code in granted):
            self._log.warning(
                "commands not possible: the broker refuses the subscription",
                topic=self._filter,
                cure="give the gateway's account read access to it",
            )

    async def _take(self, client: BrokerClient, message: aiomqtt.Message) -> None:
        *_, sender, what = str(message.topic).split("/")
        reply = self._commands.take(
            self._broker.name, sender, what, bytes(message.payload), retained=message.retain
        )
        if reply is None or not messages.is_segment(sender):
            return
        topic, properties = self._asked_for(message, messages.reply_topic(*self._place, sender))
        await client.publish(topic, reply, qos=1, properties=properties, timeout=_ANSWER_S)

    def _asked_for(self, message: aiomqtt.Message, topic: str) -> tuple[str, Properties | None]:
        """Return where the reply goes and what goes with it: below the client's own topic, or else there."""
        if self._broker.protocol != "5":
            return topic, None
        asked: Any = message.properties
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho: half typed
        properties.MessageExpiryInterval = REPLY_EXPIRY_S
        correlation = getattr(asked, "CorrelationData", b"")
        if correlation and len(correlation) <= _MOST_CORRELATION:
            properties.CorrelationData = correlation
        wanted = getattr(asked, "ResponseTopic", "")
        if wanted.startswith(f"{topic}/") and len(wanted) <= _MOST_TOPIC and _TOPIC.fullmatch(wanted):
            topic = wanted
        return topic, properties


def check(file: Path, config: GatewayConfig, *, demo: bool = False) -> None:
    """Refuse to take commands from a broker that cannot know who sends them. Raises ConfigError.

    It has to be reached over TLS and with an account, so that it is the one that was set up for this;
    a demo's own broker on the same machine is let off. Every client has a name of its own and a known role.
    """
    roles = catalogue().roles["nl"]
    for number, broker in enumerate(config.broker):
        where = f"broker[{number}]"
        if not broker.client:
            continue
        has_account = bool(broker.username and broker.password_file) or broker.certificate is not None
        if not (broker.ca and has_account) and not (demo and is_loopback(broker.host)):
            raise ConfigError(
                file,
                f"{where}.client",
                "commands are taken only from a broker that is reached over TLS and with an account",
                "Give ca, and username with password_file or certificate with private_key; or leave client out.",
            )
        names = [client.name for client in broker.client]
        for place, client in enumerate(broker.client):
            if client.name in names[:place]:
                raise ConfigError(
                    file,
                    f"{where}.client[{place}].name",
                    f"{client.name!r} is already a client of this broker",
                    "Give every client its own account and name.",
                )
            if client.role not in roles:
                raise ConfigError(
                    file,
                    f"{where}.client[{place}].role",
                    f"{client.role!r} is no role; there are {', '.join(sorted(roles))}",
                    "Give one of these.",
                )


def largest_packet() -> Properties:
    """Return what tells the broker not to send us more than a command can be; it drops what is larger."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho: half typed
    properties.MaximumPacketSize = 4 * MOST_BYTES
    return properties


def _is_failure(code: Any) -> bool:
    """MQTT 5 gives a reason code, 3.1.1 a number; 128 and up say no."""
    return int(getattr(code, "value", code)) >= 128
