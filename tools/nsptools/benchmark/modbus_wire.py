"""The fault matrix: a real Modbus master under the real VM, on a real pseudo-terminal, in virtual time.

The wire stands between the master and devices that are always right: each register's value is made of its
address, its unit and the number of the request, so that data of another read, of another time or of another
device can never look right. Faults (bench/faults.py) act on bytes and time only. What the master reports as
read is compared here, by what this side knows that it was asked and has answered.
"""

from __future__ import annotations

import bisect
import collections
import json
import os
import random
import select
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nsptools.bench import vm
from nsptools.bench.faults import HARMS, Exchange, Harm, Pieces, sealed, truncated
from nsptools.bench.ptys import Pty, open_pty
from nsptools.benchmark.frame import BenchmarkError
from nsptools.benchmark.modbus_virtual import ADVANCE, ANSWER, COMMAND, RESULT, WROTE

OUTCOMES = ("accepted", "timeout", "garbled", "exception", "closed")
_COMMAND, _ANSWER = struct.Struct(COMMAND), struct.Struct(ANSWER)
_NEVER_US = 1 << 60
_REMEMBERED = 64
_LONGEST_REPLY = 9
# With a right CRC, the device's own address and another count than was asked for: when such a frame came during a
# later read of that count, that read's own reply would look no different. It comes while its request is open, as on a line where nobody else asks.
_FORGERIES = ("short_count", "long_count", "lying_count")
_CLEAN_SHARE = 0.35  # of random exchanges
_MARGIN_S = 0.005


@dataclass(frozen=True)
class Slave:
    """One device on the wire. ``blocks``: (function, first address, registers, poll group)."""

    unit: int
    blocks: Sequence[tuple[int, int, int, str]]
    timeout_ms: int = 200
    late_ms: int = 1000
    gap_ms: int = 0
    reply_offset: int = 0
    hole_limit: int = 0


# Same lengths at one unit, at several, and under two functions; a reply address; a device that wants pauses.
SLAVES = (
    Slave(
        10, ((3, 100, 3, "fast"), (3, 200, 20, "normal"), (3, 300, 1, "slow"), (3, 400, 3, "fast")), gap_ms=20
    ),
    Slave(1, ((4, 0x1000, 18, "normal"), (4, 0x1100, 26, "slow"), (4, 0, 2, "fast"), (4, 8, 2, "fast"))),
    Slave(2, ((4, 0, 2, "fast"), (3, 0, 2, "fast"), (4, 0x34, 40, "normal")), timeout_ms=120, hole_limit=4),
    Slave(0x81, ((3, 0, 20, "fast"), (3, 0x38, 1, "normal")), reply_offset=-0x30, hole_limit=4),
)


@dataclass
class Tally:
    """What came of a run. ``refused``: reads without data, by kind; ``tried``: exchanges that a fault acted on, by name."""

    transactions: int = 0  # requests on the wire
    accepted_right: int = 0
    accepted_wrong: int = 0
    chance_crc: int = 0  # wrong, but the damage happened to make a whole frame with a right CRC
    refused: collections.Counter[str] = field(default_factory=collections.Counter)
    tried: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: list[str] = field(default_factory=list)  # the first of them, for a person
    virtual_s: float = 0.0


def register(unit: int, address: int, request: int) -> int:
    """Value of a register at the ``request``-th request: no two that meet are alike."""
    return (address * 0x9E37 + unit * 0x3A7D + request * 0x6D2B) & 0xFFFF


def one_by_one() -> Iterator[list[tuple[str, Harm]]]:
    """Every fault, and a truncation at every byte, each followed by two exchanges without one; for ever."""
    lengths = [(f"truncated_{length}", truncated(length)) for length in range(_LONGEST_REPLY)]
    while True:
        for name, harm in (*HARMS.items(), *lengths):
            yield [(name, harm)]
            yield []
            yield []


