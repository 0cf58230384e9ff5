import asyncio

import aiomqtt
import pytest

from nsptools.bench.broker import BrokerStartError, EmbeddedBroker, PortInUse
from patience import PATIENCE_S


async def hear_one(port: int, topic: str) -> bytes:
    """Return the first payload that a new subscriber gets."""
    async with asyncio.timeout(PATIENCE_S), aiomqtt.Client("127.0.0.1", port, timeout=PATIENCE_S) as client:
        await client.subscribe(topic, qos=1)
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            return message.payload
    pytest.fail("disconnected")


async def test_carries_and_retains() -> None:
    """Who subscribes later still gets what was retained."""
    broker = EmbeddedBroker()
    await broker.start()
    async with aiomqtt.Client("127.0.0.1", broker.port, timeout=PATIENCE_S) as client:
        await client.publish("nsp/v1/a", b"kept", qos=1, retain=True)
    assert await hear_one(broker.port, "nsp/#") == b"kept"
    await broker.stop()


async def test_port_in_use() -> None:
    """A taken port is an error that names it; the broker that has it goes on."""
    first = EmbeddedBroker()
    await first.start()
    with pytest.raises(PortInUse, match=f"port {first.port} on 127.0.0.1 is already in use"):
        await EmbeddedBroker("127.0.0.1", first.port).start()
    async with aiomqtt.Client("127.0.0.1", first.port, timeout=PATIENCE_S) as client:
        await client.publish("nsp/v1/a", b"", qos=1)
    await first.stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_loopback_only(host: str) -> None:
    """A broker without login is never within reach of another machine."""
    with pytest.raises(BrokerStartError, match="no loopback address"):
        EmbeddedBroker(host)


async def test_stops_with_clients_and_strangers() -> None:
    """Stopping drops whoever is connected, leaves no task behind and frees the port."""
    before = asyncio.all_tasks()
    broker = EmbeddedBroker()
    await broker.start()
    stranger_in, stranger_out = await asyncio.open_connection("127.0.0.1", broker.port)
    stranger_out.write(b"GET / HTTP/1.1\r\n\r\n")
    async with aiomqtt.Client("127.0.0.1", broker.port, timeout=PATIENCE_S) as client:
        await client.publish("nsp/v1/a", b"", qos=1)
        await broker.stop()
        with pytest.raises(aiomqtt.MqttError):
            await anext(aiter(client.messages))
    assert await stranger_in.read() == b""
    stranger_out.close()
    await broker.stop()
    again = EmbeddedBroker("127.0.0.1", broker.port)
    await again.start()
    await again.stop()
    async with asyncio.timeout(PATIENCE_S):
        while asyncio.all_tasks() != before:  # noqa: ASYNC110 - tasks that end have no event to wait for
            await asyncio.sleep(0.005)


async def test_survives_garbage(caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that are no MQTT end their own connection and nothing else, without a word on the console."""
    broker = EmbeddedBroker()
    await broker.start()
    for garbage in (b"\x10\xff\xff\xff\xff\xff" * 50, b"\x00" * 500, b"\x10\x02\x00\x04"):
        stranger_in, stranger_out = await asyncio.open_connection("127.0.0.1", broker.port)
        stranger_out.write(garbage)
        stranger_out.write_eof()
        async with asyncio.timeout(PATIENCE_S):
            await stranger_in.read()
        stranger_out.close()
    async with aiomqtt.Client("127.0.0.1", broker.port, timeout=PATIENCE_S) as client:
        await client.publish("nsp/v1/a", b"", qos=1)
    await broker.stop()
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR", "CRITICAL"}]
