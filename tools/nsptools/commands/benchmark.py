"""Measure what the product costs: memory and time, on this machine, now."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from nsptools.benchmark import frame


def command(
    only: Annotated[
        str | None, typer.Option(help="Parts, separated by commas; default: all there are.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of a table.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Shorter runs, and none of the searches that take minutes.")
    ] = False,
) -> None:
    """Measure what the product costs, part by part.

    Only the result goes to stdout. A part or figure that was not measured is absent, never zero.
    """
    from nsptools.benchmark.parts import PARTS

    names = frame.chosen(PARTS, only)
    results = frame.run(PARTS, names, frame.Options(quick, _tell))
    if as_json:
        print(json.dumps(results))
    else:
        _show(results)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _show(results: Mapping[str, frame.Figures]) -> None:
    """Print a table with one figure a line."""
    from rich.console import Console
    from rich.table import Table

    table = Table("part", "figure")
    table.add_column("value", justify="right")
    for part, figures in results.items():
        for name, value in _flat(figures):
            table.add_row(part, name, f"{value:,}" if isinstance(value, int) else str(value))
        table.add_section()
    Console().print(table)


def _flat(figures: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Yield every figure with its whole name, ``group.figure`` where figures are grouped."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, value
