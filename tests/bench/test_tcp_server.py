"""Modbus TCP on loopback: framing, several boxes, harm, restart."""

import asyncio
import struct

import pytest

from battery_sites import discharging
from nsptools.bench import faults
from nsptools.bench.devices.jk_pb import JkBattery
from nsptools.bench.devices.victron_gx import VictronGx
from nsptools.bench.sdm630 import Sdm630Meter
from nsptools.bench.tcp_server import TcpServer
from patience import PATIENCE_S
from tcp_client import adu, served


async def test_pipelined_requests_are_answered_in_order():
    """Protects the framing: three requests in one piece, and one in single bytes, each with its own number."""
    async with served(VictronGx(discharging())) as (server, connect):
        client = await connect()
        client.writer.write(b"".join(adu(100, 3, 840 + i, 1, transaction=7 + i) for i in range(3)))
        assert [(await client.reply())[0] for _ in range(3)] == [7, 8, 9]
        for byte in adu(100, 3, 843, 1, transaction=0xFFFF):
            client.writer.write(bytes((byte,)))
            await client.writer.drain()
            await asyncio.sleep(0)
        assert (await client.reply())[0] == 0xFFFF
        other = await connect()
        assert await other.words(100, 843, 1) == [75]
        assert server.counters.connections == 2
        assert server.counters.answered == 5


async def test_wrong_headers():
    """Protects against strangers on the port: another protocol is dropped, an impossible length ends it."""
    async with served(VictronGx(discharging())) as (server, connect):
        client = await connect()
        client.writer.write(
            adu(100, 3, 840, 1, transaction=1, protocol=5) + adu(100, 3, 843, 1, transaction=2)
        )
        assert (await client.reply())[0] == 2
        assert server.counters.ignored == 1
        client.writer.write(struct.pack(">HHHBB", 3, 0, 2, 100, 3))
        assert (await client.reply())[2] == bytes((0x83, 3))
        for length in (0, 1, 255, 0xFFFF):
            client = await connect()
            client.writer.write(struct.pack(">HHHB", 1, 0, length, 100))
            async with asyncio.timeout(PATIENCE_S):
                assert await client.reader.read() == b""
        assert server.counters.broken == 4
        client = await connect()
        client.writer.write(adu(100, 3, 840, 1)[:9])
        client.writer.close()
        assert await (await connect()).words(100, 843, 1) == [75]


async def test_any_device_can_be_served():
    """Protects the bench's TCP door: several boxes on one port, deaf and muted ones, unknown units."""
    meter, battery = Sdm630Meter(discharging()), JkBattery(discharging())
    async with served(meter, battery) as (server, connect):
        client = await connect()
        pdu = await client.pdu(2, 4, 0x34, 2)
        assert struct.unpack(">f", pdu[2:])[0] == pytest.approx(meter.plant.served_w)
        assert await client.pdu(9, 3, 0, 1) == bytes((0x83, 0x0B))
        client.writer.write(adu(1, 3, 0x1200, 1, transaction=1))
        meter.mute = True
        client.writer.write(adu(2, 4, 0x34, 2, transaction=2) + adu(1, 3, 0x1200, 1, transaction=3))
        assert (await client.reply())[0] == 3
        assert server.counters.ignored == 2
        meter.mute = False
        meter.min_gap_ms = 1e9
        assert await client.pdu(2, 4, 0x34, 2) == bytes((0x84, 6))
    with pytest.raises(ValueError, match="same unit"):
        TcpServer([meter, Sdm630Meter(discharging())])


async def test_replies_can_be_harmed():
    """Protects the fault injection over TCP: silence and damage hit replies, and end when they are spent."""
    async with served(VictronGx(discharging())) as (server, connect):
        client = await connect()
        server.injections.append(faults.Injection(faults.silence, times=1))
        client.writer.write(adu(100, 3, 840, 1, transaction=1) + adu(100, 3, 840, 1, transaction=2))
        assert (await client.reply())[0] == 2
        server.injections[:] = [faults.Injection(faults.crc, times=1)]
        frame = adu(100, 3, 843, 1)
        client.writer.write(frame)
        async with asyncio.timeout(PATIENCE_S):
            assert await client.reader.readexactly(11) != struct.pack(">HHHBBBH", 1, 0, 5, 100, 3, 2, 75)
        assert await client.words(100, 843, 1) == [75]


async def test_it_starts_again_after_a_stop():
    """Protects tests and trainers that restart a device: connections end, the port comes back."""
    server = TcpServer([VictronGx(discharging())])
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.port
    for _ in range(2):
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(adu(100, 3, 843, 1))
        async with asyncio.timeout(PATIENCE_S):
            assert len(await reader.readexactly(11)) == 11
            await server.stop()
            assert await reader.read() == b""
        writer.close()
    await server.stop()
