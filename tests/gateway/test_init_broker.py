"""The broker that ``nsp gateway init`` configures, in a real Mosquitto: who gets in, and what each may."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest
from msgspec import structs

from init_box import BRIDGE, NODERED, SCREEN, Account, InitBox, InitMosquitto
from mqtt_peers import until
from nsp import command
from nspgateway.config import PointConfig
from nspgateway.config_parts import ClientConfig
from nspgateway.init import authority, box
from nspgateway.init.files import put
from nspgateway.mqtt_client import RefusedByBroker
from nsplink import regions
from nsptools.provision import CpSpec, SiteSpec, provision
from patience import PATIENCE_S
from publishers import ListOutbox, message, publishing

POINT = PointConfig(
    slug="de-linde",
    name="De Linde",
    number=1,
    municipality="Lindendam",
    latitude=52.1,
    longitude=5.9,
    devices=("generator", "battery", "meter"),
)

_NO = "Not authorized"
_HUNG_UP = "hangs up without a word"


@pytest.fixture
def made(tmp_path: Path) -> InitBox:
    return InitBox(tmp_path)


@pytest.fixture
async def broker(made: InitBox) -> AsyncIterator[InitMosquitto]:
    """The box's broker, running."""
    mosquitto = InitMosquitto(made)
    try:
        yield await mosquitto.start()
    finally:
        mosquitto.kill()


async def test_gateway_publishes_with_its_certificate(made: InitBox, broker: InitMosquitto) -> None:
    """The gateway reaches the broker as made, over TLS; every account hears it; no payload or secret is logged."""
    outbox = ListOutbox()
    async with (
        made.account("screen") as screen,
        made.account("bridge") as bridge,
        publishing(made.broker, outbox) as publisher,
    ):
        await until(lambda: publisher.state == "online")
        outbox.put(message("ark/state", "a payload of ours"))
        await until(lambda: not outbox.size())
        for client in (screen, bridge):
            await until(lambda client=client: ("ark/state", b'"a payload of ours"') in client.heard)
            assert client.heard[0][0] == "brandweer/gateway/status"
    secrets = [made.password(client.name) for client in (SCREEN, NODERED, BRIDGE)]
    assert not [word for word in ("a payload of ours", "$7$", *secrets) if word in broker.log]


