"""Make the settings, keys and gateway files of every point in a list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    sites: Annotated[Path, typer.Argument(metavar="LIST", help="Sites: CSV from a spreadsheet, or TOML.")],
    station: Annotated[Path, typer.Option(help="Folder of this provisioning station.")],
    region: Annotated[str | None, typer.Option(help="New station: short name of the safety region.")] = None,
    cp: Annotated[str | None, typer.Option(help="New station: short name of the coordinating point.")] = None,
    cp_number: Annotated[
        int | None, typer.Option(help="New station: its number in the national list, 1-1023.")
    ] = None,
    cp_name: Annotated[str | None, typer.Option(help="New station: its name in full.")] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File of mode 0600 whose first line is the passphrase.")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Keys in the clear; never for kits that leave the room.")
    ] = False,
) -> None:
    """Make the settings, keys and gateway files of every point in a list. Run again, it changes only what changed."""
    from nspgateway.keys import read_passphrase
    from nsptools.station import cp as cps
    from nsptools.station import sitelist
    from nsptools.station.folder import alone
    from nsptools.station.station import Station

    passphrase = read_passphrase(passphrase_file) if passphrase_file else None
    given = {"region": region, "cp": cp, "cp_number": cp_number, "cp_name": cp_name}
    with alone(station):
        if (station / cps.FILE).exists():
            cps.same(station, given)
            there = Station(station, passphrase, demo=demo)
            rows = sitelist.read(sites, region=there.config.region, cp=there.config.cp)
        else:
            rows = sitelist.read(sites, region=region or "", cp=cp or "")
            there = Station.create(station, given, passphrase, demo=demo)
        outcome = there.apply(sites, rows, passphrase_file)
    for word, slugs in (("new", outcome.new), ("changed", outcome.changed), ("unchanged", outcome.unchanged)):
        if slugs:
            print(f"{len(slugs):3} {word}: {', '.join(slugs)}")
    if outcome.gone:
        print(f"{len(outcome.gone):3} not in the list, left as they are: {', '.join(outcome.gone)}")
        print("    A kit that is lost or out of use: nsp kits withdraw NAME")
    print(f"Gateway files: {station}/gateway.toml, points.toml, keys.db.")
    secret = f" --passphrase-file {passphrase_file}" if passphrase_file else " --demo"
    print(f"Next: nsp flash --station {station}{secret}")
