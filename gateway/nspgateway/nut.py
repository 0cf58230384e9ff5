"""The words of Network UPS Tools' upsd on TCP: one line asked, one line answered. Pure.

RFC 9271 (Uninterruptible Power Supply Management Protocol): ``GET VAR ups name`` is answered with
``VAR ups name "value"``, quotes and backslashes escaped, or with ``ERR WORD``. ``ups.status`` is a list
of words: OL on line, OB on battery, LB battery low, FSD forced shutdown; runtime is in seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Supply = Literal["line", "battery", "unknown"]

STATUS, RUNTIME, CHARGE = "ups.status", "battery.runtime", "battery.charge"
# Longer lines are no answer of an upsd.
MOST_BYTES = 512
_ANSWER = re.compile(r'VAR (\S+) (\S+) "((?:[^"\\]|\\.)*)"')
# What the UPS simply does not tell, as opposed to what is wrong with it or with us.
_NOT_TOLD = frozenset({"VAR-NOT-SUPPORTED"})


class NutError(Exception):
    """What upsd said instead of a value, or that it said nothing we know; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the UPS says: runtime in seconds, charge in percent; None = it does not tell."""

    supply: Supply
    runtime_s: float | None = None
    charge: float | None = None
    is_low: bool = False
    words: str = ""


def question(ups: str, name: str) -> bytes:
    """Return the line that asks for one variable."""
    return f"GET VAR {ups} {name}\n".encode("ascii")


def answer(line: bytes, ups: str, name: str) -> str | None:
    """Return the value that the line gives; None = this UPS does not tell it. Raises NutError."""
    text = line.decode("ascii", "replace").strip()
    if text.startswith("ERR "):
        word = text.split()[1]
        if word in _NOT_TOLD:
            return None
        raise NutError(word)
    found = _ANSWER.fullmatch(text)
    if found is None or found.group(1, 2) != (ups, name):
        raise NutError(f"strange answer {text[:40]!r}" if text else "no answer")
    return re.sub(r"\\(.)", r"\1", found.group(3))


def told(status: str | None, runtime: str | None = None, charge: str | None = None) -> Told:
    """Return what these values mean. A status that says neither, or both, is unknown: never "line"."""
    words = (status or "").split()
    on_line, on_battery = "OL" in words, "OB" in words or "FSD" in words
    supply: Supply = "unknown"
    if on_battery and not ("OL" in words and "FSD" not in words):
        supply = "battery"
    elif on_line and not on_battery:
        supply = "line"
    return Told(
        supply,
        _number(runtime),
        _number(charge),
        is_low="LB" in words or "FSD" in words,
        words=" ".join(words),
    )


def _number(text: str | None) -> float | None:
    """Return a figure; what is none, or below 0, is not known."""
    if text is None or not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text.strip()):
        return None
    return float(text)
