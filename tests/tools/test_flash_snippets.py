"""The code that the flasher runs on a board, run by the real VM on a flash image."""

from __future__ import annotations

import hashlib
import json

import pytest

from flash_bench import station_of
from nspkit import persist
from nsptools.bench.twin import make_image, read_files, write_image
from nsptools.bench.vm import firmware_files, run_script
from nsptools.flash import snippets
from nsptools.flash.snippets import Look

# A chip's own number and the name of its build, which the VM of this computer has not.
_CHIP = """
import sys
class machine:
    def unique_id(): return b"\\x02\\x00\\x00\\x00\\xa0\\x01"
sys.modules["machine"] = machine
"""


def on(image, code: str) -> str:
    """Run code on a flash; return what it prints."""
    done = run_script(_CHIP + code, image=image)
    assert done.returncode == 0, done.stdout
    return done.stdout


def look(image) -> Look:
    """Let a board say what it is."""
    return Look.of(json.loads(on(image, snippets.LOOK)))


@pytest.fixture
def flash(tmp_path):
    """Make an empty flash."""
    made = tmp_path / "flash.img"
    make_image(made, {})
    return made


def test_a_blank_board_says_who_it_is_and_proves_nothing(flash):
    """Address, form of compiled files, version; no key and no counter."""
    found = look(flash)
    assert (found.mac, found.mpy, found.root) == ("02:00:00:00:a0:01", 6, ())
    assert found.version.count(".") == 2
    assert (found.generation, found.reserved, found.is_incomplete) == (0, -1, False)


def test_a_kit_proves_its_key_and_counter_and_shows_no_key(tmp_path, flash):
    """The higher of its two records counts; a torn one or one of another key does not; the key stays where it is."""
    station = station_of(tmp_path, "De Linde")
    key = station.new_key("de-linde", "02:aa")
    write_image(flash, {**firmware_files(), **station.kit_files("de-linde", key)})
    assert (look(flash).generation, look(flash).reserved) == (1, 0)
    write_image(flash, {persist.FILES[0]: persist.record(1, key.key, 640), persist.FILES[1]: b"torn"})
    assert look(flash).reserved == 640
    write_image(flash, {persist.FILES[0]: persist.record(1, bytes(16), 640)})
    assert look(flash).reserved == -1
    assert key.key.hex() not in on(flash, snippets.LOOK)


def test_hashes_are_of_every_file_as_it_is_on_the_flash(flash):
    """Long, empty and nested files: the same SHA-256 as here, by paths without a slash in front."""
    files = {"a.txt": b"", "b.bin": bytes(range(256)) * 33, "nspkit/deep/c.py": b"pass\n"}
    write_image(flash, files)
    found = json.loads(on(flash, snippets.HASHES))
    assert found == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_the_mark_of_an_unfinished_board_is_written_and_taken_away(flash):
    """From the first step to the last; a reason with quotes and new lines is kept as it is, and not run."""
    on(flash, snippets.BEGIN)
    assert look(flash).is_incomplete
    why = "it's \"bad\"\n'); import os; os.remove('keep') #"
    write_image(flash, {"keep": b"x", "old.py": b"x"})
    on(flash, snippets.fail(why))
    on(flash, snippets.remove(["old.py"]))
    assert read_files(flash) == {"INCOMPLETE": why.encode(), "keep": b"x"}
    on(flash, snippets.DONE)
    on(flash, snippets.MAINTENANCE)
    assert read_files(flash) == {"keep": b"x", "maintenance": b""}


def test_the_mark_of_storage_is_written_and_taken_away(flash):
    """A kit for the cupboard has it, one that is flashed for work has not, whatever it was before."""
    on(flash, snippets.STORE)
    assert read_files(flash)["stored"] == b""
    on(flash, snippets.WORK)
    on(flash, snippets.WORK)
    assert "stored" not in read_files(flash)
