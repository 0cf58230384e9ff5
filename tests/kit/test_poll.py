import itertools
import struct
from types import SimpleNamespace

import virtual
from nspkit.bus import Bus
from nspkit.kit import KitState
from nspkit.poll import Device, Poller
from nspkit.table import load


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


class Table:
    """A device table of these rows."""

    __name__ = "table"
    HOLE_LIMIT = 8

    def __init__(self, *rows):
        self.REGISTERS = rows
        self.SENTINELS = {"u16": ((0xFFF8, 0xFFFF),)}
        if rows[0][0] == "engine_state":
            self.WORDS = {"engine_state": {7: "running"}}


def row(name, address, group):
    unit = {"fuel_permille": "0.1 %", "battery_permille": "0.1 %"}.get(name, "")
    return (name, 3, address, "u16", unit, 0, 60000, group)


class Wire:
    """Slaves by unit; ``mute``: units that do not answer; ``value``: what every register holds."""

    def __init__(self):
        self.mute = set()
        self.refuse = {}  # address -> exception code
        self.value = 7
        self.lose = lambda: False
        self.asked = []

    def __call__(self, request):
        unit, count = request[0], request[5]
        self.asked.append((unit, request[3]))
        if unit in self.mute or self.lose():
            return []
        if request[3] in self.refuse:
            body = bytes((unit, 0x83, self.refuse[request[3]]))
            return [(0.01, body + crc(body))]
        body = bytes((unit, 3, 2 * count)) + struct.pack(">H", self.value) * count
        return [(0.01, body + crc(body))]


def two_devices(seconds, script):
    """Run two devices on one bus for so long; ``script(wire, state, at_s)`` each second."""

    async def go():
        import asyncio

        wire, clock, lines = Wire(), virtual.clock(), []
        uart = virtual.Uart(wire)
        state = KitState(("generator", "battery"))
        devices = [
            Device(
                "generator",
                10,
                load(Table(row("engine_state", 1, "fast"), row("fuel_permille", 50, "normal"))),
            ),
            Device("battery", 1, load(Table(row("battery_permille", 5, "normal")))),
        ]
        bus = Bus(uart, None, clock, (19200, None, 1), collect=lambda: None)
        poller = Poller(bus, devices, state, clock, lines.append, lambda: None)
        task = asyncio.create_task(poller.run())
        for second in range(seconds):
            script(wire, state, second)
            await clock.sleep_ms(1000)
        task.cancel()
        now = clock.ms()
        return SimpleNamespace(
            wire=wire, state=state, uart=uart, devices=devices, now=now, lines=lines, bus=bus
        )

    return virtual.run(go())


def test_each_block_keeps_its_period():
    """Fast blocks are read each second and normal ones each five, on one bus."""
    done = two_devices(60, lambda *_: None)
    counts = {key: done.wire.asked.count(key) for key in set(done.wire.asked)}
    assert counts[(10, 1)] in (59, 60, 61)
    assert counts[(10, 50)] in (11, 12, 13)
    assert counts[(1, 5)] in (11, 12, 13)


def test_a_dead_device_delays_no_other_and_costs_little():
    """A silent device takes at most 5 % of the bus in the long run, and the other stays good throughout."""
    qualities = []

    def script(wire, state, second):
        wire.mute = {10} if second >= 10 else set()
        if second > 30:
            qualities.append(state.quality("battery_permille", int(second * 1000)))

    done = two_devices(600, script)
    assert set(qualities) == {"good"}
    probes = [at for at, data in done.uart.sent if data[0] == 10 and at > 30]
    assert len(probes) * 0.5 <= 0.05 * 570
    assert any("generator (unit 10) does not answer" in line for line in done.lines)
    silent = [at for at, data in done.uart.sent if data[0] == 10 and at >= 10]
    assert done.state.errors["generator"]["timeout"] == len(silent)
    assert "battery" not in done.state.errors


def test_silence_goes_stale_then_unknown_with_growing_age_never_zero():
    """A value whose device falls silent stays stale until 60 s, is then unknown, and never becomes 0."""
    seen = []

    def script(wire, state, second):
        wire.mute = {10} if second >= 10 else set()
        now = second * 1000
        seen.append((state.quality("fuel_permille", now), state.value("fuel_permille", now)))

    done = two_devices(100, script)
    assert seen[9] == ("good", 7)
    assert ("stale", 7) in seen
    assert seen[-1] == ("unknown", None)
    assert {value for _, value in seen} <= {7, None}
    order = [quality for quality, _ in seen[5:]]
    assert order == sorted(order, key=["good", "stale", "unknown"].index)
    assert done.state.age_ms("fuel_permille", done.now) > 85_000


def test_a_device_that_answers_again_is_live_within_a_probe_and_a_period():
    """The first answer brings all of a device's blocks back at once."""
    back = []

    def script(wire, state, second):
        wire.mute = {10} if 10 <= second < 100 else set()
        if second >= 100 and state.quality("fuel_permille", second * 1000) == "good":
            back.append(second)

    two_devices(130, script)
    assert back[0] - 100 <= 10 + 5


def test_a_sentinel_is_unknown_at_once():
    """A controller that says "not available" makes the value unknown, though the read succeeded."""

    def script(wire, state, second):
        wire.value = 0xFFFF if second >= 10 else 7

    done = two_devices(20, script)
    assert done.state.quality("fuel_permille", done.now) == "unknown"
    assert done.state.value("fuel_permille", done.now) is None


def test_a_refused_block_is_no_dead_device():
    """A controller that refuses one block for good gives all others, live, and is never called dead."""

    def script(wire, state, second):
        wire.refuse = {50: 2}
        wire.mute = {10} if 100 <= second < 160 else set()
        if second > 200:
            assert state.quality("engine_state", second * 1000) == "good"

    done = two_devices(300, script)
    assert done.state.quality("fuel_permille", done.now) == "unknown"
    assert sum("does not answer" in line for line in done.lines) == 1
    assert sum(key == (10, 50) for key in done.wire.asked) < 20


def test_a_busy_device_is_asked_again_soon():
    """Busy is no refusal: the block keeps nearly its period."""

    def script(wire, state, second):
        wire.refuse = {50: 6} if second % 2 else {}

    done = two_devices(60, script)
    assert done.state.quality("fuel_permille", done.now) in ("good", "stale")
    assert sum(key == (10, 50) for key in done.wire.asked) >= 8


def test_one_lost_reply_costs_no_quality():
    """After a timeout the block is asked in another length at once, so a fast value stays good."""
    turns = itertools.count()
    seen = set()

    def script(wire, state, second):
        wire.lose = lambda: next(turns) % 20 == 19
        if second > 5:
            seen.add(state.quality("engine_state", second * 1000))

    done = two_devices(300, script)
    assert done.bus.errors["timeout"] > 5
    assert seen == {"good"}
