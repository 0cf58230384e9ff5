"""Code that the board runs for the flasher, and how its answers are read. No secret is in it or comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Identity and what the board itself proves: its key's generation, and how far its counter is reserved.
LOOK = """
import binascii, json, machine, os, sys
def _files():
    try: return os.listdir()
    except OSError: return []
r = {"mac": binascii.hexlify(machine.unique_id()).decode(), "machine": str(getattr(sys.implementation, "_machine", "")),
     "mpy": getattr(sys.implementation, "_mpy", 0) & 255, "version": ".".join([str(n) for n in sys.implementation.version[:3]]),
     "root": _files(), "address": 0, "generation": 0, "reserved": -1}
try:
    with open("settings.json") as f: r["address"] = json.load(f)["address"]
except Exception: pass
try:
    with open("key.json") as f: k = json.load(f)
    r["generation"] = k["generation"]
    from nspkit import persist
    for n in persist.FILES:
        with open(n, "rb") as f: d = f.read()
        v = persist.reserved_of(d, k["generation"], binascii.unhexlify(k["key"]))
        if v is not None: r["reserved"] = max(r["reserved"], v)
except Exception: pass
print(json.dumps(r))
"""

HASHES = """
import binascii, hashlib, json, os
def _walk(d):
    for e in os.ilistdir(d or "/"):
        p = d + e[0]
        if e[1] & 0x4000:
            yield from _walk(p + "/")
        else:
            h = hashlib.sha256()
            with open(p, "rb") as f:
                while True:
                    b = f.read(1024)
                    if not b: break
                    h.update(b)
            yield p, binascii.hexlify(h.digest()).decode()
print(json.dumps(dict(_walk(""))))
"""

FLAG = "INCOMPLETE"
# A start program that does not know the flag, another project's, must not run on a board that is cut off half-way.
BEGIN = """
import os
with open("INCOMPLETE", "w") as f: f.write("flashing was not finished")
try:
    with open("main.py") as f: known = "INCOMPLETE" in f.read()
    if not known: os.remove("main.py")
except OSError: pass
"""
DONE = "import os\nos.remove('INCOMPLETE')"
# Before INCOMPLETE goes: the first start that runs the kit finds it in storage.
STORE = "open('stored', 'w').close()"
WORK = "import os\nif 'stored' in os.listdir(): os.remove('stored')"
MAINTENANCE = "open('maintenance', 'w').close()"
# As boot.py has it: a board whose boot.py was broken until just now has a scattered heap.
SELF_TEST = "import gc, json\ngc.threshold(4096)\ngc.collect()\nfrom nspkit import selftest\nprint(json.dumps(selftest.on_the_bench()))"


def fail(why: str) -> str:
    """Return code that writes on the board why it must not run."""
    return f"with open('INCOMPLETE', 'w') as f: f.write({why[:200]!r})"


def remove(paths: list[str]) -> str:
    """Return code that removes these files."""
    return f"import os\nfor p in {paths!r}: os.remove(p)"


@dataclass(frozen=True, slots=True)
class Look:
    """What a board says of itself. ``mac``: of the chip; ``reserved``: -1 = no valid counter record; ``address``: 0 = no kit."""

    mac: str
    machine: str
    mpy: int
    version: str
    root: tuple[str, ...]
    generation: int
    reserved: int
    address: int = 0

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Look:
        """Read the answer to ``LOOK``."""
        mac = str(said["mac"])
        return cls(
            mac=":".join(mac[i : i + 2] for i in range(0, len(mac), 2)),
            machine=str(said["machine"]),
            mpy=int(said["mpy"]),
            version=str(said["version"]),
            root=tuple(said["root"]),
            address=int(said["address"]),
            generation=int(said["generation"]),
            reserved=int(said["reserved"]),
        )

    @property
    def is_incomplete(self) -> bool:
        """True when an earlier flashing was not finished."""
        return FLAG in self.root
