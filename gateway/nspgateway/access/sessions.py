"""Sessions: how long one lasts, and what it still lacks before it may see anything. Pure.

A shift takes twelve hours, and an officer may sit through it without a click while the page moves by
itself; so a session outlives a shift and its handover, and an act that was begun before its end is done.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from nspgateway.access.accounts import Account

IDLE = timedelta(hours=13)
LONGEST = timedelta(hours=24)
# What was typed into a page that was opened in time is still taken.
GRACE = timedelta(minutes=30)
# From password to second factor, or to the new password.
HALFWAY = timedelta(minutes=15)
# A session that is in use is noted on disk this often.
NOTED_EVERY = timedelta(minutes=1)

# What a session must do next: type the code of the second factor, take a password of its own, set a second
# factor up; "in" = nothing, it is logged in.
Stage = Literal["code", "change", "enrol", "in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is logged in or about to be. ``token``: what is kept of the cookie.

    ``account``: None = came in with the emergency code. ``second``: has shown the second factor.
    """

    token: str = field(repr=False)
    account: str | None
    made_at: datetime
    seen_at: datetime
    second: bool = False


def ends_at(session: Session) -> datetime:
    """Return when it ends if nothing more is done in it."""
    return min(session.seen_at + IDLE, session.made_at + LONGEST)


def is_over(session: Session, now: datetime, *, acting: bool = False) -> bool:
    """Tell whether it has ended. ``acting``: for a form that was opened before."""
    return now > ends_at(session) + (GRACE if acting else timedelta())


def stage(session: Session, account: Account | None, second_factor: Collection[str]) -> Stage:
    """Return what a session must do next. ``second_factor``: the roles that must have one."""
    if account is None:
        return "in"
    if account.totp is not None and not session.second:
        return "code"
    if account.must_change:
        return "change"
    return "enrol" if account.totp is None and account.role in second_factor else "in"
