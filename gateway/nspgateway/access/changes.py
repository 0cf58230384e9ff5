"""What an act changes in the tables of accounts, each written with its line in the audit trail. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from nspgateway.access.accounts import Account
from nspgateway.access.attempts import Guesses
from nspgateway.access.emergency import EmergencyCode
from nspgateway.access.sessions import Session
from nspgateway.access.wall import Screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Sessions that end: the one of ``token``, all of ``account`` but ``but``, all made before ``before``.

    ``sealed``: those that came in with the emergency code.
    """

    token: str = field(default="", repr=False)
    account: str = ""
    but: str = field(default="", repr=False)
    before: datetime | None = None
    sealed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A browser in which an account logged in."""

    token: str = field(repr=False)
    account: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Forgotten:
    """No browser is known for this account any more."""

    account: str


@dataclass(frozen=True, slots=True)
class ScreenGone:
    """A wall screen that is taken away."""

    name: str


# An account, session, code, screen or count is put in the place of what was there under its name.
AccessChange = (
    Account | Session | EmergencyCode | Screen | Ended | KnownDevice | Forgotten | ScreenGone | Guesses
)
