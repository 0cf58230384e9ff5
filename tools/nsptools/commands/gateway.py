"""Run the gateway of a coordinating point."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from nsptools.commands import _gateway_init

app = typer.Typer(no_args_is_help=True)
_gateway_init.register(app)


@app.callback()
def _gateway() -> None:
    """Run the gateway of a coordinating point."""


@app.command()
def run(
    config: Annotated[Path, typer.Option(help="gateway.toml of this coordinating point.")] = Path(
        "gateway.toml"
    ),
) -> None:
    """Receive, journal, alarm and publish until stopped. Serves no page yet: that needs a login."""
    from nspgateway import __main__ as gateway

    gateway.log_to_stderr()
    asyncio.run(gateway.run(config))
