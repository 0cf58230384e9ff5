"""How people come in: name and password, second factor, a password of their own; and how they leave."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import cache

from nspgateway.access import passwords, second_factor, sessions, tokens
from nspgateway.access.accounts import EMERGENCY_NAME, EMERGENCY_ROLE, Account, as_name
from nspgateway.access.changes import AccessChange, Ended, KnownDevice
from nspgateway.access.door_base import Caller, Denied, DoorBase
from nspgateway.access.sessions import Session, Stage
from nspgateway.clock_step import Step
from nspgateway.people import By
from nspgateway.weak import LONGEST, weakness

PAGE = "page"


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that goes on under a new token. ``device``: the token that marks this browser; "" = none yet."""

    token: str = field(repr=False)
    stage: Stage
    device: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """Whose session it is. ``account``: None = came in with the emergency code."""

    session: Session
    account: Account | None
    stage: Stage

    @property
    def by(self) -> By:
        """Who acts, for the audit trail."""
        if self.account is None:
            return By(EMERGENCY_NAME, EMERGENCY_ROLE, PAGE)
        return _by(self.account)

    @property
    def municipality(self) -> str:
        """The one whose points may be seen; "" = all."""
        return self.account.municipality if self.account else ""


@dataclass(frozen=True, slots=True)
class _Person:
    """A session of somebody with an account."""

    session: Session
    account: Account
    stage: Stage


