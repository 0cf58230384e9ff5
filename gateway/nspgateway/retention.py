"""Keeps the database within its bounds and the disk from filling up, a few rows at a time; ``disk`` says in which order."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog

from nspgateway import disk
from nspgateway.clock import Clock
from nspgateway.config_parts import RetentionConfig
from nspgateway.disk import Level, Room, Storage
from nspgateway.errors import StoreError, StoreFull
from nspgateway.facts import OwnFacts
from nspgateway.personal_store import BEGIN
from nspgateway.records import Changes
from nspgateway.reserve import Reserve
from nspgateway.store import Store

# Deleted in one go: some milliseconds, during which a frame waits.
ROWS = 200
BUSY_S = 0.5
LOW_S = 1.0
IDLE_S = 10.0
# Names and words end by the day: no need to look for them all the time.
PEOPLE_S = 3600.0
# A broker that is away for less may come back any moment: it loses nothing.
AWAY_S = 600.0
RESERVE_FILE = "reserve"

_log = structlog.get_logger()


class Keeper:
    """Watches one gateway's disk. ``level``: how things stand; ``free_mb``: on the disk.

    ``away``: names of the brokers that cannot be reached now. ``is_dated``: whether our time can be
    trusted; while it cannot, nothing is too old. ``free_bytes``: of a folder's disk.
    """

    def __init__(
        self,
        config: RetentionConfig,
        folder: Path,
        store: Store,
        clock: Clock,
        away: Callable[[], Collection[str]] = lambda: (),
        *,
        is_dated: Callable[[], bool] = lambda: True,
        free_bytes: Callable[[Path], int] | None = None,
    ) -> None:
        self.level: Level = ""
        self.free_mb = 0.0
        self._config = config
        self._folder = folder
        self._store = store
        self._clock = clock
        self._away = away
        self._is_dated = is_dated
        self._free_bytes = free_bytes or _free_bytes
        self._reserve = Reserve(folder / RESERVE_FILE, disk.RESERVE)
        self._was_refused = False
        self._place, self._people_again_s = BEGIN, 0.0
        self._away_since: dict[str, float] = {}
        self.look()

    async def run(self) -> None:
        """Keep at it until cancelled."""
        while True:
            busy = self.step()
            await self._clock.sleep(BUSY_S if busy else LOW_S if self.level else IDLE_S)

    def step(self) -> bool:
        """Look, and let go of a little when it is time; True when there may be more."""
        room = self.look()
        try:
            return self._let_go(room)
        except StoreFull as error:
            # To delete needs room as well: for the database's log.
            _log.error("nothing deleted", reason=str(error))
            return self._reserve.give_up()
        except StoreError as error:
            _log.error("nothing deleted", reason=str(error))
            return False

    def look(self) -> Room:
        """Measure, and make the reserve when there is room for it."""
        room = self._measure()
        if disk.is_reserve_due(room) and self._reserve.make():
            room = self._measure()
        level = disk.level(room, self.level, self._config)
        if level != self.level:
            _log.warning("disk", level=level or "enough", free_mb=round(room.disk / disk.MB))
        self.level, self.free_mb = level, room.disk / disk.MB
        return room

    def own(self, facts: OwnFacts) -> OwnFacts:
        """Return the facts of the coordinating point with those of its disk."""
        level = "full" if self._was_refused else self.level
        return replace(facts, disk=level, disk_free_mb=round(self.free_mb, 1))

    def storage(self) -> Storage:
        """Return what is kept; what the store does not say is not known."""
        with suppress(StoreError):
            return Storage(self._store.is_held(), self._store.size().used, self._reserve.held)
        return Storage(reserve=self._reserve.held)

    # What the recorder asks

    def refuses(self, *changes: Changes) -> bool:
        """Tell whether all of these have to wait, so that what cannot wait finds room."""
        return self.level == "full" and all(map(disk.can_wait, changes))

    def make_room(self, *changes: Changes) -> bool:
        """Give up the reserve for what did not fit together, unless all can wait; True when there is more room now.

        None of them: something else that cannot wait.
        """
        self._was_refused = True
        if changes and all(map(disk.can_wait, changes)):
            return False
        if not self._reserve.give_up():
            return False
        _log.warning("the reserve is given up", cure="free space on this disk")
        self.look()
        return True

    def note_written(self) -> bool:
        """Take note that the store took something; True when it takes everything."""
        self._was_refused = False
        return self.level != "full"

    def _measure(self) -> Room:
        return Room(self._free_bytes(self._folder), self._store.size().free, self._reserve.held)

    def _let_go(self, room: Room) -> bool:
        short = disk.is_short(room, self._config)
        away = self._long_away()
        if short and away and (dropped := self._store.drop_telemetry(away, ROWS)):
            _log.warning("disk low: telemetry dropped", brokers=sorted(away), messages=dropped)
            return True
        if not self._is_dated():
            return False
        before = disk.cutoff(self._config, self._clock.now(), self._store.size().used, short=short)
        dropped = self._store.prune(before, ROWS)
        if dropped:
            _log.info("history deleted", before=before.isoformat(timespec="seconds"), rows=dropped)
        return bool(dropped) or self._forget_people()

    def _forget_people(self) -> bool:
        """Let names and words go whose time is over; True when there may be more."""
        now_s = self._clock.monotonic()
        if self._config.personal_days is None or now_s < self._people_again_s:
            return False
        before = self._clock.now() - timedelta(days=self._config.personal_days)
        self._place, rows = self._store.forget_people(before, self._place, ROWS // 4)
        if not rows:
            self._people_again_s = now_s + PEOPLE_S
            return False
        _log.info("personal data deleted", before=before.isoformat(timespec="seconds"), rows=rows)
        return True

    def _long_away(self) -> list[str]:
        now_s = self._clock.monotonic()
        self._away_since = {name: self._away_since.get(name, now_s) for name in self._away()}
        return [name for name, since_s in self._away_since.items() if now_s - since_s >= AWAY_S]


def make_room_to_start(folder: Path) -> None:
    """Give up the reserve where a database could not even be opened; to be called before that."""
    if _free_bytes(folder) < disk.FLOOR // 8:
        Reserve(folder / RESERVE_FILE, disk.RESERVE).give_up()


def _free_bytes(folder: Path) -> int:
    """Return what we may still write there; root's own share of a disk is not for us."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
