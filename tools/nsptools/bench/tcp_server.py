"""The devices' side of Modbus TCP on loopback: MBAP frames in, the answers of any simulated device out.

Requests of one connection are answered one after the other, also when several came in one piece. A frame of
another protocol is dropped without an answer; a length that cannot be ends the connection, since nobody then
knows where the next frame begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from nsptools.bench.faults import Direction, Injection
from nsptools.bench.registers import BUSY, Device
from nsptools.bench.slave import RegisterBank

LOOPBACK = "127.0.0.1"
NO_ANSWER = 0x0B  # exception of a box that asked a unit and heard nothing
_HEAD = struct.Struct(">HHHB")  # transaction, protocol, bytes that follow, unit
_FEWEST, _MOST = 2, 254  # unit and a function code; unit and the longest PDU
_EXCEPTION = 0x80
_READ_PDU = 5


@runtime_checkable
class Gateway(Protocol):
    """A box that says itself what a request for an unknown unit gets."""

    def stray(self, address: int, count: int) -> int:
        """Exception code for a read at a unit that is none of its own."""


@dataclass
class TcpCounters:
    """What the server heard and said."""

    connections: int = 0
    answered: int = 0
    refused: int = 0  # answered with an exception
    ignored: int = 0  # another protocol, a muted device or one that did not notice
    broken: int = 0  # connections closed for an impossible length


class TcpServer:
    """Boxes on one loopback port, each with its units. `start` needs a running event loop.

    `port` 0 takes a free one. `injections` harm replies as those of the line do, for every connection.
    Raises ValueError when two boxes have the same unit, OSError when the port is taken.
    """

    def __init__(self, boxes: Sequence[Device], port: int = 0, seed: int = 1) -> None:
        self.bank = RegisterBank(boxes)
        self.counters = TcpCounters()
        self.injections: list[Injection] = []
        self._boxes = {part.unit: box for box in boxes for part in box.parts}
        self._gateway = next((box for box in boxes if isinstance(box, Gateway)), None)
        self._wanted_port = port
        self._random = random.Random(f"{seed}/tcp")
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._last_answer_s: dict[int, float] = {}

    @property
    def port(self) -> int:
        """Port it listens on; only between start and stop."""
        if self._server is None:
            raise RuntimeError("the Modbus TCP server is not started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self._wanted_port)

    async def stop(self) -> None:
        """Close the port and every connection; a second call does nothing."""
        if self._server is None:
            return
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection runs outside a task")
        self._connections.add(task)
        self.counters.connections += 1
        try:
            # The asker may leave at any moment, in the middle of a frame too.
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._serve(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            transaction, protocol, length, unit = _HEAD.unpack(await reader.readexactly(_HEAD.size))
            if not _FEWEST <= length <= _MOST:
                self.counters.broken += 1
                return
            request = await reader.readexactly(length - 1)
            pdu = None if protocol else await self._answer(unit, request, loop.time())
            if pdu is None:
                self.counters.ignored += 1
                continue
            if pdu[0] & _EXCEPTION:
                self.counters.refused += 1
            else:
                self.counters.answered += 1
            await self._send(writer, _HEAD.pack(transaction, 0, len(pdu) + 1, unit) + pdu)

    async def _answer(self, unit: int, request: bytes, at_s: float) -> bytes | None:
        """Answer PDU after the device's own time; None is silence."""
        box = self._boxes.get(unit)
        if box is None:
            return bytes((request[0] | _EXCEPTION, self._stray(request)))
        part = self.bank.devices[unit]
        if box.mute or not part.hears(request, at_s):
            return None
        if (at_s - self._last_answer_s.get(unit, float("-inf"))) * 1000 < box.min_gap_ms:
            pdu: bytes | None = bytes((request[0] | _EXCEPTION, BUSY))
        else:
            pdu = self.bank.answer(unit, request)
        await asyncio.sleep(self._random.uniform(*box.reply_ms) / 1000)
        self._last_answer_s[unit] = asyncio.get_running_loop().time()
        return pdu

    def _stray(self, request: bytes) -> int:
        """Exception for a unit that nobody here has."""
        if self._gateway is None or len(request) != _READ_PDU:
            return NO_ANSWER
        address, count = struct.unpack(">HH", request[1:])
        return self._gateway.stray(address, count)

    async def _send(self, writer: asyncio.StreamWriter, frame: bytes) -> None:
        for injection in self.injections:
            if frame and injection.applies(Direction.REPLY, self._random):
                delay_s, frame = injection.fault(frame, self._random)
                await asyncio.sleep(delay_s)
        writer.write(frame)
        await writer.drain()