def listens(port: int) -> bool:
    """Tell whether the broker has this port open by now: it opens one after the other."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_strangers_are_refused(made: InitBox, broker: InitMosquitto, tmp_path: Path) -> None:
    """Nobody gets in without an account, with a wrong password, as the gateway without its key, or in the clear."""
    (tmp_path / "other").mkdir()
    other = InitBox(tmp_path / "other")
    theirs = made.trust()
    theirs.load_cert_chain(other.broker.certificate, other.broker.private_key)
    accounts, gateway = made.wanted.port, made.wanted.gateway_port
    with_broker_key = made.trust()
    with_broker_key.load_cert_chain(made.layout.broker / "server.pem", made.layout.broker / "server.key")
    strangers = {
        "no account": (Account(accounts, tls=made.trust()), _NO),
        "wrong password": (made.account("screen", password="not the password"), _NO),
        "no password": (made.account("screen", password=None), _NO),
        "empty password": (made.account("screen", password=""), _NO),
        "another's password": (made.account("screen", password=made.password("nodered")), _NO),
        "unknown account": (made.account("screen", username="nobody"), _NO),
        "the gateway's account": (made.account("screen", username="gateway"), _NO),
        "no TLS": (made.account("screen", tls=None), _HUNG_UP),
        "trust in another box": (made.account("screen", tls=other.trust()), "CERTIFICATE_VERIFY_FAILED"),
        "gateway without certificate": (Account(gateway, tls=made.trust()), _HUNG_UP),
        "password on the gateway's port": (
            Account(gateway, tls=made.trust(), username="screen", password=made.password("screen")),
            _HUNG_UP,
        ),
        "another box's gateway": (Account(gateway, tls=theirs), _HUNG_UP),
        "the broker's own certificate": (Account(gateway, tls=with_broker_key), _HUNG_UP),
    }
    await until(lambda: listens(accounts) and listens(gateway))
    for who, (stranger, words) in strangers.items():
        with pytest.raises(aiomqtt.MqttError, match=words):
            async with stranger:
                pytest.fail(f"{who}: was let in")
    elsewhere = structs.replace(other.broker, port=gateway)
    async with publishing(elsewhere, ListOutbox()) as publisher:
        await until(lambda: "CERTIFICATE_VERIFY_FAILED" in publisher.reason)


async def test_each_client_speaks_for_itself(made: InitBox, broker: InitMosquitto) -> None:
    """A client commands in its own name only, and writes no state; the gateway hears exactly what was allowed."""
    forbidden = (
        "brandweer/command/nodered/acknowledge",
        "brandweer/command/screen2/acknowledge",
        "brandweer/command",
        "elders/command/screen/acknowledge",
        "brandweer/reply/screen",
        "brandweer/gateway/status",
        "ark/state",
        "ark/alarm/fuel_low",
        "ark/help/1",
    )
    async with made.gateway() as gateway, made.account("screen") as screen, made.account("bridge") as bridge:
        for topic in forbidden:
            with pytest.raises(RefusedByBroker, match="Not authorized"):
                await screen.say(topic)
        for topic in (*forbidden, "brandweer/command/bridge/acknowledge", "brandweer/command/screen/x"):
            with pytest.raises(RefusedByBroker, match="Not authorized"):
                await bridge.say(topic)
        await screen.say("brandweer/command/screen/acknowledge", b"mine")
        await until(lambda: gateway.heard)
        assert gateway.heard == [("brandweer/command/screen/acknowledge", b"mine")]
        assert screen.heard == bridge.heard == []


async def test_each_client_hears_what_is_for_it(made: InitBox, broker: InitMosquitto) -> None:
    """A reply reaches the one who asked; states, alarms, help and the refuel list reach everyone."""
    common = ["ark/state", "ark/telemetry", "ark/alarm/fuel_low", "ark/help/1", "brandweer/refuel"]
    private = ["brandweer/reply/screen", "brandweer/reply/screen/1", "brandweer/reply/nodered"]
    async with (
        made.gateway() as gateway,
        made.account("screen") as screen,
        made.account("nodered") as nodered,
        made.account("bridge") as bridge,
    ):
        for topic in (*private, "ark/secret", *common, "brandweer/gateway/status"):
            await gateway.say(topic)
        last = ("brandweer/gateway/status", b"1")
        for client, own in ((screen, private[:2]), (nodered, private[2:]), (bridge, [])):
            await until(lambda client=client: last in client.heard)
            assert [topic for topic, _ in client.heard] == [*own, *common, last[0]]


async def test_nobody_takes_the_gateways_place(made: InitBox, broker: InitMosquitto) -> None:
    """A client that calls itself by the gateway's client id does not throw the gateway out."""
    outbox, states = ListOutbox(), list[str]()
    async with publishing(
        made.broker, outbox, on_state=lambda state, _reason: states.append(state)
    ) as publisher:
        await until(lambda: publisher.state == "online")
        async with made.account("screen", identifier="nsp-rijnmond-brandweer") as screen:
            outbox.put(message("ark/state"))
            await until(lambda: screen.heard)
            await until(lambda: not outbox.size())
        assert states == ["online"]


