"""docs/faults.md against the firmware's own tables: whoever counts flashes finds what they mean."""

import re
from pathlib import Path

from nspkit import signs
from nsplink.fields import SELF_TESTS

DOC = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")


def rows(heading):
    """Cells of the table below a heading, without its head."""
    part = DOC.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_code_of_the_firmware_is_in_the_fault_table():
    """A technician counts flashes and finds cause and cure under that number, for each fault that is shown."""
    table = {row[2]: row[1] for row in rows("Faults") if row[2] != "–"}
    assert table == {name: str(flashes) for name, flashes in signs.CODES.items()}
    assert len(set(signs.CODES.values())) == len(signs.CODES)
    assert all(len(row) == 5 and row[3] and row[4] for row in rows("Faults"))


def test_every_part_of_the_self_test_has_its_number():
    """The long flash and the count behind it lead to the part that failed."""
    assert [(row[0], row[1]) for row in rows("The self-test")] == [
        (str(place + 1), part) for place, part in enumerate(SELF_TESTS)
    ]


def test_every_word_of_the_display_is_explained():
    """Nothing appears on the glass that the page does not explain."""
    explained = " / ".join(row[0] for row in rows("The display")).replace(", ", " / ")
    shown = {line for name in re.findall(r"^(\w+) ", signs.WORDS, re.MULTILINE) for line in signs.words(name)}
    assert {line for line in shown if line not in explained} <= {"ZELFTEST GOED", "ZELFTEST FOUT"}
