"""docs/link-protocol.md: what the page says of the wire is what both ends do."""

import re
from pathlib import Path

import pytest

from nsplink import commands, fields, frame, regions
from nsptools import cli, linkdoc

PAGE = Path(__file__).parents[2] / "docs" / "link-protocol.md"


def test_page_is_current() -> None:
    """No field, size, delay, limit or budget of the page is other than that of the code."""
    text = PAGE.read_text()
    assert text == linkdoc.renewed(text), "run: nsp docs"
    assert sorted(linkdoc.asked_for(text)) == sorted(linkdoc.SECTIONS)


def test_nothing_of_the_wire_is_left_out() -> None:
    """Whoever writes another receiver finds every kind, field, setting and sub-band."""
    every = "".join(make() for make in linkdoc.SECTIONS.values())
    rows = {cell for line in every.splitlines() if line.startswith("|") for cell in line.split("|")}
    used = {name for names in fields.MESSAGES.values() for name in names}
    named = {*used, *frame.KINDS_UP, *frame.KINDS_DOWN, *(row[1] for row in commands.SETTINGS)}
    assert {name for name in named if f" `{name}` " not in rows} == set()
    assert {row[0] for row in regions.SUB_BANDS} <= {cell.strip() for cell in rows}
    assert re.findall(r"^### `(\w+)`$", linkdoc.messages(), re.MULTILINE) == list(fields.MESSAGES)


def test_budget_flags_what_does_not_fit() -> None:
    """A planner sees at once that 40 kits at SF12 have no place on a 1 % channel, and that SF9 has."""
    one_percent = linkdoc.budgets().split("1 %, 36 s")[1].split("Sub-band")[0]
    flagged = {line.split("|")[1].strip() for line in one_percent.splitlines() if "too much" in line}
    assert flagged == {"SF10", "SF11", "SF12"}
    assert re.search(r"^\| SF9 .* 64 \|$", one_percent, re.MULTILINE)
    assert re.search(r"^\| SF12 .* 9 \|$", one_percent, re.MULTILINE)


def test_command_writes_tables_and_leaves_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prose beside a table survives its renewal, and a second run changes nothing."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- made: settings -->\nold\n<!-- end -->\nafter\n")
    assert cli.main(["docs", str(page)]) == 0
    once = page.read_text()
    assert once.startswith("before\n<!-- made: settings -->\n\n| id |")
    assert once.endswith("|\n\n<!-- end -->\nafter\n")
    assert "old" not in once
    assert cli.main(["docs", str(page)]) == 0
    assert page.read_text() == once
    assert "settings" in capsys.readouterr().out
