"""How much room is left, what is let go of for it, and in which order. Pure.

With less than ``free_mb`` of free disk ("low"):

1. telemetry that waits for brokers which are away, oldest first;
2. history older than ``KEPT``, oldest first, unless a hold is on it.

With almost nothing left ("full"):

3. heartbeats, and what kits send late, are no longer journalled. They are not acknowledged either, so
   that kits keep them and send them later; the page shows what they say;
4. alarms, calls for help, boots and what people do are still journalled, at last in the place of
   the reserve: a file that holds room for them and is made again once there is space.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from nspgateway.config_parts import RetentionConfig
from nspgateway.records import Changes
from nspgateway.uplinks import HEARTBEATS

Level = Literal["", "low", "full"]

MB = 1 << 20
# Room for alarms, calls for help and what people do: some ten thousand of them.
RESERVE = 8 * MB
# What must be left beside it while heartbeats are journalled: the database's log grows to 4 MB.
FLOOR = 8 * MB
# Never let go of to make room: forecasts look back 36 hours, and kits send late what is days old.
KEPT = timedelta(days=7)
# What a kit keeps by itself until it is acknowledged, and can therefore wait.
_CAN_WAIT = HEARTBEATS | {"backfill"}


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes: ``disk`` free on the disk, ``inside`` free in the database's file, ``reserve`` in the reserve."""

    disk: int
    inside: int
    reserve: int

    @property
    def total(self) -> int:
        """What the gateway can still write, all in all."""
        return self.disk + self.inside + self.reserve


@dataclass(frozen=True, slots=True)
class Storage:
    """``held``: nothing may be deleted. Bytes: ``used`` by the database, ``reserve`` held. None = not known."""

    held: bool | None = None
    used: int | None = None
    reserve: int = 0


def level(room: Room, before: Level, config: RetentionConfig) -> Level:
    """Return how things stand; ``before``: how they stood, since full ends only with room for more."""
    least = RESERVE + (2 * FLOOR if before == "full" else FLOOR)
    if room.total < least:
        return "full"
    return "low" if room.disk < config.free_mb * MB else ""


def is_short(room: Room, config: RetentionConfig) -> bool:
    """Tell whether something has to be let go of; what is free inside the database need not be on the disk."""
    return room.disk + room.inside < config.free_mb * MB


def is_reserve_due(room: Room) -> bool:
    """Tell whether the reserve can be made again without taking the last from others."""
    return room.reserve < RESERVE and room.disk >= RESERVE + FLOOR


def cutoff(config: RetentionConfig, now: datetime, used: int, *, short: bool) -> datetime:
    """Return from before which moment history may go: by its age, or by the room that it takes."""
    kept = timedelta(days=config.days)
    if short or used > config.most_mb * MB:
        kept = min(kept, KEPT)
    return now - kept


def can_wait(changes: Changes) -> bool:
    """Tell whether nothing is lost when this is not written now: nobody acted, nothing is alarming."""
    if (
        changes.alarms
        or changes.actions
        or changes.event
        or changes.boot
        or changes.memory
        or changes.command
    ):
        return False
    return changes.frame is None or changes.frame.kind in _CAN_WAIT
