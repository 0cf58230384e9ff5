"""The probe's findings on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from nsptools.probe import wording
from nsptools.probe.readout import Reading, Readout

_WIDTH = 100
_HEAD = ("value", "", "register", "raw", "in the register")


def readout(one: Readout) -> list[str]:
    """One device: a line for each value, with register, raw words and unit."""
    if not one.answers:
        return [f"{one.label}: DEAD, no answer"]
    lines = [f"{one.label}: answers"]
    rows = [_HEAD, *(_row(reading) for reading in one.readings if not _is_idle_part(reading))]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  " + "  ".join([*cells, row[-1]]).rstrip())
    if any(reading.unverified for reading in one.readings):
        lines.append("  * known from one source only: compare with care")
    return lines


def _is_idle_part(reading: Reading) -> bool:
    """Whether this is one of the many bits that are summed up in another line, and is off."""
    return reading.quantity.startswith("_") and not reading.unit and reading.value == 0


def _row(reading: Reading) -> tuple[str, ...]:
    star = "*" if reading.unverified else ""
    note = reading.raw_unit if reading.value is not None else reading.why
    return (
        wording.title(reading.quantity) + star,
        wording.shown(reading),
        reading.register if reading.words or reading.register.startswith("FC") else "from other registers",
        wording.hex_words(reading.words),
        note,
    )


def summary(devices: Sequence[Readout], verdicts: Iterable[str]) -> list[str]:
    """The last lines: how many answer, and what the wire says."""
    alive = sum(one.answers for one in devices)
    count = f"{len(devices)} device{'s' * (len(devices) != 1)}"
    lines = [
        f"Result: {alive} of {count} answer{'s' * (alive == 1)}." if devices else "Result: no device answers."
    ]
    for said in verdicts:
        lines += textwrap.wrap(said, _WIDTH, initial_indent="- ", subsequent_indent="  ")
    return lines
