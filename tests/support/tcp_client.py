"""A Modbus TCP client of bytes only, and a server of the bench to talk to."""

import asyncio
import struct
from contextlib import AsyncExitStack, asynccontextmanager

from nsptools.bench.tcp_server import TcpServer
from patience import PATIENCE_S


def adu(unit, function, address, count, transaction=1, protocol=0):
    """A whole request frame."""
    return struct.pack(">HHHBBHH", transaction, protocol, 6, unit, function, address, count)


class Client:
    """One connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def reply(self):
        """Transaction, unit and PDU of the next frame."""
        async with asyncio.timeout(PATIENCE_S):
            transaction, protocol, length, unit = struct.unpack(">HHHB", await self.reader.readexactly(7))
            assert protocol == 0
            return transaction, unit, await self.reader.readexactly(length - 1)

    async def pdu(self, unit, function, address, count):
        """Ask; gives the answer PDU, whose header is checked here."""
        self.writer.write(adu(unit, function, address, count, transaction=0xBEEF))
        transaction, from_unit, pdu = await self.reply()
        assert (transaction, from_unit) == (0xBEEF, unit)
        return pdu

    async def words(self, unit, address, count, function=3):
        """Registers of a read that must succeed."""
        pdu = await self.pdu(unit, function, address, count)
        assert pdu[:2] == bytes((function, 2 * count))
        return list(struct.unpack(f">{count}H", pdu[2:]))


@asynccontextmanager
async def connected(port):
    """One connection to a port of this machine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def served(*boxes):
    """A server with these boxes and a way to connect. They answer at once: their time is not what is tested."""
    for box in boxes:
        box.reply_ms = (0.0, 0.0)
    server = TcpServer(list(boxes))
    async with AsyncExitStack() as connections:
        connections.push_async_callback(server.stop)
        await server.start()

        async def connect():
            return await connections.enter_async_context(connected(server.port))

        yield server, connect
