"""Make the tables of docs/link-protocol.md anew from the wire's own modules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_PAGE = Path("docs/link-protocol.md")


def command(
    page: Annotated[Path, typer.Argument(help="The page; its tables are written in place.")] = _PAGE,
) -> None:
    """Make the tables of a page anew; what is written by hand stays."""
    from nsptools import linkdoc

    text = page.read_text(encoding="utf-8")
    page.write_text(linkdoc.renewed(text), encoding="utf-8")
    print(f"{page}: {', '.join(linkdoc.asked_for(text))}")
