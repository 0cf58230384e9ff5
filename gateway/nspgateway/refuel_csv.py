"""The refuel list as a file for a spreadsheet: semicolons, decimal commas, UTF-8 with a byte order mark. Pure.

That is what a Dutch Excel opens rightly by a double click: without the mark it takes the text for Windows-1252, and
a comma is its decimal sign. Columns have these names, in this order, whatever language a reader has chosen: what
somebody builds on the file must not break with a button. New ones come at the end.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from nspgateway.phrases import ZONE
from nspgateway.refuel_list import Line, RefuelList

# A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_KINDS = {"diesel": "diesel", "hvo": "HVO", "petrol": "benzine"}
_SOURCES = {
    "gauge": "meting",
    "by_hand": "met de hand ingevoerd",
    "estimate": "schatting uit de laatste meting",
}
_WHY = {
    "": "",
    "level_unknown": "voorraad onbekend",
    "consumption_unknown": "verbruik onbekend",
    "on_grid": "draait op het net",
}
_MARKS = {"": "", "exercise": "OEFENING", "real": "GEEN OEFENING"}
_NOBODY_KNOWS = "onbekend"


def to_csv(found: RefuelList) -> bytes:
    """Return the list in UTF-8 with a byte order mark; times are Dutch local time."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(
        (
            "Punt",
            "Nummer",
            "Gemeente",
            "Brandstof",
            "Liter in de tank",
            "Bron",
            "Gemeten of ingevoerd",
            "Liter nodig",
            "Nodig voor uren",
            "Liter die nog past",
            "Leeg rond (laag)",
            "Vertrekken vóór",
            "Prioriteit",
            "Gepland",
            "Geleverd",
            "Vulpunt",
            "Toegang",
            "Leverancier",
            "Opmerking",
            "Oefening",
            "Stand van",
        )
    )
    same = (_number(found.hours), _moment(found.now))
    for line in found.lines:
        writer.writerow([_safe(cell) for cell in _cells(line, *same)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cells(line: Line, hours: str, now: str) -> Sequence[str]:
    delivered = "" if line.delivered is None else _delivery(*line.delivered)
    return (
        line.name,
        str(line.number),
        line.municipality,
        _KINDS[line.fuel_kind],
        _litres(line.litres),
        "" if line.source is None else _SOURCES[line.source],
        _moment(line.at),
        _litres(line.needed),
        hours,
        _litres(line.fits),
        _moment(line.empty_low) or _NOBODY_KNOWS,
        _moment(line.drive_before) or _NOBODY_KNOWS,
        str(line.priority),
        ", ".join(_delivery(one.litres, one.due_at) for one in line.planned),
        delivered,
        line.filler,
        line.access,
        line.supplier,
        _WHY[line.why],
        _MARKS[line.mark],
        now,
    )


def _delivery(litres: float, at: datetime | None) -> str:
    return f"{_number(litres)} l {_moment(at)}".strip()


def _litres(value: float | None) -> str:
    return _NOBODY_KNOWS if value is None else _number(value)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0").replace(".", ",")


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(ZONE).strftime("%d-%m-%Y %H:%M")


def _safe(cell: str) -> str:
    """Return the cell as text also where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
