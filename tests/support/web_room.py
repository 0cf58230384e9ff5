"""The pages of a gateway on real files, asked without a socket: fast, and with the gateway's virtual clock."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.types import Message

from command_room import Room
from gateway_box import Box
from nspgateway.box_status import Around, BrokerStatus
from nspgateway.people import By
from nspgateway.web import PageServer, create_app
from nspgateway.web.office import Works
from nspgateway.web.visitor import Visitor


@dataclass(frozen=True)
class Answer:
    """What a browser gets. ``text``: the body's words, without elements, in one line; ``cookies``: lines of Set-Cookie."""

    status: int
    headers: dict[str, str]
    body: str
    cookies: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.body)).split())


class RoleGate:
    """Lets everybody in as one role."""

    routes = ()

    def __init__(self, role: str, municipality: str = "") -> None:
        self.person = Visitor.of(By("jansen", role, "page"), role, f"csrf-{role}", municipality)

    async def visitor(self, _request: object) -> Visitor:
        return self.person

    def still(self, _visitor: Visitor) -> bool:
        return True


class WebRoom:
    """``room``: the gateway, with its desk; ``role``: of whoever asks."""

    def __init__(
        self,
        folder: Path,
        role: str = "cp_medewerker",
        municipality: str = "",
        room: type[Room] = Room,
        **more: Any,
    ) -> None:
        self.room = room(folder, **more)
        self.box = self.room.box
        self.gate = RoleGate(role, municipality)
        self._open()

    def restart(self) -> None:
        """Begin again from the files, as after a power cut."""
        self.room.restart()
        self._open()

    def _open(self) -> None:
        box = self.box
        works = Works(box.ingest, self.room.desk, box.store, box.config, box.clock, lambda: around(box))
        self.app = create_app(self.box.ingest, banner=None, gate=self.gate, works=works)

    async def get(self, path: str, **headers: str) -> Answer:
        return await call(self.app, "GET", path, headers)

    async def post(self, path: str, *, csrf: str | None = None, **fields: str) -> Answer:
        """Send a form as a page of ours would."""
        token = self.gate.person.csrf if csrf is None else csrf
        return await self.send(path, urlencode({"csrf": token, **fields}).encode())

    async def send(self, path: str, body: bytes, **headers: str) -> Answer:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await call(self.app, "POST", path, {**kind, **headers}, body)


def around(box: Box) -> Around:
    """How the box is: one broker that is away."""
    own = box.ingest.situation.own(box.clock.now())
    away = BrokerStatus("own", "offline", "connection refused", 3)
    return Around("0.1.0", 1, (away,), own)


@asynccontextmanager
async def served(room: WebRoom) -> AsyncIterator[str]:
    """The room's pages on a port; its address."""
    server = PageServer(room.app)
    bound = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def call(
    app: Any,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes = b"",
    *,
    scheme: str = "http",
    address: str = "127.0.0.1",
) -> Answer:
    """One request to an ASGI application; the answer once it is whole."""
    said: list[Message] = []
    sent = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return sent.pop(0) if sent else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope(method, path, headers, scheme=scheme, address=address), receive, send)
    start = next(one for one in said if one["type"] == "http.response.start")
    whole = b"".join(one.get("body", b"") for one in said if one["type"] == "http.response.body")
    lines = [(n.decode(), v.decode()) for n, v in start["headers"]]
    cookies = tuple(text for name, text in lines if name == "set-cookie")
    return Answer(start["status"], dict(lines), whole.decode(errors="replace"), cookies)


def scope(
    method: str, path: str, headers: dict[str, str], *, scheme: str = "http", address: str = "127.0.0.1"
) -> dict[str, Any]:
    """A request as an ASGI application gets it."""
    parts = urlsplit(path)
    given = {"host": "127.0.0.1", **{name.replace("_", "-").lower(): text for name, text in headers.items()}}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), text.encode()) for name, text in given.items()],
        "client": (address, 50000),
        "server": ("127.0.0.1", 80),
    }
