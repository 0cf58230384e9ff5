import asyncio
import gc
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
from nspgateway.mqtt import Publisher
from nsptools.bench.broker import EmbeddedBroker
from publishers import ListOutbox, config, message, publishing


async def test_refused_message_stays(new_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    """A PUBACK that says no is no delivery: the message stays, and the broker's word is the reason."""
    rules = tmp_path / "acl"
    rules.write_text("topic write nsp/v1/rijnmond/brandweer/#\ntopic write nsp/v1/rijnmond/+/telemetry\n")
    broker = await new_mosquitto("allow_anonymous true", f"acl_file {rules}").start()
    outbox = ListOutbox()
    outbox.put(message("ark/telemetry"), message("ark/state"))
    async with publishing(config(broker.port), outbox) as publisher:
        await until(lambda: publisher.reason == "the broker refuses a message: Not authorized")
        await until(lambda: outbox.size() == 1)
        rules.write_text("topic write nsp/#\n")
        broker.signal(signal.SIGHUP)
        await until(lambda: not outbox.size())


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


@pytest.mark.filterwarnings(
    "ignore:.*unclosed.*SSLSocket:ResourceWarning"
)  # paho leaves a failed handshake's
async def test_tls(new_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    """With a CA the broker's certificate is checked: the right one is trusted, any other is told as the reason."""
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    certificate, key = ours.issue("127.0.0.1")
    broker = await new_mosquitto("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}").start()
    async with publishing(config(broker.port, ca=ours.path), ListOutbox()) as publisher:
        await until(lambda: publisher.state == "online")
    async with publishing(config(broker.port, ca=theirs.path), ListOutbox()) as publisher:
        await until(lambda: "CERTIFICATE_VERIFY_FAILED" in publisher.reason)
    gc.collect()  # here, where the warning about paho's socket is known
    (tmp_path / "broken.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="no usable certificate"):
        async with publishing(config(broker.port, ca=tmp_path / "broken.pem"), ListOutbox()):
            pass


async def test_broker_of_another_version() -> None:
    """A broker that does not know MQTT 5 gives a reason to look at the setting, not a hang."""
    broker = EmbeddedBroker()
    await broker.start()
    async with publishing(config(broker.port), ListOutbox(), ack_timeout_s=0.2) as publisher:
        await until(lambda: "of this MQTT version" in publisher.reason)
    await broker.stop()
