"""The demo's door for tests and trainers: turn a value of a simulated plant by hand, from another terminal.

One JSON line each way over TCP on loopback. Where it listens, and the token
that opens it, stand in a file that only the user can read.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HOST = "127.0.0.1"
_MAX_LINE = 4096
_WAIT_S = 20.0


class DoorError(Exception):
    """No door, or what was asked for does not exist."""

    exit_code = 2


class Door:
    """Serves ``answer(request) -> reply``; ValueError of ``answer`` is told to the caller."""

    def __init__(self, http_port: int, answer: Callable[[dict[str, str]], dict[str, str]]) -> None:
        self._answer = answer
        self._file = _folder() / f"demo-{http_port}.json"
        self._token = secrets.token_hex(16)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, and leave word where."""
        self._server = await asyncio.start_server(self._serve, _HOST, 0, limit=_MAX_LINE)
        port = self._server.sockets[0].getsockname()[1]
        self._file.unlink(missing_ok=True)
        descriptor = os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"port": port, "token": self._token}, file)

    async def stop(self) -> None:
        """Close, and take the word away."""
        self._file.unlink(missing_ok=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A caller that sends no line, too long a line, or leaves: nobody to answer.
        with contextlib.suppress(ValueError, ConnectionError, TimeoutError):
            line = await asyncio.wait_for(reader.readline(), _WAIT_S)
            writer.write(json.dumps(self._reply(line)).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _reply(self, line: bytes) -> dict[str, str]:
        try:
            request = json.loads(line)
        except ValueError:
            return {"error": "not a line of JSON"}
        if not isinstance(request, dict) or not hmac.compare_digest(str(request.get("token")), self._token):
            return {"error": "wrong token"}
        try:
            return self._answer({key: str(value) for key, value in request.items()})
        except ValueError as error:
            return {"error": str(error)}


def ask(request: dict[str, str], http_port: int | None = None) -> dict[str, Any]:
    """Ask the running demo (of that page's port, else the only one). Raises DoorError."""
    path = _find(http_port)
    try:
        where = json.loads(path.read_text())
        with socket.create_connection((_HOST, where["port"]), _WAIT_S) as connection:
            connection.sendall(json.dumps(request | {"token": where["token"]}).encode() + b"\n")
            with connection.makefile("rb") as answer:
                reply: dict[str, Any] = json.loads(answer.readline())
    except (OSError, ValueError) as error:
        raise DoorError("The demo that was here no longer answers. Start one with: nsp demo") from error
    if "error" in reply:
        raise DoorError(str(reply["error"]))
    return reply


def _find(http_port: int | None) -> Path:
    if http_port is not None:
        path = _folder() / f"demo-{http_port}.json"
        if path.exists():
            return path
        raise DoorError(f"No demo with its page on port {http_port} runs here. Start one with: nsp demo")
    found = sorted(path for path in _folder().glob("demo-*.json") if _answers(path))
    if len(found) == 1:
        return found[0]
    if not found:
        raise DoorError("No demo runs here. Start one with: nsp demo")
    ports = ", ".join(path.stem.removeprefix("demo-") for path in found)
    raise DoorError(f"Several demos run here. Name one with --http-port: {ports}")


def _answers(path: Path) -> bool:
    """Whether that demo still runs; the word that a killed one left behind is taken away."""
    try:
        with socket.create_connection((_HOST, json.loads(path.read_text())["port"]), _WAIT_S):
            return True
    except (OSError, ValueError, KeyError):
        path.unlink(missing_ok=True)
        return False


def _folder() -> Path:
    """A folder of this user alone, gone after a restart of the machine."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) / "nspkit" if runtime else Path(tempfile.gettempdir()) / f"nspkit-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077:
        raise DoorError(f"{folder} is open to others. Remove it and start again.")
    return folder
