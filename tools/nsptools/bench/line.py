"""An RS485 line between the kit's pseudo-terminal and the devices' one, paced by the baud rate in real time.

Bytes for the kit arrive as a wire brings them, in pieces of at most 2 ms. Bytes from the kit are passed on at
once when its UART has already clocked them out (a UART that drives DE must wait for that anyway), or
paced here when it hands them over early: `pace_requests`. Faults act here, on bytes and time, never in a
simulated device. The line is half-duplex: a request sent into a reply is lost and spoils the rest of the reply.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from nsptools.bench.faults import Direction, Fault, Injection, named
from nsptools.bench.ptys import Pty, open_pty

BITS_PER_BYTE = 10  # 8N1: start, eight data, stop
_PIECE_S = 0.002
_READ_SIZE = 4096
_TRACE_LENGTH = 400


@dataclass
class Counters:
    """What passed since the line was made, in bursts unless said otherwise."""

    requests: int = 0
    replies: int = 0
    collisions: int = 0
    overrun_bytes: int = 0  # nobody read them in time
    faults: int = 0


@dataclass(frozen=True)
class Passage:
    """One burst as it went on the wire, after faults. `at_s` is the event loop's time of its first byte."""

    at_s: float
    direction: Direction
    data: bytes


@dataclass
class _Lane:
    """One direction: bytes under way and when each of them has arrived."""

    output: int
    byte_s: float  # 0: not paced
    overrun: Callable[[int], None]
    pending: deque[tuple[float, int]] = field(default_factory=deque)
    free_at_s: float = 0.0
    timer: asyncio.TimerHandle | None = None

    def send(self, data: bytes) -> float:
        """Queue bytes behind those under way; gives the time of the first one."""
        loop = asyncio.get_running_loop()
        start = max(loop.time(), self.free_at_s)
        if not self.byte_s:
            self._deliver(data)
            return start
        self.pending.extend((start + self.byte_s * (i + 1), byte) for i, byte in enumerate(data))
        self.free_at_s = start + self.byte_s * len(data)
        self._schedule()
        return start

    def spoil(self) -> None:
        """Damage every byte still under way."""
        self.pending = deque((at, byte ^ 0xFF) for at, byte in self.pending)

    def stop(self) -> None:
        """Drop what is under way."""
        self.pending.clear()
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def _schedule(self) -> None:
        if self.timer is not None or not self.pending:
            return
        piece = min(len(self.pending), max(1, int(_PIECE_S / self.byte_s)))
        self.timer = asyncio.get_running_loop().call_at(self.pending[piece - 1][0], self._due)

    def _due(self) -> None:
        self.timer = None
        now = asyncio.get_running_loop().time() + self.byte_s / 100
        ready = bytearray()
        while self.pending and self.pending[0][0] <= now:
            ready.append(self.pending.popleft()[1])
        self._deliver(bytes(ready))
        self._schedule()

    def _deliver(self, data: bytes) -> None:
        try:
            written = os.write(self.output, data) if data else 0
        except BlockingIOError:
            written = 0
        if written < len(data):
            self.overrun(len(data) - written)


class Line:
    """The wire. `kit_path` is what the kit's UART opens, `device_path` what the devices' station opens."""

    def __init__(self, baud: int = 19_200, pace_requests: bool = False, seed: int = 1) -> None:
        if baud <= 0:
            raise ValueError(f"baud rate is {baud}; expected more than 0")
        self.baud = baud
        self.byte_s = BITS_PER_BYTE / baud
        self.counters = Counters()
        self.trace: deque[Passage] = deque(maxlen=_TRACE_LENGTH)
        self.injections: list[Injection] = []
        self.unplugged = False  # the kit's connector is out: nothing passes either way
        self._random = random.Random(f"{seed}/line")
        self._pace_requests = pace_requests
        self._kit: Pty | None = None
        self._devices: Pty | None = None
        self._lanes: dict[Direction, _Lane] = {}
        self._delayed: set[asyncio.TimerHandle] = set()

    @property
    def kit_path(self) -> str:
        """Path of the pseudo-terminal for the kit; only while the line is open."""
        return self._opened(self._kit).slave_path

    @property
    def device_path(self) -> str:
        """Path of the pseudo-terminal for the devices; only while the line is open."""
        return self._opened(self._devices).slave_path

    def open(self) -> None:
        """Make both pseudo-terminals and begin to carry bytes. Needs a running event loop."""
        self._kit, self._devices = open_pty(), open_pty()
        loop = asyncio.get_running_loop()
        self._lanes = {
            Direction.REQUEST: _Lane(
                self._devices.master_fd, self.byte_s if self._pace_requests else 0.0, self._overrun
            ),
            Direction.REPLY: _Lane(self._kit.master_fd, self.byte_s, self._overrun),
        }
        loop.add_reader(self._kit.master_fd, self._from, self._kit.master_fd, Direction.REQUEST)
        loop.add_reader(self._devices.master_fd, self._from, self._devices.master_fd, Direction.REPLY)

    def close(self) -> None:
        """Stop and close both ends; a second call does nothing."""
        for lane in self._lanes.values():
            lane.stop()
        for handle in self._delayed:
            handle.cancel()
        self._delayed.clear()
        for pty in (self._kit, self._devices):
            if pty is not None:
                asyncio.get_running_loop().remove_reader(pty.master_fd)
                pty.close()
        self._kit = self._devices = None

    def inject(
        self,
        fault: str | Fault,
        direction: Direction | str = Direction.REPLY,
        share: float = 1.0,
        times: int | None = None,
    ) -> Injection:
        """Let a fault act (by name or as a function) until its times are used up or `clear` is called.

        Raises ValueError for a name, direction or share that cannot be.
        """
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share is {share:g}; expected 0 to 1")
        function = named(fault) if isinstance(fault, str) else fault
        injection = Injection(function, Direction(direction), share, times)
        self.injections.append(injection)
        return injection

    def clear(self) -> None:
        """End all faults."""
        self.injections.clear()

    def _from(self, descriptor: int, direction: Direction) -> None:
        try:
            burst = os.read(descriptor, _READ_SIZE)
        except BlockingIOError:
            return
        if not burst or self.unplugged:
            return
        delay_s, burst = self._harm(direction, burst)
        if not burst:
            return
        if delay_s <= 0:
            self._carry(direction, burst)
            return
        loop = asyncio.get_running_loop()
        self._delayed = {handle for handle in self._delayed if handle.when() > loop.time()}
        self._delayed.add(loop.call_later(delay_s, self._carry, direction, burst))

    def _harm(self, direction: Direction, burst: bytes) -> tuple[float, bytes]:
        delay_s = 0.0
        for injection in self.injections:
            if burst and injection.applies(direction, self._random):
                self.counters.faults += 1
                more_s, burst = injection.fault(burst, self._random)
                delay_s += more_s
        return delay_s, burst

    def _carry(self, direction: Direction, burst: bytes) -> None:
        if direction is Direction.REQUEST:
            self.counters.requests += 1
            if self._lanes[Direction.REPLY].pending:
                self.counters.collisions += 1
                self._lanes[Direction.REPLY].spoil()
                return
        else:
            self.counters.replies += 1
        start = self._lanes[direction].send(burst)
        self.trace.append(Passage(start, direction, burst))

    def _overrun(self, count: int) -> None:
        self.counters.overrun_bytes += count

    @staticmethod
    def _opened(pty: Pty | None) -> Pty:
        if pty is None:
            raise RuntimeError("the line is not open")
        return pty
