"""Modbus TCP: over real sockets, with a server that errs in every way, on CPython and on the board's interpreter."""

import asyncio
import json
import struct
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import tcp_reads
from nspkit import app, models, start
from nspkit.bus import BusError
from nspkit.bus_tcp import TcpBus
from nspkit.kit import KitState
from nspkit.log import Log
from nspkit.poll import Device, Poller
from nsptools.bench import vm
from nsptools.bench.air import Air
from nsptools.bench.hostkit import HostBoard
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.site import Site
from nsptools.bench.spec import PlantSpec
from nsptools.bench.town import RADIO_UART
from nsptools.benchmark.listener import Listener
from nsptools.benchmark.rig import key_of, make_kit
from patience import PATIENCE_S

# For a reply that comes, and for one that does not: no machine pauses for as long as the first, or for the late one's delay.
PATIENT_MS, HASTY_MS, LATE_S = 60_000, 200, 2.0
# A read that failed leaves no socket behind, apart from the one that the late server still holds; the server may see
# one go after it has seen the next one come.
MOST_OPEN = 4
END = "end"  # the server hangs up here


def frame(request, *registers, transaction=0, unit=None, function=3, protocol=0, length=None, count=None):
    """The reply to a request, each part of it changed as wanted; ``transaction`` is added to the request's."""
    pdu = bytes((function, 2 * len(registers) if count is None else count)) + struct.pack(
        f">{len(registers)}H", *registers
    )
    head = struct.unpack(">H", request[:2])[0] + transaction & 0xFFFF
    return (
        struct.pack(
            ">HHHB",
            head,
            protocol,
            len(pdu) + 1 if length is None else length,
            request[6] if unit is None else unit,
        )
        + pdu
    )


def exception(request, code, *more):
    """An exception reply."""
    pdu = bytes((0x83, code, *more))
    return request[:2] + struct.pack(">HHB", 0, len(pdu) + 1, request[6]) + pdu


def right(request):
    """The reply as it must be: a register's address and its complement."""
    address = request[8] << 8 | request[9]
    return frame(request, address, 0xFFFF - address)


def truth(index):
    """What a right read gives: `tcp_reads` asks for register 840 and up."""
    return f"{840 + index:04x}{0xFFFF - 840 - index:04x}"


GOOD = "good"
# What the server does with a request, what comes of it. Bytes, pauses in s, END.
# fmt: off
PLAN = (
    ("plain",                     lambda r: [right(r)],                                    GOOD),
    ("byte by byte",              lambda r: [x for b in right(r) for x in (bytes((b,)), 0.001)], GOOD),
    ("an earlier transaction's",  lambda r: [frame(r, 1, 2, transaction=-1), right(r)],    GOOD),
    ("a later transaction's",     lambda r: [frame(r, 1, 2, transaction=1), right(r)],     GOOD),
    ("another unit's",            lambda r: [frame(r, 1, 2, unit=225), right(r)],          GOOD),
    ("twice",                     lambda r: [right(r) + right(r)],                         GOOD),
    ("after a double",            lambda r: [right(r)],                                    GOOD),
    ("exception",                 lambda r: [exception(r, 0x0A)],                          "exception 10"),
    ("after an exception",        lambda r: [right(r)],                                    GOOD),
    ("exception too long",        lambda r: [exception(r, 2, 0)],                          "garbled"),
    ("only another transaction",  lambda r: [frame(r, 1, 2, transaction=7)],               "timeout"),
    ("only another unit",         lambda r: [frame(r, 1, 2, unit=1)],                      "timeout"),
    ("silence",                   lambda _: [],                                            "timeout"),
    ("right after silence",       lambda r: [right(r)],                                    GOOD),
    ("late",                      lambda r: [LATE_S, frame(r, 9, 9)],                      "timeout"),
    ("while that one comes late", lambda r: [right(r)],                                    GOOD),
    ("wrong function",            lambda r: [frame(r, 1, 2, function=4)],                  "garbled"),
    ("short count",               lambda r: [frame(r, 1)],                                 "garbled"),
    ("long count",                lambda r: [frame(r, 1, 2, 3)],                           "garbled"),
    ("count that lies",           lambda r: [frame(r, 1, 2, 3, count=4)],                  "garbled"),
    ("another protocol",          lambda r: [frame(r, 1, 2, protocol=1)],                  "garbled"),
    ("length 0",                  lambda r: [frame(r, 1, 2, length=0)],                    "garbled"),
    ("length 2",                  lambda r: [frame(r, 1, 2, length=2)],                    "garbled"),
    ("length 255",                lambda r: [frame(r, 1, 2, length=255)],                  "garbled"),
    ("length 65535",              lambda r: [frame(r, 1, 2, length=65535)],                "garbled"),
    ("length one too short",      lambda r: [frame(r, 1, 2, length=6)],                    "garbled"),
    ("length one too long",       lambda r: [frame(r, 1, 2, length=8)],                    "timeout"),
    ("hung up",                   lambda _: [END],                                         "garbled"),
    *((f"cut after {n}",          lambda r, n=n: [right(r)[:n], END],                      "garbled") for n in range(1, 13)),
    ("stuck in its header",       lambda r: [right(r)[:5]],                                "timeout"),
    ("stuck in its data",         lambda r: [right(r)[:11]],                               "timeout"),
    ("in order again",            lambda r: [right(r)],                                    GOOD),
)
# fmt: on
TIMEOUTS_MS = [HASTY_MS if outcome == "timeout" else PATIENT_MS for _, _, outcome in PLAN]
EXPECTED = [truth(index) if outcome == GOOD else outcome for index, (_, _, outcome) in enumerate(PLAN)]


