"""Screens on the wall: paired once by a short code, then known by a token; they look and never act. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

PAIRING = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A screen. ``code``: what is kept of its pairing code, until ``code_until``; ``token``: of its cookie.

    It has one of the two. ``seen_at``: when it last looked, None = never.
    """

    name: str
    made_at: datetime
    code: str | None = field(default=None, repr=False)
    code_until: datetime | None = None
    token: str | None = field(default=None, repr=False)
    seen_at: datetime | None = None


def may_pair(screen: Screen, now: datetime) -> bool:
    """Tell whether its code can still be typed."""
    return screen.code is not None and screen.code_until is not None and now <= screen.code_until
