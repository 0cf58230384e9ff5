"""Make docs/asyncapi.json and the tables of docs/link-protocol.md anew from the modules that speak."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

_PAGE = Path("docs/link-protocol.md")


def command(
    page: Annotated[Path, typer.Argument(help="The page; its tables are written in place.")] = _PAGE,
) -> None:
    """Make the tables of a page anew, and asyncapi.json beside it; what is written by hand stays."""
    from nspgateway import asyncapi
    from nsptools import linkdoc

    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{page}: {error.strerror}. Name a page that is there.") from error
    page.write_text(linkdoc.renewed(text), encoding="utf-8")
    print(f"{page}: {', '.join(linkdoc.asked_for(text))}")
    messages = page.with_name("asyncapi.json")
    messages.write_text(json.dumps(asyncapi.document(), indent=2) + "\n", encoding="utf-8")
    print(f"{messages}: {', '.join(channel.name for channel in asyncapi.CHANNELS)}")
