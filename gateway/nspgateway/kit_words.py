"""What a kit says on behalf of its point: a report, and what it says of a message to residents. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct


class Receipt(Struct, frozen=True):
    """A kit's word on a message to residents: received, displayed or removed, heard at ``at``."""

    point: str
    kit: int
    number: int
    version: int
    stage: str
    at: datetime


class KitReport(Struct, frozen=True):
    """A point's report as its kit sent it: ``boot`` and ``n`` name it, however often it came.

    ``at``: when it was made, by the kit's own age of it: it may have waited for the radio.

    ``fields``: as in ``nsplink.fields``; what was typed with it is not among them.
    """

    point: str
    kit: int
    generation: int
    counter: int
    at: datetime
    exercise: bool
    fields: Mapping[str, int | str | None]
    boot: int
    n: int
