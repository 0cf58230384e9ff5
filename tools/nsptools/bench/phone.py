"""A phone at a kit's local page: gets a page, fills in a form that is on it, and sends it. Loopback only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import urlencode

HOST = "127.0.0.1"
FORM = re.compile(r'<form method="post" action="([^"]*)">(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_CALL = re.compile(r'href="(/hulp/\d+)"')
_LOCATION = re.compile(r"^Location: *(\S+)\r?$", re.MULTILINE | re.IGNORECASE)
# A page of a kit takes a second; more than that is a kit that was switched off.
LIMIT_S = 20.0
_AGAIN_S = 0.25


class Phone:
    """``port``: where the kit's page is on this PC; ``limit_s``: how long an answer is waited for.

    Everything raises ValueError when the kit does not answer as it should.
    """

    def __init__(self, port: int, limit_s: float = LIMIT_S) -> None:
        self._port = port
        self._limit_s = limit_s

    async def type_call(self, typed: Mapping[str, str]) -> None:
        """Add to the newest call for help what it is about: ``kind``, and the fields of the page by their names."""
        newest = _CALL.search(await self.get("/"))
        if newest is None:
            raise ValueError("there is no call for help at this kit")
        path = newest[1]
        forms = {action: dict(HIDDEN.findall(body)) for action, body in FORM.findall(await self.get(path))}
        if path not in forms:
            raise ValueError("the newest call for help at this kit is over: nothing can be added to it")
        if "m=sent" not in await self.post(path, forms[path] | dict(typed)):
            raise ValueError("the kit did not take what was typed")

    async def get(self, path: str) -> str:
        """Return a page."""
        return await self._ask(f"GET {path} HTTP/1.0\r\nHost: {HOST}\r\n\r\n")

    async def post(self, path: str, fields: Mapping[str, str]) -> str:
        """Send a form; return where it leads, empty: nowhere."""
        body = urlencode(fields)
        head = f"POST {path} HTTP/1.0\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n"
        answer = await self._ask(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}")
        found = _LOCATION.search(answer)
        return found[1] if found else ""

    async def _ask(self, request: str) -> str:
        try:
            async with asyncio.timeout(self._limit_s):
                reader, writer = await self._connected()
                try:
                    writer.write(request.encode())
                    return (await reader.read()).decode(errors="replace")
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            raise ValueError(f"the kit's page did not answer ({type(error).__name__} {error})") from error

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The Wi-Fi is there a moment before the page is."""
        while True:
            try:
                return await asyncio.open_connection(HOST, self._port)
            except ConnectionRefusedError:
                await asyncio.sleep(_AGAIN_S)
