"""Hold the forecasts against simulated sites that run dry: how wrong the hours left are."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer


def command(
    seeds: Annotated[int, typer.Option(min=1, max=500, help="Nights of each kind of site.")] = 20,
    only: Annotated[
        str | None, typer.Option(help="Kinds of site, separated by commas; default: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of a table.")] = False,
) -> None:
    """Run simulated sites dry and tell how wrong the forecasts were.

    Gauges slosh and jump, a fifth of the heartbeats is lost, loads step, curves are up to 8 % wrong.
    Exit code 2 for a kind that is not there.
    """
    from nsptools.backtest import figures, night, sites

    chosen = sites.kinds() if only is None else tuple(name.strip() for name in only.split(","))
    strange = [name for name in chosen if name not in sites.kinds()]
    if strange:
        print(f"nsp: no site {strange[0]!r}; there are: {', '.join(sites.kinds())}.", file=sys.stderr)
        raise typer.Exit(2)
    nights = []
    for kind in chosen:
        print(f"running {kind} ...", file=sys.stderr, flush=True)
        nights += [night.run(sites.site(kind, seed), seed) for seed in range(1, seeds + 1)]
    found = figures.table(nights)
    if as_json:
        print(json.dumps(found))
        return
    _show(found)


def _show(found: dict[str, dict[str, dict[str, float]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("site", "before dry", "runs", "known", "bias h", "mean error h", "p90 error h", "in range")
    for kind, rows in found.items():
        for horizon, row in rows.items():
            cells = [f"{row['n']:.0f}", f"{row['known']:.0%}"]
            if "bias_h" in row:
                errors = (row["bias_h"], row["mean_error_h"], row["p90_error_h"])
                cells += [
                    f"{errors[0]:+.2f}",
                    f"{errors[1]:.2f}",
                    f"{errors[2]:.2f}",
                    f"{row['coverage']:.0%}",
                ]
            table.add_row(kind, horizon, *cells)
        table.add_section()
    Console().print(table)
