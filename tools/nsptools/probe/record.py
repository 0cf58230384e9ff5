"""The commissioning record: what was compared with the panels, by whom, with which tables. Pure.

A record is evidence for the file, not a cryptographic signature: its digest shows that it was changed later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

KIND = "nsp commissioning record"
VERSION = 1
MATCH, DIFFERS, NOT_COMPARED = "match", "differs", "not compared"


@dataclass(frozen=True, slots=True)
class Item:
    """One comparison. ``shown``: what the probe said; ``panel``: what the panel says, where somebody typed it."""

    quantity: str
    title: str
    shown: str
    register: str
    raw: str
    answer: str
    panel: str = ""


@dataclass(frozen=True, slots=True)
class CheckedDevice:
    """One device of the point. ``answers`` False: it was dead, nothing could be compared."""

    name: str
    model: str
    address: int
    line: str
    answers: bool
    tables_sha256: str
    items: Sequence[Item] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """Everything of one check. ``date``: ISO 8601 with offset; ``signed``: the technician said so at a terminal."""

    point: str
    technician: str
    date: str
    software: str
    port: str
    kit_address: int | None
    devices: Sequence[CheckedDevice]
    wire: Sequence[str] = field(default_factory=tuple)
    signed: bool = False

    @property
    def passed(self) -> bool:
        """Every device answers, every value was compared, and all are the same."""
        return bool(self.devices) and all(
            device.answers and device.items and all(item.answer == MATCH for item in device.items)
            for device in self.devices
        )


def to_json(record: Record) -> str:
    """The record as a JSON document with its digest."""
    body: dict[str, Any] = {"kind": KIND, "version": VERSION, **asdict(record), "passed": record.passed}
    return json.dumps({**body, "sha256": digest(body)}, indent=2, ensure_ascii=False) + "\n"


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256 over the document without its digest, keys sorted, no spaces."""
    bare = {key: value for key, value in body.items() if key != "sha256"}
    return hashlib.sha256(
        json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def is_unchanged(text: str) -> bool:
    """Whether a JSON record is as the probe wrote it."""
    body = json.loads(text)
    return isinstance(body, dict) and body.get("sha256") == digest(body)


def to_text(record: Record) -> str:
    """The record on paper, with a place for a signature in ink."""
    code = json.loads(to_json(record))["sha256"]
    return "\n".join([*_lines(record), "", f"Digest of the JSON record: {code}", ""])


def _lines(record: Record) -> Iterator[str]:
    yield "COMMISSIONING RECORD: values on the bus against the panels"
    yield ""
    yield f"Point:       {record.point}"
    if record.kit_address is not None:
        yield f"Kit address: {record.kit_address}"
    yield f"Technician:  {record.technician}"
    yield f"Date:        {record.date}"
    yield f"Software:    nspkit {record.software}"
    yield f"Port:        {record.port}"
    yield f"Result:      {'PASSED' if record.passed else 'NOT PASSED'}"
    for device in record.devices:
        yield ""
        yield f"{device.name}: {device.model}, address {device.address}, {device.line}"
        yield f"  tables {device.tables_sha256[:16]}"
        if not device.answers:
            yield "  DEAD: no answer, nothing was compared"
        for item in device.items:
            panel = f"  (panel: {item.panel})" if item.panel else ""
            yield f"  [{_MARKS[item.answer]}] {item.title}: {item.shown}{panel}"
            yield f"        {item.register}{f' = {item.raw}' if item.raw else ''}"
    if record.wire:
        yield ""
        yield "The wire:"
        yield from (f"- {said}" for said in record.wire)
    yield ""
    yield "[x] the same   [!] differs   [ ] not compared"
    yield ""
    yield f"Signed:      {f'by {record.technician}, at the terminal' if record.signed else 'NO'}"
    yield "Signature:   ______________________________"


_MARKS: Mapping[str, str] = {MATCH: "x", DIFFERS: "!", NOT_COMPARED: " "}
