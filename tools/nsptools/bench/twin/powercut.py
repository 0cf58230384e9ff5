"""Power cuts inside flash writes: a script on an image, killed after so many bytes, again and again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import nsplink
from nsptools.bench.twin.errors import ImageError
from nsptools.bench.vm import vm_environment

_FOLDER = Path(__file__).parent
_SERVER = _FOLDER / "fork_server.py"
_BOARD = _FOLDER / "board"
_FIRMWARE = Path(nsplink.__file__).parents[1]
_HEAP = "1M"  # the script of a bench, not a kit


class Boot(NamedTuple):
    """One run of the script: what it said, line by line, and whether the power was cut before its end."""

    lines: list[str]
    cut: bool


class PowerCuts:
    """Boots ``script`` on ``image``, see board/cutflash.py; a context manager, for it keeps a server of VMs."""

    def __init__(self, image: Path, script: Path) -> None:
        self._image = image.resolve()
        self._script = script.resolve()

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, "-E", "-s", str(_SERVER)],
            env=vm_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.communicate()

    def boot(self, cut_after: int, seed: int, *arguments: object) -> Boot:
        """Run the script until ``cut_after`` bytes of flash are programmed or erased.

        ``seed``: how the write that is cut is left behind. Raises ImageError when the script
        ends by itself other than well, such as on a flash that does not mount.
        """
        program = [_BOARD / "cutflash.py", _FIRMWARE, self._image, self._script, cut_after, seed, *arguments]
        status, said = self.run("-X", f"heapsize={_HEAP}", *program)
        cut = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if status and not cut:
            raise ImageError(
                f"{self._script.name} failed on {self._image} (seed {seed}, status {status}): {said.strip()[-300:]}"
            )
        return Boot(said.splitlines(), cut)

    def run(self, *arguments: object) -> tuple[int, str]:
        """Run a VM with these arguments: (wait status, what it said)."""
        if self._server.stdin is None or self._server.stdout is None:
            raise ValueError("enter the context first")
        self._server.stdin.write(json.dumps([str(argument) for argument in arguments]) + "\n")
        self._server.stdin.flush()
        status, said = json.loads(self._server.stdout.readline())
        return status, said
