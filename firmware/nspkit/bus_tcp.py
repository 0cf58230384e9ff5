"""Modbus TCP reads over the ESP32's network, with the interface of ``bus.Bus``.

A transaction id ties each reply to its request, so no signature needs closing;
a reply of another transaction is passed over.
"""

import asyncio

from nspkit import modbus
from nspkit.bus import ERRORS, BusError

_HEADER = 7


class TcpBus:
    """One Modbus TCP server (a Victron GX). Connects when it is first read, and again after every fault."""

    def __init__(self, host: str, port: int, clock) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._stream: tuple = ()  # (reader, writer) while connected
        self._transaction = 0
        self._request = bytearray(modbus.REQUEST_LENGTH)
        self.lock = asyncio.Lock()
        self.errors = dict.fromkeys(ERRORS, 0)
        self.reads = 0

    async def read(self, dev, function: int, address: int, count: int) -> memoryview:
        """Data of one read of poll.Device ``dev``; raises BusError."""
        async with self.lock:
            modbus.read_request(self._request, dev.unit, function, address, count)
            try:
                data: memoryview = await asyncio.wait_for(
                    self._exchange(dev.unit, function, modbus.data_bytes(function, count)),
                    dev.model.timeout_ms / 1000,
                )
            except (OSError, EOFError, asyncio.TimeoutError):
                self._hang_up()
                self.errors["timeout"] += 1
                raise BusError("timeout") from None
            except BusError as error:
                self.errors[error.kind] += 1
                if error.kind != "exception":
                    self._hang_up()
                raise
            self.reads += 1
            return data

    async def _exchange(self, unit: int, function: int, size: int) -> memoryview:
        if not self._stream:
            self._stream = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._stream
        self._transaction = (self._transaction + 1) & 0xFFFF
        # MBAP: transaction, protocol 0, length of unit and PDU; the PDU is RTU's without address and CRC.
        head = bytes((self._transaction >> 8, self._transaction & 0xFF, 0, 0, 0, 6))
        writer.write(head + bytes(self._request[:6]))
        await writer.drain()
        while True:
            header = await reader.readexactly(_HEADER)
            length = header[4] << 8 | header[5]
            if header[2] or header[3] or not 3 <= length <= 254:
                raise BusError("garbled")
            body = await reader.readexactly(length - 1)
            if (header[0] << 8 | header[1]) != self._transaction or header[6] != unit:
                continue
            if body[0] == function | 0x80:
                raise BusError("exception", body[1])
            if body[0] == function and body[1] == size and len(body) == size + 2:
                return memoryview(body)[2:]
            raise BusError("garbled")

    def _hang_up(self) -> None:
        if self._stream:
            self._stream[1].close()
        self._stream = ()
