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


def _woken(uart) -> None:
    """The interrupt itself is all that is wanted."""


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
        self._own_line = line
        self._tune(line)
        self.lock = asyncio.Lock()
        self._request = bytearray(modbus.REQUEST_LENGTH)
        self._reply = bytearray(520)  # twice the longest frame: half of it can be let go
        self._view = memoryview(self._reply)
        self._length = 0
        self._waiting = 0  # bytes that the UART held when it was last asked
        self._arrived_ms = 0  # when their number last changed
        self._closed: dict = {}  # signature -> ms until which its late reply may still come
        self._quiet_ms = 0  # when the line was last busy
        # The request under way: what its reply looks like, and until when it may come.
        self._unit = self._function = self._size = 0
        self._signature = 0
        self._deadline_ms = 0
        self._data_at = 0  # where the reply's data begin
        self.errors = dict.fromkeys(ERRORS, 0)
        self.reads = 0
        if hasattr(uart, "IRQ_RXIDLE"):
            # A sleeping loop looks at the line with the next tick of 10 ms; an interrupt wakes it when a reply ends.
            uart.irq(_woken, uart.IRQ_RXIDLE)

    async def read(self, dev, function: int, address: int, count: int) -> memoryview:
        """Data of one read of poll.Device ``dev``, as a view valid until the next call; raises BusError.

        After a timeout the signature (unit, size) stays closed until
        its late reply can no longer come, so that this can never pass for
        another's; reads with another signature go on at once.
        """
        # Each coroutine costs heap on every poll: the one here, and the lock's own, are all there are.
        await self.lock.acquire()
        try:
            self._prepare(dev, function, address, count)
            wait = self._silence_left(dev)
            while wait > 0:
                await self._clock.sleep_ms(wait)
                wait = self._silence_left(dev)
            wait = self._ask(dev)
            while wait > 0:
                await self._clock.sleep_ms(wait)
                wait = self._look(dev)
            return self._view[self._data_at : self._data_at + self._size]
        finally:
            self.lock.release()

    def _prepare(self, dev, function: int, address: int, count: int) -> None:
        modbus.read_request(self._request, dev.unit, function, address, count)
        now = self._clock.ms()
        self._unit = dev.reply_unit
        self._function = function
        self._size = modbus.data_bytes(function, count)
        self._signature = self._unit << 8 | self._size
        if self._closed.get(self._signature, -1) > now:
            raise self._error("closed")
        self._closed.pop(self._signature, None)
        wanted = self._own_line if dev.line is None else dev.line
        if wanted != self._line:
            self._uart.init(wanted[0], bits=8, parity=PARITY[wanted[1]], stop=wanted[2])
            self._tune(wanted)
        self._deadline_ms = now + dev.model.timeout_ms  # for the line to fall silent
        self._collect()  # here, where the silence hides it

    def _error(self, kind: str, code: int = 0) -> BusError:
        """The error to raise, counted."""
        self.errors[kind] += 1
        return BusError(kind, code)

    def _tune(self, line: tuple) -> None:
        self._line = line
        self._gap_ms = gap_ms(line[0])
        self._character_us = 10_000_000 // line[0]

    def _silence_left(self, dev) -> int:
        """Ms that the line must still be silent; bytes that come meanwhile belong to nobody and begin it anew.

        A line that never falls silent, as one without bias resistors, is asked all the same.
        """
        now = self._clock.ms()
        if self._uart.any():
            self._drain()
            self._quiet_ms = now
            if now >= self._deadline_ms:
                return 0
        return self._quiet_ms + max(dev.model.gap_ms, self._gap_ms) - now

    def _ask(self, dev) -> int:
        """Send the request; ms before which the whole reply cannot be there."""
        # In one block, with nothing awaited or allocated between: the device may
        # answer 3.5 characters after our last bit, and must find the line free.
        de = self._de
        if de is not None:
            de(1)
        self._uart.write(self._request)
        self._uart.flush()
        if de is not None:
            de(0)
        now = self._clock.ms()
        self._deadline_ms = now + dev.model.timeout_ms
        self._length = self._waiting = 0
        return min(dev.model.timeout_ms, 1 + self._whole() * self._character_us // 1000)

    def _whole(self) -> int:
        """Bytes of the reply: unit, function, count, data, CRC."""
        return self._size + 5

    def _look(self, dev) -> int:
        """0: the reply is there, at ``_data_at``; else ms until the next look. Raises BusError."""
        now = self._clock.ms()
        waiting = self._uart.any()
        if waiting != self._waiting:
            self._waiting = waiting
            self._arrived_ms = now
        over = now >= self._deadline_ms
        # Taken in one piece, when enough is there or no more comes: every take costs heap, every search time.
        if waiting and (over or waiting >= self._whole() or now - self._arrived_ms >= self._gap_ms):
            self._receive()
            start = modbus.match(self._reply, self._length, self._unit, self._function, self._size)
            if start != modbus.NOT_YET:
                self._quiet_ms = now
                if start <= modbus.EXCEPTION:
                    self._refused(dev, now)
                    raise self._error("exception", modbus.EXCEPTION - start)
                self.reads += 1
                self._data_at = start
                return 0
        if over:
            self._quiet_ms = now
            self._closed[self._signature] = now + dev.model.late_ms
            raise self._error("garbled" if self._length else "timeout")
        return 1

    def _refused(self, dev, now: int) -> None:
        """An exception does not say which read it refuses: it may be an earlier one's, and the reply still to come."""
        for signature in self._closed:
            if signature >> 8 == self._signature >> 8 and self._closed[signature] > now:
                self._closed[self._signature] = self._deadline_ms + dev.model.late_ms
                return

    def _receive(self) -> None:
        if self._length == len(self._reply):
            # Nothing in a full buffer matched: keep the tail, a reply may have begun.
            half = len(self._reply) // 2
            self._reply[:half] = self._reply[half:]
            self._length = half
        got = self._uart.readinto(self._view[self._length :])
        if got:
            self._length += got
        self._waiting = 0

    def _drain(self) -> None:
        while self._uart.any():
            if not self._uart.readinto(self._reply):
                return
