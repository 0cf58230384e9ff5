"""What the kit's Modbus master is worth: wrong data, the wire's use, heap and processor time.

wrong_data_accepted   reads whose data were not those of the device at that request, of the whole fault matrix
                      (modbus_wire.py): the kit's bus, poller and tables under the 64-bit VM on a pseudo-terminal
faults_tried          exchanges that a fault acted on, of so many ``transactions``; more under ``matrix``
chance_crc_accepted   wrong, but damage had made a frame with a right CRC: no master could know
wire_utilisation      allowed time by taken time, the lower of 9,600 and 19,200 baud: reads of 20 registers back
                      to back, in real time, on a twin with DE pin. Allowed: request, reply, the device's delay
                      (about 10 ms from our last bit, its silence of 3.5 characters within; as it went on the wire) and 3.5 characters before the next
wire_utilisation_10ms_tick
                      the same with sleeps that end at an ESP32's tick of 10 ms, modelled in virtual time, where
                      processing takes none; ``woken``: when the UART's idle interrupt ends the sleep
heap_per_poll_bytes   mean over the polls of a kit's three devices, of ``gc.mem_alloc`` differences (64-bit VM)
cycle_cpu_ms          CPU time of the VM's process per second of polling three devices, shims included
umodbus_wrong_data_accepted
                      the same matrix against umodbus in the folder NSP_UMODBUS; else the figure recorded
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from nsptools.bench import profiles, vm
from nsptools.bench.faults import Direction, Harm
from nsptools.bench.line import BITS_PER_BYTE, Passage
from nsptools.bench.site import Site
from nsptools.bench.town import BUS_UART, DE_PIN
from nsptools.bench.twin import Twin, make_image
from nsptools.benchmark import modbus_wire
from nsptools.benchmark.frame import BenchmarkError, Figures, Options
from nsptools.benchmark.modbus_wire import SLAVES, Master, Slave, Tally, Wire

BAUDS = (9600, 19200)
DEVICES = (("generator", 10, "dse7320mk2"), ("battery", 1, "seplos_v3"), ("meter", 2, "sdm630"))
_LONG, _SHORT = 100_000, 4000  # transactions of the matrix
_PEER = 4000
_SEED = 1
_DELAY_MS = 10.0
_READ = (10, 3, 39424, 20)
_CHARACTERS = 3.5
_READS, _QUICK_READS = 60, 25
_CPU_S, _QUICK_CPU_S = 15.0, 4.0
_TICK_US = 10_000
_HERE = Path(__file__).parent
# umodbus 2.3.7 (its repository at e9ab05a) in the run of `peer_matrix` with these numbers.
RECORDED_PEER = {"recorded": 223, "of": 4000, "date": "2026-11-22", "version": "2.3.7"}


def measure(options: Options) -> Figures:
    """Figures of the Modbus master: in minutes, or about 30 s when quick. Raises BenchmarkError."""
    if importlib.util.find_spec("micropython_unix") is None:
        raise BenchmarkError("modbus: there is no MicroPython VM here; it exists for x86_64 Linux.")
    figures: dict[str, object] = {}
    options.say("  the wire's use at 9,600 and 19,200 baud ...")
    used = {baud: asyncio.run(_utilisation(baud, options.quick)) for baud in BAUDS}
    figures["wire_utilisation"] = min(used.values())
    figures["wire_utilisation_by_baud"] = {str(baud): value for baud, value in used.items()}
    figures["wire_utilisation_10ms_tick"] = {
        name: {str(baud): modelled(baud, _TICK_US, wakes=wakes) for baud in BAUDS}
        for name, wakes in (("plain", False), ("woken", True))
    }
    figures.update(heap_figures())
    options.say("  processor time of polling three devices ...")
    figures["cycle_cpu_ms"] = asyncio.run(_cpu_ms(_QUICK_CPU_S if options.quick else _CPU_S))
    count = _SHORT if options.quick else _LONG
    options.say(f"  the fault matrix, {count:,} transactions ...")
    figures.update(_matrix_figures(matrix(count, _SEED)))
    figures["umodbus_wrong_data_accepted"] = _peer(options)
    return figures


def matrix(transactions: int, seed: int) -> list[Tally]:
    """Run the fault matrix: a fifth one fault at a time, the rest at random, back to back and by the poller's plan."""
    tallies: list[Tally] = []
    for part, scheduled, share in (("each", False, 5), ("random", False, 2), ("random", True, 0)):
        done = sum(tally.transactions for tally in tallies)
        limit = transactions // share if share else transactions - done
        source = random.Random(f"{seed}/{part}/{scheduled}")
        plan = modbus_wire.one_by_one() if part == "each" else modbus_wire.at_random(source)
        wire = Wire(SLAVES, 19200, plan, seed, limit=limit)
        tallies.append(
            modbus_wire.run(modbus_wire.own_master(SLAVES, seed=seed, scheduled=scheduled), wire, 19200)
        )
    return tallies


