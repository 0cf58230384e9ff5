"""A coordinating point and its kits in virtual time: days of blackout on one channel, in minutes."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from nsplink import regions


def command(
    kits: Annotated[int, typer.Option(min=1, max=63, help="Kits at the coordinating point.")] = 40,
    hours: Annotated[float, typer.Option(min=1, max=240, help="Length of the story.")] = 72,
    sf: Annotated[int, typer.Option(min=7, max=12, help="Spreading factor.")] = 9,
    frequency_hz: Annotated[
        int, typer.Option(help="Channel; 868.1-868.5 MHz allow 1 %, 869.4-869.65 10 %.")
    ] = int(regions.PHY["frequency_hz"]),
    loss: Annotated[
        float, typer.Option(min=0, max=0.9, help="Random loss each way, beside collisions.")
    ] = 0.2,
    alarms: Annotated[int, typer.Option(min=0, help="Alarms that have nothing to do with each other.")] = 200,
    calls: Annotated[int, typer.Option(min=0, help="Calls for help.")] = 20,
    reboots: Annotated[int, typer.Option(min=0, help="Power cuts of kits.")] = 0,
    outage: Annotated[
        list[str] | None, typer.Option(help="HOUR:HOURS without a gateway; repeatable.")
    ] = None,
    storm: Annotated[
        list[float] | None, typer.Option(help="Hour at which all kits raise an alarm; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same run, to the byte.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of a table.")] = False,
) -> None:
    """Run the kits' own firmware and the gateway's own decisions over a simulated air, in virtual time.

    Kits do not hear each other. Exit code 0 when every demand on the link is met, else 1.
    """
    from nsptools.fleet.demands import failed
    from nsptools.fleet.run import run
    from nsptools.fleet.story import Story

    channel = _channel(frequency_hz, sf)
    story = Story(hours, alarms, calls, reboots, tuple(map(_outage, outage or ())), tuple(storm or ()))
    began = time.monotonic()
    verdict = run(story, kits=kits, channel=channel, loss=loss, seed=seed)
    took_s = time.monotonic() - began
    if as_json:
        print(verdict.json())
    else:
        _show(verdict, took_s)
    if failed(verdict):
        raise typer.Exit(1)


def _channel(frequency_hz: int, sf: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - imported late
    from nsptools.fleet.town import Channel

    try:
        regions.sub_band(frequency_hz, 125)
    except ValueError as error:
        raise typer.BadParameter(f"{error}. Take one of {_listed()}.", param_hint="--frequency-hz") from error
    return Channel(frequency_hz, sf)


def _listed() -> str:
    return ", ".join(map(str, regions.CHANNELS_HZ))


def _outage(text: str) -> tuple[float, float]:
    hour, _, hours = text.partition(":")
    try:
        return float(hour), float(hours)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not HOUR:HOURS, as 30:6", param_hint="--outage") from None


def _show(verdict, took_s: float) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - imported late
    from rich.console import Console
    from rich.table import Table

    from nsptools.fleet.demands import DEMANDS

    table = Table("demand", title=f"{verdict.kits} kits, {verdict.hours:g} hours, seed {verdict.seed}")
    for name in ("figure", "limit", ""):
        table.add_column(name, justify="right")
    for demand in DEMANDS:
        value, met = demand.figure(verdict), demand.met(verdict)
        figure = "-" if value is None else f"{value:g} {demand.unit}".strip()
        word = {True: "met", False: "[bold red]NOT MET[/]", None: "not in this story"}[met]
        table.add_row(demand.text, figure, f"{demand.limit:g} {demand.unit}".strip(), word)
    console = Console()
    console.print(table)
    beats = verdict
    console.print(
        f"{verdict.raised} alarms and {verdict.calls} calls raised. Heartbeats: {beats.heartbeats_sent} sent, "
        f"{beats.heartbeats_live} heard, {beats.heartbeats_late} told of later, {beats.heartbeats_held} still held, "
        f"{beats.heartbeats_cut} gone with a kit's power. {verdict.frames} frames; busiest: {verdict.duty_worst}."
    )
    print(f"{took_s:.0f} s, digest {verdict.digest[:16]}", file=sys.stderr)
