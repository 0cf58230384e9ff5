"""The running gateway answers who asks on this box: how it is (JSON), or who needs fuel (CSV).

A Unix socket for each in the data folder, for the gateway's own user only. Whoever connects gets the
document and the end of the line; there is nothing to ask, so there is nothing to get wrong.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

NAME = "status.sock"
REFUEL = "refuel.sock"
# One who does not read is not waited for.
_WRITE_S = 2.0

_log = structlog.get_logger(__name__)


class NotRunning(Exception):
    """No gateway works on this folder."""


class StatusSocket:
    """``answer``: called for each who asks; returns the document. Of one gateway, which holds the folder's lock."""

    def __init__(self, folder: Path, answer: Callable[[], bytes], name: str = NAME) -> None:
        self._folder = folder
        self._answer = answer
        self._name = name

    async def run(self) -> None:
        """Answer until cancelled; the socket is gone at the end. Without it the gateway works on."""
        try:
            sock = _bound(self._folder, self._name)
        except OSError as error:
            _log.warning("no status socket", folder=str(self._folder), name=self._name, reason=error.strerror)
            return
        try:
            server = await asyncio.start_unix_server(self._serve, sock=sock)
            try:
                await asyncio.Event().wait()
            finally:
                # Not wait_closed: it waits for those who do not read.
                server.close()
        finally:
            (self._folder / self._name).unlink(missing_ok=True)

    async def _serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError):
            try:
                async with asyncio.timeout(_WRITE_S):
                    writer.write(self._answer())
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
            finally:
                writer.transport.abort()


def ask(folder: Path, timeout_s: float = 3.0, name: str = NAME) -> bytes:
    """Return the document of the gateway that works on this folder.

    Raises NotRunning; OSError, TimeoutError among them, when it does not answer.
    """
    with socket.socket(socket.AF_UNIX) as sock, _near(folder, name) as path:
        sock.settimeout(timeout_s)
        try:
            sock.connect(path)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
            raise NotRunning from error
        parts = []
        while part := sock.recv(65536):
            parts.append(part)
        return b"".join(parts)


def _bound(folder: Path, name: str) -> socket.socket:
    """Return a listening socket; one that a gateway left behind that was killed gives way."""
    (folder / name).unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    try:
        with _near(folder, name) as path:
            sock.bind(path)
        # Before it listens nobody can be let in: there is no moment for others.
        (folder / name).chmod(0o600)
        sock.listen(8)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


@contextmanager
def _near(folder: Path, name: str) -> Iterator[str]:
    """Yield a short path of the socket: the kernel takes no more than 107 bytes."""
    try:
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotRunning from error
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)
