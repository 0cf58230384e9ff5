"""What every door stands on: who comes, how often a guess may be made, and that all of it is written down.

The log has no names and nothing that was typed: it gives the number of the line in the audit trail, where
the name stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, NoReturn

import structlog

from nspgateway.access import tokens
from nspgateway.access.attempts import Attempts, Key, Kind
from nspgateway.access.changes import AccessChange, Ended
from nspgateway.access.second_factor import Vault
from nspgateway.access.sessions import GRACE, LONGEST
from nspgateway.accounts_store import AccountsStore
from nspgateway.clock import Clock
from nspgateway.errors import GatewayError, StoreError
from nspgateway.people import Action, By
from nspgateway.records import Changes

# Passwords that wait to be checked at a time: argon2 takes memory and a processor, one after the other.
_MOST_WAITING = 8

_log = structlog.get_logger()

Commit = Callable[[Changes], Sequence[int]]
# wrong: name, password or code; wait: guessed too often; busy: too many at once; over: the session has ended;
# weak, same: the new password; name: the new account's.
Word = Literal["wrong", "wait", "busy", "over", "weak", "same", "name"]


class Denied(GatewayError):
    """Somebody is not let in, or what they want is not done. ``wait_s``: until they may try again.

    ``detail``: the word for what is wrong with a new name or password.
    """

    exit_code = 2

    def __init__(self, word: Word, *, wait_s: float = 0.0, detail: str = "") -> None:
        self.word = word
        self.wait_s = wait_s
        self.detail = detail
        super().__init__(f"denied: {word} {detail}".strip())


@dataclass(frozen=True, slots=True)
class Caller:
    """From where somebody comes. ``device``: the token that marks their browser; "" = it has none."""

    address: str
    device: str = field(default="", repr=False)


class Lane:
    """Checks one password at a time. Strangers and people we know do not stand in one queue."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn. Raises Denied when too many wait."""
        if self._waiting >= _MOST_WAITING:
            raise Denied("busy")
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1


class DoorBase:
    """What all doors need.

    ``commit`` writes durably, or raises StoreError. ``clock`` runs at the pace of the wall, also in a demo.
    ``folder``: of the gateway's data. ``second_factor``: roles that must have one. ``place``: the
    coordinating point, for the login and an authenticator app. ``is_dated``: whether our time can be trusted.
    """

    def __init__(
        self,
        store: AccountsStore,
        commit: Commit,
        clock: Clock,
        vault: Vault,
        folder: Path,
        *,
        second_factor: Collection[str] = (),
        place: str = "",
        is_dated: Callable[[], bool] = lambda: True,
    ) -> None:
        self.attempts = Attempts()
        self.attempts.restore(store.guesses(), clock.now(), clock.monotonic())
        self.second_factor = frozenset(second_factor)
        self._store = store
        self._commit = commit
        self._clock = clock
        self._vault = vault
        self._folder = folder
        self.place = place
        self._is_dated = is_dated
        self._strangers, self._known, self._sealed = Lane(), Lane(), Lane()

    async def _patience(self, keys: Sequence[Key], *, known: bool = False) -> None:
        """Refuse a stranger who guesses too often, let a known browser wait; then count the guess. Raises Denied.

        Who knows the password and comes from a known browser gets in, late at worst.
        """
        while wait_s := self.attempts.wait_s(keys, self._clock.monotonic()):
            if not known:
                raise Denied("wait", wait_s=wait_s)
            await self._clock.sleep(wait_s)
        self.attempts.count(keys, self._clock.monotonic())

    def _write(
        self, by: By, acts: Mapping[str, Mapping[str, str | int | float | None]], *changes: AccessChange
    ) -> None:
        """Write changes with their lines in the audit trail (what was done -> its detail); the log has their numbers."""
        now = self._clock.now()
        actions = tuple(Action(now, by, what, detail=detail) for what, detail in acts.items())
        numbers = self._put(now, actions, changes)
        for action, number in zip(actions, numbers, strict=True):
            _log.info("access", what=action.what, role=by.role, audit=number, **action.detail)

    def _refuse(self, by: By, why: str, caller: Caller) -> NoReturn:
        """Write a wrong guess down, but nothing of what was typed. Raises Denied."""
        self._write(by, {"login_refused": {"why": why, "address": caller.address}})
        raise Denied("wrong")

    def _note(self, *changes: AccessChange) -> None:
        """Write something of no weight, unless the disk is full: that keeps nobody out."""
        with suppress(StoreError):
            self._put(self._clock.now(), (), changes)

    def _put(
        self, at: datetime, actions: tuple[Action, ...], changes: tuple[AccessChange, ...]
    ) -> Sequence[int]:
        """Write these, and with them how often was guessed: no answer to a guess goes out before it is on disk."""
        guesses = self.attempts.changed(at, self._clock.monotonic())
        numbers = self._commit(Changes(at=at, actions=actions, access=(*changes, *guesses)))
        self.attempts.told()
        return numbers

    def _key(self, kind: Kind, *whose: str) -> Key:
        """Return under which key guesses are counted; what was typed, or an address, cannot be read from it."""
        return Key(kind, self._vault.mark(" ".join((kind, *whose))))

    def _address_key(self, caller: Caller, *door: str) -> Key:
        """Return the key of an address at a door: of IPv6 the network, in which one machine has all addresses."""
        address = caller.address
        place = ":".join(address.split(":")[:4]) if address.count(":") > 1 else address
        return self._key("address", *door, place)

    def _device_key(self, caller: Caller, account: str) -> Key:
        """Return the key of a known browser."""
        return self._key("device", tokens.digest(caller.device), account)

    def _old_sessions(self, now: datetime) -> Ended:
        return Ended(before=now - LONGEST - GRACE)