def peer_matrix(folder: Path, transactions: int, seed: int) -> Tally:
    """Run the random matrix against umodbus; ``folder``: that holds its package ``umodbus``."""
    package = folder / "umodbus" if (folder / "umodbus").is_dir() else folder
    files = {f"umodbus/{path.name}": path.read_bytes() for path in package.glob("*.py")}
    if "umodbus/serial.py" not in files:
        raise BenchmarkError(f"modbus: NSP_UMODBUS: there is no umodbus in {folder}")
    # It takes no reply from another address than it asked.
    slaves = [slave for slave in SLAVES if not slave.reply_offset]
    own = modbus_wire.own_master(slaves, seed=seed)
    plan = modbus_wire.at_random(random.Random(f"{seed}/peer"))
    wire = Wire(slaves, 19200, plan, seed, limit=transactions)
    return modbus_wire.run(Master(_HERE / "modbus_peer.py", files, own.options), wire, 19200)


def _peer(options: Options) -> object:
    named = os.environ.get("NSP_UMODBUS")
    if not named:
        return RECORDED_PEER
    options.say(f"  the same against umodbus, {_PEER:,} transactions ...")
    return peer_matrix(Path(named), _PEER, _SEED).accepted_wrong


def _matrix_figures(tallies: list[Tally]) -> dict[str, object]:
    def total(name: str) -> int:
        return sum(getattr(tally, name) for tally in tallies)

    tried = sum((tally.tried for tally in tallies), start=type(tallies[0].tried)())
    refused = sum((tally.refused for tally in tallies), start=type(tallies[0].refused)())
    return {
        "wrong_data_accepted": total("accepted_wrong"),
        "faults_tried": sum(tried.values()),
        "chance_crc_accepted": total("chance_crc"),
        "transactions": total("transactions"),
        "matrix": {
            "accepted_right": total("accepted_right"),
            "refused": dict(refused),
            "tried": dict(sorted(tried.items())),
        },
    }


def heap_figures() -> dict[str, object]:
    """Heap of one turn of the poller: mean, most, and by block (unit.address)."""
    files = {**vm.firmware_files(), "devices.json": json.dumps(DEVICES).encode()}
    result = vm.run_script((_HERE / "modbus_heap.py").read_text(), files=files, heap="4M")
    if result.returncode:
        raise BenchmarkError(f"modbus: heap: {result.stdout}")
    polls: list[tuple[int, int, int]] = json.loads(result.stdout)
    blocks = {f"{unit}.{address}": taken for unit, address, taken in polls}
    return {
        "heap_per_poll_bytes": round(statistics.fmean(taken for _, _, taken in polls)),
        "heap_per_poll_most_bytes": max(taken for _, _, taken in polls),
        "heap_per_poll_by_block": blocks,
    }


