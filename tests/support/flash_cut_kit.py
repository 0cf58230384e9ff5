"""The board's side of flashing under power cuts: boots from flash as a board does, then is flashed as the flasher does.

Runs in the VM under board/cutflash.py, on the real file system, with the flasher's own snippets, the
order of its copies, and the firmware's boot.py, main.py and counters. What a kit would do is replaced by
small modules that carry the number of their flashing and say what they find. The test sets, in a
copy of this file, PLAN = the flasher's snippets by name, and FILES = [(path, content)] in the order of copying.
"""

import hashlib
import json
import os
import sys
from binascii import hexlify

CHUNK = 256  # bytes that mpremote writes at a time
FOLDER = 0x4000


def say(*words):
    """One line for the judge, before anything else happens; the pipe holds no more than the flash."""
    sys.stdout.write(" ".join([str(word) for word in words]) + "\n")


class Time:
    """Hardware's place: a pause takes no time, and the pause of maintenance is where mpremote's Ctrl-C comes."""

    @staticmethod
    def sleep(seconds):
        if seconds > 60:
            raise KeyboardInterrupt


class Machine:
    """Hardware's place: nothing is reset here."""


def boot():
    """Start as the board does: boot.py, then main.py unless boot.py raised."""
    for name in [name for name in sys.modules if name.split(".")[0] == "nspkit"]:
        del sys.modules[name]
    sys.modules["time"], sys.modules["machine"] = Time, Machine
    for name in ("boot.py", "main.py"):
        try:
            with open(name) as file:
                source = file.read()
        except OSError:
            say("no", name)
            continue
        try:
            exec(compile(source, name, "exec"), {"__name__": "__main__"})
        except (Exception, KeyboardInterrupt) as error:
            say("prompt", name, type(error).__name__)
            return


def told(code):
    """Run one of the flasher's snippets; what it prints as JSON at last."""
    answers = []
    exec(compile(code, "snippet", "exec"), {"__name__": "snippet", "print": answers.append})
    return json.loads(answers[-1]) if answers else None


def copy(name, content):
    """As mpremote's cp: what is there already is not written again, the rest in pieces."""
    folder = name.rpartition("/")[0]
    if folder and folder not in os.listdir():
        os.mkdir(folder)
    digest = hashlib.sha256(content).digest()
    try:
        with open(name, "rb") as file:
            if hashlib.sha256(file.read()).digest() == digest:
                return
    except OSError:
        pass
    file = open(name, "wb")
    for at in range(0, len(content), CHUNK):
        file.write(content[at : at + CHUNK])
    file.close()


def flash(plan, number, files, wrong):
    """One flashing; ``wrong``: which of its rules is broken, so that the judge has something to find."""
    exec(plan["maintenance"])
    boot()
    if wrong != "unmarked":
        exec(plan["begin"])
        say("begun", number)
    there = told(plan["hashes"])
    strange = [name for name in there if name not in dict(files) and name != "INCOMPLETE"]
    for name in strange:
        os.remove(name)
    if wrong == "early":
        say("finishing", number)
        exec(plan["done"])
    for name, content in files:
        copy(name, content)
    there = told(plan["hashes"])
    for name, content in files:
        if there.get(name) != hexlify(hashlib.sha256(content).digest()).decode():
            say("differs", name)
            return
    if wrong not in ("unmarked", "early"):
        say("finishing", number)
        exec(plan["done"])
    say("done", number)


def run(number, wrong):
    """Boot, flash, boot again."""
    boot()
    say("up")
    flash(PLAN, int(number), FILES, wrong)  # noqa: F821  set by the test
    boot()
    say("end")
