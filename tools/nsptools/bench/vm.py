"""Run a script under a real MicroPython VM: 64-bit (as the twin) or 32-bit (as an ESP32).

For tests of pure firmware modules. Both VMs see the firmware's packages as on a
board and nothing of this PC that the script does not ask for by path.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import nsplink

_BENCH = Path(__file__).parent
_LAUNCHER = _BENCH / "twin" / "launch.py"
_BOARD = _BENCH / "twin" / "board"
_PACKAGES = ("nsplink", "nspkit")
_TOP_FILES = ("boot.py", "main.py")
_LIBRARY = ("microdot",)


class VmError(Exception):
    """The VM itself could not do what was asked (missing, or out of time)."""


class ScriptResult(NamedTuple):
    """``returncode`` 0 is a script that ran to its end; ``stdout`` includes stderr."""

    returncode: int
    stdout: str


def firmware_files() -> dict[str, bytes]:
    """Every file of ``firmware/`` as it goes onto a board, with its library: path on the flash -> content. Raises VmError."""
    root = Path(nsplink.__file__).parent.parent
    files = {}
    for package in _PACKAGES:
        for source in sorted((root / package).rglob("*.py")):
            files[source.relative_to(root).as_posix()] = source.read_bytes()
    for name in _TOP_FILES:
        # Beside the packages in a working copy; inside nsptools in a wheel.
        for folder in (root, _BENCH.parent / "_firmware"):
            if (folder / name).is_file():
                files[name] = (folder / name).read_bytes()
                break
    return files | _library_files()


def _library_files() -> dict[str, bytes]:
    """What others made and the firmware imports, one module of a package each, as a board finds it in its library."""
    files = {}
    for name in _LIBRARY:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise VmError(f"{name} is not installed. Install the tools with: pip install 'nspkit[flash]'")
        files[f"lib/{name}.py"] = (Path(spec.origin).parent / f"{name}.py").read_bytes()
    return files


def command(*arguments: str | Path, heap: str = "192k") -> list[str]:
    """Command line of a VM that ends with its parent; ``heap`` as in ``-X heapsize``."""
    vm_options = ["-X", f"heapsize={heap}"]
    return [sys.executable, "-E", "-s", str(_LAUNCHER), *vm_options, *map(str, arguments)]


def write_tree(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files`` (relative path -> content) below ``folder``."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def run_script(
    script: str,
    *,
    files: Mapping[str, bytes] | None = None,
    image: Path | None = None,
    heap: str = "192k",
    timeout_s: float = 120.0,
) -> ScriptResult:
    """Run ``script`` in the 64-bit VM with at most ``heap`` bytes of heap.

    Without ``image``, ``files`` (default: the firmware) lie in a fresh folder that is
    the working directory and on ``sys.path``. With ``image``, that LittleFS image is
    the root of the file system and ``files`` must be left out.

    Raises VmError when the script has not ended after ``timeout_s`` seconds.
    """
    if image is not None and files is not None:
        raise ValueError("give files or an image, not both: make_image puts files into an image")
    with tempfile.TemporaryDirectory(prefix="nsp-vm-") as scratch:
        # The script's own folder comes first on sys.path, so it lies among the files.
        script_path = _write_script(scratch, script)
        if image is None:
            write_tree(Path(scratch), firmware_files() if files is None else files)
            return run_vm(command(script_path, heap=heap), scratch, timeout_s)
        runner = _BOARD / "run_on_image.py"
        return run_vm(command(runner, image.resolve(), script_path, heap=heap), scratch, timeout_s)


def run_script_32(
    script: str, *, files: Mapping[str, bytes] | None = None, timeout_s: float = 120.0
) -> ScriptResult:
    """Run ``script`` in the 32-bit VM: small integers and ticks of an ESP32, 1 MB of heap.

    ``files`` (default: the firmware) are importable, and readable below ``/input``.
    This VM has no asyncio, no cryptolib, no ``random`` and no ``machine``: pure modules
    only. A run takes about 0.7 s, so put many checks into one script.

    Raises VmError when the script has not ended after ``timeout_s`` seconds.
    """
    with tempfile.TemporaryDirectory(prefix="nsp-vm32-") as scratch:
        write_tree(Path(scratch), firmware_files() if files is None else files)
        _write_script(scratch, script)
        return run_vm([sys.executable, str(_BENCH / "vm32.py"), scratch], scratch, timeout_s)


def _write_script(folder: str, script: str) -> Path:
    path = Path(folder) / "_script.py"
    path.write_text(script, encoding="utf-8")
    return path


def vm_environment() -> dict[str, str]:
    """Our own environment, plus: import from the script's folder and the frozen modules only."""
    return {**os.environ, "MICROPYPATH": ".frozen"}


def run_vm(arguments: list[str], folder: str, timeout_s: float) -> ScriptResult:
    """Run a command line (see ``command``) in ``folder`` to its end. Raises VmError on time-out."""
    try:
        done = subprocess.run(
            arguments,
            cwd=folder,
            env=vm_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode(errors="replace")
        raise VmError(f"the script did not end within {timeout_s} s; it said: {said}") from late
    return ScriptResult(done.returncode, done.stdout.decode(errors="replace"))
