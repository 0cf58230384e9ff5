"""What a person types into a field, read as people write it in the Netherlands. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from nspgateway.desk_base import SLACK, Refused
from nspgateway.i18n import ZONE

_NUMBER = re.compile(r"[0-9]{1,7}(?:[.,][0-9]{1,2})?")
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:[.,][0-9]{1,8})?")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])")
_WHOLE = re.compile(r"[0-9]{1,7}")


def decimal(text: str) -> float:
    """Return a number with a comma or a point. Raises Refused ("bad_number").

    With three figures behind it a point may part thousands: nobody can tell, so it is not taken.
    """
    cleaned = text.strip()
    if not _NUMBER.fullmatch(cleaned):
        raise Refused("bad_number", f"{text[:20]!r} is no number: write 24 or 24,5.")
    return float(cleaned.replace(",", "."))


def degrees(text: str) -> float:
    """Return a latitude or longitude as people copy it from a map. Raises Refused ("bad_place")."""
    cleaned = text.strip()
    if not _DEGREES.fullmatch(cleaned):
        raise Refused("bad_place", f"{text[:20]!r} is no number of degrees: write 52,1052.")
    return float(cleaned.replace(",", "."))


def whole(text: str) -> int:
    """Return a whole number. Raises Refused ("bad_whole")."""
    if not _WHOLE.fullmatch(text.strip()):
        raise Refused("bad_whole", f"{text[:20]!r} is no whole number: write 15.")
    return int(text)


def clock_before(text: str, now: datetime) -> datetime | None:
    """Return the newest moment of this clock time that is not in the future; None for an empty field.

    A minute or two ahead is a clock beside ours. Raises Refused ("bad_clock").
    """
    today = _clock(text, now, 0)
    return _clock(text, now, -1) if today is not None and today - now > SLACK else today


def clock_after(text: str, now: datetime) -> datetime | None:
    """Return the next moment of this clock time; None for an empty field. Raises Refused ("bad_clock")."""
    today = _clock(text, now, 0)
    return _clock(text, now, 1) if today is not None and today < now else today


def clock_on(text: str, now: datetime, days: int) -> datetime:
    """Return this clock time on the local day so many days from now. Raises Refused ("bad_clock"), also for an empty field."""
    found = _clock(text, now, days)
    if found is None:
        raise Refused("bad_clock", "At what time? Write hours and minutes, such as 14:05.")
    return found


def _clock(text: str, now: datetime, days: int) -> datetime | None:
    """The moment of a clock time so many local days from now."""
    cleaned = text.strip()
    if not cleaned:
        return None
    match = _CLOCK.fullmatch(cleaned)
    if match is None:
        raise Refused("bad_clock", f"{text[:20]!r} is no time: write hours and minutes, such as 14:05.")
    day = now.astimezone(ZONE) + timedelta(days=days)
    return day.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0).astimezone(UTC)
