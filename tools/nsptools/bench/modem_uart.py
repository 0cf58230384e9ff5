"""The modem's serial side: a pseudo-terminal behind a stable path, paced by baud in both directions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from nsptools.bench.ptys import Pty, open_pty

# Small enough that a host sees a line grow, large enough not to burden the loop: 1.4 ms at 115,200 baud.
_CHUNK = 16
_BITS_PER_BYTE = 10
# The firmware's line buffer; what is longer is thrown away to the end of its line.
_MAX_LINE = 600


class Pacer:
    """Hands bytes on in order, no faster than `baud`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, baud: int, deliver: Callable[[bytes], None]) -> None:
        self._loop = loop
        self._byte_s = _BITS_PER_BYTE / baud
        self._deliver = deliver
        self._free_s = 0.0
        self._era = 0

    def push(self, data: bytes) -> None:
        """Queue bytes behind those under way."""
        for start in range(0, len(data), _CHUNK):
            chunk = data[start : start + _CHUNK]
            self._free_s = max(self._loop.time(), self._free_s) + len(chunk) * self._byte_s
            self._loop.call_at(self._free_s, self._arrive, self._era, chunk)

    def clear(self) -> None:
        """Forget what is under way: the cable is out or the power is off."""
        self._era += 1
        self._free_s = 0.0

    def _arrive(self, era: int, chunk: bytes) -> None:
        if era == self._era:
            self._deliver(chunk)


class ModemUart:
    """Lines in, text out. `path` is a symbolic link: unplugging removes it, plugging in makes a new terminal.

    `overrun` counts bytes that nobody fetched in time, as on a port that no program reads.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, path: Path, baud: int, on_line: Callable[[str], None]
    ) -> None:
        self.path = path
        self.overrun = 0
        self._loop = loop
        self._on_line = on_line
        self._pty: Pty | None = None
        self._line = bytearray()
        self._in = Pacer(loop, baud, self._received)
        self._out = Pacer(loop, baud, self._put)

    def plug(self) -> None:
        """Appear at `path`. Raises OSError when the system has no pseudo-terminal left."""
        if self._pty is not None:
            return
        self._pty = open_pty()
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.symlink_to(self._pty.slave_path)
        fresh.replace(self.path)
        self._loop.add_reader(self._pty.master_fd, self._readable)

    def unplug(self) -> None:
        """Vanish: the other side reads an error, `path` is gone, bytes under way are lost."""
        if self._pty is None:
            return
        self._loop.remove_reader(self._pty.master_fd)
        self.path.unlink(missing_ok=True)
        self._pty.close()
        self._pty = None
        self._line.clear()
        self._in.clear()
        self._out.clear()

    def write(self, text: str) -> None:
        """Send text to the host."""
        self._out.push(text.encode("ascii"))

    def _readable(self) -> None:
        if self._pty is None:
            return
        try:
            self._in.push(os.read(self._pty.master_fd, 4096))
        except BlockingIOError:
            return

    def _put(self, chunk: bytes) -> None:
        if self._pty is None:
            return
        try:
            written = os.write(self._pty.master_fd, chunk)
        except BlockingIOError:
            written = 0
        self.overrun += len(chunk) - written

    def _received(self, chunk: bytes) -> None:
        for byte in chunk:
            if byte in b"\r\n":
                line = bytes(self._line)
                self._line.clear()
                if line and len(line) <= _MAX_LINE:
                    self._on_line(line.decode("ascii", errors="replace"))
            elif len(self._line) <= _MAX_LINE:
                self._line.append(byte)
