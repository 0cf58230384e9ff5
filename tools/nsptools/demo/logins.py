"""Accounts of a demo with a login: one of each role, with a password that is drawn anew for each demo."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from nspgateway.access import emergency, passwords
from nspgateway.access.accounts import ROLES, Account
from nspgateway.records import Changes
from nspgateway.store import Store


@dataclass(frozen=True)
class Logins:
    """``names``: of the accounts. ``password``: of each of them; ``code``: the emergency code."""

    names: tuple[str, ...]
    password: str = field(repr=False)
    code: str = field(repr=False)


def make(store: Store, municipality: str) -> Logins:
    """Make the accounts, which need not change their password; that of ``gemeente`` sees one municipality."""
    at, password = datetime.now(UTC), passwords.draw()
    kept = passwords.hashed(password)
    accounts = [
        Account(
            name=role.removeprefix("cp_"),
            role=role,
            municipality=municipality if role == "gemeente" else "",
            password=kept,
            made_at=at,
        )
        for role in ROLES
    ]
    code, sealed = emergency.new(at)
    store.commit(Changes(at=at, access=(*accounts, sealed)))
    return Logins(tuple(one.name for one in accounts), password, code)
