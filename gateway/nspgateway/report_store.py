"""What kits report of their points, as the store keeps it: point reports, and receipts of messages to residents."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nspgateway.database import Database, as_text
from nspgateway.kit_words import KitReport, Receipt
from nspgateway.records import Frame
from nspgateway.uplinks import receipt_of

_PUT_RECEIPT = "INSERT INTO receipt (point, kit, bulletin, revision, stage, at) VALUES (?, ?, ?, ?, ?, ?)"
_RECEIPTS = "SELECT point, kit, bulletin, revision, stage, at FROM receipt ORDER BY id"
_REPORT = """
    SELECT point, kit, generation, counter, began_at, exercise, fields, event_boot, event_n
    FROM kit_event AS e WHERE kind = 'report'"""
_EVERY_REPORT = f"{_REPORT} ORDER BY began_at, received_at, counter"
# Of each point the newest of the kit that reported last; a kit's counters never go back under one key.
_NEWEST = """ AND NOT EXISTS (
        SELECT 1 FROM kit_event AS later WHERE later.kind = 'report' AND later.point = e.point
        AND ((later.kit = e.kit AND (later.generation, later.counter) > (e.generation, e.counter))
            OR (later.kit <> e.kit AND later.rowid > e.rowid)))"""
_REPORTS = f"{_REPORT}{_NEWEST}"

_REPORT_TEXT = """
    SELECT text FROM kit_event WHERE kind = 'report' AND point = ? ORDER BY received_at DESC, counter DESC LIMIT 1"""
# A receipt does not say under which key it came, its frame does; one that was deleted since counts for nothing.
_HOLDERS = """
    SELECT DISTINCT r.kit, f.generation FROM receipt r
    JOIN frame f ON f.point = r.point AND f.received_at = r.at AND f.kit = r.kit AND f.kind = 'receipt'
    WHERE r.bulletin = ? AND r.revision = ? AND r.stage IN ('received', 'displayed') AND r.at >= ?"""


class ReportStore(Database):
    """The part of the store that kits' reports fill."""

    def receipts(self) -> list[Receipt]:
        """Return what every kit said of messages to residents, oldest first."""
        return [
            Receipt(point, kit, number, version, stage, datetime.fromisoformat(at))
            for point, kit, number, version, stage, at in self._rows(_RECEIPTS)
        ]

    def report_text(self, point: str) -> str:
        """Return what was typed in the newest report of a point's kit; "" for nothing. It may be of somebody's health."""
        return next((str(text) for (text,) in self._rows(_REPORT_TEXT, point)), "")

    def holders(self, number: int, version: int, since: datetime) -> set[tuple[int, int]]:
        """Return the kits, each with the generation of its key, that said since then that they have a message."""
        return set(self._rows(_HOLDERS, number, version, as_text(since)))

    def reports(self) -> list[KitReport]:
        """Return the newest report of each point's kit."""
        return [_report(row) for row in self._rows(_REPORTS)]

    def every_report(self) -> list[KitReport]:
        """Return all reports of kits, oldest first: one that leaves a figure out does not take back an earlier one."""
        return [_report(row) for row in self._rows(_EVERY_REPORT)]


def _report(row: Sequence[Any]) -> KitReport:
    point, kit, generation, counter, at, exercise, fields, boot, n = row
    return KitReport(point, kit, generation, counter, _time(at), bool(exercise), json.loads(fields), boot, n)


def write_receipt(db: sqlite3.Connection, frame: Frame) -> None:
    """Write what a frame says of a message to residents; nothing for any other frame."""
    said = receipt_of(frame)
    if said is not None:
        db.execute(
            _PUT_RECEIPT, (said.point, said.kit, said.number, said.version, said.stage, as_text(said.at))
        )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
