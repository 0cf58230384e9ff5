"""Site lists as people save them: right ones are understood, wrong ones name line, column and cure, and change nothing."""

from pathlib import Path

import pytest

from nsptools.station import sitelist

HEAD = "name;number;municipality;latitude;longitude;devices;tank_litres;rated_kw"
LINDE = "De Linde;1;Lindendam;52,0907;5,1214;generator:dse7320mk2@10 meter:sdm630@2;60;10"
ARK = "De Ark;2;Lindendam;52,1;5,2;generator:smartgen_hgm4000n@1;40;8"


def read(tmp_path: Path, content: bytes | str, name: str = "sites.csv") -> tuple[sitelist.SiteRow, ...]:
    """Read a list with this content, at the station of kazerne-oost."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return sitelist.read(path, region="regio-oost", cp="kazerne-oost")


def sites(*lines: str, head: str = HEAD) -> str:
    """Return the text of a list."""
    return "\n".join((head, *lines, ""))


GOOD = {
    "semicolons": sites(LINDE, ARK),
    "commas": sites(LINDE, ARK).replace(",", ".").replace(";", ","),
    "tabs": sites(LINDE, ARK).replace(";", "\t"),
    "byte-order mark and CRLF": b"\xef\xbb\xbf" + sites(LINDE, ARK).replace("\n", "\r\n").encode(),
    "UTF-16 of a spreadsheet": sites(LINDE, ARK).replace(";", "\t").encode("utf-16"),
    "sep= line": "sep=;\n" + sites(LINDE, ARK),
    "quotes and guarded text": sites(LINDE.replace("De Linde", '"De Linde"').replace(";1;", ';="1";'), ARK),
    "spaces that may not break, as on a web page": sites(LINDE, ARK).replace("De Linde", "De\xa0Linde\xa0"),
    "Dutch headings, any case": sites(LINDE, ARK).replace("name;number;municipality", "Naam;NR;Gemeente"),
    "empty lines and columns at the end": sites(LINDE + ";;", ARK, ";;;;;;;") + "\n\n",
}


@pytest.mark.parametrize("kind", GOOD)
def test_lists_as_spreadsheets_save_them_are_understood(tmp_path, kind):
    """Nobody has to know what a byte-order mark is."""
    rows = read(tmp_path, GOOD[kind])
    assert [(row.slug, row.values["number"], row.values["tank_litres"]) for row in rows] == [
        ("de-linde", 1, 60.0),
        ("de-ark", 2, 40.0),
    ]
    assert rows[0].values["latitude"] == pytest.approx(52.0907)
    assert [one["unit"] for one in rows[0].values["devices"]] == [10, 2]


def test_toml_says_the_same(tmp_path):
    """A list in TOML gives the same sites as one in CSV."""
    text = """
