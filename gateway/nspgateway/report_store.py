"""What kits report of their points, as the store keeps it: point reports, and receipts of messages to residents."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from nspgateway.database import Database, as_text
from nspgateway.kit_words import KitReport, Receipt
from nspgateway.records import Frame
from nspgateway.uplinks import receipt_of

_PUT_RECEIPT = "INSERT INTO receipt (point, kit, bulletin, revision, stage, at) VALUES (?, ?, ?, ?, ?, ?)"
_RECEIPTS = "SELECT point, kit, bulletin, revision, stage, at FROM receipt ORDER BY id"
# Of each point the newest of the kit that reported last; a kit's counters never go back under one key.
_REPORTS = """
    SELECT point, kit, generation, counter, received_at, exercise, fields, event_boot, event_n FROM kit_event AS e
    WHERE kind = 'report' AND NOT EXISTS (
        SELECT 1 FROM kit_event AS later WHERE later.kind = 'report' AND later.point = e.point
        AND ((later.kit = e.kit AND (later.generation, later.counter) > (e.generation, e.counter))
            OR (later.kit <> e.kit AND later.rowid > e.rowid)))"""


class ReportStore(Database):
    """The part of the store that kits' reports fill."""

    def receipts(self) -> list[Receipt]:
        """Return what every kit said of messages to residents, oldest first."""
        return [
            Receipt(point, kit, number, version, stage, datetime.fromisoformat(at))
            for point, kit, number, version, stage, at in self._rows(_RECEIPTS)
        ]

    def reports(self) -> list[KitReport]:
        """Return the newest report of each point's kit."""
        return [
            KitReport(point, kit, generation, counter, _time(at), bool(exercise), json.loads(fields), boot, n)
            for point, kit, generation, counter, at, exercise, fields, boot, n in self._rows(_REPORTS)
        ]


def write_receipt(db: sqlite3.Connection, frame: Frame) -> None:
    """Write what a frame says of a message to residents; nothing for any other frame."""
    said = receipt_of(frame)
    if said is not None:
        db.execute(
            _PUT_RECEIPT, (said.point, said.kit, said.number, said.version, said.stage, as_text(said.at))
        )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
