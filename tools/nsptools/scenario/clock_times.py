"""Times of day as a scenario file has them. Pure."""

from __future__ import annotations

import re
from datetime import time

EXPECTED = 'a time of day as "18:52" or "18:52:30"'
_FORM = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")


def of_day(written: object) -> time | None:
    """Return a time of day; None where that is none."""
    if not isinstance(written, str) or not _FORM.fullmatch(written):
        return None
    return time.fromisoformat(written)
