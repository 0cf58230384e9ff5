"""Real bytes on real pseudo-terminals: the line, the devices' station, and faults on the wire.

The master here is written apart from both the kit's and pymodbus': struct, its own CRC, a raw port.
"""

import asyncio
import contextlib
import os
import random
import struct

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient

from nsptools.bench import faults
from nsptools.bench.profiles import demo_spec
from nsptools.bench.ptys import open_pty
from nsptools.bench.site import Site
from patience import PATIENCE_S
from port_rig import until

# Some things show only while this machine gives a tenth of a second without a pause.
TRIES = 20


def crc(data):
    """Modbus CRC by its table-free definition, low byte first."""
    value = 0xFFFF
    for bit in range(8 * len(data)):
        if bit % 8 == 0:
            value ^= data[bit // 8]
        value = (value >> 1) ^ (0xA001 * (value & 1))
    return bytes((value & 0xFF, value >> 8))


def read_request(unit, function, address, count):
    """A whole read request, CRC included."""
    body = struct.pack(">BBHH", unit, function, address, count)
    return body + crc(body)


class Master:
    """A port on the kit's side that collects what comes, each piece with its time.

    When to stop listening it learns from the site, not from a clock: on a busy machine a pause says nothing.
    """

    def __init__(self, site):
        self.port = os.open(site.bus_path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.pieces = []
        self.came = asyncio.Event()
        self._site = site
        asyncio.get_running_loop().add_reader(self.port, self.read)

    def read(self):
        with contextlib.suppress(BlockingIOError):
            data = os.read(self.port, 4096)
            if data:
                self.pieces.append((asyncio.get_running_loop().time(), data))
                self.came.set()

    def close(self):
        asyncio.get_running_loop().remove_reader(self.port)
        os.close(self.port)

    @property
    def heard(self):
        """All bytes that came since the last request."""
        return b"".join(data for _, data in self.pieces)

    async def ask(self, frame):
        """Send; gives the whole of the next answer, and whatever else comes with it."""
        answers, _ = self._send(frame)
        await until(lambda: self._site.line.counters.replies > answers)
        length = len(self._site.line.trace[-1].data)
        await until(lambda: len(self.heard) >= length)
        await a_while()
        return self.heard

    async def silence(self, frame, *, arrives=True):
        """Send what gets no answer; gives the bytes that come all the same. ``arrives``: at the devices."""
        _, dealt_with = self._send(frame)
        if arrives:
            await until(lambda: self._dealt_with > dealt_with)
        await a_while()
        return self.heard

    def _send(self, frame):
        before = self._site.line.counters.replies, self._dealt_with
        self.pieces.clear()
        os.write(self.port, frame)
        return before

    @property
    def _dealt_with(self):
        counters = self._site.station.counters
        return counters.answered + counters.refused + counters.damaged + counters.ignored

    async def words(self, unit, function, address, count):
        """Data words of a read, the frame checked in all its parts."""
        frame = await self.ask(read_request(unit, function, address, count))
        assert crc(frame[:-2]) == frame[-2:], frame.hex(" ")
        assert frame[:3] == bytes((unit, function, 2 * count)), frame.hex(" ")
        return list(struct.unpack(f">{count}H", frame[3:-2]))


async def a_while():
    """Give what should not come the time to come: in turns, so that one long pause of this machine is none of them."""
    for _ in range(10):
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def open_site(**changes):
    """A running site whose plant stands still, and a master on its bus."""
    site = Site("A", demo_spec(0), speed=0, **changes)
    await site.start()
    for device in site.devices.values():
        device.reply_ms = (6.0, 8.0)
    master = Master(site)
    try:
        yield site, master
    finally:
        master.close()
        await site.stop()


async def test_known_frames():
    """Protects the wire itself: requests as printed in the protocol's examples get the right answer bytes."""
    async with open_site() as (site, master):
        site.set("generator.fuel_percent", 47)
        request = bytes.fromhex("0A 03 04 03 00 01 74 41")
        assert request == read_request(10, 3, 1027, 1)
        body = bytes.fromhex("0A 03 02 00 2F")
        assert await master.ask(request) == body + crc(body)
        mode = bytes.fromhex("0A 03 03 04 00 01 C4 F4")
        body = bytes.fromhex("0A 03 02 00 01")
        assert await master.ask(mode) == body + crc(body)
        block = await master.ask(bytes.fromhex("0A 03 04 00 00 08 44 47"))
        assert len(block) == 5 + 16
        assert block[:3] == bytes.fromhex("0A 03 10")


async def test_three_devices_answer_on_one_bus():
    """Protects the bus of the first kit: each unit with its own function and map."""
    async with open_site() as (site, master):
        assert await master.words(10, 3, 1408, 1) == [3]
        assert await master.words(10, 3, 39424, 20) == site.devices["generator"].words(39424, 20)
        assert (await master.words(1, 4, 0x1000, 18))[5] == 1000
        assert len(await master.words(1, 4, 0x1100, 26)) == 26
        watts = struct.unpack(">f", struct.pack(">2H", *await master.words(2, 4, 0x34, 2)))[0]
        assert watts == pytest.approx(site.plant.served_w)
        assert len(await master.words(2, 4, 0, 80)) == 80
        bits = await master.ask(read_request(1, 1, 0x1278, 2))
        assert bits[:-2] == bytes.fromhex("01 01 01 03")


@pytest.mark.parametrize(
    ("request_hex", "answer_hex"),
    [
        ("0A 03 04 00 00 41", "0A 83 03"),  # 65 registers
        ("0A 03 04 00 00 00", "0A 83 03"),
        ("0A 03 04 FF 00 02", "0A 83 02"),  # leaves its page
        ("0A 03 08 00 00 01", "0A 83 02"),
        ("0A 04 04 00 00 01", "0A 84 01"),
        ("0A 06 04 03 00 01", "0A 86 01"),
        ("0A 10 10 08 00 02 04 8B 96 74 69", "0A 90 01"),  # alarm reset: writes are refused
        ("0A 2B 0E 01 00", "0A AB 01"),
        ("01 04 10 12 00 01", "01 84 02"),
        ("01 03 10 00 00 01", "01 83 01"),
        ("02 04 00 01 00 02", "02 84 02"),
        ("02 04 00 00 00 52", "02 84 03"),
    ],
)
async def test_exceptions(request_hex, answer_hex):
    """Protects the refusals as they look on the wire."""
    async with open_site() as (_, master):
        body = bytes.fromhex(request_hex)
        answer = bytes.fromhex(answer_hex)
        assert await master.ask(body + crc(body)) == answer + crc(answer)


async def test_silence_where_a_device_is_silent():
    """Protects the master's time-outs: unknown unit, broadcast, wrong CRC and a muted device give no byte."""
    async with open_site() as (site, master):
        wrong = read_request(10, 3, 1027, 1)[:-1] + b"\x00"
        for frame in (read_request(9, 3, 1027, 1), read_request(0, 3, 1027, 1), wrong):
            assert await master.silence(frame) == b""
        site.set("generator.mute", 1)
        assert await master.silence(read_request(10, 3, 1027, 1)) == b""
        assert len(await master.words(1, 4, 0x1000, 2)) == 2
        site.set("generator.mute", 0)
        assert len(await master.words(10, 3, 1027, 1)) == 1
        assert site.station.counters.damaged == 1


async def test_half_a_request_is_forgotten_after_silence():
    """Protects the next request: what came before a silence is no part of it."""
    async with open_site() as (_, master):
        request = read_request(10, 3, 1027, 1)
        assert await master.silence(request[:5]) == b""
        assert len(await master.words(10, 3, 1027, 1)) == 1


async def test_a_paced_request_is_one_frame():
    """Protects framing for a UART that hands its bytes over early: pieces of one request stay together."""
    async with open_site(pace_requests=True) as (site, master):
        for _ in range(5):
            assert len(await master.words(10, 3, 1027, 1)) == 1
        assert site.station.counters.damaged == 0


async def test_answers_are_paced_by_the_baud_rate():
    """Protects the kit's timing: no byte of an answer arrives before the wire could have brought it, and they come bit by bit."""
    async with open_site() as (_, master):
        for _ in range(TRIES):
            started = asyncio.get_running_loop().time()
            frame = await master.ask(read_request(2, 4, 0, 80))
            assert len(frame) == 165
            first_s = master.pieces[0][0] - len(master.pieces[0][1]) * 10 / 19200
            assert first_s >= started + 0.006 - 0.001
            brought = 0
            for at_s, data in master.pieces:
                brought += len(data)
                assert at_s - started >= 0.006 + brought * 10 / 19200 - 0.001
            if len(master.pieces) > 10:
                return
        pytest.fail(f"{TRIES} answers, and each came in one lump")


async def test_busy_when_asked_too_soon():
    """Protects the controller's quirk: a request within its minimum gap gets *busy*, a later one data."""
    async with open_site() as (site, master):
        site.set("generator.min_gap_ms", 10_000)
        request = read_request(10, 3, 1027, 1)
        assert (await master.ask(request))[1] == 0x03
        body = bytes.fromhex("0A 83 06")
        assert await master.ask(request) == body + crc(body)
        assert len(await master.words(1, 4, 0x1000, 1)) == 1
        site.set("generator.min_gap_ms", 0)
        assert (await master.ask(request))[1] == 0x03


async def test_faults_act_on_the_wire():
    """Protects the fault tests of the kit: each named fault does what its name says, then ends."""
    async with open_site() as (site, master):
        site.set("generator.fuel_percent", 47)
        request = read_request(10, 3, 1027, 1)
        good = await master.ask(request)
        site.line.inject("silence", times=1)
        assert await master.silence(request) == b""
        site.line.inject("truncate", times=1)
        cut = await master.ask(request)
        assert good.startswith(cut)
        assert len(cut) < len(good)
        site.line.inject("crc", times=1)
        damaged = await master.ask(request)
        assert len(damaged) == len(good)
        assert crc(damaged[:-2]) != damaged[-2:]
        site.line.inject("noise", times=1)
        noisy = await master.ask(request)
        assert noisy.endswith(good)
        assert len(noisy) > len(good)
        late, asked = site.line.inject("late", times=1), asyncio.get_running_loop().time()
        assert await master.ask(request) == good
        assert master.pieces[0][0] - asked >= 0.6
        site.line.inject("crc", "request", times=1)
        assert await master.silence(request) == b""
        assert await master.ask(request) == good
        assert late.hits == 1
        assert site.line.counters.faults == 6
        site.set("bus.unplug", 1)
        assert await master.silence(request, arrives=False) == b""
        site.set("bus.unplug", 0)
        assert await master.ask(request) == good


async def test_a_request_into_an_answer_spoils_it():
    """Protects the half-duplex rule: talking into an answer loses the request and damages the answer."""
    async with open_site() as (site, master):
        counters = site.line.counters
        for _ in range(TRIES):
            whole = await master.ask(read_request(2, 4, 0, 80))
            answered, asked = site.station.counters.answered, counters.requests
            master.pieces.clear()
            master.came.clear()
            os.write(master.port, read_request(2, 4, 0, 80))
            await master.came.wait()
            os.write(master.port, read_request(10, 3, 1027, 1))
            await until(lambda n=asked: counters.requests == n + 2)
            await until(lambda n=whole: len(master.heard) >= len(n))
            await a_while()
            if counters.collisions:
                break  # else this machine paused until the answer was over
        assert counters.collisions == 1
        assert len(master.heard) == len(whole)
        assert master.heard[:3] == whole[:3]
        assert crc(master.heard[:-2]) != master.heard[-2:]
        assert site.station.counters.answered == answered + 1
        assert len(await master.words(10, 3, 1027, 1)) == 1


def test_named_faults_are_seeded_and_true_to_their_names():
    """Protects repeatability of fault runs, on the functions alone."""
    for fault in faults.NAMED.values():
        assert fault(b"abcdef", random.Random(5)) == fault(b"abcdef", random.Random(5))
    for seed in range(50):
        source = random.Random(seed)
        _, cut = faults.truncate(b"abcdef", source)
        assert 1 <= len(cut) < 6
        _, flipped = faults.crc(b"abcdef", source)
        assert sum((a ^ b).bit_count() for a, b in zip(b"abcdef", flipped, strict=True)) == 1
    with pytest.raises(ValueError, match="silence, noise, truncate, crc, late"):
        faults.named("fire")


async def test_pymodbus_client_reads_all_three():
    """Protects against reading the protocol in our own way only: a second, independent master agrees."""
    site = Site("A", demo_spec(0), speed=0)
    await site.start()
    client = AsyncModbusSerialClient(
        site.bus_path, framer=FramerType.RTU, baudrate=19200, timeout=PATIENCE_S, retries=0
    )
    try:
        assert await client.connect()
        page = await client.read_holding_registers(1024, count=64, device_id=10)
        assert page.registers == site.devices["generator"].words(1024, 64)
        pack = await client.read_input_registers(0x1000, count=18, device_id=1)
        assert pack.registers == site.devices["battery"].words(0x1000, 18)
        switches = await client.read_coils(0x1200, count=0x90, device_id=1)
        assert switches.bits[0x78:0x7A] == [True, True]
        assert sum(switches.bits) == 2
        power = await client.read_input_registers(0x34, count=2, device_id=2)
        watts = client.convert_from_registers(power.registers, client.DATATYPE.FLOAT32)
        assert watts == pytest.approx(site.plant.served_w)
        refused = await client.read_holding_registers(1024, count=65, device_id=10)
        assert refused.exception_code == 3
        written = await client.write_register(1027, 5, device_id=10)
        assert written.exception_code == 1
    finally:
        client.close()
        await site.stop()


def test_a_pty_is_raw_both_ways():
    """Protects every simulated port: all 256 byte values pass unchanged, nothing is echoed, reads do not block."""
    pty = open_pty()
    port = os.open(pty.slave_path, os.O_RDWR | os.O_NOCTTY)
    try:
        every = bytes(range(256))
        assert os.read(port, 10) == b""
        os.write(port, every)
        assert os.read(pty.master_fd, 4096) == every
        os.write(pty.master_fd, every)
        assert os.read(port, 4096) == every
        with pytest.raises(BlockingIOError):
            os.read(pty.master_fd, 1)
    finally:
        os.close(port)
        pty.close()
        pty.close()
