"""The tables of accounts, sessions, wall screens, the emergency code, and how often was guessed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from nspgateway.access.accounts import Account
from nspgateway.access.attempts import Guesses
from nspgateway.access.changes import AccessChange, Ended, Forgotten, KnownDevice, ScreenGone
from nspgateway.access.emergency import EmergencyCode
from nspgateway.access.sessions import Session
from nspgateway.access.wall import Screen
from nspgateway.database import Database, as_text

_ACCOUNT = (
    "SELECT name, role, municipality, password, totp, totp_step, must_change, disabled, made_at FROM account"
)
_SESSION = "SELECT token, account, made_at, seen_at, second FROM session"
_SCREEN = "SELECT name, made_at, code, code_until, token, seen_at FROM screen"
# An account stays where it is: sessions and browsers refer to it.
_PUT_ACCOUNT = """
    INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET role = excluded.role, municipality = excluded.municipality,
        password = excluded.password, totp = excluded.totp, totp_step = excluded.totp_step,
        must_change = excluded.must_change, disabled = excluded.disabled"""
# A browser that was not used among the newest is forgotten.
DEVICES_KEPT = 20
_PRUNE_DEVICES = """
    DELETE FROM known_device WHERE account = ?1 AND token NOT IN (
        SELECT token FROM known_device WHERE account = ?1 ORDER BY seen_at DESC LIMIT ?2)"""
_END = """
    DELETE FROM session WHERE token = ?1 OR (account = ?2 AND token != ?3) OR made_at < ?4
        OR (?5 AND account IS NULL)"""


class AccountsStore(Database):
    """Who may look and act; the part of the store that knows them."""

    def accounts(self) -> list[Account]:
        """Return every account, by name."""
        return [_account(row) for row in self._rows(f"{_ACCOUNT} ORDER BY name")]

    def account(self, name: str) -> Account | None:
        """Return the account of this name."""
        return next((_account(row) for row in self._rows(f"{_ACCOUNT} WHERE name = ?", name)), None)

    def has_accounts(self) -> bool:
        """Tell whether anybody can log in, or could before they were disabled."""
        return bool(self._rows("SELECT 1 FROM account LIMIT 1"))

    def session(self, token: str) -> Session | None:
        """Return the session of which this is kept."""
        return next((_session(row) for row in self._rows(f"{_SESSION} WHERE token = ?", token)), None)

    def sessions(self) -> list[Session]:
        """Return every session that was not ended, the newest last."""
        return [_session(row) for row in self._rows(f"{_SESSION} ORDER BY made_at")]

    def known_on(self, device: str) -> set[str]:
        """Return the accounts that logged in with this browser before."""
        return {name for (name,) in self._rows("SELECT account FROM known_device WHERE token = ?", device)}

    def emergency_code(self) -> EmergencyCode | None:
        """Return what is kept of the emergency code; None = none was made."""
        for id_, hash_, made_at, used_at in self._rows(
            "SELECT id, hash, made_at, used_at FROM emergency_code"
        ):
            return EmergencyCode(id=id_, hash=hash_, made_at=_time(made_at), used_at=_maybe(used_at))
        return None

    def guesses(self) -> list[Guesses]:
        """Return how often was guessed wrong, as far as it still counts."""
        rows = self._rows("SELECT kind, mark, count, last_at FROM guesses")
        return [Guesses(kind, mark, count, _time(last_at)) for kind, mark, count, last_at in rows]

    def screens(self) -> list[Screen]:
        """Return every wall screen, by name."""
        return [_screen(row) for row in self._rows(f"{_SCREEN} ORDER BY name")]

    def screen_with(self, *, token: str = "", code: str = "") -> Screen | None:
        """Return the wall screen of which this token or this pairing code is kept."""
        return next(map(_screen, self._rows(f"{_SCREEN} WHERE token = ? OR code = ?", token, code)), None)


def write_access(db: sqlite3.Connection, changes: Iterable[AccessChange]) -> None:
    """Write changes of accounts and what belongs to them, in their order."""
    for change in changes:
        match change:
            case Account():
                db.execute(_PUT_ACCOUNT, _account_row(change))
            case Session():
                values = (change.token, change.account, as_text(change.made_at), as_text(change.seen_at))
                db.execute("INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)", (*values, change.second))
            case Ended():
                before = as_text(change.before) if change.before else ""
                db.execute(_END, (change.token, change.account, change.but, before, change.sealed))
            case KnownDevice(token=token, account=account, seen_at=seen_at):
                row = (token, account, as_text(seen_at))
                db.execute("INSERT OR REPLACE INTO known_device VALUES (?, ?, ?)", row)
                db.execute(_PRUNE_DEVICES, (account, DEVICES_KEPT))
            case Forgotten(account):
                db.execute("DELETE FROM known_device WHERE account = ?", (account,))
            case EmergencyCode():
                db.execute("DELETE FROM emergency_code")
                code = (change.id, change.hash, as_text(change.made_at), _text(change.used_at))
                db.execute("INSERT INTO emergency_code VALUES (?, ?, ?, ?)", code)
            case Screen():
                db.execute("INSERT OR REPLACE INTO screen VALUES (?, ?, ?, ?, ?, ?)", _screen_row(change))
            case ScreenGone(name):
                db.execute("DELETE FROM screen WHERE name = ?", (name,))
            case Guesses(kind, mark, 0, _):
                db.execute("DELETE FROM guesses WHERE kind = ? AND mark = ?", (kind, mark))
            case Guesses(kind, mark, count, last_at):
                guesses = (kind, mark, count, as_text(last_at))
                db.execute("INSERT OR REPLACE INTO guesses VALUES (?, ?, ?, ?)", guesses)


def _account_row(a: Account) -> tuple[object, ...]:
    kept = (a.password, a.totp, a.totp_step, a.must_change, a.disabled, as_text(a.made_at))
    return (a.name, a.role, a.municipality, *kept)


def _account(row: tuple[Any, ...]) -> Account:
    name, role, municipality, password, totp, totp_step, must_change, disabled, made_at = row
    return Account(
        name=name,
        role=role,
        municipality=municipality,
        password=password,
        totp=totp,
        totp_step=totp_step,
        must_change=bool(must_change),
        disabled=bool(disabled),
        made_at=_time(made_at),
    )


def _session(row: tuple[Any, ...]) -> Session:
    token, account, made_at, seen_at, second = row
    return Session(
        token=token, account=account, made_at=_time(made_at), seen_at=_time(seen_at), second=bool(second)
    )


def _screen_row(s: Screen) -> tuple[object, ...]:
    return (s.name, as_text(s.made_at), s.code, _text(s.code_until), s.token, _text(s.seen_at))


def _screen(row: tuple[Any, ...]) -> Screen:
    name, made_at, code, code_until, token, seen_at = row
    return Screen(
        name=name,
        made_at=_time(made_at),
        code=code,
        code_until=_maybe(code_until),
        token=token,
        seen_at=_maybe(seen_at),
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else as_text(at)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _time(text)
