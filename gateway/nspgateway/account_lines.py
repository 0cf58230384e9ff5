"""Accounts, wall screens and the emergency code as their keeper sees them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nspgateway.access import wall
from nspgateway.access.accounts import ROLES, Account
from nspgateway.access.emergency import EmergencyCode
from nspgateway.access.wall import Screen
from nspgateway.alarm_text import role_name
from nspgateway.i18n import Language


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account. ``app``: how it stands with its second factor; ``state``: whether it can log in."""

    name: str
    role: str
    role_text: str
    municipality: str
    app: str
    has_app: bool
    state: str
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """One wall screen; ``is_paired``: it shows the overview."""

    name: str
    state: str
    is_paired: bool


@dataclass(frozen=True, slots=True)
class EmergencyLine:
    """How it stands with the emergency code."""

    text: str
    state: Literal["none", "sealed", "used"]


def accounts(lang: Language, found: Iterable[Account], must: Collection[str]) -> tuple[AccountLine, ...]:
    """Return the accounts as lines. ``must``: roles that need a second factor."""
    _ = lang.gettext
    return tuple(
        AccountLine(
            name=one.name,
            role=one.role,
            role_text=role_name(lang.code, one.role),
            municipality=one.municipality,
            app=_("set up")
            if one.totp is not None
            else _("at the next login")
            if one.role in must
            else _("not needed"),
            has_app=one.totp is not None,
            state=_("disabled")
            if one.disabled
            else _("has to choose a password")
            if one.must_change
            else _("can log in"),
            is_disabled=one.disabled,
        )
        for one in found
    )


def roles(lang: Language) -> list[tuple[str, str]]:
    """Return the roles that an account can have, with their names."""
    return [(role, role_name(lang.code, role)) for role in ROLES]


def screens(lang: Language, found: Iterable[Screen], now: datetime) -> tuple[ScreenLine, ...]:
    """Return the wall screens as lines."""
    return tuple(ScreenLine(one.name, _screen(lang, one, now), one.token is not None) for one in found)


def _screen(lang: Language, screen: Screen, now: datetime) -> str:
    _ = lang.gettext
    if screen.token is not None:
        seen = lang.moment(screen.seen_at, now) if screen.seen_at is not None else _("never")
        return _("shows the overview, last seen {moment}").format(moment=seen)
    if wall.may_pair(screen, now) and screen.code_until is not None:
        return _("waits for its code until {clock}").format(clock=lang.clock(screen.code_until))
    return _("its code has run out")


def emergency(lang: Language, code: EmergencyCode | None, now: datetime) -> EmergencyLine:
    """Return how it stands with the emergency code."""
    _ = lang.gettext
    if code is None:
        return EmergencyLine(
            _("There is no emergency code. Make one and put it in a sealed envelope."), "none"
        )
    if code.used_at is not None:
        used = lang.moment(code.used_at, now)
        return EmergencyLine(
            _("The emergency code was used at {moment}. Make a new one.").format(moment=used), "used"
        )
    made = lang.moment(code.made_at, now)
    return EmergencyLine(
        _("The emergency code was made at {moment} and has not been used.").format(moment=made), "sealed"
    )
