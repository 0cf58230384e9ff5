"""A station, one board on a cable with a radio beside it, and an ear that keeps every frame it sends."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from air_ears import SF9, Ears
from nspkit import persist
from nsplink import frame
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.ptys import open_pty
from nsptools.bench.twin import Twin, make_image, read_files
from nsptools.flash.errors import FlashError
from nsptools.flash.job import Done
from nsptools.flash.mpremote import Mpremote
from nsptools.flash.run import Options, flash
from nsptools.station import sitelist
from nsptools.station.station import Station

PASSPHRASE = "correct horse battery"
HEAD = "name;number;municipality;latitude;longitude;devices;tank_litres;rated_kw\n"
LINE = "De Linde;1;Lindendam;52,09;5,12;generator:dse7320mk2@10;{tank};{rated}\n"
SLUG = "de-linde"


class FlashRoom:
    """One kit to be, and what has been heard of it."""

    def __init__(self, folder: Path, twin: Twin, air: Air, ears: Ears) -> None:
        self.folder = folder
        self.twin = twin
        self.air = air
        self.ears = ears
        self.port = folder / "usb"
        self.steps: list[str] = []

    def open(self) -> Station:
        return Station(self.folder / "station", PASSPHRASE)

    def list_says(self, *, tank: int = 60, rated: int = 10) -> None:
        """Bring the station up to date with a list of this one point."""
        path = self.folder / "sites.csv"
        path.write_text(HEAD + LINE.format(tank=tank, rated=rated))
        station = self.open()
        station.apply(path, sitelist.read(path, region="regio-oost", cp="kazerne-oost"))

    async def flash(self, *, compiled: bool = True, resume: bool = False) -> Done:
        """Flash with the real mpremote, as `nsp flash` does."""
        self.steps = []
        options = Options(compiled=compiled, resume=resume)
        (done,) = await flash(self.open(), [self.port], options, lambda _port, step: self.steps.append(step))
        return done

    async def gets_in(self) -> bool:
        """Tell whether mpremote gets an answer, as a technician would try it."""
        try:
            return "answer 42" in await Mpremote(self.port).exec("print('answer', 6 * 7)")
        except FlashError as error:
            raise AssertionError(f"{error} The board said:\n{self.twin.tail()}") from error

    def on_flash(self) -> dict[str, bytes]:
        """Return every file on the board."""
        return read_files(self.twin.image)

    def counters(self) -> list[int]:
        """Return the counters (low 16 bits) on the air since the last call."""
        heard, self.ears.heard = self.ears.heard, []
        return [frame.parse(data)[0].counter & 0xFFFF for data, *_ in heard]


def reserved(files: dict[str, bytes]) -> int:
    """Return how far the counter of the key on a flash is reserved. Raises ValueError when it belongs to another key."""
    key = json.loads(files["key.json"])
    found = [
        persist.reserved_of(files[name], key["generation"], bytes.fromhex(key["key"]))
        for name in persist.FILES
    ]
    return max(one for one in found if one is not None)


@contextlib.asynccontextmanager
async def flash_room(folder: Path, files: dict[str, bytes] | None = None) -> AsyncIterator[FlashRoom]:
    """A blank board, or one with these files, off; and a station that knows one point."""
    given = {"region": "regio-oost", "cp": "kazerne-oost", "cp_number": 17, "heartbeat_s": 5, "full_s": 60}
    Station.create(folder / "station", given, PASSPHRASE, demo=False)
    air = Air(fading_db=0.0)
    ears = Ears("ears", SF9, asyncio.get_running_loop().time())
    air.attach(ears)
    air.set_path_loss("ears", "kit", 100.0)
    modem = Rui3Modem(air, "kit")
    await modem.start()
    bus = open_pty()
    image = folder / "flash.img"
    make_image(image, files or {})
    twin = Twin("board", image, {1: bus.slave_path, 2: modem.path}, usb=folder / "usb")
    room = FlashRoom(folder, twin, air, ears)
    room.list_says()
    try:
        yield room
    finally:
        await twin.kill()
        await modem.stop()
        bus.close()
