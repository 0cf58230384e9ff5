"""What a full disk could not take: changes of alarms that are true but not yet written. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from nspgateway.messages import OutboxMessage
from nspgateway.records import AlarmChange, Changes

# Far above what a coordinating point raises in a day; the bound is for an alarm that flaps for weeks.
MOST = 1000


class Unsaved:
    """Keeps changes of alarms, and what has to be said of them, until a transaction takes them along."""

    def __init__(self) -> None:
        self._alarms: tuple[AlarmChange, ...] = ()
        self._messages: dict[str, OutboxMessage] = {}

    def __bool__(self) -> bool:
        return bool(self._alarms or self._messages)

    def add(self, at: datetime, alarms: Sequence[AlarmChange], messages: Sequence[OutboxMessage]) -> None:
        """Keep these; of each topic the newest message will do, they are retained."""
        self._alarms += tuple(structs.replace(change, at=change.at or at) for change in alarms)
        if len(self._alarms) > MOST:
            # How every alarm stands is kept; what is lost is a part of the log.
            self._alarms = tuple({(change.point, change.alarm): change for change in self._alarms}.values())
        for message in messages:
            self._messages.pop(message.topic, None)
            self._messages[message.topic] = message

    def before(self, changes: Changes) -> Changes:
        """Return one transaction of what is kept here and, after it, ``changes``."""
        return structs.replace(
            changes,
            alarms=(*self._alarms, *changes.alarms),
            messages=(*self._messages.values(), *changes.messages),
        )

    def clear(self) -> None:
        """Forget what was kept: it is written."""
        self._alarms = ()
        self._messages.clear()
