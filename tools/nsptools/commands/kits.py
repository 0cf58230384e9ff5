"""Look after the kits of a station: list, withdraw, put into storage, hand over to another station, take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nsptools.station.station import Station

app = typer.Typer(no_args_is_help=True)
_Folder = Annotated[Path, typer.Option("--station", help="Folder of this provisioning station.")]
_Pass = Annotated[Path | None, typer.Option(help="File of mode 0600 whose first line is the passphrase.")]
_Demo = Annotated[bool, typer.Option("--demo", help="Keys in the clear.")]
_First = Annotated[Path, typer.Option(help="File with the passphrase of the first person.")]
_Second = Annotated[Path, typer.Option(help="File with the passphrase of the second person.")]


@app.command("list")
def show(station: _Folder, passphrase_file: _Pass = None, demo: _Demo = False) -> None:
    """List the kits: number, state, board, when each was flashed, and the generation of its key."""
    from rich.console import Console
    from rich.table import Table

    there = _open(station, passphrase_file, demo)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("kit", "point", "state", "board", "last flashed", "key"):
        table.add_column(title, no_wrap=True)
    for row in there.register.kits():
        records = [one for one in there.register.records(row.slug) if one.result == "verified"]
        last = f"{records[-1].at:%Y-%m-%d %H:%M}" if records else "never"
        key = there.key_in_use(row.slug)
        table.add_row(
            str(row.kit),
            row.slug,
            row.state,
            row.mac or "-",
            last,
            str(key.generation) if key else "-",
        )
    Console().print(table)


@app.command()
def withdraw(
    name: Annotated[str, typer.Argument(help="Short name of the point whose kit is lost or stolen.")],
    station: _Folder,
    why: Annotated[str, typer.Option(help="What happened.")] = "lost",
    passphrase_file: _Pass = None,
    demo: _Demo = False,
) -> None:
    """Refuse every key of a lost or stolen kit. Bring keys.db to the gateway at once: it refuses them from its next start."""
    from nsptools.station.folder import alone

    with alone(station):
        count = _open(station, passphrase_file, demo).withdraw(name, why)
    print(f"{name}: {count} key(s) withdrawn. Now copy {station}/keys.db to the gateway and restart it.")
    print("Whoever has the kit can still pretend to be that one kit until then, and no other.")


@app.command()
def store(
    names: Annotated[list[str], typer.Argument(help="Short names of the points whose kits go into storage.")],
    station: _Folder,
    port: Annotated[
        list[Path] | None,
        typer.Option(help="A board's port; may be given several times. Default: all there are."),
    ] = None,
    passphrase_file: _Pass = None,
    demo: _Demo = False,
) -> None:
    """Put kits into storage, over the cable: check once a month, sleep between. HELP or power ends it. Exit code 1 when one failed."""
    import asyncio
    import sys

    from nsptools.flash.run import failure, ports_of
    from nsptools.flash.storing import store as put_away
    from nsptools.station.folder import alone

    ports = ports_of(port)

    def say(where: Path, step: str) -> None:
        print(f"{where.name}  {step}", file=sys.stderr)

    with alone(station):
        done = asyncio.run(put_away(_open(station, passphrase_file, demo), names, ports, say))
    for one in done:
        if one.why:
            print(failure(one.who, one.why))
        else:
            print(f"{one.who}: in storage. It checks itself now and then once a month; press HELP to end it.")
    if any(one.why for one in done):
        raise typer.Exit(1)


@app.command("export")
def hand_over(
    file: Annotated[Path, typer.Argument(help="The sealed file to write.")],
    names: Annotated[list[str], typer.Argument(help="Short names of the points.")],
    station: _Folder,
    first_passphrase_file: _First,
    second_passphrase_file: _Second,
    passphrase_file: _Pass = None,
    demo: _Demo = False,
) -> None:
    """Hand kits over to another station of this coordinating point. Two people give a passphrase each."""
    from nspgateway.keys import read_passphrase
    from nsptools.station import exchange
    from nsptools.station.folder import alone

    both = (read_passphrase(first_passphrase_file), read_passphrase(second_passphrase_file))
    with alone(station):
        exchange.hand_over(_open(station, passphrase_file, demo), names, file, both)
    print(f"{', '.join(names)}: in {file}. This station does not flash them any more.")


@app.command("import")
def take(
    file: Annotated[Path, typer.Argument(help="The sealed file from the other station.")],
    station: _Folder,
    first_passphrase_file: _First,
    second_passphrase_file: _Second,
    passphrase_file: _Pass = None,
    demo: _Demo = False,
) -> None:
    """Take kits over from another station of this coordinating point, into a new folder or one that began so."""
    from nspgateway.keys import read_passphrase
    from nsptools.station import exchange
    from nsptools.station.cp import FILE
    from nsptools.station.folder import alone
    from nsptools.station.station import Station

    secret = read_passphrase(passphrase_file) if passphrase_file else None
    both = (read_passphrase(first_passphrase_file), read_passphrase(second_passphrase_file))
    with alone(station):
        if (station / FILE).exists():
            there = Station(station, secret, demo=demo)
        else:
            there = exchange.begin(station, file, both, secret, demo=demo)
        taken = exchange.take(there, file, both)
    print(f"Taken: {', '.join(taken)}. Run nsp provision with the whole list to make the gateway's files.")


def _open(folder: Path, passphrase_file: Path | None, demo: bool) -> Station:
    from nspgateway.keys import read_passphrase
    from nsptools.station.station import Station

    return Station(folder, read_passphrase(passphrase_file) if passphrase_file else None, demo=demo)
