"""Moments as a form of a page has them: date and time as it is here, in minutes. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from nspgateway.desk_base import Refused
from nspgateway.i18n import ZONE


def read(text: str) -> datetime | None:
    """Return what a field of kind datetime-local holds; None for an empty one. Raises Refused ("bad_time")."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(
            "bad_time", f"{text[:20]!r} is no date with a time, such as 2027-01-15T18:00."
        ) from None
    if found.tzinfo is not None:
        raise Refused("bad_time", f"{text[:20]!r} has a time zone: write the time as it is here.")
    try:
        return found.replace(tzinfo=ZONE).astimezone(UTC)
    except OverflowError:  # the first night of the year 1 has no moment in UTC
        raise Refused("too_old", f"{text[:20]!r} is too long ago: is the date right?") from None


def write(at: datetime | None) -> str:
    """Return a moment as such a field holds it; "" for None."""
    return "" if at is None else at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
