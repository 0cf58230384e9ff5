"""Several boards at once: find them, say which kit each is, flash them side by side, say what failed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nspgateway.errors import GatewayError
from nsptools.flash import snippets
from nsptools.flash.cache import Cache
from nsptools.flash.errors import FlashError, NotPrepared, WrongBoard
from nsptools.flash.esptool_run import Chip, Esptool
from nsptools.flash.image import Image
from nsptools.flash.imaging import ImageJob, identify
from nsptools.flash.job import BoardJob, Done
from nsptools.flash.mpremote import Mpremote
from nsptools.flash.snippets import Look
from nsptools.station.register import FlashRecord, KitRow
from nsptools.station.station import Station

BY_PATH = Path("/dev/serial/by-path")
AT_ONCE = 8
# What is at a port: MicroPython, or a chip in its loader that is to get it.
Board = Look | Chip
# ``say(port, step)``: told at each step of each board.
Say = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """``slug``: only this kit; ``resume``: only kits whose last flashing failed; ``image``: written first.

    ``store``: leave them in storage mode.
    """

    slug: str | None = None
    resume: bool = False
    replace: bool = False
    compiled: bool = True
    new_key: bool = False
    image: Image | None = None
    erase: bool = False
    cache: Cache | None = None
    store: bool = False


def discovered() -> list[Path]:
    """Return the ports that are there, by where they are plugged in: serial numbers are often all the same."""
    return sorted(BY_PATH.iterdir()) if BY_PATH.is_dir() else []


def ports_of(named: Sequence[Path] | None) -> list[Path]:
    """Return the ports that were named, each once by whichever of its names; else all there are. Raises NotPrepared."""
    ports = list({one.resolve(): one for one in named}.values()) if named else discovered()
    if not ports:
        raise NotPrepared("No board is plugged in. Plug one in, or name its port with --port.")
    return ports


def failure(who: str, why: str) -> str:
    """Return the line that says why one failed."""
    return f"  failed: {why}" if why.startswith(who) else f"  failed: {who}: {why}"


async def flash(station: Station, ports: Sequence[Path], options: Options, say: Say) -> list[Done]:
    """Flash every board that has a kit to become; return how each ended, in the order of the ports.

    A board that is left alone is not among them.
    """
    for port in ports:
        say(port, "looking")
    looks = await asyncio.gather(*(_look(port, options) for port in ports))
    done: list[Done] = []
    jobs: list[tuple[Path, Board, str]] = []
    known = Counter(look.mac for look in looks if not isinstance(look, FlashError))
    queue = _waiting(station, options)
    for port, look in zip(ports, looks, strict=True):
        try:
            slug = _kit_of(station, options, queue, known, port, look)
        except FlashError as error:
            mac = "" if isinstance(look, FlashError) else look.mac
            say(port, "failed")
            done.append(Done(_failed(port, mac, error)))
            await _let_go(port, look)
            continue
        if slug is None or isinstance(look, FlashError):
            say(port, f"left alone: {_why_alone(options)}")
            await _let_go(port, look)
        else:
            jobs.append((port, look, slug))
    gate = asyncio.Semaphore(AT_ONCE)
    done += await asyncio.gather(*(_one(station, job, options, say, gate) for job in jobs))
    return sorted(done, key=lambda one: list(map(str, ports)).index(one.record.port))


async def _look(port: Path, options: Options) -> Board | FlashError:
    try:
        if options.image is not None:
            return await identify(port)
        return Look.of(await Mpremote(port).ask(snippets.LOOK))
    except FlashError as error:
        return error


async def _let_go(port: Path, look: Board | FlashError) -> None:
    """Start a board again that was only looked at: looking has stopped its kit."""
    with suppress(FlashError):
        if isinstance(look, Look):
            await Mpremote(port).leave()
        elif isinstance(look, Chip):
            await Esptool(port).release()


def _waiting(station: Station, options: Options) -> list[KitRow]:
    """Return the kits that are on no board yet, in order."""
    states = ("failed",) if options.resume else ("listed", "failed")
    rows = [row for row in station.register.kits() if row.mac is None and row.state in states]
    if options.slug is not None:
        row = station.register.kit(options.slug)
        rows = [row] if row.mac is None or options.replace else []
    return rows


def _why_alone(options: Options) -> str:
    """Return in a few words why a board is not flashed."""
    return "it is not one that failed" if options.resume else "no kit of the list waits for one"


def _kit_of(
    station: Station,
    options: Options,
    queue: list[KitRow],
    known: Counter[str],
    port: Path,
    look: Board | FlashError,
) -> str | None:
    """Return which kit a board is to become; None = it is left alone. Raises FlashError."""
    if isinstance(look, FlashError):
        raise look
    if known[look.mac] > 1:
        raise WrongBoard(
            f"{port}: {known[look.mac]} boards say that they are {look.mac}. Unplug all but one; a chip's address "
            "is its own, so one of them is a fault or a copy."
        )
    owner = station.register.board_of(look.mac)
    if owner is not None:
        if options.slug not in (None, owner):
            raise WrongBoard(f"{port}: this board is {owner!r}, not {options.slug!r}. Take another board.")
        row = station.register.kit(owner)
        return owner if not options.resume or row.state == "failed" else None
    if not queue:
        if options.slug is not None:
            mac = station.register.kit(options.slug).mac
            raise WrongBoard(
                f"{port}: {options.slug!r} is on the board {mac}, not on {look.mac}. "
                "If that board is lost or broken: --replace."
            )
        return None
    return queue.pop(0).slug


async def _one(
    station: Station, job: tuple[Path, Board, str], options: Options, say: Say, gate: asyncio.Semaphore
) -> Done:
    port, found, slug = job

    def step(text: str) -> None:
        say(port, f"{slug}: {text}")

    async with gate:
        look = (
            found if isinstance(found, Look) else await _with_image(station, port, found, slug, options, step)
        )
        if isinstance(look, Done):
            step("failed")
            return look
        sha256 = options.image.sha256 if options.image is not None else ""
        board = BoardJob(
            station,
            slug,
            Mpremote(port),
            look,
            compiled=options.compiled,
            store=options.store,
            image_sha256=sha256,
            cache=options.cache,
        )
        # A key never outlives its counter: after an image the counter's record cannot be trusted.
        new_key = options.new_key or bool(sha256)
        done = await board.run(step, replace_board=options.replace, new_key=new_key)
    step(done.record.result)
    return done


async def _with_image(
    station: Station, port: Path, chip: Chip, slug: str, options: Options, step: Callable[[str], None]
) -> Look | Done:
    """Write the image to a board in its loader; return what then answers, or how it failed."""
    if options.image is None:
        raise ValueError(f"{port}: a board in its loader, and no image for it")
    job = ImageJob(station, slug, port, chip, options.image)
    try:
        return await job.run(step, erase=options.erase, replace_board=options.replace)
    except GatewayError as error:
        return Done(job.failed(str(error)))


def _failed(port: Path, mac: str, error: FlashError) -> FlashRecord:
    at = datetime.now(UTC).replace(microsecond=0)
    return replace(FlashRecord(slug="", mac=mac, at=at, result="failed"), why=str(error), port=str(port))
