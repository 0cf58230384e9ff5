"""A gateway's pages on a free port, to be stopped and started again; and a whole night to show on all of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import get_args

from starlette.applications import Starlette

from door_room import DoorRoom
from gateway_box import T0
from nspgateway.people import By
from nspgateway.web import PageServer, create_app
from nspgateway.web.office import Works
from nspgateway.web.rights import Right
from nspgateway.web.visitor import Visitor
from ports import free_port
from web_room import RoleGate, around

ALL_KITS = 64
READER = By("post-2", "communicatie", "page")


class Site:
    """``app``: makes the pages anew for each start. ``url``: stays the same."""

    def __init__(self, app: Callable[[], Starlette]) -> None:
        self._app = app
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._task: asyncio.Task[None] | None = None
        self._server: PageServer | None = None

    async def start(self) -> None:
        """Serve until it is stopped."""
        self._server = PageServer(self._app())
        bound = socket.create_server(("127.0.0.1", self.port))
        self._task = asyncio.create_task(self._server.serve(sockets=[bound]))

    async def stop(self) -> None:
        """End it, with every stream."""
        if self._server and self._task:
            self._server.should_exit = True
            await self._task
        self._server = self._task = None


class Night:
    """A gateway on real files at which everything happens at once, and a visitor who may do everything.

    ``paths``: what stands in the place of a parameter of a path.
    """

    def __init__(self, folder: Path) -> None:
        self.room = DoorRoom(folder, linked=True, deployment="open")
        self.box = self.room.box
        self.box.register.issue([ALL_KITS], T0)
        self.room.restart()
        self.box.boot(100)
        self.box.boot(200, kit=66)
        self.box.vital(101, alarms=1 << 2)
        call = {"event_boot": 3, "event_n": 1, "help_kind": "ambulance", "help_mark": "made", "age_s": 0}
        self.box.say("help", 102, 65, text=b"", **call)
        desk, clock = self.room.room.desk, self.box.clock
        by = By("post-1", "cp_coordinator", "page")
        number, version = desk.draft_message("Kook het water drie minuten.", by, en="Boil the water.")
        desk.approve_message(number, version, READER)
        desk.send_message(number, version, by)
        plan = desk.plan_delivery("de-linde", 40.0, clock.now() + timedelta(hours=2), by)
        self.gate = RoleGate("cp_coordinator")
        rights = frozenset(get_args(Right))
        self.gate.person = Visitor(by, "night", "csrf-night", "", rights)
        self.paths = {
            "slug": "de-linde",
            "point": "de-linde",
            "alarm": "power_lost",
            "number": str(number),
            "version": str(version),
            "plan": str(plan),
            "call": "65-1-3-1",
        }

    def app(self) -> Starlette:
        """The pages, with everything that a gateway has."""
        box = self.box
        parts = (box.ingest, self.room.room.desk, box.store, box.config, box.clock, lambda: around(box))
        works = Works(*parts, self.room.accounts)
        return create_app(box.ingest, banner=None, gate=self.gate, works=works)