class Server:
    """A Modbus TCP server with a line of its plan for each address, from 840 on."""

    def __init__(self, plan):
        self.plan = plan
        self.open = 0  # connections that nobody has closed yet
        self.most = 0
        self.connections = 0
        self._empty = asyncio.Event()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error):
        self._server.close()
        await self._server.wait_closed()
        async with asyncio.timeout(PATIENCE_S):
            await self._empty.wait()

    async def _connected(self, reader, writer):
        self.open += 1
        self._empty.clear()
        self.connections += 1
        self.most = max(self.most, self.open)
        try:
            while request := await reader.read(12):
                assert len(request) == 12
                line = (request[8] << 8 | request[9]) - 840
                for step in self.plan[line][1](request):
                    if step == END:
                        return
                    if isinstance(step, float):
                        await asyncio.sleep(step)
                        continue
                    writer.write(step)
                    await writer.drain()
        except ConnectionError:
            pass  # the kit hung up while we were late
        finally:
            self.open -= 1
            if not self.open:
                self._empty.set()
            writer.close()


async def test_every_reply_that_is_not_ours_is_refused():
    """No late, foreign, short, long or cut reply becomes data, and the next read is in order again."""
    async with Server(PLAN) as server:
        seen, reads, errors = await tcp_reads.outcomes(server.port, TIMEOUTS_MS)
    names = [name for name, _, _ in PLAN]
    assert list(zip(names, seen, strict=True)) == list(zip(names, EXPECTED, strict=True))
    assert reads == sum(outcome == GOOD for _, _, outcome in PLAN)
    assert errors == [EXPECTED.count("timeout"), EXPECTED.count("garbled"), 1, 0]
    assert server.most <= MOST_OPEN
    assert server.connections > 20


def test_the_same_on_the_board_interpreter():
    """The very same replies come to the very same under MicroPython, whose sockets close and fail in their own way."""
    server, ready, over = Server(PLAN), threading.Event(), threading.Event()

    async def serve():
        async with server:
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        source = Path(tcp_reads.__file__)
        script = (
            "import asyncio, tcp_reads\n"
            f"print(asyncio.run(tcp_reads.outcomes({server.port}, {TIMEOUTS_MS})))\n"
            # Nothing listens on port 1: the way an absent box looks.
            "print(asyncio.run(tcp_reads.outcomes(1, [500, 500])))\n"
        )
        files = vm.firmware_files() | {source.name: source.read_bytes()}
        said = vm.run_script(script, files=files, heap="192k").stdout.splitlines()
    finally:
        over.set()
        thread.join()
    errors = [EXPECTED.count("timeout"), EXPECTED.count("garbled"), 1, 0]
    assert said == [
        repr((EXPECTED, sum(outcome == GOOD for _, _, outcome in PLAN), errors)),
        repr((["timeout", "timeout"], 0, [2, 0, 0, 0])),
    ]
    assert server.most <= MOST_OPEN


async def test_a_read_cancelled_in_mid_frame_spoils_no_later_one():
    """Who stops a poller between header and data must not turn the rest into the next reply's header."""
    half = asyncio.Event()

    def first(request):
        half.set()
        return [right(request)[:9]]

    async with Server([("", first), ("", lambda r: [right(r)])]) as server:
        bus = TcpBus("127.0.0.1", server.port, None)
        device = tcp_reads.Device(PATIENT_MS)
        reading = asyncio.create_task(bus.read(device, 3, 840, 2))
        await half.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert bytes(await bus.read(device, 3, 841, 2)).hex() == truth(1)
        await bus.close()
        assert server.connections == 2


