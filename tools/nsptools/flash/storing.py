"""Kits that were flashed before go into storage, over the cable: their files, keys and counters stay as they are.

Only over the cable: no command on the air does this, so that no radio can put a kit at work to sleep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nsptools.flash import snippets
from nsptools.flash.errors import FlashError, NotPrepared, WrongBoard
from nsptools.flash.mpremote import Mpremote
from nsptools.flash.snippets import Look
from nsptools.station.register import RegisterError
from nsptools.station.station import Station

_AGAIN = "ask again"


@dataclass(frozen=True, slots=True)
class Stored:
    """How one kit or port ended. ``who``: the kit, or the port where none is known; ``why``: "" = it is in storage."""

    who: str
    why: str = ""


async def store(
    station: Station, slugs: Collection[str], ports: Sequence[Path], say: Callable[[Path, str], None]
) -> list[Stored]:
    """Put these kits into storage, whichever of the ports they are at; return how each ended.

    A board that is not one of them is started again as it was. Raises RegisterError when one of the kits is on no
    board, and NotPrepared without mpremote: then no board was touched.
    """
    if find_spec("mpremote") is None:
        raise NotPrepared("mpremote is not installed here. Run: tools/setup.sh dev")
    for slug in slugs:
        _require_flashed(station, slug)
    for port in ports:
        say(port, "looking")
    boards = [Mpremote(port, _AGAIN) for port in ports]
    done = await asyncio.gather(*(_one(station, slugs, board, say) for board in boards))
    found = {one.who for one in done if one is not None}
    missing = [
        Stored(slug, f"its board {station.register.kit(slug).mac} is at none of these ports")
        for slug in slugs
        if slug not in found
    ]
    stored = [one for one in done if one is not None]
    for one in stored:
        if not one.why:
            station.register.note(one.who, "stored", "over the cable")
    return [*stored, *missing]


def _require_flashed(station: Station, slug: str) -> None:
    row = station.register.kit(slug)
    if row.mac is None or row.state != "flashed":
        raise RegisterError(
            f"{slug!r} is {row.state}, so no board has it whole. Flash it for the cupboard: nsp flash --store --point {slug}."
        )


async def _one(
    station: Station, slugs: Collection[str], board: Mpremote, say: Callable[[Path, str], None]
) -> Stored | None:
    """Look at one board; put it into storage when it is one of those, else let it go on: None."""
    try:
        look = Look.of(await board.ask(snippets.LOOK))
        slug = station.register.board_of(look.mac)
        if slug is None or slug not in slugs:
            say(board.port, "left alone: it is none of those")
            await board.leave()
            return None
    except FlashError as error:
        say(board.port, "failed")
        return Stored(str(board.port), str(error))
    try:
        _require_same(station, slug, look, board.port)
        say(board.port, f"{slug}: into storage")
        await board.exec(snippets.STORE)
        # The reset by command is what tells its first start in storage from power that comes back.
        await board.leave()
    except FlashError as error:
        say(board.port, f"{slug}: failed")
        return Stored(slug, str(error))
    say(board.port, f"{slug}: stored")
    return Stored(slug)


def _require_same(station: Station, slug: str, look: Look, port: Path) -> None:
    """Raise WrongBoard for a board on which the kit is not as this station left it: its check would tell nobody."""
    key = station.key_in_use(slug)
    is_same = look.address == station.address(slug) and key is not None and look.generation == key.generation
    if look.is_incomplete or not is_same or look.reserved < 0:
        raise WrongBoard(
            f"{port}: the board is not as this station flashed it. Flash it for the cupboard: "
            f"nsp flash --store --point {slug}."
        )
