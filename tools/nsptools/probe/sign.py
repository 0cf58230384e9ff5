"""A commissioning check at a terminal: questions, a signature, two files."""

from __future__ import annotations

import sys
import termios
from collections.abc import Callable
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from nsptools.probe import checking, readout, record
from nsptools.probe.errors import UsageError
from nsptools.probe.run import Findings, Probe

Say = Callable[[str], None]


def require_terminal() -> None:
    """Raise UsageError without a person: a record that nobody answered for is worth nothing."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--record needs a person at a terminal: a record cannot be signed from a script.")


def require_free(path: Path) -> None:
    """Raise UsageError when a record would overwrite anything, before anybody has answered twenty questions."""
    for file in (path, path.with_suffix(".txt")):
        if file.exists():
            raise UsageError(f"{file} exists already: records are kept, choose another name.")
    if path.suffix == ".txt":
        raise UsageError(f"{path}: name the JSON file; the printable text is written beside it as .txt.")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder.")


def check(
    probe: Probe,
    findings: Findings,
    path: Path,
    *,
    technician: str,
    point: str,
    port: str,
    kit_address: int | None,
    say: Say,
) -> bool:
    """Ask, sign and write the record; whether everything was compared, is the same and is signed."""
    say("")
    say("Commissioning check: go to each panel (or use a meter) and compare.")
    say(f"Answer: {checking.KEYS}.")
    point = point or _asked("Point (its name or number): ")
    technician = technician or _asked("Technician (your name): ")
    devices = []
    for dev, one in zip(findings.devices, findings.readouts, strict=True):
        items: list[record.Item] = []
        if one.answers:
            say("")
            say(one.label)
            items += checking.compare(dev, one.readings, partial(probe.reread, dev), _ask, say)
        else:
            say(f"\n{one.label}: dead, nothing to compare")
        hashed = readout.tables_hash(one.model)
        devices.append(
            record.CheckedDevice(one.name, one.model, one.unit, str(one.line), one.answers, hashed, items)
        )
    made = record.Record(
        point=point,
        technician=technician,
        date=datetime.now().astimezone().isoformat(timespec="seconds"),
        software=version("nspkit"),
        port=port,
        kit_address=kit_address,
        devices=devices,
        wire=findings.verdicts,
        signed=_signed(technician, devices, say),
    )
    path.write_text(record.to_json(made), encoding="utf-8")
    path.with_suffix(".txt").write_text(record.to_text(made), encoding="utf-8")
    say(f"Written: {path} and {path.with_suffix('.txt')} (print this one).")
    return made.passed and made.signed


def _signed(technician: str, devices: list[record.CheckedDevice], say: Say) -> bool:
    items = [item for device in devices for item in device.items]
    counts = {
        answer: sum(item.answer == answer for item in items)
        for answer in (record.MATCH, record.DIFFERS, record.NOT_COMPARED)
    }
    dead = sum(not device.answers for device in devices)
    say("")
    say(
        ", ".join(f"{count} {answer}" for answer, count in counts.items())
        + (f", {dead} dead" if dead else "")
    )
    typed = _ask(f"To sign as {technician}, type that name; Enter leaves the record unsigned: ")
    if typed.strip().casefold() == technician.casefold():
        return True
    say("Not signed.")
    return False


def _asked(question: str) -> str:
    while True:
        answer = _ask(question).strip()
        if answer:
            return answer


def _ask(question: str) -> str:
    """A line typed after the question was shown: what was typed ahead belongs to no question."""
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    return input(question)
