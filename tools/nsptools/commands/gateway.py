"""Run the gateway of a coordinating point, look at its settings, and ask how it is."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from nsptools.commands import _gateway_access, _gateway_init

app = typer.Typer(no_args_is_help=True)
_gateway_init.register(app)
_gateway_access.register(app)

_Config = Annotated[Path, typer.Option(help="gateway.toml of this coordinating point.")]
_HERE = Path("gateway.toml")


@app.callback()
def _gateway() -> None:
    """Run the gateway of a coordinating point."""


@app.command()
def run(config: _Config = _HERE) -> None:
    """Receive, journal, alarm, publish and serve the page until stopped."""
    from nspgateway import __main__ as gateway

    gateway.log_to_stderr()
    asyncio.run(gateway.run(config))


@app.command("check-config")
def check_config(
    config: _Config = _HERE,
    connect: Annotated[bool, typer.Option(help="Also try to reach the brokers and the UPS.")] = False,
) -> None:
    """Look at all settings, keys, certificates and rights. Exit code 0: all is well, 2: something is wrong."""
    from nspgateway.check import check

    report = check(config, connect=connect)
    for line in report.well:
        typer.echo(f"ok     {line}")
    for line in report.wrong:
        typer.echo(f"wrong  {line}", err=True)
    if report.wrong:
        raise typer.Exit(2)


@app.command()
def status(
    config: _Config = _HERE,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what the gateway says, as it says it.")
    ] = False,
) -> None:
    """Ask the running gateway how it is. Exit code 0: well, 1: something is wrong, 3: it does not run."""
    from nspgateway.status_socket import NAME

    said = _ask(config, NAME)
    document = json.loads(said)
    if as_json:
        typer.echo(said.decode().rstrip())
    else:
        _show(document)
    if document["problems"]:
        raise typer.Exit(1)


@app.command()
def refuel(
    config: _Config = _HERE,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print it as a file for a spreadsheet.")] = False,
) -> None:
    """Ask the running gateway who needs which fuel, first come first. Exit code 3: it does not run."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from nspgateway.status_socket import REFUEL

    said = _ask(config, REFUEL)
    if as_csv:
        typer.echo(said, nl=False)
        return
    head, *lines = csv.reader(said.decode("utf-8-sig").splitlines(), delimiter=";")
    # What somebody needs who drives; the file has the rest.
    shown = [
        head.index(name) for name in (head[0], "Brandstof", head[7], "Leeg rond (laag)", "Vertrekken vóór")
    ]
    table = Table(*(head[column] for column in shown), box=None, padding=(0, 2, 0, 0))
    for line in lines:
        table.add_row(*(Text(line[column]) for column in shown))
    Console(highlight=False).print(table)


def _ask(config: Path, name: str) -> bytes:
    """Return what the running gateway answers; whoever gets no answer hears why."""
    from nspgateway.config import load_gateway
    from nspgateway.status_socket import NotRunning, ask

    folder = load_gateway(config).data
    try:
        said = ask(folder, name=name)
    except NotRunning:
        typer.echo(
            f"nsp: no gateway runs in {folder}. Start it with: nsp gateway run --config {config}", err=True
        )
        raise typer.Exit(3) from None
    except PermissionError:
        typer.echo(f"nsp: {folder} is another user's. Ask as the user that the gateway runs as.", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"nsp: the gateway in {folder} does not answer ({error.strerror or error}).", err=True)
        raise typer.Exit(1) from None
    if not said:
        typer.echo(f"nsp: the gateway in {folder} gave no answer; its log says why.", err=True)
        raise typer.Exit(1)
    return said


def _show(document: dict[str, Any]) -> None:
    """Print the document for a person."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, text in _rows(document):
        table.add_row(name, text, style=None)
    console.print(table)
    for problem in document["problems"]:
        console.print(f"wrong: {problem}", style="bold red", markup=False)
    if not document["problems"]:
        console.print("all is well", style="green")


def _rows(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what to print, line by line; what is not watched is left out."""
    clock, ups, disk = document["clock"], document["ups"], document["disk"]
    rows = [
        ("gateway", f"{document['version']}, since {document['since']}"),
        ("modem", "up" if document["modem"]["ok"] else "down"),
    ]
    rows += [
        (f"broker {one['name']}", f"{one['state']}, {_known(one['waiting'])} messages wait")
        for one in document["brokers"]
    ]
    if disk["free_mb"] is not None:
        rows.append(("disk", f"{disk['state'] or 'room'}, {disk['free_mb']:.0f} MB free"))
    if clock["trusted"] is not None:
        rows.append(("clock", f"trusted ({clock['source']})" if clock["trusted"] else "not to be trusted"))
    if ups["supply"]:
        left = f", {ups['minutes']:.0f} minutes left" if ups["minutes"] is not None else ""
        rows.append(("supply", f"{ups['supply']}{left}"))
    rows += [
        (f"notifier {one['name']}", one["reason"] if one["failing_since"] else "works")
        for one in document["notifiers"]
    ]
    test, store = document["path_test"], document["store"]
    rows.append(("alarm path", f"{test['state']} at {test['at']}" if test else "never tested"))
    held = {True: "nothing may be deleted", False: "kept by its age", None: "unknown"}[store["held"]]
    rows.append(("storage", f"{_known(store['mb'])} MB, {store['reserve_mb']:.0f} MB in reserve, {held}"))
    frames = document["frames"]
    rows.append(("frames", ", ".join(f"{count} {name}" for name, count in frames.items()) or "none yet"))
    alarms = {name: count for name, count in document["alarms"].items() if count}
    rows.append(("open alarms", ", ".join(f"{count} {name}" for name, count in alarms.items()) or "none"))
    rows += [
        (point["slug"], f"{point['status']}, {point['deployment']}, heard {_ago(point['heard_s'])}")
        for point in document["points"]
    ]
    return rows


def _known(value: object) -> str:
    return "unknown how many" if value is None else str(value)


def _ago(seconds: int | None) -> str:
    if seconds is None:
        return "never, or unknown when"
    if seconds < 120:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"