@asynccontextmanager
async def victron():
    """A simulated GX with its battery service on a loopback port."""
    site = Site("gx", PlantSpec(devices=("battery",), models={"battery": "victron_gx"}), speed=0)
    await site.start()
    site.set("battery.reply_ms", 1)
    yield site
    await site.stop()


async def test_reads_a_gx_and_its_battery_over_one_connection():
    """Two services of one box are two units behind one socket; a unit that it has not is an exception, not silence."""
    async with victron() as site:
        bus = TcpBus("127.0.0.1", site.tcp.port, None)
        assert struct.unpack(">H", await bus.read(tcp_reads.Device(PATIENT_MS), 3, 840, 1)) == (547,)
        assert struct.unpack(">H", await bus.read(tcp_reads.Device(PATIENT_MS, 225), 4, 259, 1)) == (5472,)
        with pytest.raises(BusError) as raised:
            await bus.read(tcp_reads.Device(PATIENT_MS, 33), 3, 259, 1)
        assert (raised.value.kind, raised.value.code) == ("exception", 0x0A)
        with pytest.raises(BusError) as raised:
            await bus.read(tcp_reads.Device(PATIENT_MS), 3, 5, 1)
        assert (raised.value.kind, raised.value.code) == ("exception", 2)
        assert (bus.reads, bus.errors["exception"], site.tcp.counters.connections) == (2, 2, 1)
        await bus.close()


async def test_an_absent_box_is_asked_rarely_and_lives_again_when_it_answers(tmp_path):
    """A GX that is off costs one try per probe interval; once it is back, every block is due at once."""
    async with victron() as site:
        port = site.tcp.port
        clock = HostBoard(tmp_path, {}).clock
        device = Device("battery", 100, models.get("victron_gx"))
        device.model.timeout_ms = PATIENT_MS
        bus = TcpBus("127.0.0.1", port, None)
        state = KitState(("grid",))
        poller = Poller(bus, [device], state, clock, print, lambda: None)
        await poller.read(device, 0)
        assert state.quality("load_w", clock.ms()) == "good"

        await bus.close()
        await site.tcp.stop()
        for _ in range(2):
            await poller.read(device, 0)
        assert bus.errors["timeout"] == 2
        assert device.dead
        assert min(device.due_ms) >= clock.ms() + 15_000
        assert state.value("load_w", clock.ms()) is not None

        site.tcp._wanted_port = port
        await site.tcp.start()
        await poller.read(device, 0)
        assert not device.dead
        assert device.due_ms[1] <= clock.ms()
        await bus.close()


async def test_a_gx_on_the_network_reaches_the_air(tmp_path):
    """settings.json names an address and a port; what the GX says is what a receiver reads."""
    kit = make_kit(tmp_path)
    async with victron() as site:
        path = kit.folder / "settings.json"
        conf = json.loads(path.read_text())
        pack = ["battery_cv", "battery_da", "battery_permille"]
        conf["buses"] = [{"tcp": "127.0.0.1", "port": site.tcp.port}]
        conf["sources"] = ["grid", "battery"]
        conf["devices"] = [
            {
                "name": "meter",
                "model": "victron_gx",
                "bus": 0,
                "unit": 100,
                "without": ["generator_w", "sun_w", *pack],
            },
            {"name": "battery", "model": "victron_battery", "bus": 0, "unit": 225},
        ]
        path.write_text(json.dumps(conf))
        site.set("battery.pack_soc_permille", 655)
        site.set("battery.pack_current_da", -123)
        for phase, watts in (("1", 700), ("2", 200), ("3", 100)):
            site.set(f"battery.consumption_l{phase}_w", watts)
        air = Air()
        modem = Rui3Modem(air, "gx")
        await modem.start()
        listener = Listener(air, key_of(kit))
        board = HostBoard(kit.folder, {RADIO_UART: modem.path})
        running_kit = app.Kit(board, start.read(board.folder), Log(board.clock, print))
        running = asyncio.create_task(running_kit.run())
        try:
            count, header, values = 0, None, {}
            # As soon as all was read: on a machine that pauses the first frame may be of less.
            while (header and header.kind, values.get("q_meter"), values.get("q_battery")) != (
                "full",
                "good",
                "good",
            ):
                await listener.wait(count + 1, PATIENCE_S)
                header, values = listener.opened(count)
                count += 1
        finally:
            running.cancel()
            await asyncio.wait([running])
            await running_kit.buses[0].close()
            board.close()
            await modem.stop()
        assert values["load_w"] == 1000
        assert values["battery_permille"] == 655
        assert values["battery_da"] == -123
        assert values["power_source"] == "battery"
        assert (values["q_meter"], values["q_battery"], values["q_generator"]) == ("good", "good", "none")
