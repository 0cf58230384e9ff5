"""Power cuts while a board is flashed: it runs one flashing whole, or none, and no counter comes twice under one key."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import flash_cut_kit
from nspkit import persist
from nsptools.bench.twin import make_image
from nsptools.bench.twin.powercut import PowerCuts
from nsptools.bench.vm import firmware_files, write_tree
from nsptools.flash import snippets
from nsptools.flash.mpremote import copy_arguments

SCRIPT = Path(flash_cut_kit.__file__)
IMAGE_BYTES = 64 * 4096
CUTS = 150
SOAK_CUTS = 1000
AFRESH = 50  # every so many cuts a board comes from another project
REAL = firmware_files()
# What says it runs, with everything that is on the flash, and then sends.
APP = """
def main(board, plan):
    import sys
    sys.stdout.write("runs %d\\n" % plan[0])
    from nspkit import persist
    store = persist.CounterStore("", plan[1], plan[2])
    for _ in range(3): sys.stdout.write("used %d\\n" % store.next())
"""
BOARD = """
class Board:
    pass
"""
START = """
def plan(board):
    import binascii, hashlib, json, os, sys
    def walk(folder):
        for entry in os.ilistdir(folder or "/"):
            path = folder + entry[0]
            if entry[1] & 0x4000: walk(path + "/")
            else:
                with open(path, "rb") as file: digest = binascii.hexlify(hashlib.sha256(file.read()).digest()).decode()
                sys.stdout.write("file %s %s\\n" % (path, digest))
    walk("")
    with open("key.json") as file: key = json.load(file)
    with open("settings.json") as file: number = json.load(file)["number"]
    return number, key["generation"], bytes.fromhex(key["key"])
"""
FOREIGN = {
    "boot.py": b"import gc\n",
    "main.py": b"print('foreign')\n",
    "nspkit/app.py": b"def main(board, plan): print('foreign')\n",
    "lib/asyncio.py": b"print('foreign')\n",
}


def flashing_of(number: int, key_number: int, *, firmware: int) -> dict[str, bytes]:
    """Return all files of one flashing. ``firmware``: the release of it; settings and key are of this flashing alone."""
    mark = f"\nRELEASE = {firmware}\n".encode()
    key = hashlib.sha256(f"key {key_number}".encode()).digest()[:16]
    generation = key_number % 200
    padding = "x" * (17 * number % 600)
    files = {name: REAL[name] for name in ("boot.py", "main.py")}
    for name in ("__init__", "persist", "twocopy", "files"):
        files[f"nspkit/{name}.py"] = REAL[f"nspkit/{name}.py"] + mark
    for name, text in (("app", APP), ("board", BOARD), ("start", START)):
        files[f"nspkit/{name}.py"] = text.encode() + mark
    files["settings.json"] = f'{{"number": {number}, "padding": "{padding}"}}'.encode()
    files["key.json"] = f'{{"generation": {generation}, "key": "{key.hex()}"}}'.encode()
    return files | {name: bytes(persist.initial_record(generation, key)) for name in persist.FILES}


def order_of(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Return the names of the files in the order in which the flasher's mpremote copies them."""
    write_tree(folder, files)
    names: list[str] = []
    for word in copy_arguments(folder):
        path = Path(word)
        if path.is_dir():
            names += sorted(name for name in files if name.startswith(f"{path.name}/"))
        elif path.is_file():
            names.append(path.name)
    assert sorted(names) == sorted(files)
    return names


