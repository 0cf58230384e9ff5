"""When the refuel list is said on MQTT: on change, at most once a minute, and again before it expires."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from nspgateway import refuel_list, refuel_message
from nspgateway.config import GatewayConfig
from nspgateway.facts import Facts
from nspgateway.messages import OutboxMessage
from nspgateway.payloads import Demo
from nspgateway.refuel_list import RefuelList

AT_MOST_EVERY = timedelta(minutes=1)
AGAIN_AFTER = timedelta(minutes=10)
VALID_S = 900
# A moment that moved by less than this is the same to whoever drives.
_SAME = timedelta(minutes=15)


class RefuelSpeaker:
    """Makes the message; ``note`` is called once it is safely in the outbox."""

    def __init__(self, config: GatewayConfig, demo: Demo | None = None) -> None:
        self._config = config
        self._demo = demo
        self._looked_at: datetime | None = None
        self._said_at: datetime | None = None
        self._said: object = None

    def messages(
        self, facts: Sequence[Facts], now: datetime, exercising: Collection[str] = ()
    ) -> list[OutboxMessage]:
        """Return the list when there is something to say. ``facts``: of every point; ``exercising``: slugs of those that do."""
        # The clock may have been set back: then it is as if nothing was said.
        since = None if self._looked_at is None else now - self._looked_at
        if since is not None and timedelta() <= since < AT_MOST_EVERY:
            return []
        self._looked_at = now
        found = refuel_list.build(facts, self._config.refuel.hours, now, exercising)
        is_new = self._said_at is None or not timedelta() <= now - self._said_at < AGAIN_AFTER
        if not is_new and _content(found) == self._said:
            return []
        config = self._config
        return [refuel_message.refuel(config.region, config.cp, found, VALID_S, demo=self._demo)]

    def note(self, facts: Sequence[Facts], now: datetime, exercising: Collection[str] = ()) -> None:
        """Remember that the list of these facts was said."""
        self._said = _content(refuel_list.build(facts, self._config.refuel.hours, now, exercising))
        self._said_at = now


def _content(found: RefuelList) -> object:
    """Return what makes two lists differ to whoever drives: whole litres and quarters of an hour."""
    return [
        (
            line.slug,
            line.source,
            line.why,
            line.mark,
            line.deployment,
            line.planned,
            line.delivered,
            None if line.needed is None else round(line.needed),
            None if line.drive_before is None else line.drive_before.timestamp() // _SAME.total_seconds(),
        )
        for line in found.lines
    ]