[[site]]
name = "De Linde"
number = 1
municipality = "Lindendam"
latitude = 52.0907
longitude = 5.1214
devices = ["generator:dse7320mk2@10", "meter:sdm630@2"]
tank_litres = 60
rated_kw = 10
"""
    (row,) = read(tmp_path, text, "sites.toml")
    assert row.values == read(tmp_path, sites(LINDE))[0].values


BAD = {
    "a name twice": (sites(LINDE, LINDE.replace(";1;", ";2;")), 3, "name", "is on line 2 already"),
    "a number twice": (sites(LINDE, ARK.replace(";2;", ";1;")), 3, "number", "is on line 2 already"),
    "a kit number twice": (
        sites(LINDE + ";7", ARK + ";7", head=HEAD + ";kit"),
        3,
        "kit",
        "is on line 2 already",
    ),
    "no tank": (sites(LINDE.replace(";60;", ";;")), 2, "tank_litres", "there is a generator"),
    "no rating": (sites(LINDE.removesuffix("10")), 2, "rated_kw", "there is a generator"),
    "coordinates exchanged": (
        sites(LINDE.replace("52,0907;5,1214", "5,1214;52,0907")),
        2,
        "latitude",
        "changed places",
    ),
    "coordinates abroad": (sites(LINDE.replace("52,0907", "48,85")), 2, "latitude", "not in the Netherlands"),
    "coordinates out of range": (sites(LINDE.replace("52,0907", "520907")), 2, "latitude", "out of range"),
    "an unknown device": (sites(LINDE.replace("sdm630", "sdm999")), 2, "devices", "no table of"),
    "a unit twice": (sites(LINDE.replace("@2", "@10")), 2, "devices", "unit 10 is used twice"),
    "a unit that does not exist": (sites(LINDE.replace("@2", "@300")), 2, "devices", "unit 300"),
    "devices in another notation": (sites(LINDE.replace("@2", " 2")), 2, "devices", "is no device"),
    "a wrong delimiter": (sites(LINDE).replace(";", "|"), 1, "", "no headings"),
    "no headings": (LINDE + "\n", 1, "", "no headings"),
    "an unknown column": (sites(LINDE + ";x", head=HEAD + ";colour"), 1, "colour", "no column"),
    "a column twice": (sites(LINDE + ";1", head=HEAD + ";number"), 1, "number", "there twice"),
    "a column missing": (
        sites(LINDE, head=HEAD).replace("municipality;", "", 1),
        1,
        "municipality",
        "missing",
    ),
    "a cell too many": (sites(LINDE.replace("De Linde", "De; Linde")), 2, "", "9 cells under 8 headings"),
    "a quote left open": (sites('"' + LINDE, ARK), 2, "", "cannot be divided"),
    "letters that are not UTF-8": (
        sites(LINDE.replace("Linde;", "Lind\xe9;")).encode("latin-1"),
        2,
        "",
        "UTF-8",
    ),
    "a workbook": (b"PK\x03\x04rest", None, "", "is a spreadsheet"),
    "words for a number": (sites(LINDE.replace(";60;", ";zestig;")), 2, "tank_litres", "not a number"),
    "a date for a number": (sites(LINDE.replace(";60;", ";3-jan;")), 2, "tank_litres", "is a date"),
    "a thousand or a fraction": (sites(LINDE.replace(";60;", ";1.200;")), 2, "tank_litres", "may mean 1200"),
    "a negative tank": (sites(LINDE.replace(";60;", ";-60;")), 2, "tank_litres", "out of range"),
    "more dead than tank": (sites(LINDE + ";60", head=HEAD + ";dead_litres"), 2, "dead_litres", "not less"),
    "an unknown fuel": (sites(LINDE + ";kolen", head=HEAD + ";fuel"), 2, "fuel", "no fuel"),
    "an unknown source": (sites(LINDE + ";net wind", head=HEAD + ";sources"), 2, "sources", "'wind'"),
    "an unknown board": (sites(LINDE + ";esp8266", head=HEAD + ";board"), 2, "board", "is no board"),
    "an unknown input": (
        sites(LINDE + ";CO", head=HEAD + ";ingang_1"),
        2,
        "input_1",
        "co_alarm, smoke_alarm",
    ),
    "a bad line setting": (sites(LINDE + ";9600", head=HEAD + ";bus"), 2, "bus", "9600 8N1"),
    "kit 64": (sites(LINDE + ";64", head=HEAD + ";kit"), 2, "kit", "out of range"),
    "half a kit": (sites(LINDE + ";1,5", head=HEAD + ";kit"), 2, "kit", "not a whole number"),
    "another region's": (sites(LINDE + ";regio-west", head=HEAD + ";region"), 2, "region", "not ours"),
    "an empty cell": (sites(LINDE.replace("Lindendam", "")), 2, "municipality", "is empty"),
    "nothing at all": (sites(), None, "", "holds no site"),
    "a short name with spaces": (sites(LINDE + ";De Linde", head=HEAD + ";slug"), 2, "slug", "short name"),
    "a formula for a name": (sites(LINDE.replace("De Linde", "=A1&B1")), 2, "name", "is a formula"),
    "digits without end": (
        sites(LINDE.replace(";1;", f";{9 * 10**99};")),
        2,
        "number",
        "000000... is out of",
    ),
    "a name of other letters": (sites(LINDE.replace("De Linde", "漢字")), 2, "name", "no short name"),
    "too many sites": (
        sites(*(f"Punt {n};{n};X;52,1;5,1;meter:sdm630@2;;" for n in range(1, 66))),
        None,
        "",
        "holds 65 sites",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_list_that_is_wrong_names_line_column_and_cure(tmp_path, kind):
    """A tired technician finds the cell and knows what to write."""
    content, line, column, said = BAD[kind]
    with pytest.raises(sitelist.SiteListError) as caught:
        read(tmp_path, content)
    found = [one for one in caught.value.findings if said in one.problem or said in one.cure]
    assert found, str(caught.value)
    assert (found[0].line, found[0].column) == (line, column)
    assert found[0].cure
    assert str(caught.value).endswith("Nothing was changed.")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[[site]]\nname = \n", 2, "is not TOML"),
        ("name = 'x'\n", None, "no list of sites"),
        ("[[site]]\ncolour = 'x'\n", 2, "no field"),
    ],
)
def test_a_toml_list_that_is_wrong_names_its_line(tmp_path, text, line, said):
    """Lists in TOML are judged as strictly."""
    with pytest.raises(sitelist.SiteListError) as caught:
        read(tmp_path, text, "sites.toml")
    found = [one for one in caught.value.findings if said in one.problem]
    assert [one.line for one in found] == [line]


def test_everything_that_is_wrong_is_said_in_one_go(tmp_path):
    """Three mistakes cost one run, not three."""
    with pytest.raises(sitelist.SiteListError) as caught:
        read(tmp_path, sites(LINDE.replace(";60;", ";x;"), ARK.replace("52,1", "99").replace("@1", "@0")))
    assert len(caught.value.findings) == 3
