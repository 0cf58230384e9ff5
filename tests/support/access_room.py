"""A door on a real database, with a clock that is moved by hand and passwords that cost nothing to check."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher

from gateway_box import VirtualClock
from nspgateway.access import passwords
from nspgateway.access.account_desk import AccountDesk, checked
from nspgateway.access.door_base import Caller
from nspgateway.access.door_others import Door
from nspgateway.access.door_people import Entered, Known
from nspgateway.access.second_factor import KEY_FILE, Vault
from nspgateway.people import Action, By
from nspgateway.store import Store

PASSWORD = "drie fietsen op zolder"
OTHER = "een gele stoel buiten"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
BY = By("beheer", "cp_techniek", "command")
HERE = Caller("10.0.0.5")
THERE = Caller("10.0.0.66")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are checked at the lowest cost: what argon2 withstands is not what is tested."""
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)


class SleepingClock(VirtualClock):
    """Whoever sleeps moves it."""

    slept_s = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.move(seconds)


class AccessRoom:
    """``door`` and ``desk`` on one store; ``restart`` begins again from the disk."""

    def __init__(self, folder: Path, second_factor: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.second_factor = second_factor
        self.clock = SleepingClock()
        self.is_dated = True
        self._open()

    def _open(self) -> None:
        self.store = Store(self.folder / "nsp.db")
        self.door = Door(
            self.store,
            self.store.commit,
            self.clock,
            Vault(self.folder / KEY_FILE),
            self.folder,
            second_factor=self.second_factor,
            is_dated=lambda: self.is_dated,
        )
        self.desk = AccountDesk(self.store, self.store.commit, self.clock, ("Lindendam",))

    def restart(self) -> None:
        self.store.close()
        self._open()

    def add(
        self, name: str, role: str = "cp_medewerker", municipality: str = "", *, fresh: bool = False
    ) -> None:
        """Add an account with ``PASSWORD``, which it need not change unless it is ``fresh``."""
        account = self.desk.add(name, role, municipality, checked(PASSWORD, name), BY)
        if not fresh:
            self.change(name, must_change=False)
        assert account.must_change

    def change(self, name: str, **values: object) -> None:
        """Change an account behind everybody's back."""
        account = self.store.account(name)
        assert account is not None
        self.write(replace(account, **values))

    def write(self, *changes: object) -> None:
        from nspgateway.records import Changes

        self.store.commit(Changes(at=self.clock.now(), access=changes))

    async def log_in(self, name: str, caller: Caller = HERE) -> Entered:
        return await self.door.log_in(name, PASSWORD, caller)

    async def enrol(self, entered: Entered, caller: Caller = HERE) -> tuple[Entered, pyotp.TOTP]:
        """Set a second factor up; return the session that goes on, and the app with its secret."""
        by_hand, _ = self.door.draft(entered.token)
        app = pyotp.TOTP(by_hand.replace(" ", ""))
        return await self.door.enrol(entered.token, self.code(app), caller, PASSWORD), app

    def code(self, app: pyotp.TOTP, later_s: float = 0.0) -> str:
        """Return what the app shows now, or so much later."""
        return app.at(self.clock.now() + timedelta(seconds=later_s))

    def look(self, entered: Entered) -> Known | None:
        return self.door.look(entered.token)

    def did(self, what: str) -> list[Action]:
        """Return the lines of the audit trail of this kind."""
        return [action for action in self.store.actions() if action.what == what]
