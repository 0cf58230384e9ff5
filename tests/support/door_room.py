"""A gateway with its login, and browsers that ask it for pages without a socket."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyotp
from starlette.types import Message

from access_room import OTHER, PASSWORD, SleepingClock
from command_room import Room
from nspgateway.access import first
from nspgateway.access.account_desk import AccountDesk, checked
from nspgateway.access.door_others import Door
from nspgateway.access.second_factor import KEY_FILE, STEP_S, Vault
from nspgateway.people import By
from nspgateway.records import Changes
from nspgateway.web import create_app
from nspgateway.web.door_gate import DoorGate
from nspgateway.web.office import Works
from patience import PATIENCE_S
from web_room import Answer, around, call, scope

BY = By("beheer", "cp_techniek", "command")


class DoorRoom:
    """``room``: the gateway with its desk; ``clock``: of the door. Accounts have ``PASSWORD``."""

    def __init__(self, folder: Path, second_factor: tuple[str, ...] = (), **more: Any) -> None:
        self.room = Room(folder, **more)
        self.box = self.room.box
        self.clock = SleepingClock()
        self._second_factor = second_factor
        self._people: dict[str, Browser] = {}
        self._open()

    def _open(self) -> None:
        box = self.box
        commit = box.ingest.recorder.commit
        folder = box.config.data
        self.door = Door(
            *(box.store, commit, self.clock, Vault(folder / KEY_FILE), folder),
            second_factor=self._second_factor,
            place="Kazerne",
        )
        self.accounts = AccountDesk(
            box.store, commit, self.clock, {p.municipality for p in box.ingest.overview().points}
        )
        works = Works(
            *(box.ingest, self.room.desk, box.store, box.config, box.clock, lambda: around(box)),
            self.accounts,
        )
        self.app = create_app(box.ingest, banner=None, gate=DoorGate(self.door), works=works)

    def restart(self) -> None:
        """Begin again from the files, as after a power cut."""
        self.room.restart()
        self._open()

    def first_code(self) -> str:
        """Return the code for the first account, as the gateway makes it when it starts."""
        return first.make(self.box.config.data).read_text().strip()

    def add(self, name: str, role: str, municipality: str = "") -> None:
        """Add an account that need not change its password."""
        account = self.accounts.add(name, role, municipality, checked(PASSWORD, name), BY)
        self.box.store.commit(Changes(at=self.clock.now(), access=(replace(account, must_change=False),)))

    async def logged_in(self, name: str, role: str, municipality: str = "") -> Browser:
        """Add an account and log it in."""
        self.add(name, role, municipality)
        browser = Browser(self)
        answer = await browser.log_in(name)
        assert answer.headers["location"] == "/", answer.text
        return browser

    async def person(self, name: str, role: str, municipality: str = "") -> Browser:
        """Return the browser of somebody, who logs in the first time that they are asked for."""
        if name not in self._people:
            self._people[name] = await self.logged_in(name, role, municipality)
        return self._people[name]


class Browser:
    """Keeps cookies and follows nothing by itself."""

    def __init__(self, room: DoorRoom, address: str = "10.0.0.5", scheme: str = "https") -> None:
        self.room = room
        self.jar: dict[str, str] = {}
        self._where = {"address": address, "scheme": scheme}

    @property
    def _headers(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.jar.items())}

    async def get(self, path: str, **headers: str) -> Answer:
        return self._kept(await call(self.room.app, "GET", path, {**self._headers, **headers}, **self._where))

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Answer:
        """Send a form with just these fields."""
        kind = {"content-type": "application/x-www-form-urlencoded", **self._headers, **(headers or {})}
        body = urlencode(fields).encode()
        return self._kept(await call(self.room.app, "POST", path, kind, body, **self._where))

    async def fill(self, path: str, **fields: str) -> Answer:
        """Open a page and send its form."""
        page = await self.get(path)
        assert page.status == 200, (path, page.status, page.headers.get("location"))
        return await self.post(path.partition("?")[0], **hidden(page), **fields)

    async def log_in(self, name: str, password: str = PASSWORD) -> Answer:
        return await self.fill("/login", name=name, password=password)

    async def set_up(self) -> pyotp.TOTP:
        """Set the second factor up; return the app."""
        page = await self.get("/second-factor")
        app = pyotp.TOTP(secret_of(page))
        answer = await self.post("/second-factor", **hidden(page), code=app.at(self.room.clock.now()))
        assert answer.headers.get("location") == "/", answer.text
        self.room.clock.move(STEP_S)
        return app

    async def act(self, what: str, **fields: str) -> Answer:
        """Press a button on the first page."""
        return await self.post(f"/act/{what}", csrf=hidden(await self.get("/"))["csrf"], **fields)

    def watch(self, path: str = "/events") -> Stream:
        """Open a live page's stream."""
        return Stream(self.room.app, scope("GET", path, self._headers, **self._where))

    def _kept(self, answer: Answer) -> Answer:
        for line in answer.cookies:
            name, _, value = line.split(";")[0].partition("=")
            if "max-age=0" in line.lower():
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        return answer


class Stream:
    """An event stream that is read until it ends."""

    def __init__(self, app: Any, request: dict[str, Any]) -> None:
        self.said: list[Message] = []
        self.status = 0
        self._app, self._request = app, request
        self._gone, self._shown = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async def receive() -> Message:
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            self.status = message.get("status", self.status)
            self.said.append(message)
            if b"event: overview" in message.get("body", b""):
                self._shown.set()

        await self._app(self._request, receive, send)

    async def first(self) -> None:
        """Wait for the first picture."""
        async with asyncio.timeout(PATIENCE_S):
            await self._shown.wait()

    async def begun(self) -> None:
        """Wait for the first picture, or for the answer that there is none."""
        shown = asyncio.create_task(self._shown.wait())
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait({shown, self._task}, return_when=asyncio.FIRST_COMPLETED)
        shown.cancel()

    async def ended(self) -> None:
        """Wait until the server ends it."""
        async with asyncio.timeout(PATIENCE_S):
            await self._task

    def close(self) -> None:
        self._gone.set()


def secret_of(page: Answer) -> str:
    """Return the secret that a page offers to an app."""
    (text,) = re.findall(r"<code>([A-Z2-7 ]+)</code>", page.body)
    return text.replace(" ", "")


def hidden(page: Answer) -> dict[str, str]:
    """Return the fields of a page's form that nobody types."""
    found = re.findall(r'<input type="hidden" name="([^"]+)"[^>]*? value="([^"]*)"', page.body)
    return {name: unescape(value) for name, value in found}


__all__ = ["BY", "OTHER", "PASSWORD", "Browser", "DoorRoom", "Stream", "hidden", "secret_of"]