@dataclass
class Truth:
    """Judges what boards say. Hashes by flashing; which one was begun, may have been finished, and was done."""

    hashes: dict[int, dict[str, str]] = field(default_factory=dict)
    whole: set[int | None] = field(default_factory=lambda: {None})  # what may run now; None: nothing of ours
    ran: Counter[str] = field(default_factory=Counter)
    keys: dict[int, int] = field(default_factory=dict)
    sent: set[tuple[int, int]] = field(default_factory=set)

    def plan(self, number: int, key: int, files: dict[str, bytes]) -> None:
        """Take down what a flashing is to put on the board."""
        self.keys[number] = key
        self.hashes[number] = {
            name: hashlib.sha256(content).hexdigest()
            for name, content in files.items()
            if name not in persist.FILES
        }

    def hear(self, lines: list[str], number: int) -> None:
        """Take in one boot's words, in order."""
        found: dict[str, str] = {}
        running = None
        for line in lines:
            verb, _, rest = line.partition(" ")
            if verb == "file":
                name, digest = rest.split()
                found[name] = digest
            elif verb == "runs":
                running = int(rest)
                self.ran["runs"] += 1
                assert running in self.whole, f"runs {running}, whole are {self.whole}"
                there = {name: digest for name, digest in found.items() if name not in persist.FILES}
                assert there == self.hashes[running], f"{running} runs with half of another: {there}"
            elif verb == "used":
                assert running is not None
                pair = (self.keys[running], int(rest))
                assert pair not in self.sent, f"key and counter {pair} twice"
                self.sent.add(pair)
                self.ran["used"] += 1
            elif verb == "begun":
                self.whole = set()
            elif verb == "finishing":
                self.whole = {number}
            elif verb == "done":
                self.whole = {number}
                self.ran["done"] += 1
            elif verb == "foreign":
                assert None in self.whole, (
                    "another project's program runs on a board that is cut off half-way"
                )
                self.ran["foreign"] += 1
            elif verb in ("INCOMPLETE:", "prompt", "no"):
                self.ran[line.split(" ")[0]] += 1
                found = {}
            else:
                assert verb in ("up", "end", "maintenance:"), line


def cut_often(folder: Path, cuts: int, seed: int, wrong: str = "-") -> Truth:
    """Flash until the power was cut so often; each attempt is under a key of its own, as the station draws it."""
    dice = random.Random(seed)
    image, script = folder / "flash.img", folder / "script.py"
    truth = Truth()
    plan = {name.lower(): getattr(snippets, name) for name in ("MAINTENANCE", "BEGIN", "HASHES", "DONE")}
    order = order_of(folder / "tree", flashing_of(0, 0, firmware=0))
    number = 0
    with PowerCuts(image, script) as bench:
        while cuts:
            if cuts % AFRESH == 0 or not number:
                make_image(image, FOREIGN, size=IMAGE_BYTES)
                truth.whole = {None}
            number += 1
            key = number if wrong != "old key" else 1
            files = flashing_of(number, key, firmware=number // 5)
            truth.plan(number, key, files)
            given = f"PLAN = {plan!r}\nFILES = {[(name, files[name]) for name in order]!r}\n"
            script.write_text(SCRIPT.read_text(encoding="utf-8") + given, encoding="utf-8")
            after = dice.choice((dice.randrange(1, 2000), dice.randrange(1, 16_000)))
            boot = bench.boot(after, dice.randrange(1 << 30), number, wrong)
            truth.hear(boot.lines, number)
            if not boot.cut:
                assert boot.lines[-1] == "end"
            cuts -= boot.cut
    return truth


@pytest.mark.parametrize(
    ("cuts", "seed"),
    [(CUTS, 1), pytest.param(SOAK_CUTS, 3, marks=[pytest.mark.soak, pytest.mark.timeout(300)])],
)
def test_power_cuts_while_flashing_leave_a_whole_kit_or_none(tmp_path: Path, cuts: int, seed: int) -> None:
    """After each cut the flash mounts and one flashing runs whole, or none; every attempt has its own key."""
    truth = cut_often(tmp_path, cuts, seed)
    assert truth.ran["runs"] >= cuts // 4
    assert truth.ran["INCOMPLETE:"] >= cuts // 4
    assert truth.ran["foreign"]
    assert truth.ran["used"] > cuts


@pytest.mark.parametrize(
    ("wrong", "found"),
    [("unmarked", "half of another|whole are"), ("early", "half of another|whole are"), ("old key", "twice")],
)
def test_a_wrong_order_is_found(tmp_path: Path, wrong: str, found: str) -> None:
    """The cuts show a flashing without its mark, one that takes it off too early, and a key that is used again."""
    with pytest.raises(AssertionError, match=found):
        cut_often(tmp_path, 150, 2, wrong)
