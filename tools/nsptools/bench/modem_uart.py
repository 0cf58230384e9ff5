"""The modem's serial side, paced by baud in both directions: a pseudo-terminal, or a wire in memory."""

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


class Lines:
    """Lines in from the host, text out to it, both paced by baud; how bytes travel is the subclass's matter."""

    def __init__(self, loop: asyncio.AbstractEventLoop, baud: int, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._line = bytearray()
        self._in = Pacer(loop, baud, self._received)
        self._out = Pacer(loop, baud, self._put)

    def plug(self) -> None:
        """Connect."""

    def unplug(self) -> None:
        """Disconnect: bytes under way are lost."""
        self.clear()

    def clear(self) -> None:
        """Lose what is under way, as when the power goes."""
        self._line.clear()
        self._in.clear()
        self._out.clear()

    def write(self, text: str) -> None:
        """Send text to the host."""
        self._out.push(text.encode("ascii"))

    def _put(self, chunk: bytes) -> None:
        raise NotImplementedError

    def _received(self, chunk: bytes) -> None:
        for byte in chunk:
            if byte in b"\r\n":
                line = bytes(self._line)
                self._line.clear()
                if line and len(line) <= _MAX_LINE:
                    self._on_line(line.decode("ascii", errors="replace"))
            elif len(self._line) <= _MAX_LINE:
                self._line.append(byte)


class ModemUart(Lines):
    """A pseudo-terminal. `path` is a symbolic link: unplugging removes it, plugging in makes a new terminal.

    `overrun` counts bytes that nobody fetched in time, as on a port that no program reads.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, path: Path, baud: int, on_line: Callable[[str], None]
    ) -> None:
        super().__init__(loop, baud, on_line)
        self.path = path
        self.overrun = 0
        self._loop = loop
        self._pty: Pty | None = None

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
        self.clear()

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


class MemoryUart(Lines):
    """A wire in memory, for a loop with virtual time; `host` is the end of the kit.

    Beyond `rxbuf` bytes that the host has not read the newest are lost, and counted in `overrun`.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, baud: int, on_line: Callable[[str], None], rxbuf: int = 2048
    ) -> None:
        super().__init__(loop, baud, on_line)
        self.overrun = 0
        self.host = MemoryEnd(self._in.push)
        self._rxbuf = rxbuf

    def _put(self, chunk: bytes) -> None:
        room = max(0, self._rxbuf - len(self.host.unread))
        self.host.unread += chunk[:room]
        self.overrun += max(0, len(chunk) - room)


class MemoryEnd:
    """The host's end of a wire in memory: the part of ``machine.UART`` that a radio driver uses."""

    def __init__(self, push: Callable[[bytes], None]) -> None:
        self.unread = bytearray()
        self._push = push

    def any(self) -> int:
        """Bytes that wait."""
        return len(self.unread)

    def read(self, count: int) -> bytes | None:
        """At most `count` bytes; None when there are none."""
        data = bytes(self.unread[:count])
        del self.unread[:count]
        return data or None

    def write(self, data: bytes) -> int:
        """Hand everything to the wire."""
        self._push(data)
        return len(data)
