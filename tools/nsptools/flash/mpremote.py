"""The real mpremote as a program: one port, one call at a time, its tracebacks turned into words.

No secret is ever among its arguments: they show in the list of processes. Files with keys go by path.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nsptools.flash.errors import BoardFault, FlashError, NoAnswer, PortGone, Unplugged

_CALL_S = 30.0
_COPY_S = 300.0
# A board that was reset is looked for again so long: native USB has to come up, then boot.py's window.
_BACK_S = 20.0
_BACK_PAUSE_S = 0.5
_RESETS = 5
_HANG_UP_MS = 100

_FIRST = ("boot.py", "main.py")
_GONE = ("failed to access", "could not open port", "no device found", "No such file or directory: '/dev")
_LOST = (
    "SerialException",
    "Input/output error",
    "device reports readiness",
    "Device not configured",
    "termios.error",
)
_SILENT = ("could not enter raw repl", "timeout waiting", "could not complete raw paste", "did not respond")


class Mpremote:
    """One board at ``port``. Every method raises a FlashError that says what to do, and then ``again``."""

    def __init__(self, port: Path, again: str = "--resume") -> None:
        self.port = port
        self._again = again

    async def exec(self, code: str, within_s: float = _CALL_S) -> str:
        """Run code on the board, without a reset before it; return what it prints."""
        return await self._call(["exec", code], within_s)

    async def ask(self, code: str, within_s: float = _CALL_S) -> Any:
        """Run code that prints one line of JSON at last; return its value."""
        said = (await self.exec(code, within_s)).strip().splitlines()
        try:
            return json.loads(said[-1])
        except (IndexError, json.JSONDecodeError) as error:
            shown = said[-1][:60] if said else "nothing"
            raise BoardFault(f"the board answered {shown!r}, not what was asked. Flash it again.") from error

    async def reset(self, first: str = "") -> None:
        """Run ``first``, reset the board, and return once it answers again, with no program running.

        The board resets itself when we have hung up, unless our next call interrupts it first. So it is given time,
        and then asked: what was set before a reset is not there after it.
        """
        code = f"{first}\nimport machine, time\nnot_reset = 1\ntime.sleep_ms({_HANG_UP_MS})\nmachine.reset()"
        for _ in range(_RESETS):
            await self._call(["exec", "--no-follow", code], _CALL_S)
            await asyncio.sleep(3 * _HANG_UP_MS / 1000)
            await self.wait()
            if not await self.ask("print(int('not_reset' in globals()))"):
                return
        raise NoAnswer(
            f"{self.port}: the board does not reset itself. Press its reset button, then {self._again}."
        )

    async def leave(self) -> None:
        """Reset the board and leave it to its own program."""
        await self._call(["reset"], _CALL_S)

    async def enter_loader(self) -> None:
        """Ask the board to go into its chip's loader; not every one can."""
        await self._call(["bootloader"], _CALL_S)

    async def wait(self, within_s: float = _BACK_S) -> None:
        """Return once the board answers. Raises the reason why it does not."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while True:
            try:
                await self.exec("pass")
                return
            except FlashError:
                if loop.time() >= end:
                    raise
            await asyncio.sleep(_BACK_PAUSE_S)

    async def copy(self, folder: Path) -> None:
        """Copy everything in ``folder`` to the root of the flash: what runs at a start first, folders before the other files."""
        await self._call(copy_arguments(folder), _COPY_S)

    async def _call(self, arguments: Sequence[str], within_s: float) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "mpremote", "connect", str(self.port), "resume", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(within_s):
                output, _ = await process.communicate()
        except TimeoutError:
            raise NoAnswer(
                f"{self.port}: no answer within {within_s:g} s. Press the board's reset button, then {self._again}."
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        said = output.decode(errors="replace")
        if process.returncode:
            raise _reason(self.port, said, self._again)
        return said


def copy_arguments(folder: Path) -> list[str]:
    """Return mpremote's words for a copy. First boot.py and main.py, which hold back a kit that is not whole."""
    entries = sorted(folder.iterdir())
    files = [one for one in entries if one.is_file()]
    first = [str(one) for one in files if one.name in _FIRST]
    others = [str(one) for one in files if one.name not in _FIRST]
    folders = [str(one) for one in entries if one.is_dir()]
    calls = [
        *(["cp", *first, ":"] if first else []),
        *(["+", "cp", "-r", *folders, ":"] if folders else []),
        *(["+", "cp", *others, ":"] if others else []),
    ]
    return calls[1:] if calls[:1] == ["+"] else calls


def _reason(port: Path, said: str, again: str = "--resume") -> FlashError:
    """Return what a failed call means."""
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "no reason given")
    if not port.exists():
        return Unplugged(f"{port}: the board went away. Plug it in again, then {again}.")
    if not os.access(port, os.R_OK | os.W_OK):
        return PortGone(
            f"{port}: this account may not use it. Run: sudo adduser $USER dialout, log in anew, then {again}."
        )
    if any(word in said for word in _GONE):
        return PortGone(f"{port}: cannot be opened. Is another program using it? Close it, then {again}.")
    if any(word in said for word in _LOST):
        return Unplugged(f"{port}: the board went away. Plug it in again, then {again}.")
    if any(word in said for word in _SILENT):
        return NoAnswer(
            f"{port}: no MicroPython answers. Is an image on it? Press its reset button, then {again}."
        )
    return BoardFault(f"{port}: the board says: {last[:120]}")
