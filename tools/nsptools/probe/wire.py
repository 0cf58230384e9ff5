"""Questions and answers on one bus, with the kit's own bus master; every answer is a sign of the wire's health."""

from __future__ import annotations

import asyncio

from nspkit import device, poll
from nspkit.bus import PARITY, Bus, BusError
from nspkit.clock import Clock
from nsptools.probe import signs
from nsptools.probe.fingerprints import Answer
from nsptools.probe.port import Line, Port, ticks_ms

PATIENT_MS = 1000


class Wire:
    """One bus behind an open adapter. ``tally`` is what was heard so far; ``alive`` who spoke."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.tally = signs.Tally()
        self.alive: set[int] = set()
        self._clock = Clock(ticks_ms, lambda a, b: a - b, _sleep_ms)
        self._own = port.line
        self._buses: dict[Line, Bus] = {}

    async def listen(self, ms: int) -> None:
        """Ask nothing for so long, and note what comes all the same."""
        self.port.heard.request, self.port.heard.data = b"", bytearray()
        await self._take(ms)
        signs.idle(self.tally, bytes(self.port.heard.data))
        self.port.heard.data.clear()

    async def settle(self, ms: int) -> None:
        """Wait for answers that are too late: who gives one is alive."""
        await self._take(ms)
        self.alive.update(one.unit for one in signs.frames(bytes(self.port.heard.data)) if not one.is_request)

    async def _take(self, ms: int) -> None:
        buffer = bytearray(256)
        end = self._clock.ms() + ms
        while self._clock.ms() < end:
            while self.port.readinto(buffer):
                pass
            await _sleep_ms(5)

    async def ask(
        self,
        line: Line,
        unit: int,
        function: int,
        address: int,
        count: int,
        *,
        ms: int,
        reply_offset: int = 0,
    ) -> Answer:
        """One read of an unknown device, tried once."""
        model = device.Model("unknown")
        model.timeout_ms, model.gap_ms, model.reply_offset = ms, 5, reply_offset
        try:
            return Answer(
                await self.read(poll.Device("", unit, model, tuple(line)), function, address, count)
            )
        except BusError as error:
            return Answer(None, refused=error.kind == "exception")

    async def read(self, dev: poll.Device, function: int, address: int, count: int) -> bytes:
        """Data of one read. Raises BusError; waits out what a late reply could spoil."""
        line = Line(*(dev.line or self._own))
        if str(line) not in self.tally.lines:
            self.tally.lines.append(str(line))
        while True:
            try:
                data = bytes(await self._bus(line).read(dev, function, address, count))
            except BusError as error:
                if error.kind == "closed":
                    await _sleep_ms(50)
                    continue
                self._note(line, answered=error.kind == "exception", dev=dev)
                raise
            self._note(line, answered=True, dev=dev)
            return data

    def _bus(self, line: Line) -> Bus:
        """The master for these settings: a reply that is late from other settings cannot be read here."""
        if line != self.port.line:
            self.port.init(line.baud, parity=PARITY[line.parity], stop=line.stop)
        if line not in self._buses:
            self._buses[line] = Bus(self.port, None, self._clock, tuple(line), lambda: None)
        return self._buses[line]

    def _note(self, line: Line, *, answered: bool, dev: poll.Device) -> None:
        heard = self.port.heard
        spoke = signs.note(self.tally, str(line), heard.request, bytes(heard.data), answered=answered)
        heard.data.clear()  # what comes from here on is too late
        self.alive.update(spoke)
        self.alive.update(one.unit for one in signs.frames(self.port.stray) if not one.is_request)
        if answered:
            self.alive.add(dev.unit)


async def _sleep_ms(ms: int) -> None:
    await asyncio.sleep(ms / 1000)
