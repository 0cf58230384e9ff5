"""The ``nsp`` command as a person runs it: a process of its own, judged by what it prints and how it ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from patience import PATIENCE_S

PROGRAM = Path(sys.executable).with_name("nsp")


class Ended(NamedTuple):
    """A command that came to its end."""

    code: int
    out: str
    err: str


def command(*arguments: object) -> list[str]:
    """The command line."""
    return [str(PROGRAM), *map(str, arguments)]


def nsp(*arguments: object, **environment: str) -> Ended:
    """Run a command to its end."""
    done = subprocess.run(
        command(*arguments),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | environment,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


class Beside:
    """A command that runs beside the tests; what it prints goes to files in ``folder``."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("w") as out, self._err.open("w") as err:
            self._process = subprocess.Popen(command(*arguments), stdout=out, stderr=err)

    def end(self, timeout_s: float) -> Ended:
        """Wait for its own end; subprocess.TimeoutExpired when it does not come."""
        code = self._process.wait(timeout_s)
        return Ended(code, self._out.read_text(), self._err.read_text())

    def stop(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()


async def nsp_async(*arguments: object) -> Ended:
    """Run a command while what it talks to lives in this process."""
    return await asyncio.to_thread(nsp, *arguments)