class PeopleDoor(DoorBase):
    """Accounts and their sessions."""

    def look(self, token: str, *, acting: bool = False, noted: bool = True) -> Known | None:
        """Return whose session a cookie is of; None = of none that is open.

        ``acting``: with a form. ``noted``: a person did this, so that it counts as use of the session.
        """
        found = self._find(tokens.digest(token)) if token else None
        now = self._clock.now()
        if found is None or sessions.is_over(found.session, now, acting=acting):
            return None
        session = found.session
        if found.stage != "in" and now - session.made_at > sessions.HALFWAY:
            return None
        if noted and now - session.seen_at >= sessions.NOTED_EVERY and not sessions.is_over(session, now):
            self._note(replace(session, seen_at=now))
        return found

    def is_open(self, kept: str) -> bool:
        """Tell whether the session of which this is kept is still logged in; asking does not count as use."""
        found = self._find(kept)
        return (
            found is not None
            and found.stage == "in"
            and not sessions.is_over(found.session, self._clock.now())
        )

    async def log_in(self, typed: str, password: str, caller: Caller) -> Entered:
        """Let somebody in by name and password, if need be only to show the second factor. Raises Denied."""
        name = as_name(typed)
        account = self._store.account(name)
        known = account is not None and self._knows(caller, name)
        stranger = [self._key("account", name), self._address_key(caller)]
        keys = [self._device_key(caller, name)] if known else stranger
        await self._patience(keys, known=known)
        async with (self._known if known else self._strangers).turn():
            right = await asyncio.to_thread(_fits, account, password[: LONGEST + 1])
        if account is None:
            self._refuse(By("", "", PAGE), "name", caller)
        if not right or account.disabled:
            self._refuse(_by(account), "disabled" if right else "password", caller)
        if self._store.account(name) != account:  # it was changed meanwhile
            raise Denied("over")
        self.attempts.passed(keys)
        return self._enter(account, caller, None)

    async def confirm(self, token: str, code: str, caller: Caller) -> Entered:
        """Take the code of the second factor. Raises Denied, or VaultError."""
        found, step = await self._checked_code(token, code, caller, "code")
        return self._enter(replace(found.account, totp_step=step), caller, found, second=True)

    def draft(self, token: str) -> tuple[str, str]:
        """Return what an app needs for a new second factor: by hand, and as the text of a QR code. Raises Denied."""
        account = self._at(token, "enrol", "in").account
        secret = self._vault.draft(tokens.digest(token))
        return second_factor.by_hand(secret), second_factor.address(
            secret, account.name, f"NSP {self.place}".strip()
        )

    async def enrol(self, token: str, code: str, caller: Caller, password: str = "") -> Entered:
        """Set the second factor up that ``draft`` offered, once the app makes its codes. Raises Denied.

        ``password``: asked of who is logged in already.
        """
        await self._prove(self._at(token, "enrol", "in"), password, caller)
        found, step = await self._checked_code(token, code, caller, "enrol", "in")
        sealed = self._vault.seal(found.account.name, self._vault.draft(tokens.digest(token)))
        changed = replace(found.account, totp=sealed, totp_step=step)
        return self._enter(changed, caller, found, second=True, what="account_second_factor")

    async def change_password(self, token: str, old: str, new: str, caller: Caller) -> Entered:
        """Take a new password; every other session of this account ends. Raises Denied.

        ``old`` is asked of who is logged in already.
        """
        found = self._at(token, "change", "in")
        account = found.account
        if (why := weakness(new, account.name)) is not None:
            raise Denied("weak", detail=why)
        await self._prove(found, old, caller)
        async with self._known.turn():
            if await asyncio.to_thread(passwords.fits, account.password, new):
                raise Denied("same")
            kept = await asyncio.to_thread(passwords.hashed, new)
        if self._store.account(account.name) != account:
            raise Denied("over")
        changed = replace(account, password=kept, must_change=False)
        return self._enter(changed, caller, found, second=found.session.second, what="account_password")

    def log_out(self, token: str) -> None:
        """End a session. Safe to call twice."""
        found = self._find(tokens.digest(token))
        if found is not None:
            self._write(found.by, {"logout": {}}, Ended(token=found.session.token))

    def step(self, step: Step) -> None:
        """Move the sessions, and when was guessed, along with a clock that was set."""
        self.attempts.tell_again()
        had = self._store.sessions()
        self._note(*(moved for one in had if (moved := step.moved(one)) != one))

    def _find(self, kept: str) -> Known | None:
        session = self._store.session(kept)
        if session is None:
            return None
        account = self._store.account(session.account) if session.account is not None else None
        if account is not None and account.disabled:
            return None
        return Known(session, account, sessions.stage(session, account, self.second_factor))

    def _at(self, token: str, *stages: Stage) -> _Person:
        """Return whose session this is, if it is at one of these stages. Raises Denied."""
        found = self.look(token, acting=True)
        if found is None or found.account is None or found.stage not in stages:
            raise Denied("over")
        return _Person(found.session, found.account, found.stage)

    async def _prove(self, found: _Person, password: str, caller: Caller) -> None:
        """Ask who is logged in already for the password: a tablet may have been left alone. Raises Denied."""
        if found.stage != "in":
            return
        keys = [self._key("device", "session", found.session.token)]
        await self._patience(keys, known=True)
        async with self._known.turn():
            right = await asyncio.to_thread(passwords.fits, found.account.password, password)
        if not right:
            self._refuse(_by(found.account), "password", caller)
        self.attempts.passed(keys)

    def _knows(self, caller: Caller, name: str) -> bool:
        return bool(caller.device) and name in self._store.known_on(tokens.digest(caller.device))

    async def _checked_code(
        self, token: str, code: str, caller: Caller, *stages: Stage
    ) -> tuple[_Person, int]:
        """Return whose session this is, and which 30 s the code is of. Raises Denied, or VaultError."""
        name = self._at(token, *stages).account.name
        known = self._knows(caller, name)
        keys = [self._device_key(caller, name) if known else self._key("code", name)]
        await self._patience(keys, known=known)
        found = self._at(token, *stages)  # while this one waited another may have used the code
        account = found.account
        secret = self._vault.draft(tokens.digest(token))
        if found.stage == "code":
            secret = self._vault.open(account.name, account.totp or b"")
        near = second_factor.NEAR if self._is_dated() else second_factor.FAR
        at_s = self._clock.now().timestamp()
        step = second_factor.fitting_step(secret, code, at_s, account.totp_step, near)
        if step is None:
            self._refuse(_by(account), "code", caller)
        self.attempts.passed(keys)
        return found, step

    def _enter(
        self, account: Account, caller: Caller, old: _Person | None, *, second: bool = False, what: str = ""
    ) -> Entered:
        """Go on under a new token, so that one which somebody else put there is worth nothing.

        ``what``: the act that brought them here, for the audit trail; a new password ends all other sessions.
        """
        token, now = tokens.new_token(), self._clock.now()
        session = Session(
            token=tokens.digest(token), account=account.name, made_at=now, seen_at=now, second=second
        )
        stage = sessions.stage(session, account, self.second_factor)
        acts: dict[str, dict[str, str]] = {what: {}} if what else {}
        changes: list[AccessChange] = [self._old_sessions(now)]
        if old is not None:
            everywhere = account.name if what == "account_password" else ""
            changes += [account, Ended(token=old.session.token, account=everywhere)]
        changes.append(session)
        device = ""
        if stage == "in" and (old is None or old.stage != "in"):
            acts["login"] = {"address": caller.address}
            device = caller.device
            if not device or not self._store.known_on(tokens.digest(device)):
                device = tokens.new_token()
            changes.append(KnownDevice(token=tokens.digest(device), account=account.name, seen_at=now))
        self._write(_by(account), acts, *changes)
        return Entered(token, stage, device)


@cache
def _nobody() -> str:
    """Return what is checked for a name that nobody has: the answer takes as long as with one."""
    return passwords.hashed(passwords.draw())


def _fits(account: Account | None, password: str) -> bool:
    return passwords.fits(account.password if account else _nobody(), password)


def _by(account: Account) -> By:
    return By(account.name, account.role, PAGE)
