"""The screen of one simulated device: its doors, and a line to type at."""

from __future__ import annotations

from rich.columns import Columns
from rich.console import Group
from rich.text import Text

from nsptools.bench.site import Site

_ENTER, _RUBOUT = ("\n", "\r"), ("\x7f", "\b")


class Prompt:
    """What a person types, key by key. `typed` is the line so far."""

    def __init__(self) -> None:
        self.typed = ""

    def feed(self, keys: str) -> list[str]:
        """Take keys; give the lines that they complete, empty ones left out."""
        lines = []
        for key in keys:
            if key in _ENTER:
                lines.append(self.typed.strip())
                self.typed = ""
            elif key in _RUBOUT:
                self.typed = self.typed[:-1]
            elif key.isprintable():
                self.typed += key
        return [line for line in lines if line]


def turn(site: Site, owner: str, line: str) -> str:
    """Do what a typed line says, `NAME VALUE` or `NAME`; gives what the door shows then, or the complaint.

    NAME is a door of the site (plant.fuel_l, bus.fault) or, without a dot, one of the device itself.
    """
    name, _, value = line.partition(" ")
    door = name if "." in name else f"{owner}.{name}"
    try:
        if value:
            site.set(door, value.strip())
        return f"{door} = {site.get(door)}"
    except ValueError as error:
        return f"{door}: {error}"


def panel(site: Site, owner: str, where: str, typed: str, said: str) -> Group:
    """Where it answers, every door with its value (a star: turned by hand), and the typing line."""
    device = site.devices[owner]
    cells = []
    for door in site.names():
        name = door.removeprefix(f"{owner}.")
        turned = name in device.overrides and door != name
        cells.append(Text(f"{name} {site.get(door)}{'*' if turned else ''}", style="bold" if turned else ""))
    return Group(
        Text(f"{where}   Ctrl-C ends", style="bold"),
        Columns(cells, padding=(0, 2)),
        Text(said, style="italic"),
        Text(f"NAME VALUE (auto gives back) > {typed}"),
    )
