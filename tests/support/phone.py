"""A phone at a kit's local page, without a socket: it gets pages, fills in the forms that they have, and follows redirects."""

import asyncio
import html
import re
from urllib.parse import urlencode

from microdot.test_client import TestClient

from nspkit.local.server import Server, Site
from nsptools.bench.phone import FORM, HIDDEN

HOST = "192.168.4.1"


class Phone:
    """``text``: of the page that it shows, without markup; ``page``: with it; ``status``: of the last answer."""

    def __init__(self, kit, host=HOST):
        self._client = TestClient(Server(Site(kit, lambda _now: 30), (HOST,)), host=host)
        self.page = self.text = ""
        self.status = 0
        self.headers = {}

    def _show(self, answer):
        self.status, self.headers, self.page = answer.status_code, answer.headers, answer.text or ""
        self.text = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.page)).split())
        return self.text

    async def get(self, path):
        """Open a page; its text."""
        return self._show(await self._client.get(path))

    def forms(self):
        """Action of each form of the page -> its hidden fields."""
        return {action: dict(HIDDEN.findall(body)) for action, body in FORM.findall(self.page)}

    async def post(self, path, fields):
        """Send these fields; the text of the page to which that leads."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._client.post(path, headers, urlencode(fields))
        if answer.status_code == 303:
            answer = await self._client.get(answer.headers["Location"])
        return self._show(answer)

    async def fill(self, action, **fields):
        """Fill in a form of this page and press its button."""
        await asyncio.sleep(0)
        return await self.post(action, self.forms()[action] | fields)
