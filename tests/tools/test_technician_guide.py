"""docs/technician.md: its commands, given word for word and in order, say what the page shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nspgateway import keys
from nspkit.signs import CODES
from nsptools.cli import main
from nsptools.flash import run as flash_run
from nsptools.station import sealed
from nsptools.station.columns import COLUMNS
from nsptools.station.register import FlashRecord
from nsptools.station.station import Station, settings_hash

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/technician.md").read_text(encoding="utf-8")
SECRETS = {
    "pass": "vier woorden die niemand raadt",
    "pass2": "de andere heeft een eigen wachtzin",
    "first": "passphrase of the first person",
    "second": "passphrase of the second person",
}
# What is of one run alone: dates, checks of labels, where the folder is.
_OF_A_RUN = (
    (re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?"), "DATE"),
    (re.compile(r"controle [0-9A-F]{6}"), "controle CHECK"),
    (re.compile(r"/\S*/station/"), "STATION/"),
    (re.compile(r"copying \d+ files"), "copying N files"),
    (re.compile(r"\d+ alarm rules"), "N alarm rules"),
    (re.compile(r"keys in use \d+"), "keys in use N"),
    (re.compile(r"[ ]+$", re.MULTILINE), ""),
)
BOARDS = {"de-linde": "34:85:18:a2:10:01", "de-ark": "34:85:18:a2:10:02", "de-kuil": "34:85:18:a2:10:03"}


@dataclass
class Shown:
    """One command of the page, as typed, and what the page says it answers."""

    words: list[str]
    answer: str


def blocks() -> list[tuple[str, str]]:
    """Return (word behind the fence, text) of every block, in order."""
    return re.findall(r"^```(\S*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def shown() -> Iterator[Shown]:
    """Every `$ nsp` of the page, in order."""
    for block in [text for word, text in blocks() if not word]:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            words = shlex.split(command)
            if words[0] == "nsp":
                yield Shown(words[1:], answer)


def plain(text: str) -> str:
    """Return text without what is of one run alone."""
    for pattern, word in _OF_A_RUN:
        text = pattern.sub(word, text)
    return text.strip()


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A technician's folder: the lists and passphrases that the page speaks of."""
    monkeypatch.chdir(tmp_path)
    for module in (sealed, keys):  # the real cost of a passphrase is a tenth of a second each time
        monkeypatch.setattr(module, "_SCRYPT_N", 1 << 4)
    for name, text in [block for block in blocks() if block[0]]:
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def as_flashed(folder: Path, slugs: list[str]) -> None:
    """Bring the register to where flashing brings it; that itself is tests/e2e/test_flash.py's."""
    station = Station(folder / "station", SECRETS["pass"])
    for slug in slugs:
        station.register.bind(slug, BOARDS[slug])
        key = station.new_key(slug, BOARDS[slug])
        at = datetime.now(UTC)
        record = FlashRecord(slug, BOARDS[slug], at, "verified", generation=key.generation)
        station.register.record(record, settings_hash(station.settings(slug)))


def test_every_command_says_what_the_page_shows(desk, capsys):
    """A new technician who types what stands there sees what stands there; flashing is tried with boards elsewhere."""
    given = []
    for one in shown():
        given.append(one.words[0])
        if one.words[0] == "flash":
            # The second run of De Ark has its second key.
            as_flashed(desk, ["de-ark"] if "--resume" in one.words else list(BOARDS))
            continue
        code = main(one.words)
        said = capsys.readouterr()
        assert plain(said.out + said.err) == plain(one.answer), one.words
        assert (code != 0) == ("bad.csv" in one.words)
    assert given.count("flash") == 2
    assert {"boards", "provision", "kits", "gateway"} <= set(given)


def test_the_steps_of_flashing_are_those_of_the_page():
    """What the page shows of a board's way is what the flasher says, in its order."""
    source = (Path(flash_run.__file__).parent / "job.py").read_text(encoding="utf-8")
    steps = re.findall(r'say\(f?"([a-z -]+)', source)
    (resumed,) = [one.answer for one in shown() if "--resume" in one.words]
    told = re.findall(r"^board2  de-ark: ([a-z -]+)", resumed, re.MULTILINE)
    assert [step.strip() for step in told] == [*(step.strip() for step in steps), "verified"]


def test_the_fault_table_has_every_code_and_every_column_is_named():
    """An LED code that the firmware gives, and a column that a list may have, are on the page."""
    for code in (CODES["settings"], CODES["needs_key"]):
        assert re.search(rf"^\| {code}, pause \|", PAGE, re.MULTILINE), code
    optional = {"region", "cp"}
    missing = [name for name in COLUMNS if name not in optional and f"`{name}`" not in PAGE]
    assert not missing
    heads = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "firmware").glob("*.py"))
    assert "INCOMPLETE: flashing was not finished" in heads
