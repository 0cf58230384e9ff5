"""Heap of the kit: the smallest that it runs in, and what its modules hold on 32 and on 64 bits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from nsplink import frame
from nsptools.bench import vm
from nsptools.bench.twin import TwinError
from nsptools.benchmark.frame import BenchmarkError
from nsptools.benchmark.rig import Rig, rig
from nsptools.provision import ProvisionedKit

STEP_BYTES = 4096
# A kit that is well has sent two frames 15 s after power-up.
_TRY_S = 30.0
_FRAMES = 2

# Not pure: they need asyncio or machine, which the 32-bit VM has not. The last are for moments, or for people.
_NEED_A_BOARD = (
    *(
        "nspkit.app",
        "nspkit.asleep",
        "nspkit.board",
        "nspkit.bus",
        "nspkit.bus_tcp",
        "nspkit.check",
        "nspkit.cupboard",
        "nspkit.oled",
        "nspkit.poll",
    ),
    *("nspkit.radio.rui3", "nspkit.selftest", "nspkit.settings", "nspkit.start", "nspkit.thermometer"),
    *("nspkit.trials", "nsplink.units", "nspkit.access", "nspkit.wifi", "lib.microdot", "nspkit.local"),
    *(f"nspkit.local.{name}" for name in ("forms", "html", "pages", "server", "words")),
)
# Collecting comes last: the 32-bit VM's collector does not see all that a running script holds.
_IMPORT_SCRIPT = """
import gc
gc.disable()
for name in {names!r}[:{count}]:
    __import__(name)
gc.collect()
print(gc.mem_alloc())
"""


async def smallest(low: int, high: int, step: int, passes: Callable[[int], Awaitable[bool]]) -> int:
    """Smallest size that passes, in steps from ``low``, which is known to fail; ``high`` is known to pass.

    Tries two sizes at a time, and takes it that a larger one passes where a smaller one does.
    """
    while high - low > step:
        third = max(step, (high - low) // 3 // step * step)
        sizes = sorted({low + third, high - third})
        for size, passed in zip(sizes, await asyncio.gather(*map(passes, sizes)), strict=True):
            if passed:
                high = size
                break
            low = size
    return high


async def runs_in(folder: Path, kit: ProvisionedKit, heap_bytes: int) -> bool:
    """Whether a kit with this heap starts, reads its devices and sends two frames, without a MemoryError."""
    try:
        async with rig(folder, kit, heap_bytes=heap_bytes) as running:
            await running.twin.wait_for(
                lambda: len(heartbeats(running)) >= _FRAMES or fault(running) is not None, _TRY_S
            )
            return fault(running) is None and is_well(running)
    except (TwinError, frame.FrameError):  # it does not even start, or is stuck, or sends nonsense
        return False


def fault(running: Rig) -> str | None:
    """What is wrong with the kit, None while nothing is known to be."""
    if running.twin.exited is not None:
        return running.twin.exited
    if running.twin.boots > 1:
        return "it was reset"
    return next((line for line in running.twin.log if "MemoryError" in line), None)


def heartbeats(running: Rig) -> list[dict[str, int | str | None]]:
    """Return what the frames with quantities said. Raises nsplink's FrameError where the key does not open one."""
    frames = [running.listener.opened(index) for index in range(len(running.listener.heard))]
    return [values for header, values in frames if header.kind in ("vital", "full")]


def is_well(running: Rig) -> bool:
    """Whether every frame opens with the key and the first heartbeat tells good values of all three devices."""
    try:
        said = heartbeats(running)
    except frame.FrameError:
        return False
    qualities = ("q_generator", "q_battery", "q_meter")
    return bool(said) and all(said[0].get(name) == "good" for name in qualities)


def pure_modules() -> list[str]:
    """Names of all modules of the firmware that run without a board."""
    paths = [
        path.removesuffix(".py").removesuffix("/__init__") for path in vm.firmware_files() if "/" in path
    ]
    return [name for path in paths if (name := path.replace("/", ".")) not in _NEED_A_BOARD]


def import_bytes(bits: int) -> int:
    """Heap that all pure modules hold once imported, in a VM of 32 or 64 bits, without garbage."""
    names = pure_modules()
    return _allocated(bits, names, len(names)) - _allocated(bits, names, 0)


def _allocated(bits: int, names: list[str], count: int) -> int:
    script = _IMPORT_SCRIPT.format(names=names, count=count)
    result = vm.run_script_32(script) if bits == 32 else vm.run_script(script, heap="1M")
    if result.returncode:
        raise BenchmarkError(f"the {bits}-bit VM cannot import the firmware: {result.stdout}")
    return int(result.stdout)
