"""Boards as data: their files are checked against what the chip can do, and the firmware's pins are made from them."""

from pathlib import Path

import pytest

from nspkit import pins
from nsptools import boards
from nsptools.boards.board import folder, read

ROOT = Path(__file__).parents[2]


def variant(tmp_path: Path, name: str, old: str, new: str) -> Path:
    """Return a file of a board in which one line is changed."""
    text = (folder() / f"{name}.toml").read_text()
    assert old in text
    path = tmp_path / "board.toml"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize("name", boards.names())
def test_every_board_fits_its_chip_and_says_that_nobody_built_it(name):
    """A pin that the chip has not, or uses twice, never reaches a technician."""
    board = boards.load(name)
    assert board.status == "not yet built"
    assert board.sources
    assert len(dict(board.pins())) > 12


def test_the_firmware_has_the_reference_boards_pins():
    """pins.py is made from the board's file: whoever changes one changes both."""
    made = boards.pins_py(boards.load("rak3172-devkit-s3"))
    assert (ROOT / "firmware/nspkit/pins.py").read_text() == made


@pytest.mark.parametrize("name", boards.names())
def test_every_boards_pins_have_the_names_that_the_firmware_reads(name):
    """A board without a part says None; it never lacks the name."""
    made: dict[str, object] = {}
    exec(boards.pins_py(boards.load(name)), made)  # noqa: S102 - what the board would run
    assert {key for key in made if key.isupper()} == {key for key in vars(pins) if key.isupper()}


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("rak3172-devkit-s3", "led = 2", "led = 4", "is rs485.de already|panel.led already"),
        ("rak3172-devkit-s3", "led = 2", "led = 27", "belongs to the flash"),
        ("rak3172-devkit-s3", "led = 2", "led = 22", "has no such pin"),
        ("rak3172-devkit-s3", "help = 5", "help = 0", "decides how the chip starts"),
        ("rak3172-devkit-s3", "supply = 9", "supply = 47", "first converter"),
        ("rak11200-wisblock", "led = 2", "led = 35", "can only read"),
        ("rak3172-devkit-s3", "led = 2", 'led = "two"', "Expected `int`"),
        ("rak3172-devkit-s3", "led = 2", "lamp = 2", "unknown field `lamp`"),
        ("rak3172-devkit-s3", 'kind = "rui3"', 'kind = "rfm95"', "rfm95"),
    ],
)
def test_a_pin_that_cannot_work_is_refused_by_name(tmp_path, name, old, new, said):
    """The message names the file, the function and the reason."""
    path = variant(tmp_path, name, old, new)
    with pytest.raises(boards.BoardError, match=said) as found:
        read(path)
    assert str(path) in str(found.value)


def test_a_strange_name_lists_the_boards_there_are():
    """A typing error costs one look."""
    with pytest.raises(boards.BoardError, match="there are: heltec-v3"):
        boards.load("heltec")
