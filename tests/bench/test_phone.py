"""What a story's people type on a kit's own page: over a real socket, on the pages that the kit draws."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kit_rig import ADDRESS, GATEWAY, GROUP, KEY
from nspkit.local.server import Server, Site
from nsplink import regions
from nsptools.bench.air import Air
from nsptools.bench.hands import Hands
from nsptools.bench.phone import HOST, Phone
from nsptools.fleet.kit import FleetBoard, FleetKit, flash, plan
from ports import free_port

TYPED = {"kind": "ambulance", "place": "Dorpsstraat 12, 1e etage", "what": "pijn op de borst & benauwd"}


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Any, int]]:
    """A kit whose page is open, and the port of that."""
    flash(folder, 1, KEY)
    board = FleetBoard(folder, random.Random(1), bytearray())
    kit = FleetKit(board, plan(ADDRESS, KEY, GROUP, regions.PHY, GATEWAY), Air(), "kit")
    kit.inbox.status112 = "off"
    port = free_port()
    server = Server(Site(kit, lambda _now: 30), (HOST,))
    serving = asyncio.create_task(server.start_server(HOST, port))
    while getattr(server, "server", None) is None and not serving.done():  # noqa: ASYNC110 - it has no event for it
        await asyncio.sleep(0)
    yield kit, port
    serving.cancel()
    await asyncio.wait([serving])


async def test_details_of_the_newest_call_are_typed(tmp_path: Path) -> None:
    """What a scenario has somebody type stands at the newest call of the kit, letter for letter; the others stay."""
    async with served(tmp_path) as (kit, port):
        for _ in range(2):
            kit.calls.make(kit.clock.ms())
        await Phone(port).type_call(TYPED)
        newest, first = kit.calls.all()
        assert (newest.kind, newest.typed) == (TYPED["kind"], {k: v for k, v in TYPED.items() if k != "kind"})
        assert (first.kind, first.typed) == ("not_known", {})


async def test_what_cannot_be_typed_is_said(tmp_path: Path) -> None:
    """No call, one that was withdrawn, a text that the kit refuses, a page that is closed: a line, and the story goes on."""
    async with served(tmp_path) as (kit, port):
        phone = Phone(port)
        with pytest.raises(ValueError, match="no call for help"):
            await phone.type_call(TYPED)
        call = kit.calls.make(kit.clock.ms())
        with pytest.raises(ValueError, match="did not take what was typed"):
            await phone.type_call(TYPED | {"what": "x" * 400})
        kit.calls.withdraw(kit.clock.ms(), call)
        with pytest.raises(ValueError, match="is over"):
            await phone.type_call(TYPED)
    with pytest.raises(ValueError, match="did not answer"):
        await Phone(port, limit_s=0.1).get("/")


async def test_a_page_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """The kit switches its Wi-Fi on first; whoever is quick must not be told that there is no page."""
    async with served(tmp_path) as (kit, _):
        kit.calls.make(kit.clock.ms())
        port = free_port()
        typing = asyncio.create_task(Phone(port).type_call(TYPED))
        await asyncio.sleep(0.1)
        serving = asyncio.create_task(Server(Site(kit, lambda _now: 30), (HOST,)).start_server(HOST, port))
        await typing
        serving.cancel()
        await asyncio.wait([serving])
        assert kit.calls.all()[0].kind == TYPED["kind"]


async def test_hands_open_the_page_and_leave_it_as_it_was(tmp_path: Path) -> None:
    """A page that somebody else has open stays open; one that was opened to type is closed again."""

    class Board:
        display = None
        wifi: tuple[str, str] | None = None
        taps = 0

        async def press(self, _pin: int, _ms: float) -> None:
            self.taps += 1
            if self.taps % 3 == 0:
                self.wifi = None if self.wifi else ("noodkit-1", "abcd")

    async with served(tmp_path) as (kit, port):
        kit.calls.make(kit.clock.ms())
        board: Any = Board()
        board.page_port = port
        await Hands().type_call(board, TYPED)
        assert (board.taps, board.wifi) == (6, None)
        board.wifi = ("noodkit-1", "abcd")
        await Hands().type_call(board, TYPED | {"danger": "nee"})
        assert (board.taps, board.wifi) == (6, ("noodkit-1", "abcd"))
        assert kit.calls.all()[0].typed["danger"] == "nee"