def at_random(source: random.Random) -> Iterator[list[tuple[str, Harm]]]:
    """One to three faults at once, or none, for ever; now and then a device that stays slow for ten exchanges."""
    while True:
        if source.random() < _CLEAN_SHARE:
            yield []
        elif source.random() < 0.02:
            yield [("stale", HARMS["overdue"])]
            for _ in range(9):
                yield [("stale", HARMS["slow"])]
        else:
            yield source.sample(list(HARMS.items()), source.randint(1, 3))


class Wire:
    """The line, its devices and the judge, for one master."""

    def __init__(
        self,
        slaves: Sequence[Slave],
        baud: int,
        plan: Iterator[list[tuple[str, Harm]]],
        seed: int,
        *,
        limit: int,
    ) -> None:
        self.tally = Tally()
        self.delays_s = 0.0  # from the last bit of requests to the first of replies, in all
        self._slaves = {slave.unit: slave for slave in slaves}
        self._byte_us = 10_000_000 / baud
        self._plan = plan
        self._random = random.Random(f"{seed}/wire")
        self._limit = limit
        self._coming: list[tuple[float, int, int]] = []  # (virtual us, order, byte), by time
        self._order = 0
        self._request = b""
        self._number = 0
        # Whole frames, undamaged.
        self._sent: collections.deque[bytes] = collections.deque(maxlen=_REMEMBERED)
        self._heard = bytearray()  # by the master since its request

    def serve(self, pty: Pty, commands: int, answers: int) -> None:
        """Answer the master's commands until the limit of requests is reached or it ends."""
        while header := _read(commands, _COMMAND.size):
            kind, outcome, count, now_us = _COMMAND.unpack(header)
            second = 1
            if kind == WROTE:
                self._asked(_from_pty(pty.master_fd, count), now_us)
            elif kind == ADVANCE:
                second = self._deliver(pty.master_fd, now_us)
            elif kind == RESULT:
                self._judge(outcome, _read(commands, 4 * count))
                self.tally.virtual_s = now_us / 1e6
                second = int(self.tally.transactions < self._limit)
            else:  # a traceback, on the same output
                said = header
                while more := os.read(commands, 65536):  # it comes in pieces, and ends with the program
                    said += more
                raise BenchmarkError(f"modbus: the master ended: {said.decode(errors='replace')}")
            os.write(answers, _ANSWER.pack(self._next_us(), second))
            if not second and kind == RESULT:
                return
        raise BenchmarkError("modbus: the master ended by itself")

    def _next_us(self) -> int:
        return int(self._coming[0][0]) + 1 if self._coming else _NEVER_US

    def _asked(self, request: bytes, now_us: int) -> None:
        end_us = now_us + len(request) * self._byte_us
        # What comes while the master drives the line is destroyed.
        self._coming = [item for item in self._coming if not now_us < item[0] <= end_us]
        self.tally.transactions += 1
        self._number += 1
        self._request, self._heard = request, bytearray()
        unit, function, first, count = struct.unpack(">BBHH", request[:6])
        slave = self._slaves[unit]
        words = [register(unit, first + index, self._number) for index in range(count)]
        reply = sealed(
            bytes((unit + slave.reply_offset, function, 2 * count)) + struct.pack(f">{count}H", *words)
        )
        exchange = Exchange(
            request, reply, slave.timeout_ms / 1000, slave.late_ms / 1000, self._byte_us / 1e6
        )
        pieces: Pieces = [(0.0, reply)]
        open_s = exchange.timeout_s + exchange.late_s
        for name, harm in next(self._plan):
            if name in _FORGERIES:
                open_s = exchange.timeout_s
            self.tally.tried[name] += 1
            pieces = harm(pieces, exchange, self._random)
        delay_s = self._random.uniform(0.004, 0.012)
        self.delays_s += delay_s
        for at_s, data in pieces:
            # Later than the device says that it can be is no fault that a master could know.
            latest_s = open_s - len(data) * exchange.byte_s - _MARGIN_S
            self._put(end_us + min(at_s + delay_s, max(latest_s, delay_s)) * 1e6, data)

    def _put(self, at_us: float, data: bytes) -> None:
        if len(data) > 4 and sealed(data[:-2]) == data:
            self._sent.append(data)
        self._order += 1
        byte_us, order = self._byte_us, self._order
        self._coming += [(at_us + index * byte_us, order, byte) for index, byte in enumerate(data, 1)]
        self._coming.sort()

    def _deliver(self, port: int, now_us: int) -> int:
        count = bisect.bisect_right(self._coming, (now_us, self._order + 1, 0))
        data = bytes(item[2] for item in self._coming[:count])
        del self._coming[:count]
        self._heard += data
        if data:
            os.write(port, data)
        return len(data)

    def _judge(self, outcome: int, report: bytes) -> None:
        if outcome in range(1, len(OUTCOMES)):
            self.tally.refused[OUTCOMES[outcome]] += 1
            return
        unit, function, _, count = struct.unpack(">BBHH", self._request[:6])
        pairs = list(struct.iter_unpack("<HH", report))
        if outcome == 0 and pairs and all(value == register(unit, at, self._number) for at, value in pairs):
            self.tally.accepted_right += 1
        elif outcome == 0 and self._by_chance(unit + self._slaves[unit].reply_offset, function, 2 * count):
            self.tally.chance_crc += 1
        else:
            self.tally.accepted_wrong += 1
            if len(self.tally.wrong) < 10:
                self.tally.wrong.append(f"{self._request.hex()} <- {self._heard.hex()}: {pairs}")

    def _by_chance(self, unit: int, function: int, size: int) -> bool:
        """Whether a frame with a right CRC was heard that nobody ever sent."""
        head, length = bytes((unit, function, size)), size + 5
        for at in range(len(self._heard) - length + 1):
            frame = bytes(self._heard[at : at + length])
            if frame[:3] == head and sealed(frame[:-2]) == frame and frame not in self._sent:
                return True
        return False


