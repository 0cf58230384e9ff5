"""Commands over a real broker: subscribed to only where clients are, bound to accounts, answered on the client's own topic."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import aiomqtt
import pytest
from aiomqtt import ProtocolVersion
from msgspec import structs
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from structlog.testing import capture_logs

from certificates import Authority
from command_room import DESK, Room
from mqtt_peers import Mosquitto, Wire, until
from nspgateway.__main__ import Gateway
from nspgateway.clock import Clock
from nspgateway.command_payloads import MOST_BYTES
from nspgateway.config import BrokerConfig, GatewayConfig
from nspgateway.errors import ConfigError
from nspgateway.mqtt_client import tls_context
from nspgateway.mqtt_commands import CommandLink, check
from patience import PATIENCE_S
from ports import free_port
from publishers import ListOutbox, config, message, publishing

HERE = "nsp/v1/regio-oost/kazerne-oost"
STOP = {"point": "de-linde", "minutes": 20}


class Client:
    """One of the clients, over the broker; ``heard`` are its replies."""

    def __init__(self, name: str, port: int, protocol: ProtocolVersion, **account: Any) -> None:
        self.name = name
        self.heard: list[aiomqtt.Message] = []
        self.mqtt = aiomqtt.Client("127.0.0.1", port, protocol=protocol, timeout=PATIENCE_S, **account)

    @property
    def words(self) -> list[str]:
        return [json.loads(bytes(m.payload))["word"] for m in self.heard if "/reply/" in str(m.topic)]

    async def listen(self) -> None:
        async for one in self.mqtt.messages:
            self.heard.append(one)

    async def ask(self, what: str, body: Any, *, retain: bool = False, **properties: Any) -> None:
        asked = Properties(PacketTypes.PUBLISH)
        for name, value in properties.items():
            setattr(asked, name, value)
        payload = json.dumps(body)
        topic = f"{HERE}/command/{self.name}/{what}"
        await self.mqtt.publish(topic, payload, 1, retain=retain, properties=asked if properties else None)


@asynccontextmanager
async def client(
    port: int, name: str = "desk", protocol: ProtocolVersion = ProtocolVersion.V5, **account: Any
) -> AsyncIterator[Client]:
    """Connect a client that listens to its replies."""
    one = Client(name, port, protocol, **account)
    async with one.mqtt:
        await one.mqtt.subscribe(f"{HERE}/reply/{name}/#", qos=1)
        task = asyncio.create_task(one.listen())
        try:
            yield one
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def link(room: Room, broker: BrokerConfig) -> CommandLink:
    own = structs.replace(broker, name="own", client=(DESK,))
    return CommandLink(room.commands, own, "regio-oost", "kazerne-oost")


async def test_a_command_is_answered_with_what_the_client_sent_along(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Correlation data comes back; a response topic is followed below the client's own and nowhere else."""
    room, settings = Room(tmp_path), config(mosquitto.port)
    async with publishing(settings, ListOutbox(), commands=link(room, settings)) as publisher:
        await until(lambda: publisher.state == "online")
        async with client(mosquitto.port) as desk, client(mosquitto.port, "screen") as other:
            own = f"{HERE}/reply/desk/tab-2"
            await desk.ask("stop", {"id": "s-1", **STOP}, CorrelationData=b"\x01\x02", ResponseTopic=own)
            await until(lambda: desk.heard)
            for number, strange in enumerate((f"{HERE}/reply/screen", f"{HERE}/reply/desk/../x", "nsp/v1/x")):
                await desk.ask("stop", {"id": f"s-{number}", **STOP}, ResponseTopic=strange)
            await until(lambda: len(desk.heard) == 4)
            await desk.ask("stop", {"id": "s-1", **STOP}, retain=True)
            await until(lambda: len(desk.heard) == 5)
    topics = [str(m.topic) for m in desk.heard]
    assert topics == [own, *[f"{HERE}/reply/desk"] * 4]
    assert desk.heard[0].properties.CorrelationData == b"\x01\x02"  # type: ignore[union-attr] # MQTT 5 has them
    assert desk.words == ["done"] * 4 + ["retained"]
    assert not any(m.retain for m in desk.heard)
    assert other.heard == []
    assert len(room.box.store.actions()) == 3  # s-1 came three times


