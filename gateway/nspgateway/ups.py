"""The coordinating point's own supply, as Network UPS Tools tells it: asked every 5 seconds.

Who does not answer in time, or answers that its data are stale, leaves the supply unknown, never
"line". A UPS counts in seconds on the wall, so all of this does, also in a demo.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from nspgateway import nut
from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.config_parts import UpsConfig
from nspgateway.facts import OwnFacts
from nspgateway.nut import NutError, Supply, Told

POLL_S = 5.0
# One answer is a line from this box or from the next one.
ANSWER_S = 3.0
# What was heard longer ago than two polls and this says nothing of now.
_SLACK_S = 2.0
_FIRST_RETRY_S = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Poll:
    """One answer and when it came, in monotonic seconds."""

    told: Told
    at_s: float


class Ups:
    """Watches one UPS. ``run`` is its whole life; ``reason``: why nothing is known, "" = something is."""

    def __init__(
        self, config: UpsConfig, clock: Clock, *, poll_s: float = POLL_S, answer_s: float = ANSWER_S
    ) -> None:
        self.reason = "not asked yet"
        self._config = config
        self._clock = clock
        self._poll: Poll | None = None
        self._poll_s = poll_s
        self._answer_s = answer_s
        self._supply: Supply = "unknown"
        self._since: datetime = clock.now()
        # On battery: when it will be empty, by the newest word for it.
        self._empty_s: float | None = None

    async def run(self) -> None:
        """Ask until cancelled; every fault ends in another try."""
        first_s = min(_FIRST_RETRY_S, self._poll_s)
        delay_s = first_s
        while True:
            began_s = self._clock.monotonic()
            try:
                await self._connection()
            except (OSError, TimeoutError, NutError, ValueError) as error:
                self._lost(_reason(error))
            if self._poll is not None and self._poll.at_s >= began_s:
                delay_s = first_s
            await self._clock.sleep(delay_s)
            delay_s = min(2 * delay_s, self._poll_s)

    def into(self, facts: OwnFacts, now: datetime) -> OwnFacts:
        """Return the facts with what is known of the supply at ``now``."""
        self._settle(now)
        return replace(
            facts,
            supply=self._supply,
            supply_min=self.minutes(),
            supply_since=self._since,
            supply_age_s=self.age_s(),
        )

    def minutes(self) -> float | None:
        """Return the minutes left, counting down between polls; None on the line, or when nobody said."""
        if self._empty_s is None:
            return None
        return max(0.0, (self._empty_s - self._clock.monotonic()) / 60)

    def age_s(self) -> float | None:
        """Return how old the newest answer is; None = there was none."""
        return None if self._poll is None else self._clock.monotonic() - self._poll.at_s

    @property
    def newest(self) -> Told | None:
        """The newest answer, however old."""
        return None if self._poll is None else self._poll.told

    async def _connection(self) -> None:
        """Live through one connection; raises what ended it."""
        async with asyncio.timeout(self._answer_s):
            reader, writer = await asyncio.open_connection(
                self._config.host, self._config.port, limit=nut.MOST_BYTES
            )
        try:
            while True:
                await self._ask(reader, writer)
                await self._clock.sleep(self._poll_s)
        finally:
            writer.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        values: list[str | None] = []
        ups = self._config.name
        async with asyncio.timeout(self._answer_s):
            for name in (nut.STATUS, nut.RUNTIME, nut.CHARGE):
                writer.write(nut.question(ups, name))
                await writer.drain()
                line = await reader.readline()
                if not line.endswith(b"\n"):
                    raise NutError("upsd hung up")
                values.append(nut.answer(line, ups, name))
        self.take(nut.told(*values))

    def take(self, told: Told) -> None:
        """Let this be what the UPS says now."""
        now_s = self._clock.monotonic()
        self._poll = Poll(told, now_s)
        if told.supply == "line":
            self._empty_s = None
        elif told.supply == "battery" and told.runtime_s is not None:
            self._empty_s = now_s + told.runtime_s
        reason = "" if told.supply != "unknown" else f"the UPS says {told.words or 'nothing'!r}"
        if reason:
            self._lost(reason)
        elif self.reason:
            _log.info("ups heard", status=told.words)
            self.reason = ""
        self._settle(self._clock.now())

    def step(self, step: Step) -> None:
        """Let the begin of the present supply move with the clock."""
        self._since = step.moved(self._since)

    def _lost(self, reason: str) -> None:
        if reason != self.reason:
            _log.warning("ups unknown", reason=reason)
        self.reason = reason
        if self._poll is not None:
            # Its last word is not true any more at once; what it said of the minutes still runs down.
            self._poll = Poll(replace(self._poll.told, supply="unknown"), self._poll.at_s)
        self._settle(self._clock.now())

    def _settle(self, now: datetime) -> None:
        age = self.age_s()
        fresh = self._poll is not None and age is not None and age <= 2 * self._poll_s + _SLACK_S
        supply: Supply = self._poll.told.supply if fresh and self._poll is not None else "unknown"
        if supply != self._supply:
            self._supply, self._since = supply, now


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "upsd does not answer"
    if isinstance(error, OSError):
        # asyncio's own words name the address, which is in the settings.
        number = error.errno or 0
        return f"upsd cannot be reached ({os.strerror(number) if number > 0 else error})"
    return str(error)
