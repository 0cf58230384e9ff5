"""A list beside what the station knows already: what cannot be both is told before a byte is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from flash_bench import station_of
from nsptools.station import sitelist
from nsptools.station.station import Outcome, Station

HEAD = "name;slug;number;municipality;latitude;longitude;devices;tank_litres;rated_kw\n"
LINE = "{};{};{};Lindendam;52,09;5,12;generator:dse7320mk2@10;60;10\n"


def apply(station: Station, *lines: tuple[str, str, int]) -> Outcome:
    """Bring the station up to date with a list of name, slug and number."""
    path = station.folder.with_suffix(".csv")
    path.write_text(HEAD + "".join(LINE.format(*line) for line in lines))
    return station.apply(path, sitelist.read(path, region="regio-oost", cp="kazerne-oost"))


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_renamed_point_is_asked_about_and_breaks_nothing(tmp_path: Path) -> None:
    """A better name is another short name with a number that is taken: the gateway would not start with such points."""
    station = station_of(tmp_path, "De Linde", "De Ark")
    before = content(station.folder)
    with pytest.raises(sitelist.SiteListError) as caught:
        apply(station, ("Buurthuis De Linde", "", 1), ("De Ark", "", 2))
    (found,) = caught.value.findings
    assert (found.line, found.column) == (2, "number")
    assert "Write de-linde in the column slug" in found.cure
    assert content(station.folder) == before
    assert apply(station, ("Buurthuis De Linde", "de-linde", 1)) == Outcome(
        (), ("de-linde",), (), ("de-ark",)
    )


def test_what_only_the_gateway_would_refuse_changes_nothing(tmp_path: Path) -> None:
    """A gateway.toml that was changed by hand and no longer fits is found before keys or files are touched."""
    station = station_of(tmp_path, "De Linde")
    settings = station.folder / "gateway.toml"
    settings.write_text(settings.read_text().replace("cp_number = 17", "cp_number = 18"))
    before = content(station.folder)
    with pytest.raises(sitelist.SiteListError, match=r"the new points\.toml, line .* belongs to"):
        apply(station, ("De Linde", "", 1), ("De Ark", "", 2))
    assert content(station.folder) == before
