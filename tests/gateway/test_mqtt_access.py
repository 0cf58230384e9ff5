import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from certificates import Authority
from mqtt_peers import Mosquitto, until
from nspgateway.clock import Clock
from nspgateway.config import BrokerConfig
from nspgateway.errors import ConfigError
from nspgateway.mqtt import BATCH, Publisher
from nspgateway.mqtt_client import tls_context
from nsptools.bench.broker import EmbeddedBroker
from publishers import ListOutbox, config, message, publishing


async def test_refused_message_stays(new_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    """A PUBACK that says no is no delivery: the message stays, its topic is told, and all others go on."""
    rules = tmp_path / "acl"
    rules.write_text("topic write nsp/v1/rijnmond/brandweer/#\ntopic write nsp/v1/rijnmond/+/telemetry\n")
    broker = await new_mosquitto("allow_anonymous true", f"acl_file {rules}").start()
    outbox = ListOutbox()
    outbox.put(*(message("ark/state", n) for n in range(BATCH + 1)), message("ark/telemetry"))
    reason = "the broker refuses nsp/v1/rijnmond/ark/state: Not authorized"
    async with publishing(config(broker.port), outbox, refused_delay_s=0.05) as publisher:
        await until(lambda: (publisher.state, publisher.reason) == ("online", reason))
        await until(lambda: outbox.size() == BATCH + 1)
        rules.write_text("topic write nsp/#\n")
        broker.signal(signal.SIGHUP)
        await until(lambda: not outbox.size())
        assert (publisher.state, publisher.reason) == ("online", "")


async def test_login(new_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    """The password comes from a file; a wrong one is told as the reason, and a corrected file is enough."""
    accounts = tmp_path / "accounts"
    accounts.write_text("")
    make = await asyncio.create_subprocess_exec("mosquitto_passwd", "-b", accounts, "gateway", "right")
    assert await make.wait() == 0
    broker = await new_mosquitto("allow_anonymous false", f"password_file {accounts}").start()
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    secret.chmod(0o600)
    settings = config(broker.port, username="gateway", password_file=secret)
    with capture_logs() as log:
        async with publishing(settings, ListOutbox()) as publisher:
            await until(lambda: "Not authorized" in publisher.reason)
            secret.write_text("right\n")
            await until(lambda: publisher.state == "online")
    assert "wrong" not in str(log)


@pytest.mark.parametrize(("mode", "words"), [(0o644, "chmod 600"), (None, "cannot be read")])
async def test_password_file_that_cannot_be_used(tmp_path: Path, mode: int | None, words: str) -> None:
    """A password that others can read, or that is missing, stops the start with the cure."""
    secret = tmp_path / "password"
    if mode is not None:
        secret.write_text("x")
        secret.chmod(mode)
    settings = config(1883, username="gateway", password_file=secret)
    with pytest.raises(ConfigError, match=words):
        Publisher(settings, ListOutbox(), Clock(), region="rijnmond", cp="brandweer")


async def test_password_in_the_clear_is_told(tmp_path: Path) -> None:
    """A password for another machine without TLS is allowed, but not silently."""
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o600)
    settings = BrokerConfig(name="far", host="192.0.2.1", username="gateway", password_file=secret)
    with capture_logs() as log:
        Publisher(settings, ListOutbox(), Clock(), region="rijnmond", cp="brandweer")
    assert [entry["log_level"] for entry in log] == ["warning"]


async def test_tls(new_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    """With a CA the broker's certificate is checked: the right one is trusted, any other is told as the reason."""
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    certificate, key = ours.issue("127.0.0.1")
    broker = await new_mosquitto("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}").start()
    async with publishing(config(broker.port, ca=ours.path), ListOutbox()) as publisher:
        await until(lambda: publisher.state == "online")
    async with publishing(config(broker.port, ca=theirs.path), ListOutbox()) as publisher:
        await until(lambda: "CERTIFICATE_VERIFY_FAILED" in publisher.reason)
    (tmp_path / "broken.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="no usable certificate"):
        async with publishing(config(broker.port, ca=tmp_path / "broken.pem"), ListOutbox()):
            pass


async def test_client_certificate(new_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    """A broker that asks who we are gets our certificate; without one it lets nobody in."""
    ours = Authority(tmp_path, "ours")
    certificate, key = ours.issue("127.0.0.1")
    key.chmod(0o600)
    broker = await new_mosquitto(
        *("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}"),
        *(f"cafile {ours.path}", "require_certificate true"),
    ).start()
    shown = config(broker.port, ca=ours.path, certificate=certificate, private_key=key)
    async with publishing(shown, ListOutbox()) as publisher:
        await until(lambda: publisher.state == "online")
    async with publishing(config(broker.port, ca=ours.path), ListOutbox()) as publisher:
        await until(lambda: publisher.reason not in ("", "not connected yet"))
        assert publisher.state == "offline"


@pytest.mark.parametrize(
    ("mode", "content", "words"), [(0o644, None, "chmod 600"), (0o600, b"x", "its own key")]
)
def test_private_key_that_cannot_be_used(
    tmp_path: Path, mode: int, content: bytes | None, words: str
) -> None:
    """A private key that others can read, or that is none, stops the start with the cure."""
    ours = Authority(tmp_path, "ours")
    certificate, key = ours.issue("127.0.0.1")
    if content is not None:
        key.write_bytes(content)
    key.chmod(mode)
    with pytest.raises(ConfigError, match=words):
        tls_context(config(1883, ca=ours.path, certificate=certificate, private_key=key))


async def test_broker_of_another_version() -> None:
    """A broker that does not know MQTT 5 gives a reason to look at the setting, not a hang."""
    broker = EmbeddedBroker()
    await broker.start()
    async with publishing(config(broker.port), ListOutbox(), ack_timeout_s=0.2) as publisher:
        await until(lambda: "of this MQTT version" in publisher.reason)
    await broker.stop()
