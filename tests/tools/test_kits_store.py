"""`nsp kits store`: which board is put into storage, which is let go on, and what is said of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flash_bench import station_of
from nsptools import cli
from nsptools.flash import snippets, storing
from nsptools.flash.errors import Unplugged
from nsptools.station.register import FlashRecord, RegisterError
from nsptools.station.station import Station

MAC = "02:00:00:00:a0:01"
OTHER = "02:00:00:00:a0:02"
NEVER = "02:00:00:00:a0:09"


@dataclass
class Hub:
    """Boards by the name of their port; what each was told stands in ``told``."""

    boards: Mapping[str, Mapping[str, Any] | Exception]
    told: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, port: Path, _again: str) -> Board:
        return Board(self, port)


@dataclass
class Board:
    """In the place of Mpremote."""

    hub: Hub
    port: Path

    async def ask(self, _code: str) -> Mapping[str, Any]:
        said = self.hub.boards[self.port.name]
        if isinstance(said, Exception):
            raise said
        return said

    async def exec(self, code: str) -> None:
        self.hub.told.append((self.port.name, code))

    async def leave(self) -> None:
        self.hub.told.append((self.port.name, "leave"))


def said(station: Station, mac: str, slug: str, **other: Any) -> dict[str, Any]:
    """What a board with this kit says of itself."""
    key = station.key_in_use(slug)
    assert key is not None
    return {
        "mac": mac.replace(":", ""),
        "machine": "ESP32S3",
        "mpy": 6,
        "version": "1.27.0",
        "root": ["main.py"],
        "address": station.address(slug),
        "generation": key.generation,
        "reserved": 128,
        **other,
    }


@pytest.fixture
def station(tmp_path: Path) -> Station:
    """Two kits that were flashed, and one that was not."""
    station = station_of(tmp_path, "De Linde", "De Ark", "De Kuil")
    for slug, mac in (("de-linde", MAC), ("de-ark", OTHER)):
        station.register.bind(slug, mac)
        station.new_key(slug, mac)
        station.register.record(FlashRecord(slug, mac, datetime(2026, 11, 28, tzinfo=UTC), "verified"))
    return station


async def store(
    station: Station, monkeypatch: pytest.MonkeyPatch, hub: Hub, *slugs: str
) -> list[storing.Stored]:
    monkeypatch.setattr(storing, "Mpremote", hub)
    return await storing.store(station, slugs, [Path(name) for name in hub.boards], lambda *_: None)


async def test_the_named_kit_is_stored_and_the_others_go_on(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects the kits beside it on the hub: they were stopped to be looked at, and are started again as they were."""
    hub = Hub({"usb0": said(station, OTHER, "de-ark"), "usb1": said(station, MAC, "de-linde")})
    assert await store(station, monkeypatch, hub, "de-linde") == [storing.Stored("de-linde")]
    assert sorted(hub.told) == [("usb0", "leave"), ("usb1", "leave"), ("usb1", snippets.STORE)]
    assert station.register.events()[-1][1:3] == ("de-linde", "stored")
    assert station.register.kit("de-linde").state == "flashed"


@pytest.mark.parametrize(
    "other", [{"generation": 7}, {"address": 1}, {"reserved": -1}, {"root": ["INCOMPLETE"]}]
)
async def test_a_board_that_is_not_as_it_was_flashed_is_not_stored(
    station: Station, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    """Protects from a kit that lies in the cupboard for a year and whose reports nobody can open."""
    hub = Hub({"usb0": said(station, MAC, "de-linde", **other)})
    (done,) = await store(station, monkeypatch, hub, "de-linde")
    assert (done.who, "nsp flash --store --point de-linde" in done.why) == ("de-linde", True)
    assert hub.told == []
    assert "stored" not in [what for _, _, what, _ in station.register.events()]


async def test_what_is_not_there_or_does_not_answer_is_told(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects from a box of kits of which one was forgotten: each that is not in storage is named."""
    gone = Unplugged("usb1: the board went away. Plug it in again, then ask again.")
    hub = Hub({"usb0": said(station, NEVER, "de-linde"), "usb1": gone})
    done = await store(station, monkeypatch, hub, "de-linde", "de-ark")
    assert done == [
        storing.Stored("usb1", str(gone)),
        storing.Stored("de-linde", f"its board {MAC} is at none of these ports"),
        storing.Stored("de-ark", f"its board {OTHER} is at none of these ports"),
    ]
    assert hub.told == [("usb0", "leave")]


@pytest.mark.parametrize(("slug", "words"), [("de-kuil", "is listed"), ("nergens", "there is no kit")])
async def test_a_kit_that_is_on_no_board_stops_all_of_it(
    station: Station, monkeypatch: pytest.MonkeyPatch, slug: str, words: str
) -> None:
    """Protects kits at work from a slip in a name: nothing is looked at before every name is right."""
    with pytest.raises(RegisterError, match=words):
        await store(station, monkeypatch, Hub({}), "de-linde", slug)


def test_the_command_says_it_and_what_failed(
    station: Station, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Protects who reads the screen: one line a kit, and an exit code that says that one is not in storage."""
    hub = Hub({"usb0": said(station, MAC, "de-linde")})
    monkeypatch.setattr(storing, "Mpremote", hub)
    words = ["--station", str(tmp_path / "station"), "--demo", "--port", "usb0"]
    station.register.close()
    assert cli.main(["kits", "store", "de-linde", *words]) == 0
    assert capsys.readouterr().out.startswith("de-linde: in storage.")
    assert cli.main(["kits", "store", "de-ark", *words]) == 1
    assert f"failed: de-ark: its board {OTHER}" in capsys.readouterr().out
    assert cli.main(["kits", "store", "de-kuil", *words]) == 2
    assert "nsp flash --store --point de-kuil" in capsys.readouterr().err
