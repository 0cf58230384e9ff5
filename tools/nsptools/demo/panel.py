"""What the demo shows in a terminal: each point in a line, refreshed once a second."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group
from rich.table import Table
from rich.text import Text

from nspgateway.view import Overview, Point

_FIELDS = ("generator_state", "power_source", "load_w", "battery_permille")
_SCALE = {"load_w": (1000, "kW"), "battery_permille": (10, "%")}


def panel(overview: Overview, url: str, mqtt_port: int) -> Group:
    """Addresses, one row a point in the page's order, and the open alarms."""
    table = Table(expand=False)
    for title in (
        "point",
        "status",
        "fuel",
        "hours left",
        "generator",
        "powered by",
        "load",
        "battery",
        "heard",
    ):
        table.add_column(title)
    for point in overview.points:
        table.add_row(
            point.name,
            point.status,
            _fuel(point),
            _hours(point),
            *map(point_text(point), _FIELDS),
            _heard(overview, point),
        )
    head = Text(
        f"Dashboard {url}   broker mqtt://127.0.0.1:{mqtt_port}   DEMO x{overview.speed:g}   Ctrl-C ends",
        style="bold",
    )
    alarms = [
        Text(f"{alarm.priority}: {alarm.point}: {alarm.what['en']}", style="red") for alarm in overview.alarms
    ]
    return Group(head, table, *alarms)


def point_text(point: Point) -> Callable[[str], str]:
    """How a quantity of ``point`` reads; unknown says so."""

    def text(name: str) -> str:
        reading = point.readings.get(name)
        if reading is None or reading.quality == "none":
            return "none"
        if reading.value is None:
            return "unknown"
        scale, unit = _SCALE.get(name, (0, ""))
        value = f"{float(reading.value) / scale:.1f} {unit}" if scale else str(reading.value)
        return value if reading.quality == "good" else f"{value} (old)"

    return text


def _fuel(point: Point) -> str:
    return "unknown" if point.fuel_litres is None else f"{point.fuel_litres:.1f} l"


def _hours(point: Point) -> str:
    return (
        "unknown"
        if point.fuel is None
        else f"{point.fuel.likely_h:.1f} h ({point.fuel.low_h:.1f}-{point.fuel.high_h:.1f})"
    )


def _heard(overview: Overview, point: Point) -> str:
    return (
        "never"
        if point.last_heard is None
        else f"{(overview.now - point.last_heard).total_seconds():.0f} s ago"
    )
