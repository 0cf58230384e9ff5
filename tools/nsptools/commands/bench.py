"""Simulated plants and devices: one device on its own, or the values of a running demo, turned by hand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from nsptools.demo import door

app = typer.Typer(no_args_is_help=True)
_HttpPort = Annotated[int | None, typer.Option(help="The demo's page port, when several run.")]


@app.callback()
def _bench() -> None:
    """Simulated plants and devices, and values turned by hand."""


@app.command(name="set", context_settings={"ignore_unknown_options": True})  # a value may begin with -
def set_value(
    name: Annotated[str, typer.Argument(help="POINT.DEVICE.NAME, as de-linde.plant.fuel_l")],
    value: Annotated[str, typer.Argument(help="The new value; auto gives a register back to the plant.")],
    http_port: _HttpPort = None,
) -> None:
    """Turn one value of a running demo, as de-linde.plant.fuel_l 2 or de-linde.generator.mute 1."""
    reply = door.ask({"name": name, "value": value}, http_port)
    print(f"{reply['name']} = {reply['value']}")


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="POINT.DEVICE.NAME, as de-linde.generator.fuel_percent")],
    http_port: _HttpPort = None,
) -> None:
    """Show one value of a running demo."""
    reply = door.ask({"name": name}, http_port)
    print(f"{reply['name']} = {reply['value']}")


@app.command()
def models() -> None:
    """List the devices that can be simulated."""
    from nsptools.bench.catalogue import MODELS

    for model, entry in MODELS.items():
        serial = "Modbus TCP" if entry.tcp else f"{entry.baud} baud 8{entry.parity}{entry.stop}"
        print(f"{model:20} {entry.owner:10} unit {entry.unit:<4} {serial}")


@app.command()
def device(
    model: Annotated[str, typer.Argument(help="An id of `nsp bench models`, as comap_il4.")],
    pty: Annotated[bool, typer.Option("--pty", help="On a pseudo-terminal (this is the default).")] = False,
    tcp: Annotated[
        int | None, typer.Option(min=0, max=65535, help="On Modbus TCP, this port of 127.0.0.1; 0 = any.")
    ] = None,
    unit: Annotated[
        int | None, typer.Option(min=1, max=255, help="Its address, when not the factory's.")
    ] = None,
    baud: Annotated[int | None, typer.Option(min=300, help="Speed of the line, likewise.")] = None,
    link: Annotated[Path | None, typer.Option(help="A further name for the pseudo-terminal.")] = None,
    fault: Annotated[
        str, typer.Option(help="Harm every reply: silence, noise, truncate, crc, late ...")
    ] = "none",
    speed: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds of the plant in one on the wall.")
    ] = 1.0,
    scenario: Annotated[
        Path | None, typer.Option(help="Play this file's events (docs/scenarios.md).")
    ] = None,
    point: Annotated[str | None, typer.Option(help="The scenario's point; default: its first.")] = None,
) -> None:
    """Run one simulated device and its plant until Ctrl-C, and turn its values by typing NAME VALUE.

    The first line printed says where it answers. Without a terminal, lines are read from the standard input.
    """
    if pty and tcp is not None:
        raise typer.BadParameter("one of --pty and --tcp", param_hint="--tcp")
    if link is not None and tcp is not None:
        raise typer.BadParameter("a port has no path", param_hint="--link")
    if point is not None and scenario is None:
        raise typer.BadParameter("belongs to --scenario", param_hint="--point")
    from nsptools.bench import device_session, one_device
    from nsptools.scenario.files import load

    story = load(scenario) if scenario else None
    setup = one_device.Setup(
        model=model, unit=unit, baud=baud, tcp_port=tcp, link=link, fault=fault, speed=speed
    )
    asyncio.run(device_session.run(setup, story, point, lambda line: print(line, flush=True)))
