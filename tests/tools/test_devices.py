"""`nsp devices`: what the kit can read, and the page made of it."""

from pathlib import Path

import pytest

from nspkit import models
from nsptools import cli
from nsptools.commands import devices

PAGE = Path(__file__).parents[2] / "docs" / "devices.md"


def test_page_is_current() -> None:
    """What docs/devices.md says of a register is what the kit does with it."""
    assert PAGE.read_text() == devices.page(), "run: nsp devices --markdown > docs/devices.md"


def test_page_names_every_quantity_once_for_each_model() -> None:
    """Nothing that a table gives is left out of the page."""
    sections = devices.page().split("\n## ")[1:]
    assert [section.partition("\n")[0] for section in sections] == list(models.NAMES)
    for name, section in zip(models.NAMES, sections, strict=True):
        for block in models.get(name).names:
            assert [section.count(f"\n| `{quantity}` |") for quantity in block] == [1] * len(block)


def test_list_tells_what_is_not_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """A technician sees which tables nobody has compared with a device yet."""
    assert cli.main(["devices"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(lines) == set(models.NAMES)
    assert lines["comap_ntc"].endswith("(unverified)")
    assert lines["mebay_dc"].endswith("(in part unverified)")
    assert not lines["dse7320mk2"].endswith("unverified)")


def test_markdown_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """The page is made by redirecting the command."""
    assert cli.main(["devices", "--markdown"]) == 0
    assert capsys.readouterr().out == devices.page()
