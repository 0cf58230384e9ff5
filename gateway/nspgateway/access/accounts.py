"""People's accounts: a name to log in with, a role, and what recognises them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args

from nspgateway.config_parts import PersonRole

# What a person can be. A wall screen is none of it.
ROLES: tuple[PersonRole, ...] = get_args(PersonRole)
SCREEN_ROLE = "scherm"
TECHNICIAN = "cp_techniek"
# What the emergency code lets its holder be.
EMERGENCY_ROLE = "cp_coordinator"
EMERGENCY_NAME = "noodcode"
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may log in.

    ``municipality``: sees the points of that one only; "" = all. ``password``: argon2id. ``totp``: the sealed
    secret of the second factor, None = not set up; ``totp_step``: the last 30 s of which a code was used.
    ``must_change``: the password was given by somebody else.
    """

    name: str
    role: str
    made_at: datetime
    municipality: str = ""
    password: str = field(repr=False)
    totp: bytes | None = field(default=None, repr=False)
    totp_step: int = 0
    must_change: bool = False
    disabled: bool = False


def as_name(typed: str) -> str:
    """Return a name as it is kept, however it was typed."""
    return typed.strip().casefold()


def name_fault(name: str, taken: Collection[str]) -> str | None:
    """Return the word for why no account can have this name: bad_name, reserved or taken; None = it can."""
    if not NAME.fullmatch(name):
        return "bad_name"
    if name == EMERGENCY_NAME:
        return "reserved"
    return "taken" if name in taken else None
