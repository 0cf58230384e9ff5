"""The columns of a site list, and how a cell becomes a value. A cell that cannot be read says why and what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from nspgateway.config import FuelKind, InputName, Source
from nspkit import models
from nspkit.settings import DEVICE_NAMES
from nsptools import boards

# A thousand with a point in it, as Dutch spreadsheets write it, is one with three decimals elsewhere.
_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?")
_NUMBER = re.compile(r"-?\d+([.,]\d+)?")
_DATE = re.compile(r"\d{1,2}[-/]([a-z]{3}|\d{1,2})([-/]\d{2,4})?", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LINE = re.compile(r"(\d+) 8([NEO])([12])")
_DEVICE = re.compile(r"([a-z]+):([a-z0-9_]+)@(\d+)(?:/(\d+ 8[NEO][12]))?")
_FUELS = {"diesel": "diesel", "hvo": "hvo", "petrol": "petrol", "benzine": "petrol"}
_SOURCES = {"net": "grid", "aggregaat": "generator", "accu": "battery", "zon": "sun"}
_PARITY = {"N": None, "E": "even", "O": "odd"}
DUTCH_LATITUDES, DUTCH_LONGITUDES = (50.7, 53.7), (3.2, 7.3)


class CellError(ValueError):
    """``problem``: what is wrong with the cell; ``cure``: what to write."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure


def _short(cell: str) -> str:
    """Return the cell as a person sees it in a sentence, however long it is."""
    return cell if len(cell) <= 40 else f"{cell[:40]}..."


def _no_formula(cell: str) -> None:
    if cell.startswith("="):
        raise CellError(f"{_short(cell)!r} is a formula", "Write the text that it stands for.")


def text(cell: str) -> str:
    """Return a name: 1 to 80 letters, no control characters."""
    _no_formula(cell)
    if len(cell) > 80 or not cell.isprintable():
        raise CellError(f"{cell[:20]!r}... is no name", "Write 1 to 80 printable letters.")
    return cell


def remark(cell: str) -> str:
    """Return one line of text: at most 120 letters, no control characters."""
    _no_formula(cell)
    if len(cell) > 120 or not cell.isprintable():
        raise CellError(f"{cell[:20]!r}... is too much for one line", "Write at most 120 printable letters.")
    return cell


def remarks(cell: str) -> tuple[str, ...]:
    """Return lines of text, separated by | in the cell."""
    lines = tuple(remark(one.strip()) for one in cell.split("|") if one.strip())
    if len(lines) > 20:
        raise CellError(f"{len(lines)} lines are too many", "Write at most 20, with | between them.")
    return lines


def slug(cell: str) -> str:
    """Return a short name for topics and folders."""
    if not _SLUG.fullmatch(cell) or len(cell) > 40:
        raise CellError(f"{cell!r} cannot be a short name", "Write a-z, 0-9 and single hyphens, at most 40.")
    return cell