@dataclass(frozen=True)
class Master:
    """A script for the VM and what lies beside it. ``options``: for the script, beside path and baud."""

    script: Path
    files: Mapping[str, bytes]
    options: Mapping[str, object]


def own_master(slaves: Sequence[Slave], **options: object) -> Master:
    """The kit's own: bus, poller, tables. ``scheduled``: by the poller's plan instead of back to back."""
    here = Path(__file__).parent
    devices = [{name: getattr(slave, name) for name in slave.__dataclass_fields__} for slave in slaves]
    return Master(
        here / "modbus_master.py",
        vm.firmware_files(),
        {"devices": devices, "scheduled": False, "seed": 1, "tick_us": 0, "wakes": False, **options},
    )


def run(master: Master, wire: Wire, baud: int) -> Tally:
    """Let a master ask until the wire's limit. Raises BenchmarkError when it ends by itself."""
    pty = open_pty()
    try:
        with tempfile.TemporaryDirectory(prefix="nsp-matrix-") as name:
            folder = Path(name)
            virtual = Path(__file__).with_name("modbus_virtual.py")
            vm.write_tree(folder, {**master.files, virtual.name: virtual.read_bytes()})
            script = folder / "_script.py"
            script.write_bytes(master.script.read_bytes())
            options = json.dumps({**master.options, "path": pty.slave_path, "baud": baud})
            (folder / "options.json").write_text(options)
            process = subprocess.Popen(
                vm.command(script, heap="4M"),
                cwd=folder,
                env=vm.vm_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            with process:
                if process.stdin is None or process.stdout is None:
                    raise BenchmarkError("modbus: no pipes to the VM")
                try:
                    wire.serve(pty, process.stdout.fileno(), process.stdin.fileno())
                finally:
                    process.kill()
    finally:
        pty.close()
    return wire.tally


def _read(descriptor: int, count: int) -> bytes:
    """Exactly ``count`` bytes; fewer at the end."""
    data = b""
    while len(data) < count:
        more = os.read(descriptor, count - len(data))
        if not more:
            return b""
        data += more
    return data


def _from_pty(port: int, count: int) -> bytes:
    """The frame that was just written at the other end: the kernel hands it over a little later."""
    data = b""
    while len(data) < count:
        if not select.select([port], [], [], 5.0)[0]:
            raise BenchmarkError("modbus: a request got lost in the pseudo-terminal")
        data += os.read(port, count - len(data))
    return data