async def test_clients_come_and_go(made: InitBox, broker: InitMosquitto) -> None:
    """A new client works after a reload; a withdrawn one is thrown out, does not come back, and is in no file."""
    box.add_client(made.layout, ClientConfig(name="wall", role="cp_medewerker", may=("test",)))
    broker.signal(signal.SIGHUP)
    password = made.password("wall")

    async def let_in() -> bool:
        with suppress(aiomqtt.MqttError):
            async with made.account("wall"):
                return True
        return False

    async with asyncio.timeout(PATIENCE_S):
        while not await let_in():  # noqa: ASYNC110 - the broker reads its files when it gets to it
            await asyncio.sleep(0.02)
    async with made.account("wall") as wall:
        await wall.say("brandweer/command/wall/test")
        box.remove_client(made.layout, "wall")
        broker.signal(signal.SIGHUP)
        await until(lambda: wall.lost)
    with pytest.raises(aiomqtt.MqttError, match="Not authorized"):
        async with made.account("screen", username="wall", password=password):
            pass
    async with made.account("screen"):
        pass  # the others stay
    assert not [
        path for path in made.layout.folder.rglob("*") if path.is_file() and b"wall" in path.read_bytes()
    ]
    assert not made.layout.password("wall").exists()


async def test_certificate_that_ended_is_renewed(made: InitBox, tmp_path: Path) -> None:
    """An ended certificate is told as the reason; after a renewal the same CA and the same trust are enough."""
    server = made.layout.broker / "server.pem"
    ca = authority.Authority.load(made.layout.ca.read_bytes(), made.layout.ca_key.read_bytes())
    key = authority.load_key((made.layout.broker / "server.key").read_bytes())
    long_ago = datetime.now(UTC) - authority.LEAF_LIFE - timedelta(hours=1)
    ended = ca.server(key.public_key(), made.wanted.hosts, long_ago)
    put(server, authority.certificate_pem(ended))
    trusted = made.layout.ca.read_bytes()
    broker = InitMosquitto(made)
    try:
        await broker.start()
        async with publishing(made.broker, ListOutbox()) as publisher:
            await until(lambda: "certificate has expired" in publisher.reason)
            box.renew(made.layout, datetime.now(UTC), ["10.0.0.7"])
            broker.kill()
            await broker.start()
            await until(lambda: publisher.state == "online")
    finally:
        broker.kill()
    new = authority.load_certificate(server.read_bytes())
    assert authority.days_left(new, datetime.now(UTC)) == authority.LEAF_LIFE.days - 1
    assert new.serial_number != ended.serial_number
    assert authority.hosts_of(new) == (*authority.hosts_of(ended), "10.0.0.7")
    assert made.layout.ca.read_bytes() == trusted
    assert server.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def provisioned(made: InitBox, tmp_path: Path) -> InitBox:
    """The box with the points and keys that provisioning made elsewhere."""
    made.wanted.passphrase_file.write_text("een lange wachtzin\n")
    made.wanted.passphrase_file.chmod(0o600)
    laptop = tmp_path / "laptop"
    laptop.mkdir()
    provision(
        laptop,
        [SiteSpec(POINT, 1)],
        CpSpec(slug="brandweer", number=3, region="rijnmond", modem_port=str(tmp_path / "no-modem")),
        phy=regions.PHY,
        demo=False,
        heartbeat_s=300,
        full_s=3600,
        passphrase_file=made.wanted.passphrase_file,
    )
    (laptop / "points.toml").rename(made.wanted.points)
    (laptop / "keys.db").rename(made.wanted.keys)
    return made


async def test_box_runs_as_made(provisioned: InitBox, broker: InitMosquitto, tmp_path: Path) -> None:
    """With points and keys in it the box is complete: ``nsp gateway run`` is online and a client hears its point."""
    with (tmp_path / "stderr").open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            *command("gateway", "run", "--config", provisioned.layout.config), stderr=err
        )
    try:
        async with provisioned.account("bridge") as bridge:
            await until(lambda: any(b'"online"' in payload for _, payload in bridge.heard))
            await until(lambda: any(topic.startswith("de-linde/") for topic, _ in bridge.heard))
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    assert "Traceback" not in (tmp_path / "stderr").read_text()
