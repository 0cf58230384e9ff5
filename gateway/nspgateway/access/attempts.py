"""How long whoever guesses has to wait. Pure: moments are seconds that only grow.

A delay grows with each failure and never becomes a lock. Guesses of strangers count by account and by
address; a browser in which the account logged in before counts by itself, so that nobody outside can
keep those in the room from their work.

What is counted is mirrored in the database, so that a restart gives a guesser no fresh start: see ``changed``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

Kind = Literal["account", "address", "device", "code"]
# Seconds without a failure after which all is forgotten.
FORGOTTEN_S = 3600.0
MOST_KEPT = 5000


class Limit(NamedTuple):
    """``free`` failures cost nothing; then the wait is 1 s, and twice as long each time, up to ``most_s``."""

    free: int
    most_s: float


LIMITS: Mapping[Kind, Limit] = {
    # A stranger's guesses at one account.
    "account": Limit(4, 60.0),
    # All guesses from one place: behind one address a whole room may sit.
    "address": Limit(20, 30.0),
    # A known browser waits this long and is then let try.
    "device": Limit(4, 8.0),
    # Six digits are guessed in a million tries, by someone who has the password already.
    "code": Limit(3, 300.0),
}


class Key(NamedTuple):
    """Whose failures are counted together. ``mark``: recognises them, and says nothing about them by itself."""

    kind: Kind
    mark: str


@dataclass(frozen=True, slots=True)
class Guesses:
    """What is kept on disk of the failures under a key: how many, and when the last was; 0 = nothing any more."""

    kind: Kind
    mark: str = field(repr=False)
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last_s: float


_NONE = _Failures(0, 0.0)


class Attempts:
    """The failures of the last hour, of the newest 5,000 keys."""

    def __init__(self) -> None:
        self._failures: dict[Key, _Failures] = {}
        # What the disk does not know yet, in the order in which it changed.
        self._changed: dict[Key, None] = {}

    def wait_s(self, keys: Sequence[Key], now_s: float) -> float:
        """Return how many seconds these have to wait before the next try; 0 = none."""
        return max((self._wait_s(key, now_s) for key in keys), default=0.0)

    def count(self, keys: Sequence[Key], now_s: float) -> None:
        """Count a guess, as wrong until it proves right: guesses side by side wait for each other."""
        for key in keys:
            known = self._known(key, now_s)
            self._failures.pop(key, None)  # put at the end: the oldest is forgotten first
            self._put(key, _Failures(known.count + 1 if known else 1, now_s))
        while len(self._failures) > MOST_KEPT:
            self._drop(next(iter(self._failures)))

    def passed(self, keys: Sequence[Key]) -> None:
        """It was right: forget the failures of these; at an address, where others guess too, only this one."""
        for key in keys:
            known = self._failures.get(key)
            if known is None:
                continue
            if key.kind == "address" and known.count > 1:
                self._put(key, _Failures(known.count - 1, known.last_s))
            else:
                self._drop(key)

    def forget(self, now_s: float) -> bool:
        """Let go of what is an hour old; True when there was any."""
        old = [key for key in self._failures if self._known(key, now_s) is None]
        for key in old:
            self._drop(key)
        return bool(old)

    def changed(self, now: datetime, now_s: float) -> tuple[Guesses, ...]:
        """Return what the disk has to be told, by its time ``now``, which is ``now_s`` here."""
        found = ((key, self._failures.get(key, _NONE)) for key in self._changed)
        return tuple(
            Guesses(*key, one.count, now - timedelta(seconds=now_s - one.last_s) if one.count else now)
            for key, one in found
        )

    def told(self) -> None:
        """Take note that the disk has all of it."""
        self._changed.clear()

    def tell_again(self) -> None:
        """Tell the disk everything anew: its clock was set."""
        self._changed |= dict.fromkeys(self._failures)

    def restore(self, kept: Sequence[Guesses], now: datetime, now_s: float) -> None:
        """Go on from the disk. What lies ahead of a clock that was set back counts as of now: nobody waits for a date."""
        for one in sorted(kept, key=lambda one: one.last_at):
            age_s = max(0.0, (now - one.last_at).total_seconds())
            self._failures[Key(one.kind, one.mark)] = _Failures(one.count, now_s - age_s)
        self.forget(now_s)

    def _put(self, key: Key, failures: _Failures) -> None:
        self._failures[key] = failures
        self._changed[key] = None

    def _drop(self, key: Key) -> None:
        del self._failures[key]
        self._changed[key] = None

    def _wait_s(self, key: Key, now_s: float) -> float:
        known = self._known(key, now_s)
        limit = LIMITS[key.kind]
        if known is None or known.count <= limit.free:
            return 0.0
        doublings = min(known.count - limit.free - 1, 30)
        return max(0.0, known.last_s + min(2.0**doublings, limit.most_s) - now_s)

    def _known(self, key: Key, now_s: float) -> _Failures | None:
        known = self._failures.get(key)
        return known if known is not None and now_s - known.last_s < FORGOTTEN_S else None
