"""Modbus TCP reads over the ESP32's network, with the interface of ``bus.Bus``.

A transaction id ties each reply to its request, and a connection on which a read
failed is never read again, so no signature needs closing: a late reply is either
passed over or goes down with its connection.
"""

import asyncio
import gc

from nspkit import modbus
from nspkit.bus import ERRORS, BusError

_HEADER = 7
# Bytes that follow in a header: the unit with an exception, and with the longest PDU.
_SHORTEST = 3
_LONGEST = 254


class TcpBus:
    """One Modbus TCP server (a Victron GX). Connects when it is first read, and again after every fault.

    ``host``: an address; looking up a name would stop the loop. ``clock``: as Bus
    takes one; here the loop's own timers do. ``collect``:
    garbage collection, run before a connection is made, since a socket whose
    connection never came about is closed by nothing else.
    """

    def __init__(self, host: str, port: int, clock, collect=gc.collect) -> None:
        self._host = host
        self._port = port
        self._collect = collect
        self._stream: tuple = ()  # (reader, writer) while connected
        self._in_step = False  # the last reply was read to its end: the next bytes begin a frame
        self._transaction = 0
        self._request = bytearray(modbus.REQUEST_LENGTH)
        self.lock = asyncio.Lock()
        self.errors = dict.fromkeys(ERRORS, 0)
        self.reads = 0

    async def read(self, dev, function: int, address: int, count: int) -> memoryview:
        """Data of one read of poll.Device ``dev``; raises BusError.

        "timeout": no connection, or no whole reply in time; "garbled": an end in
        mid-reply or a frame that cannot be; "exception": as on a serial line.
        """
        async with self.lock:
            modbus.read_request(self._request, dev.unit, function, address, count)
            if not self._in_step:
                # The last read ended anyhow, perhaps cancelled in mid-frame.
                await self.close()
                self._collect()
            try:
                try:
                    data: memoryview = await asyncio.wait_for(
                        self._exchange(dev.reply_unit, function, modbus.data_bytes(function, count)),
                        dev.model.timeout_ms / 1000,
                    )
                except (OSError, asyncio.TimeoutError):
                    raise BusError("timeout") from None
                except EOFError:
                    raise BusError("garbled") from None
            except BusError as error:
                self.errors[error.kind] += 1
                if error.kind != "exception":
                    await self.close()
                raise
            self.reads += 1
            return data

    async def close(self) -> None:
        """Hang up. The next read connects again."""
        stream, self._stream = self._stream, ()
        if stream:
            stream[1].close()
            try:
                # MicroPython closes the socket here and not before; the board has only a few.
                await stream[1].wait_closed()
            except OSError:
                pass  # the other side was first

    async def _exchange(self, unit: int, function: int, size: int) -> memoryview:
        if not self._stream:
            self._stream = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._stream
        self._in_step = False
        self._transaction = (self._transaction + 1) & 0xFFFF
        # MBAP: transaction, protocol 0, length of unit and PDU; the PDU is RTU's without address and CRC.
        head = bytes((self._transaction >> 8, self._transaction & 0xFF, 0, 0, 0, 6))
        writer.write(head + bytes(self._request[:6]))
        await writer.drain()
        while True:
            header = await reader.readexactly(_HEADER)
            length = header[4] << 8 | header[5]
            if header[2] or header[3] or not _SHORTEST <= length <= _LONGEST:
                raise BusError("garbled")
            body = await reader.readexactly(length - 1)
            if (header[0] << 8 | header[1]) != self._transaction or header[6] != unit:
                continue
            if body[0] == function | 0x80 and len(body) == 2:
                self._in_step = True
                raise BusError("exception", body[1])
            if body[0] == function and body[1] == size and len(body) == size + 2:
                self._in_step = True
                return memoryview(body)[2:]
            raise BusError("garbled")
