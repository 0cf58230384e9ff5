"""Turn values of the simulated plants of a running demo by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from nsptools.demo import door

app = typer.Typer(no_args_is_help=True)
_HttpPort = Annotated[int | None, typer.Option(help="The demo's page port, when several run.")]


@app.callback()
def _bench() -> None:
    """Turn values of the simulated plants of a running demo by hand."""


@app.command(name="set")
def set_value(
    name: Annotated[str, typer.Argument(help="POINT.DEVICE.NAME, as de-linde.plant.fuel_l")],
    value: Annotated[str, typer.Argument(help="The new value; auto gives a register back to the plant.")],
    http_port: _HttpPort = None,
) -> None:
    """Turn one value, as de-linde.plant.fuel_l 2 or de-linde.generator.mute 1."""
    reply = door.ask({"name": name, "value": value}, http_port)
    print(f"{reply['name']} = {reply['value']}")


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="POINT.DEVICE.NAME, as de-linde.generator.fuel_percent")],
    http_port: _HttpPort = None,
) -> None:
    """Show one value."""
    reply = door.ask({"name": name}, http_port)
    print(f"{reply['name']} = {reply['value']}")
