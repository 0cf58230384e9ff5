"""The real esptool as a program: who a chip is, its image written and verified, its tracebacks turned into words.

It works with the loader in the chip's own ROM (--no-stub): the same steps on every chip, with nothing loaded into
it first. Between the calls the chip stays in its loader; the last call starts it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import sys
import tempfile
import termios
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nsptools.flash.errors import (
    BoardFault,
    FlashError,
    NoAnswer,
    NoLoader,
    NotVerified,
    PortGone,
    Unplugged,
    WrongBoard,
)
from nsptools.flash.image import Image

_ASK_S = 60.0
_WRITE_S = 900.0
# Only on a port with a speed: more than ten times the loader's first one, and safe with every USB bridge.
_BAUD = 460_800
_ATTEMPTS = 2
_MEGABYTE = 1024 * 1024
_LOST = "Lost connection"  # esptool would go on with whatever is plugged in next
_MAC = re.compile(r"^MAC: +((?:[0-9a-f]{2}:){5}[0-9a-f]{2})$", re.MULTILINE)
_CHIP = re.compile(r"^Connected to (ESP32\S*) on ", re.MULTILINE)
_SIZE = re.compile(r"^Detected flash size: (\d+)MB$", re.MULTILINE)
_UNLIKE = ("does not match data", "Verification failed", "region is empty", "lash write error")
_SILENT = ("Failed to connect", "No serial data", "Wrong boot mode", "Invalid head of packet")
_VERIFIED = "Hash of data verified"
_MATCHED = "Verification successful"


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip in its loader. ``name``: as in a board's file ("esp32s3"); ``flash_bytes``: 0 = it does not say."""

    name: str
    mac: str
    flash_bytes: int


class Esptool:
    """One board at ``port``. Every method raises a FlashError that says what to do."""

    def __init__(self, port: Path) -> None:
        self.port = port

    async def identify(self) -> Chip:
        """Bring the chip into its loader, and return who it is. It stays there."""
        said = await self._call(["flash-id"], _ASK_S, chip="auto", before="default-reset")
        name, mac, size = _CHIP.search(said), _MAC.search(said), _SIZE.search(said)
        if name is None or mac is None:
            raise BoardFault(f"{self.port}: the chip does not say what it is. Is it an ESP32?")
        flash_bytes = int(size[1]) * _MEGABYTE if size else 0
        return Chip(name[1].lower().replace("-", ""), mac[1], flash_bytes)

    async def erase(self, chip: Chip) -> None:
        """Erase the whole flash: old keys and another firmware's leavings with it."""
        if not chip.flash_bytes:
            raise BoardFault(f"{self.port}: the flash does not say how large it is, so it cannot be erased.")
        # The ROM erases what is to be written; nothing but ones is then written.
        with tempfile.NamedTemporaryFile(prefix="nsp-ones-", suffix=".bin") as ones:
            ones.write(b"\xff" * chip.flash_bytes)
            ones.flush()
            await self._write(chip, 0, Path(ones.name))

    async def write(self, chip: Chip, image: Image) -> None:
        """Write an image; esptool compares what is then in the flash."""
        await self._write(chip, image.offset, image.path)

    async def verify(self, chip: Chip, image: Image) -> None:
        """Compare the flash with the image's file once more, then start the chip."""
        said = await self._call(
            ["verify-flash", f"{image.offset:#x}", str(image.path)],
            _WRITE_S,
            chip=chip.name,
            after="hard-reset",
        )
        self._same(chip, said)
        if _MATCHED not in said:
            raise NotVerified(f"{self.port}: esptool does not say that the flash is right. Write it again.")

    async def release(self) -> None:
        """Start a chip that was only looked at."""
        await self._call(["read-mac"], _ASK_S, chip="auto", after="hard-reset")

    async def _write(self, chip: Chip, offset: int, path: Path) -> None:
        said = await self._call(
            ["write-flash", "--compress", "--no-progress", f"{offset:#x}", str(path)],
            _WRITE_S,
            chip=chip.name,
        )
        self._same(chip, said)
        if _VERIFIED not in said:
            raise NotVerified(f"{self.port}: esptool does not say that the flash is right. Write it again.")

    def _same(self, chip: Chip, said: str) -> None:
        mac = _MAC.search(said)
        if mac is None or mac[1] != chip.mac:
            raise WrongBoard(
                f"{self.port}: the board was {chip.mac}, and is {mac[1] if mac else 'another'} now. "
                "Leave every board where it is until it is done; flash both again."
            )

    async def _call(
        self,
        arguments: Sequence[str],
        within_s: float,
        *,
        chip: str,
        before: str = "no-reset",
        after: str = "no-reset",
    ) -> str:
        if not self.port.exists():
            raise PortGone(f"{self.port}: there is no such port. Plug the board in, then --resume.")
        if not _has_reset_lines(self.port):
            before = after = "no-reset"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "esptool", "--chip", chip, "--port", str(self.port)),
            *("--baud", str(_BAUD), "--before", before, "--after", after, "--no-stub"),
            *("--connect-attempts", str(_ATTEMPTS), *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        lines: list[str] = []
        try:
            async with asyncio.timeout(within_s):
                while process.stdout is not None and (line := await process.stdout.readline()):
                    lines.append(line.decode(errors="replace").rstrip())
                    if _LOST in lines[-1]:
                        raise _unplugged(self.port)
                await process.wait()
        except TimeoutError:
            raise NoAnswer(
                f"{self.port}: the chip's loader did not finish within {within_s:g} s. "
                "Take a shorter cable, then --resume with the same --image."
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        said = "\n".join(lines)
        if process.returncode:
            raise reason(self.port, said)
        return said


def _has_reset_lines(port: Path) -> bool:
    """Tell whether a port has the lines that reset a chip; a pseudo-terminal has none."""
    try:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return True  # esptool will say why
    try:
        fcntl.ioctl(descriptor, termios.TIOCMGET, bytes(4))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _unplugged(port: Path) -> FlashError:
    return Unplugged(
        f"{port}: the board went away while its image was written; it has no whole image now. "
        "Plug it in again, then --resume with the same --image."
    )


def reason(port: Path, said: str) -> FlashError:
    """Return what a failed call of esptool means."""
    errors = [line.partition("ERROR: ")[2] for line in said.splitlines() if "ERROR: " in line]
    last = errors[-1].removeprefix("A fatal error occurred: ") if errors else "no reason given"
    if not port.exists() or "serial exception" in said:
        return _unplugged(port)
    if "Permission denied" in said:
        return PortGone(
            f"{port}: you may not use it. Put yourself in its group: sudo usermod -aG dialout $USER, then log in again."
        )
    if "Could not open" in said or "exclusively lock" in said:
        return PortGone(
            f"{port}: cannot be opened. Is another program using it? Close it, then --resume with the same --image."
        )
    if any(word in said for word in _UNLIKE):
        return NotVerified(
            f"{port}: what is in the flash is not what was written ({last[:100]}). Write it again; if it stays so, "
            "the board's flash is worn: take another board."
        )
    if "This chip is" in said or "is not an ESP32" in said:
        return WrongBoard(f"{port}: {last[:120]} Take the right board, or the image for this one.")
    if any(word in said for word in _SILENT):
        return NoLoader(
            f"{port}: the chip is not in its loader. Hold BOOT, press RESET, let BOOT go; then --resume with the same "
            "--image."
        )
    return BoardFault(f"{port}: esptool says: {last[:160]}")
