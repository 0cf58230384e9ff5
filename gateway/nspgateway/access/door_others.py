"""The doors beside the login: the sealed emergency code, wall screens, and the first account of a new box."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from nspgateway.access import emergency, first, passwords, tokens, wall
from nspgateway.access.accounts import (
    EMERGENCY_NAME,
    EMERGENCY_ROLE,
    SCREEN_ROLE,
    TECHNICIAN,
    Account,
    as_name,
    name_fault,
)
from nspgateway.access.door_base import Caller, Denied
from nspgateway.access.door_people import PAGE, Entered, PeopleDoor
from nspgateway.access.sessions import Session
from nspgateway.access.wall import Screen
from nspgateway.errors import StoreError
from nspgateway.people import By
from nspgateway.weak import weakness

_SEEN_EVERY = timedelta(minutes=10)

_log = structlog.get_logger()


class Door(PeopleDoor):
    """Every way in. ``sealed_used_at``: when the sealed code was used, None = it is not used up; see ``tick``."""

    sealed_used_at: datetime | None = None

    def tick(self) -> None:
        """Look how it stands with the sealed code, and let go of old guesses. Call once a second.

        A command beside us may have made a new code.
        """
        if self.attempts.forget(self._clock.monotonic()):
            self._note()
        with suppress(StoreError):
            kept = self._store.emergency_code()
            self.sealed_used_at = kept.used_at if kept is not None else None

    async def open_sealed(self, typed: str, caller: Caller) -> Entered:
        """Let the holder of the sealed code in, at once, from anywhere; it is used up by that. Raises Denied."""
        kept = self._store.emergency_code()
        right = False
        if kept is not None and emergency.may_fit(kept, typed):
            async with self._sealed.turn():
                right = await asyncio.to_thread(emergency.fits, kept, typed)
        by = By(EMERGENCY_NAME, EMERGENCY_ROLE, PAGE)
        if kept is None or not right or self._store.emergency_code() != kept:
            # Nobody has to wait here: only how often it is written down is bounded.
            keys = [self._address_key(caller, "sealed")]
            now_s = self._clock.monotonic()
            if self.attempts.wait_s(keys, now_s):
                raise Denied("wrong")
            self.attempts.count(keys, now_s)
            self._refuse(by, "emergency_code", caller)
        token, now = tokens.new_token(), self._clock.now()
        session = Session(token=tokens.digest(token), account=None, made_at=now, seen_at=now)
        acts = {"emergency_login": {"address": caller.address}}
        self._write(by, acts, replace(kept, used_at=now), session)
        _log.warning("the emergency code was used", cure="nsp gateway emergency-code")
        self.sealed_used_at = now
        return Entered(token, "in")

    async def pair(self, typed: str, caller: Caller) -> str:
        """Make the browser that typed this code a wall screen; return its token. Raises Denied."""
        keys = [self._address_key(caller, "screen")]
        await self._patience(keys)
        now = self._clock.now()
        screen = self._store.screen_with(code=tokens.digest(tokens.typed(typed)))
        if screen is None or not wall.may_pair(screen, now):
            self._refuse(By("", SCREEN_ROLE, PAGE), "pairing_code", caller)
        self.attempts.passed(keys)
        token = tokens.new_token()
        paired = Screen(name=screen.name, made_at=screen.made_at, token=tokens.digest(token), seen_at=now)
        acts = {"screen_pair": {"screen": screen.name, "address": caller.address}}
        self._write(By(screen.name, SCREEN_ROLE, PAGE), acts, paired)
        return token

    def screen(self, token: str) -> Screen | None:
        """Return the wall screen that this cookie belongs to."""
        found = self._store.screen_with(token=tokens.digest(token)) if token else None
        now = self._clock.now()
        if found is not None and (found.seen_at is None or now - found.seen_at >= _SEEN_EVERY):
            self._note(replace(found, seen_at=now))
        return found

    def has_screen(self, kept: str) -> bool:
        """Tell whether the wall screen of whose token this is kept may go on looking."""
        return self._store.screen_with(token=kept) is not None

    @property
    def is_new(self) -> bool:
        """Tell whether there is no account yet: the first one is made with the code in the data folder."""
        return not self._store.has_accounts()

    async def begin(self, code: str, typed: str, password: str, caller: Caller) -> Entered:
        """Make the first account, a technician's, for who can read the gateway's data folder. Raises Denied."""
        keys = [self._address_key(caller)]
        await self._patience(keys)
        if not self.is_new:
            raise Denied("over")
        if not first.fits(self._folder, code):
            self._refuse(By("", TECHNICIAN, PAGE), "first_code", caller)
        self.attempts.passed(keys)
        name = as_name(typed)
        if (fault := name_fault(name, ())) is not None:
            raise Denied("name", detail=fault)
        if (why := weakness(password, name)) is not None:
            raise Denied("weak", detail=why)
        async with self._strangers.turn():
            kept = await asyncio.to_thread(passwords.hashed, password)
        if not self.is_new:
            raise Denied("over")
        account = Account(name=name, role=TECHNICIAN, password=kept, made_at=self._clock.now())
        self._write(By(name, TECHNICIAN, PAGE), {"account_first": {}}, account)
        first.remove(self._folder)
        return self._enter(account, caller, None)
