"""Owns one RS485 UART: one request, one deadline, one matching reply or a counted error."""

import asyncio
import gc

from nspkit import modbus

ERRORS = ("timeout", "garbled", "exception", "closed")


# Parity as machine.UART takes it.
PARITY = {None: None, "even": 0, "odd": 1}


def gap_ms(baud: int) -> int:
    """Silence between frames: 3.5 characters of 11 bits, at least the 1.75 ms of fast lines, rounded up."""
    return max(2, -(-38500 // baud))


class BusError(Exception):
    """A read that gave no data. ``kind``: one of ERRORS; ``code``: the exception's, else 0."""

    def __init__(self, kind: str, code: int = 0) -> None:
        super().__init__("%s %d" % (kind, code) if code else kind)
        self.kind = kind
        self.code = code


class Bus:
    """Modbus RTU master on a half-duplex line.

    ``uart``: as ``machine.UART``, with room for a whole reply, set to ``line``
    (baud, parity, stop bits); ``de``: driver enable, called with 1 or 0, or None
    where the transceiver turns by itself; ``collect``: garbage collection, run
    before a request so that none falls between request and reply. ``lock`` is
    held during a transaction; who writes flash takes it, since an erase stops
    Python.
    """

    def __init__(self, uart, de, clock, line: tuple, collect=gc.collect) -> None:
        self._uart = uart
        self._de = de
        self._clock = clock
        self._collect = collect
        self._own_line = self._line = line
        self._gap_ms = gap_ms(line[0])
        self.lock = asyncio.Lock()
        self._request = bytearray(modbus.REQUEST_LENGTH)
        self._reply = bytearray(520)  # twice the longest frame: half of it can be let go
        self._view = memoryview(self._reply)
        self._length = 0
        self._closed: dict = {}  # signature -> ms until which its late reply may still come
        self._quiet_ms = 0  # when the line was last busy
        self.errors = dict.fromkeys(ERRORS, 0)
        self.reads = 0

    async def read(self, dev, function: int, address: int, count: int) -> memoryview:
        """Data of one read of poll.Device ``dev``, as a view valid until the next call; raises BusError.

        After a timeout the signature (unit, function, size) stays closed until
        its late reply can no longer come, so that this can never pass for
        another's; reads with another signature go on at once.
        """
        async with self.lock:
            modbus.read_request(self._request, dev.unit, function, address, count)
            try:
                return await self._transaction(dev, function, modbus.data_bytes(function, count))
            except BusError as error:
                self.errors[error.kind] += 1
                raise

    async def _transaction(self, dev, function: int, size: int) -> memoryview:
        clock = self._clock
        unit = dev.reply_unit
        signature = unit << 16 | function << 8 | size
        if self._closed.get(signature, -1) > clock.ms():
            raise BusError("closed")
        self._closed.pop(signature, None)
        self._retune(dev.line)
        wait = self._quiet_ms + max(dev.model.gap_ms, self._gap_ms) - clock.ms()
        if wait > 0:
            await clock.sleep_ms(wait)
        self._collect()
        self._drain()
        self._send()
        deadline = clock.ms() + dev.model.timeout_ms
        self._length = 0
        while True:
            self._receive()
            start = modbus.match(self._reply, self._length, unit, function, size)
            now = clock.ms()
            if start != modbus.NOT_YET:
                self._quiet_ms = now
                if start <= modbus.EXCEPTION:
                    raise BusError("exception", modbus.EXCEPTION - start)
                self.reads += 1
                return self._view[start : start + size]
            if now >= deadline:
                self._quiet_ms = now
                self._closed[signature] = now + dev.model.late_ms
                raise BusError("garbled" if self._length else "timeout")
            await clock.sleep_ms(1)

    def _retune(self, line: tuple | None) -> None:
        """Set the UART to a device whose line settings are not the bus's own, and back."""
        wanted = self._own_line if line is None else line
        if wanted != self._line:
            self._uart.init(wanted[0], bits=8, parity=PARITY[wanted[1]], stop=wanted[2])
            self._line = wanted
            self._gap_ms = gap_ms(wanted[0])

    def _send(self) -> None:
        # In one block, with nothing awaited or allocated between: the device may
        # answer 3.5 characters after our last bit, and must find the line free.
        de = self._de
        if de is not None:
            de(1)
        self._uart.write(self._request)
        self._uart.flush()
        if de is not None:
            de(0)

    def _receive(self) -> None:
        if not self._uart.any():
            return
        if self._length == len(self._reply):
            # Nothing in a full buffer matched: keep the tail, a reply may have begun.
            half = len(self._reply) // 2
            self._reply[:half] = self._reply[half:]
            self._length = half
        got = self._uart.readinto(self._view[self._length :])
        if got:
            self._length += got

    def _drain(self) -> None:
        while self._uart.any():
            if not self._uart.readinto(self._reply):
                return
