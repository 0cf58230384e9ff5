"""When a kit's own Wi-Fi is on, by whose hand, and what becomes of a kit that has no room for it; in virtual time."""

import asyncio
import re

import pytest

from kit_told import told
from nspkit.access import ON_MS, key_of
from nspkit.local import server
from nsptools.fleet.kit import FleetBoard
from phone import HOST


class Point:
    """An access point that notes what it is asked; ``on_air``: (name, key) while it is on."""

    on_air = None

    def on(self, name, key):
        self.on_air = name, key
        return HOST, 80

    def off(self):
        self.on_air = None


class Starved(Point):
    """One whose chip finds no memory: ESP-IDF's 0x101, which the port has no OSError for."""

    def on(self, *_):
        raise RuntimeError("Wifi Unknown Error 0x0101")


class Stuck(Point):
    """One that cannot be switched off the first time."""

    refused = 0

    def off(self):
        self.refused += 1
        if self.refused == 1:
            raise RuntimeError("Wifi Unknown Error 0x3001")
        super().off()


async def thrice(rig, front):
    """Tap SILENCE three times."""
    for _ in range(3):
        await front.hold(0.2, "silence")
    await rig.after(1)


def opened(story, tmp_path, monkeypatch, serve=None, **board):
    """Play ``story(rig, front, point)`` at a kit whose board has Wi-Fi; the rig."""
    point = Point()
    board = {"access_point": lambda _self: point} | board
    for name, what in board.items():
        monkeypatch.setattr(FleetBoard, name, what)

    async def for_ever(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr(server, "serve", serve or for_ever)

    async def go(rig, front):
        await story(rig, front, point)

    return told(go, tmp_path)[0]


def test_the_wifi_is_on_when_a_person_asks_and_ends_by_itself(tmp_path, monkeypatch):
    """Half an hour, or until the same hand again: nobody forgets it, and its key is nowhere but on the label."""

    async def story(rig, front, point):
        assert point.on_air is None
        await thrice(rig, front)
        assert point.on_air == ("noodkit-1", key_of(bytes(range(16))))
        shown = set()
        for _ in range(12):
            shown.add(front.shows())
            await rig.after(1)
        assert shown == {"HULP? 3 SEC DRUK", "noodkit-1 / 192.168.4.1 / SLEUTEL: ETIKET / NOG 30 MIN"}
        await rig.after(ON_MS / 1000 - 20)
        assert point.on_air is not None
        await rig.after(10)
        assert point.on_air is None
        await thrice(rig, front)
        await thrice(rig, front)
        assert point.on_air is None
        assert not [line for line in rig.kit.log.lines if key_of(bytes(range(16))) in line]

    opened(story, tmp_path, monkeypatch)


async def fails(*_):
    """Stand for a page that cannot be served."""
    raise OSError(12)


@pytest.mark.parametrize(
    ("why", "board"),
    [
        ("page fails", {"serve": fails}),
        ("no Wi-Fi", {"access_point": lambda _self: None}),
        ("heap full", {"free_heap": lambda _self: 20_000}),
        ("chip full", {"access_point": lambda _self: Starved()}),
    ],
)
def test_a_kit_without_room_or_wifi_says_so_and_works_on(tmp_path, monkeypatch, why, board):
    """A page that cannot be opened costs nothing else: HELP still calls."""

    async def story(rig, front, point):
        await thrice(rig, front)
        shown = set()
        for _ in range(9):
            shown.add(front.shows())
            await rig.after(1)
        assert "GEEN WIFI" in shown, why
        assert point.on_air is None
        await rig.after(15)
        await front.hold(3.1, "help")
        await rig.after(20)
        assert rig.of("help")

    opened(story, tmp_path, monkeypatch, **board)


def test_a_wifi_that_does_not_go_off_is_told_and_can_be_asked_for_again(tmp_path, monkeypatch):
    """A chip that refuses once leaves no page half open for ever: the kit says so, and the same hand ends it later."""
    stuck = Stuck()

    async def story(rig, front, _point):
        await thrice(rig, front)
        await thrice(rig, front)
        assert stuck.on_air is not None
        assert [line for line in rig.kit.log.lines if "0x3001" in line]
        await thrice(rig, front)
        await thrice(rig, front)
        assert stuck.on_air is None

    opened(story, tmp_path, monkeypatch, access_point=lambda _self: stuck)


def test_a_key_of_the_wifi_is_long_and_tells_nothing_of_the_kits_own():
    """Sixty bits in letters that nobody misreads, other ones for every key."""
    keys = {key_of(bytes([number]) * 16) for number in range(200)}
    assert len(keys) == 200
    assert all(re.fullmatch(r"([a-km-np-z2-9]{4}-){2}[a-km-np-z2-9]{4}", key) for key in keys)
