"""A list of sites, CSV as a spreadsheet saves it or TOML, read whole: all that is wrong with it in one go.

Every finding names the line, the column, what is wrong and what to do. A list
with one finding is used for nothing.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nspgateway import tomlplace
from nspgateway.errors import GatewayError
from nsptools.station.columns import BY_HEADING, COLUMNS, DUTCH_LATITUDES, DUTCH_LONGITUDES, CellError

_DELIMITERS = (";", ",", "\t")
_MOST_SHOWN = 25
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_UNIQUE = ("name", "slug", "number", "kit")
MOST_SITES = 63


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``line`` None = the file as a whole; ``column`` "" = the line as a whole."""

    line: int | None
    column: str
    problem: str
    cure: str

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}"
        where = ", ".join(part for part in (place, self.column) if part)
        return f"{where}: {self.problem}. {self.cure}" if where else f"{self.problem}. {self.cure}"


class SiteListError(GatewayError):
    """The list cannot be used; ``findings`` say all that is wrong with it. Nothing was changed."""

    exit_code = 2

    def __init__(self, path: Path, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        lines = [f"{path}: {finding}" for finding in self.findings[:_MOST_SHOWN]]
        if len(self.findings) > _MOST_SHOWN:
            lines.append(f"... and {len(self.findings) - _MOST_SHOWN} more.")
        super().__init__("\n".join([*lines, "Nothing was changed."]))


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One site as listed. ``values``: by the names of ``COLUMNS``; what was left empty is not in it."""

    line: int
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The short name: as given, or made from the name."""
        return str(self.values.get("slug") or slug_of(self.values["name"]))


def read(path: Path, *, region: str, cp: str) -> tuple[SiteRow, ...]:
    """Return the sites of a list that is right in every cell. Raises SiteListError.

    ``region`` and ``cp``: of this station; a list for another one is refused.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SiteListError(
            path, [Finding(None, "", f"cannot be read ({error.strerror})", "Check the path.")]
        ) from error
    findings: list[Finding] = []
    try:
        decoded = _decoded(data)
        reader = _toml_rows if path.suffix.lower() == ".toml" else _csv_rows
        rows = [
            SiteRow(number, _values(number, cells, findings.append))
            for number, cells in reader(decoded, findings.append)
        ]
    except _Hopeless as error:
        raise SiteListError(path, [*findings, error.finding]) from error
    if not rows and not findings:
        findings.append(
            Finding(None, "", "holds no site", "Write one line for each site below the headings.")
        )
    for check in (_required, _places, _alike, _of_this_station(region, cp)):
        findings += check(rows)
    if len(rows) > MOST_SITES:
        cure = "A coordinating point has 63 kits at most: divide the list."
        findings.append(Finding(None, "", f"holds {len(rows)} sites", cure))
    if findings:
        raise SiteListError(path, sorted(findings, key=lambda one: one.line or 0))
    return tuple(rows)


def slug_of(name: str) -> str:
    """Return a short name made from a name: "Buurthuis De Linde" -> "buurthuis-de-linde"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-")


class _Hopeless(Exception):
    """What is wrong lies so deep that the rest of the file cannot be judged."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


_Note = Callable[[Finding], None]


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if data.startswith(b"PK"):
        cure = 'In the spreadsheet: save as "CSV UTF-8 (comma delimited)".'
        raise _Hopeless(Finding(None, "", "is a spreadsheet, not a list in text", cure))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        cure = 'In the spreadsheet: save as "CSV UTF-8".'
        raise _Hopeless(Finding(line, "", "has letters that are not UTF-8", cure)) from error


def _csv_rows(text: str, note: _Note) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and cells by column."""
    skipped, body = 0, text
    if body.lower().startswith("sep="):
        _, _, body = body.partition("\n")
        skipped = 1
    header = next(iter(body.splitlines()), "")
    delimiter = max(_DELIMITERS, key=lambda one: len(_known(header, one)))
    if len(_known(header, delimiter)) < 2:
        cure = f"The first line names the columns, separated by ; or , such as {';'.join(list(COLUMNS)[:5])}."
        raise _Hopeless(Finding(1 + skipped, "", "has no headings that are known here", cure))
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        headings = _headings(next(reader), 1 + skipped)
        start = reader.line_num + 1
        for cells in reader:
            number, start = start + skipped, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if any(cell.strip() for cell in cells[len(headings) :]):
                note(
                    Finding(
                        number,
                        "",
                        f"has {len(cells)} cells under {len(headings)} headings",
                        "Put text with the separator in it between quotes.",
                    )
                )
            yield number, {name: _cell(cell) for name, cell in zip(headings, cells, strict=False)}
    except csv.Error as error:
        cure = "Close every quote; a quote inside a text is written twice."
        raise _Hopeless(
            Finding(start + skipped, "", f"cannot be divided into cells ({error})", cure)
        ) from error


def _known(header: str, delimiter: str) -> list[str]:
    return [word for word in header.split(delimiter) if _heading(word) in BY_HEADING]


def _heading(word: str) -> str:
    return re.sub(r"[\s-]+", "_", word.strip().strip('"').lower())


def _headings(cells: Sequence[str], line: int) -> list[str]:
    """Return the names of the columns in order. Raises _Hopeless for one that is strange, twice or missing."""
    names: list[str] = []
    for cell in cells:
        heading = _heading(cell)
        column = BY_HEADING.get(heading)
        if not heading and cell is cells[-1]:
            continue
        if column is None:
            raise _Hopeless(
                Finding(
                    line, cell.strip(), "is no column that is known here", f"Known are: {', '.join(COLUMNS)}."
                )
            )
        if column.name in names:
            raise _Hopeless(Finding(line, cell.strip(), "is there twice", "Remove one of the two columns."))
        names.append(column.name)
    for name, column in COLUMNS.items():
        if column.required and name not in names:
            raise _Hopeless(Finding(line, name, "this column is missing", "Add it."))
    return names


def _cell(cell: str) -> str:
    """Return what a cell says: a spreadsheet guards text as ="0012"; a space that may not break is a space."""
    cell = cell.replace("\xa0", " ")
    match = _FORMULA.fullmatch(cell.strip())
    return (match[1] if match else cell).strip()


def _toml_rows(text: str, note: _Note) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _Hopeless(
            Finding(tomlplace.syntax(error), "", f"is not TOML: {error}", "Correct the line.")
        ) from error
    sites = document.get("site")
    if not isinstance(sites, list) or set(document) != {"site"}:
        raise _Hopeless(Finding(None, "", "has no list of sites", "Begin each site with [[site]]."))
    for index, site in enumerate(sites):
        number = tomlplace.line(text, f"site[{index}]") or 1
        cells: dict[str, Any] = {}
        for key, value in site.items():
            column = BY_HEADING.get(_heading(key))
            if column is None:
                at = tomlplace.line(text, f"site[{index}].{key}") or number
                note(Finding(at, key, "is no field that is known here", f"Known are: {', '.join(COLUMNS)}."))
                continue
            cells[column.name] = (
                column.between.join(map(str, value)) if isinstance(value, list) else str(value)
            )
        yield number, cells


def _values(line: int, cells: Mapping[str, str], note: _Note) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        if not cell:
            continue
        try:
            values[name] = COLUMNS[name].read(cell)
        except CellError as error:
            note(Finding(line, name, error.problem, error.cure))
            values[name] = None
    return values


def _required(rows: Sequence[SiteRow]) -> Iterator[Finding]:
    for row in rows:
        values = row.values
        for name, column in COLUMNS.items():
            if column.required and name not in values:
                yield Finding(row.line, name, "is empty", "Fill it in.")
        if values.get("name") and not row.slug:
            cure = "Write one in the column slug, such as de-linde."
            yield Finding(row.line, "name", f"no short name can be made of {values['name']!r}", cure)
        named = [one["name"] for one in values.get("devices") or ()]
        if "generator" in named and "tank_litres" not in values:
            yield Finding(
                row.line, "tank_litres", "is empty, and there is a generator", "Write the litres of its tank."
            )
        if "generator" in named and "rated_kw" not in values:
            yield Finding(
                row.line, "rated_kw", "is empty, and there is a generator", "Write its rating in kW."
            )
        tank, dead = values.get("tank_litres"), values.get("dead_litres")
        if tank is not None and dead is not None and dead >= tank:
            yield Finding(
                row.line,
                "dead_litres",
                f"{dead:g} is not less than tank_litres {tank:g}",
                "Correct one of them.",
            )


def _places(rows: Sequence[SiteRow]) -> Iterator[Finding]:
    for row in rows:
        lat, lon = row.values.get("latitude"), row.values.get("longitude")
        if lat is None or lon is None:
            continue
        if _lies(lon, lat):
            yield Finding(
                row.line,
                "latitude",
                f"{lat:g} and longitude {lon:g} have changed places",
                "Exchange the two.",
            )
        elif not _lies(lat, lon):
            cure = "Write degrees, such as 52,0907 and 5,1214."
            yield Finding(row.line, "latitude", f"{lat:g}, {lon:g} is not in the Netherlands", cure)


def _lies(latitude: float, longitude: float) -> bool:
    (south, north), (west, east) = DUTCH_LATITUDES, DUTCH_LONGITUDES
    return south <= latitude <= north and west <= longitude <= east


def _alike(rows: Sequence[SiteRow]) -> Iterator[Finding]:
    """Find what two sites share and may not."""
    for name in _UNIQUE:
        first: dict[object, int] = {}
        for row in rows:
            value = row.values.get(name)
            if name == "slug" and row.values.get("name"):
                value = row.slug or None
            if value is None:
                continue
            if value in first:
                cure = f"Give every site its own {name}."
                yield Finding(row.line, name, f"{value!r} is on line {first[value]} already", cure)
            first.setdefault(value, row.line)


def _of_this_station(region: str, cp: str) -> Callable[[Sequence[SiteRow]], Iterator[Finding]]:
    def check(rows: Sequence[SiteRow]) -> Iterator[Finding]:
        for row in rows:
            for name, ours in (("region", region), ("cp", cp)):
                value = row.values.get(name)
                if value is not None and value != ours:
                    cure = f"Provision it at the station of {value}, or leave the cell empty."
                    yield Finding(row.line, name, f"{value!r} is not ours, which is {ours!r}", cure)

    return check
