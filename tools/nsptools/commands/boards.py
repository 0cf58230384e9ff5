"""List the boards that a kit can be made of, with their pins."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    name: Annotated[str | None, typer.Argument(help="Show this board's pins.")] = None,
    firmware: Annotated[
        bool, typer.Option("--firmware", help="Print the firmware's pins.py for this board.")
    ] = False,
) -> None:
    """List the boards that a kit can be made of, or show one."""
    from nsptools import boards

    if name is None:
        for one in boards.names():
            board = boards.load(one)
            print(f"{one:20} {board.name}  ({board.status})")
        return
    board = boards.load(name)
    if firmware:
        print(boards.pins_py(board), end="")
        return
    print(f"{board.name}\n{board.chip}, image {board.micropython}, USB {board.usb}; {board.status}\n")
    for pin_name, pin in board.pins():
        print(f"  {pin_name:20} GPIO {pin}")
    print("\nsources:")
    for source in board.sources:
        print(f"  - {source}")