async def test_what_was_retained_before_we_came_is_not_done(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A command that lies at the broker is of nobody knows when; a fresh one after it is done."""
    room, settings = Room(tmp_path), config(mosquitto.port)
    async with client(mosquitto.port) as desk:
        await desk.ask("stop", {"id": "old", **STOP}, retain=True)
        async with publishing(settings, ListOutbox(), commands=link(room, settings)) as publisher:
            await until(lambda: publisher.state == "online")
            await desk.ask("end_stop", {"id": "new", "point": "de-linde"})
            await until(lambda: desk.heard)
    assert desk.words == ["no_stop"]


async def test_a_reply_that_was_lost_is_given_again(mosquitto: Mosquitto, wire: Wire, tmp_path: Path) -> None:
    """The cable breaks after the act; the client sends the same id again and gets the same reply, once done."""
    room, settings = Room(tmp_path), config(wire.port)
    async with publishing(settings, ListOutbox(), commands=link(room, settings)) as publisher:
        for _ in range(3):
            await until(lambda: publisher.state == "online")
            async with client(mosquitto.port) as desk:
                await desk.ask("stop", {"id": "s-1", **STOP})
                await until(lambda: desk.heard)
                assert desk.words == ["done"]
            await wire.cut()
            await until(lambda: publisher.state == "offline")
            await wire.join()
    assert len(room.box.store.actions()) == 1


@pytest.mark.parametrize("kills", [2, pytest.param(60, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
async def test_a_broker_that_is_killed_again_and_again(
    mosquitto: Mosquitto, tmp_path: Path, kills: int
) -> None:
    """A client that repeats until it is answered gets everything done, each once, wherever the broker dies."""
    room, settings, chance = Room(tmp_path), config(mosquitto.port), Random(7)
    async with publishing(settings, ListOutbox(), commands=link(room, settings)):
        for number in range(kills):
            room.box.clock.move(60)
            body, killer, patience_s = {"id": f"s-{number}", **STOP}, None, 0.15
            words: list[str] = []
            while not words:
                patience_s *= 2  # a slow machine gets there too
                with suppress(aiomqtt.MqttError, TimeoutError):
                    async with client(mosquitto.port) as desk, asyncio.timeout(patience_s):
                        if killer is None:
                            killer = asyncio.create_task(kill_and_start(mosquitto, chance.uniform(0, 0.02)))
                        await desk.ask("stop", body)
                        while not desk.heard:  # noqa: ASYNC110 - it comes from another process
                            await asyncio.sleep(0.005)
                        words = desk.words
            assert words[0] == "done"
            assert killer is not None
            await killer
    assert [a.what for a in room.box.store.actions()] == ["plan_stop"] * kills


async def kill_and_start(broker: Mosquitto, after_s: float) -> None:
    await asyncio.sleep(after_s)
    broker.kill()
    await broker.start()


async def test_the_broker_binds_names_to_accounts(
    new_mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    """With the access list an account can neither command in another's name nor read another's replies."""
    accounts, rules = tmp_path / "accounts", tmp_path / "acl"
    accounts.write_text("")
    for name in ("gateway", "desk", "screen"):
        make = await asyncio.create_subprocess_exec("mosquitto_passwd", "-b", accounts, name, f"pass-{name}")
        assert await make.wait() == 0
    rules.write_text(
        "user gateway\ntopic readwrite nsp/v1/#\n"
        "pattern write nsp/v1/+/+/command/%u/#\npattern read nsp/v1/+/+/reply/%u/#\n"
    )
    broker = await new_mosquitto(
        "allow_anonymous false", f"password_file {accounts}", f"acl_file {rules}"
    ).start()
    secret = tmp_path / "secret"
    secret.write_text("pass-gateway")
    secret.chmod(0o600)
    settings = config(broker.port, username="gateway", password_file=secret)
    room = Room(tmp_path)

    def login(name: str) -> dict[str, str]:
        return {"username": name, "password": f"pass-{name}"}

    async with publishing(settings, ListOutbox(), commands=link(room, settings)) as publisher:
        await until(lambda: publisher.state == "online")
        async with (
            client(broker.port, "desk", **login("screen")) as liar,
            client(broker.port, "desk", **login("desk")) as desk,
        ):
            await liar.ask("stop", {"id": "lie", **STOP})
            await desk.ask("stop", {"id": "true", **STOP})
            await until(lambda: desk.heard)
    assert liar.heard == []
    assert room.box.store.command_answer("own/desk", "lie") is None
    assert room.box.store.command_answer("own/desk", "true") is not None


async def test_a_flood_of_commands_does_not_hold_up_the_outbox(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Hundreds of commands at once: what the gateway has to say arrives all the same, and memory is bounded."""
    room, settings = Room(tmp_path), config(mosquitto.port)
    outbox = ListOutbox()
    async with publishing(settings, outbox, commands=link(room, settings)) as publisher:
        await until(lambda: publisher.state == "online")
        async with client(mosquitto.port) as desk:
            await asyncio.gather(*(desk.ask("stop", {"id": f"s-{n}", **STOP}) for n in range(100)))
            outbox.put(*(message("ark/telemetry", n) for n in range(20)))
            await until(lambda: not outbox.size())
            await until(lambda: "too_many" in desk.words)
    assert publisher.published >= 21
    assert len(room.box.store.actions()) <= 15


async def test_commands_over_3_1_1(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Without MQTT 5 there is no correlation data; the id in the reply is enough."""
    room, settings = Room(tmp_path), config(mosquitto.port, protocol="3.1.1")
    async with publishing(settings, ListOutbox(), commands=link(room, settings)) as publisher:
        await until(lambda: publisher.state == "online")
        async with client(mosquitto.port, protocol=ProtocolVersion.V311) as desk:
            await desk.ask("stop", {"id": "s-1", **STOP})
            await until(lambda: desk.heard)
    assert desk.words == ["done"]


async def test_a_reply_that_the_broker_refuses_is_told(
    new_mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    """An access list that forgets our replies: the command is done, the log says what is wrong, without the account."""
    rules = tmp_path / "acl"
    rules.write_text(
        f"topic write {HERE}/gateway/#\ntopic readwrite {HERE}/command/#\ntopic read {HERE}/reply/#\n"
    )
    broker = await new_mosquitto("allow_anonymous true", f"acl_file {rules}").start()
    room, settings = Room(tmp_path), config(broker.port)
    with capture_logs() as log:
        async with publishing(settings, ListOutbox(), commands=link(room, settings)) as publisher:
            await until(lambda: publisher.state == "online")
            async with client(broker.port) as desk:
                await desk.ask("stop", {"id": "s-1", **STOP})
                await until(lambda: [e for e in log if e["event"] == "message refused by the broker"])
    assert room.box.store.command_answer("own/desk", "s-1") is not None
    assert desk.heard == []
    assert "desk" not in str(log)


async def test_what_is_too_large_is_refused_or_never_comes(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A long command gets a clear no; a huge one the broker keeps from us, and the next one is done."""
    room, settings = Room(tmp_path), config(mosquitto.port)
    async with publishing(settings, ListOutbox(), commands=link(room, settings)) as publisher:
        await until(lambda: publisher.state == "online")
        async with client(mosquitto.port) as desk:
            await desk.ask("stop", {"id": "long", "why": "x" * MOST_BYTES})
            await desk.ask("stop", {"id": "huge", "why": "x" * 10 * MOST_BYTES})
            await desk.ask("stop", {"id": "s-1", **STOP})
            await until(lambda: len(desk.heard) == 2)
    assert desk.words == ["too_large", "done"]


async def test_the_whole_gateway_takes_a_command(
    new_mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    """Over TLS and with accounts, from gateway.toml to the planned stop and back; the region is away, and that is said."""
    authority = Authority(tmp_path, "ca")
    certificate, key = authority.issue("127.0.0.1")
    accounts, secret = tmp_path / "accounts", tmp_path / "secret"
    accounts.write_text("")
    secret.write_text("pass-gateway")
    secret.chmod(0o600)
    for name in ("gateway", "desk"):
        make = await asyncio.create_subprocess_exec("mosquitto_passwd", "-b", accounts, name, f"pass-{name}")
        assert await make.wait() == 0
    broker = await new_mosquitto(
        f"certfile {certificate}", f"keyfile {key}", f"password_file {accounts}", "allow_anonymous false"
    ).start()
    ours = BrokerConfig(
        name="own", host="127.0.0.1", port=broker.port, ca=authority.path, username="gateway",
        password_file=secret, client=(DESK,),
    )  # fmt: skip
    away = BrokerConfig(name="region", host="127.0.0.1", port=free_port(), optional=True)
    box = Room(tmp_path).box
    box.store.close()
    settings = structs.replace(box.config, broker=(ours, away))
    check(tmp_path / "gateway.toml", settings)
    gateway = Gateway(settings, box.points, box.register, Clock())
    task = asyncio.create_task(gateway.run())
    login = {"username": "desk", "password": "pass-desk", "tls_context": tls_context(ours)}
    async with client(broker.port, **login) as desk:
        await desk.mqtt.subscribe("nsp/v1/+/+/gateway/status")
        await until(lambda: any(b'"away":["region"]' in bytes(m.payload) for m in desk.heard))
        await desk.ask("stop", {"id": "s-1", **STOP})
        await desk.ask("backfill", {"id": "b-1", "point": "de-linde"})
        await until(lambda: len(desk.words) == 2)
        task.cancel()
        await asyncio.wait([task])
    assert desk.words == ["done", "not_heard"]
    assert gateway.ingest.situation.standings["de-linde"].stop_until is not None
    assert gateway.ingest.more_counters["command_done"] == 1


@pytest.mark.parametrize(
    ("changes", "demo", "words"),
    [
        ({}, False, "over TLS and with an account"),
        ({"host": "192.0.2.1"}, True, "over TLS and with an account"),
        ({"ca": Path("ca.pem")}, False, "over TLS and with an account"),
        ({"username": "gateway", "password_file": Path("p")}, False, "over TLS and with an account"),
        ({"client": (DESK, DESK)}, True, "already a client"),
        ({"client": (structs.replace(DESK, role="boss"),)}, True, "'boss' is no role"),
    ],
)
def test_no_commands_from_a_broker_that_cannot_know_who_sends_them(
    tmp_path: Path, changes: dict[str, Any], demo: bool, words: str
) -> None:
    """The start is refused with the place and the cure, unless it is a demo on one machine."""
    with pytest.raises(ConfigError, match=words) as caught:
        check(Path("gateway.toml"), settings_with(tmp_path, **changes), demo=demo)
    assert caught.value.where.startswith("broker[0].client")


def test_commands_from_a_broker_that_can(tmp_path: Path) -> None:
    """TLS and an account, or a demo on this machine; and a broker without clients needs neither."""
    account = {"username": "gateway", "password_file": Path("p"), "ca": Path("ca.pem")}
    check(Path("gateway.toml"), settings_with(tmp_path, host="192.0.2.1", **account))
    check(Path("gateway.toml"), settings_with(tmp_path), demo=True)
    check(Path("gateway.toml"), settings_with(tmp_path, client=()))


def settings_with(folder: Path, **changes: Any) -> GatewayConfig:
    found = Room(folder).box.config
    broker = structs.replace(found.broker[0], client=(DESK,))
    return structs.replace(found, broker=(structs.replace(broker, **changes),))