def modelled(baud: int, tick_us: int, *, wakes: bool) -> float:
    """Utilisation in virtual time, of reads of 20 registers back to back, with sleeps that end at a tick."""
    slaves = (Slave(10, ((3, 100, 20, "fast"),)),)

    def none() -> Iterator[list[tuple[str, Harm]]]:
        while True:
            yield []

    wire = Wire(slaves, baud, none(), _SEED, limit=200)
    own = modbus_wire.own_master(slaves, tick_us=tick_us, wakes=wakes)
    tally = modbus_wire.run(own, wire, baud)
    if tally.accepted_right != tally.transactions:
        raise BenchmarkError(f"modbus: reads failed on a clean line: {tally}")
    byte_s = BITS_PER_BYTE / baud
    allowed_s = tally.transactions * (8 + 45 + _CHARACTERS) * byte_s + wire.delays_s
    return round(allowed_s / tally.virtual_s, 3)


async def _utilisation(baud: int, quick: bool) -> float:
    wanted = _QUICK_READS if quick else _READS
    async with _Bus(baud, {"read": _READ, "devices": []}) as (site, _twin):
        for device in site.devices.values():
            device.reply_ms = (_DELAY_MS, _DELAY_MS)
        async with asyncio.timeout(300):
            while site.line.counters.replies < wanted:  # noqa: ASYNC110 - a counter, which wakes nobody
                await asyncio.sleep(0.05)
        trace = list(site.line.trace)
    return round(statistics.median(_shares(trace, baud)), 3)


def _shares(trace: Sequence[Passage], baud: int) -> Iterator[float]:
    """Allowed time by taken time of each read whose reply was followed by another request."""
    byte_s = BITS_PER_BYTE / baud
    for request, reply, following in zip(trace, trace[1:], trace[2:], strict=False):
        if request.direction is Direction.REQUEST and reply.direction is Direction.REPLY:
            # The line gets a request when its last bit has left, and a reply when its first bit does.
            delay_s = reply.at_s - request.at_s
            allowed_s = (len(request.data) + len(reply.data) + _CHARACTERS) * byte_s + delay_s
            yield allowed_s / (following.at_s - request.at_s)


async def _cpu_ms(window_s: float) -> float:
    async with _Bus(19200, {"read": None, "devices": DEVICES}) as (site, twin):
        async with asyncio.timeout(300):
            while site.line.counters.replies < 12:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
        before, since_s = _on_cpu_ms(twin.pid), asyncio.get_running_loop().time()
        await asyncio.sleep(window_s)
        lasted_s = asyncio.get_running_loop().time() - since_s
        return round((_on_cpu_ms(twin.pid) - before) / lasted_s, 1)


def _on_cpu_ms(pid: int | None) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


class _Bus:
    """A site, and a twin on its bus with nothing but a master; an asynchronous context."""

    def __init__(self, baud: int, conf: dict[str, object]) -> None:
        self._site = Site("modbus", profiles.spec("diesel10k_running"), speed=0.0, baud=baud)
        self._conf = {"baud": baud, **conf}
        self._folder = tempfile.TemporaryDirectory(prefix="nsp-modbus-")
        self._twin: Twin | None = None

    async def __aenter__(self) -> tuple[Site, Twin]:
        image = Path(self._folder.name) / "flash.img"
        own = {
            "boot.py": b"",
            "main.py": (_HERE / "modbus_twin.py").read_bytes(),
            "bench.json": json.dumps(self._conf).encode(),
        }
        make_image(image, {**vm.firmware_files(), **own})
        await self._site.start()
        self._twin = Twin("modbus", image, {BUS_UART: self._site.bus_path}, {BUS_UART: DE_PIN})
        await self._twin.start()
        return self._site, self._twin

    async def __aexit__(self, *_error: object) -> None:
        if self._twin is not None:
            await self._twin.kill()
        await self._site.stop()
        self._folder.cleanup()
