"""The image on one board: erased where asked, written, verified, and MicroPython awaited on it.

The board is bound to its kit before anything is written to it, and nobody else's board is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from nsptools import boards
from nsptools.flash import snippets
from nsptools.flash.errors import FlashError, NoAnswer, NoLoader, WrongBoard
from nsptools.flash.esptool_run import Chip, Esptool
from nsptools.flash.image import Image
from nsptools.flash.mpremote import Mpremote
from nsptools.flash.snippets import Look
from nsptools.station.register import FlashRecord
from nsptools.station.station import Station

# The first start makes a file system, and may need a hand on the reset button.
_FIRST_START_S = 120.0
Say = Callable[[str], None]


async def identify(port: Path) -> Chip:
    """Return who the chip at a port is, from its loader, where it stays. Raises FlashError.

    A board that has MicroPython and no reset lines is asked to go there by itself.
    """
    tool = Esptool(port)
    try:
        return await tool.identify()
    except NoLoader as error:
        board = Mpremote(port)
        try:
            await board.ask(snippets.LOOK)
        except FlashError:
            raise error from None
        with suppress(FlashError):
            await board.enter_loader()
        try:
            return await tool.identify()
        except FlashError:
            with suppress(FlashError):
                await board.leave()
            raise error from None


class ImageJob:
    """Writes an image to the board at a port that is to become a kit."""

    def __init__(self, station: Station, slug: str, port: Path, chip: Chip, image: Image) -> None:
        self._station = station
        self._port = port
        self._chip = chip
        self._image = image
        self._is_bound = False
        self._record = FlashRecord(
            slug=slug,
            mac=chip.mac,
            at=datetime.now(UTC).replace(microsecond=0),
            result="failed",
            port=str(port),
            board=station.board(slug),
            image_sha256=image.sha256,
        )

    async def run(self, say: Say, *, erase: bool = False, replace_board: bool = False) -> Look:
        """Write it, and return what MicroPython says of the board. Raises FlashError or RegisterError."""
        self._check()
        self._station.register.bind(self._record.slug, self._chip.mac, replace=replace_board)
        self._is_bound = True
        tool = Esptool(self._port)
        if erase:
            say("erasing the flash")
            await tool.erase(self._chip)
        say("writing the image")
        await tool.write(self._chip, self._image)
        say("verifying the image")
        await tool.verify(self._chip, self._image)
        say("waiting for MicroPython; press RESET if it does not come")
        return await self._started()

    def failed(self, why: str) -> FlashRecord:
        """Keep that it failed, where the board was this kit's already; return the record."""
        record = replace(self._record, why=why)
        if self._is_bound:
            self._station.register.record(record)
        return record

    def _check(self) -> None:
        board, chip, image = boards.load(self._record.board), self._chip, self._image
        if chip.name != board.chip:
            raise WrongBoard(
                f"{self._port}: has an {chip.name}, and {self._record.slug!r} is made of {self._record.board} "
                f"({board.chip}). Take the right board, or correct the column board in the list."
            )
        if image.chip != chip.name:
            raise WrongBoard(
                f"{self._port}: has an {chip.name}, and {image.path.name} is for an {image.chip}. "
                f"Take the image {board.micropython}."
            )
        if 0 < chip.flash_bytes < image.needs_bytes:
            raise WrongBoard(
                f"{self._port}: its flash has {chip.flash_bytes >> 20} MB, and {image.path.name} needs "
                f"{image.needs_bytes >> 20} MB. Take the image for its size."
            )

    async def _started(self) -> Look:
        board = Mpremote(self._port)
        try:
            await board.wait(_FIRST_START_S)
        except NoAnswer:
            raise NoAnswer(
                f"{self._port}: the image is written and right, and no MicroPython answers. Press RESET, then --resume "
                "with the same --image; if that does not help, with --erase too: what was on the flash before may be "
                "in its way."
            ) from None
        look = Look.of(await board.ask(snippets.LOOK))
        if look.mac != self._chip.mac:
            raise WrongBoard(
                f"{self._port}: the image went to the board {self._chip.mac}, and MicroPython says {look.mac}. "
                "Leave every board where it is until it is done; flash both again."
            )
        return look