def number(low: float, high: float, example: str) -> Callable[[str], float]:
    """Return a reader of numbers from ``low`` to ``high``; a comma or a point before the decimals."""

    def read(cell: str) -> float:
        if _THOUSANDS.fullmatch(cell):
            plain = cell.partition(",")[0].replace(".", "")
            if low <= float(plain) <= high:
                cure = f"Write {plain}, or decimals with a comma."
                raise CellError(f"{cell} may mean {plain} or a fraction", cure)
        if _DATE.fullmatch(cell):
            raise CellError(
                f"{cell} is a date: the spreadsheet has changed it",
                f"Format the column as text; write {example}.",
            )
        if not _NUMBER.fullmatch(cell):
            raise CellError(f"{_short(cell)!r} is not a number", f"Write a number such as {example}.")
        value = float(cell.replace(",", "."))
        if not low <= value <= high:
            raise CellError(
                f"{_short(cell)} is out of range", f"Write {low:g} to {high:g}, such as {example}."
            )
        return value

    return read


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``low`` to ``high``."""
    decimal = number(low, high, str(low))

    def read(cell: str) -> int:
        value = decimal(cell)
        if value != int(value):
            raise CellError(f"{cell} is not a whole number", f"Write {low} to {high}.")
        return int(value)

    return read


def fuel(cell: str) -> str:
    """Return the kind of fuel."""
    found = _FUELS.get(cell.lower())
    if found is None or found not in get_args(FuelKind):
        raise CellError(f"{cell!r} is no fuel", f"Write one of {', '.join(_FUELS)}.")
    return found


def sources(cell: str) -> tuple[str, ...]:
    """Return the sources of power, separated by spaces or +."""
    found = tuple(_SOURCES.get(word.lower(), word.lower()) for word in re.split(r"[\s+,]+", cell) if word)
    for word in found:
        if word not in get_args(Source):
            raise CellError(
                f"{word!r} is no source of power", f"Write some of {', '.join(get_args(Source))}."
            )
    return found


def line(cell: str) -> dict[str, object]:
    """Return the settings of a serial line, written as "19200 8N1"."""
    match = _LINE.fullmatch(cell.upper())
    if match is None or not 1200 <= int(match[1]) <= 115200:
        raise CellError(
            f"{cell!r} is no line setting", "Write speed, 8, parity and stop bits, such as 9600 8N1."
        )
    return {"baud": int(match[1]), "bits": 8, "parity": _PARITY[match[2]], "stop": int(match[3])}


def devices(cell: str) -> tuple[dict[str, object], ...]:
    """Return the Modbus devices, written as "generator:dse7320mk2@10 battery:seplos_v3@1/9600 8N1"."""
    found: list[dict[str, object]] = []
    for part in re.split(r"[+;,]\s*|\s+(?=[a-z]+:)", cell.strip()):
        match = _DEVICE.fullmatch(part.strip())
        if match is None:
            cure = "Write what:model@unit for each, such as generator:dse7320mk2@10 meter:sdm630@2."
            raise CellError(f"{part!r} is no device", cure)
        name, model, unit, own_line = match.groups()
        if name not in DEVICE_NAMES:
            raise CellError(
                f"{name!r} is nothing that a kit reads", f"Write one of {', '.join(DEVICE_NAMES)}."
            )
        if model not in models.NAMES:
            raise CellError(
                f"{model!r} is a device we have no table of", "nsp devices lists those there are."
            )
        if not 1 <= int(unit) <= 247:
            raise CellError(f"unit {unit} does not exist", "Modbus units are 1 to 247.")
        one: dict[str, object] = {"name": name, "model": model, "unit": int(unit)}
        if own_line:
            one["line"] = {key: value for key, value in line(own_line).items() if key != "bits"}
        found.append(one)
    for key in ("name", "unit"):
        values = [one[key] for one in found]
        twice = [value for value in values if values.count(value) > 1]
        if twice:
            raise CellError(f"{key} {twice[0]} is used twice on this bus", "Give every device its own.")
    return tuple(found)


def contact(cell: str) -> str:
    """Return what is connected to an input of the kit."""
    if cell not in get_args(InputName):
        raise CellError(
            f"{cell!r} is nothing that an input tells of", f"Write one of {', '.join(get_args(InputName))}."
        )
    return cell


def board(cell: str) -> str:
    """Return the board that the kit is made of."""
    if cell not in boards.names():
        raise CellError(f"{cell!r} is no board", f"Write one of {', '.join(boards.names())}.")
    return cell


@dataclass(frozen=True, slots=True)
class Column:
    """``name``: in our files; ``aliases``: Dutch headings that mean the same; ``between``: the parts of a TOML list."""

    name: str
    read: Callable[[str], Any]
    aliases: tuple[str, ...] = ()
    required: bool = False
    between: str = " "


COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column("name", text, ("naam",), required=True),
        Column("number", whole(1, 9999), ("nummer", "nr"), required=True),
        Column("municipality", text, ("gemeente",), required=True),
        Column("latitude", number(-90, 90, "52,0907"), ("breedtegraad", "lat"), required=True),
        Column("longitude", number(-180, 180, "5,1214"), ("lengtegraad", "lon"), required=True),
        Column("devices", devices, ("apparaten",), required=True),
        Column("slug", slug, ("korte_naam",)),
        Column("address", remark, ("adres",)),
        Column("backup", remark, ("reserveweg",)),
        Column("filler", remark, ("vulpunt",)),
        Column("access", remark, ("toegang",)),
        Column("supplier", remark, ("leverancier",)),
        Column("instructions", remarks, ("instructies",), between="|"),
        Column("contacts", remarks, ("contacten",), between="|"),
        Column("kit", whole(1, 63)),
        Column("board", board, ("bord",)),
        Column("bus", line),
        Column("tank_litres", number(1, 100_000, "40"), ("tank_liter", "tankinhoud")),
        Column("dead_litres", number(0, 10_000, "2"), ("dode_liters",)),
        Column("fuel", fuel, ("brandstof",)),
        Column("rated_kw", number(0.1, 60, "10"), ("vermogen_kw",)),
        Column("burn_idle_l_per_kwh", number(0, 1, "0,035"), ("verbruik_nullast",)),
        Column("burn_l_per_kwh", number(0.01, 2, "0,255"), ("verbruik_l_per_kwh",)),
        Column("battery_kwh", number(0.1, 10_000, "20"), ("accu_kwh",)),
        Column("lead_time_h", number(0, 72, "3"), ("aanrijtijd_h",)),
        Column("sources", sources, ("bronnen",)),
        Column("antenna_gain_dbi", number(-10, 20, "2,15"), ("antenne_dbi",)),
        Column("cable_loss_db", number(0, 20, "0,5"), ("kabel_db",)),
        Column("input_1", contact, ("ingang_1",)),
        Column("input_2", contact, ("ingang_2",)),
        Column("region", slug, ("regio",)),
        Column("cp", slug, ("coordinatiepunt",)),
    )
}
BY_HEADING: Mapping[str, Column] = {
    heading: column for column in COLUMNS.values() for heading in (column.name, *column.aliases)
}
