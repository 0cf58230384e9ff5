"""docs/faults.md against the firmware's own tables: whoever counts flashes finds what they mean."""

import re
from pathlib import Path

from nspkit import signs
from nspkit.local import words
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


def test_the_volunteers_card_says_what_kit_and_page_say():
    """What a volunteer looks up on the card is what stands before them, on the glass and on the page."""
    card = (Path(__file__).parents[2] / "docs" / "volunteer-card.md").read_text(encoding="utf-8")
    table = card.split("| op de kit |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    on_the_glass = {line.strip("|").split("|")[0].strip() for line in table}
    every = {
        " / ".join(signs.words(name)).replace("%s", signs.RESERVE)
        for name in re.findall(r"^(\w+) ", signs.WORDS, re.MULTILINE)
    }
    assert on_the_glass <= every
    page = card.split("| op de pagina |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    for said in [line.strip("|").split("|")[0].strip() for line in page]:
        assert f" {said}\n" in words.WORDS, said
