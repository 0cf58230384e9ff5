"""What to say on MQTT, and when to say it again: what was said is remembered apart from what is true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from nspgateway import judge, messages
from nspgateway.clock_step import Step
from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.facts import Facts
from nspgateway.judge import Judgement
from nspgateway.messages import OutboxMessage
from nspgateway.payloads import Demo
from nspgateway.records import Frame
from nspgateway.uplinks import HEARTBEATS

STATS_EVERY = timedelta(minutes=5)
# A silent point's state is said again before it expires at the broker, which is after three intervals.
REPEAT_INTERVALS = 2.0


class Speaker:
    """Makes the messages; ``note`` and ``note_stats`` are called once they are safely in the outbox."""

    def __init__(self, config: GatewayConfig, now: datetime, demo: Demo | None = None) -> None:
        self._config = config
        self._demo = demo
        self._said: dict[str, tuple[datetime, Facts]] = {}
        self._stats_at = now

    def telemetry(self, point: PointConfig, frame: Frame) -> list[OutboxMessage]:
        """Return the message of one heartbeat; none for other frames."""
        if frame.kind not in HEARTBEATS:
            return []
        return [
            messages.telemetry(
                point,
                frame.kit,
                frame.generation,
                frame.counter,
                frame.kind,
                frame.received_at,
                frame.fields,
                frame.rssi_dbm,
                frame.snr_db,
                exercise=frame.exercise,
                demo=self._demo,
                made_at=frame.made_at if frame.late else None,
            )
        ]

    def point(self, judged: Judgement) -> list[OutboxMessage]:
        """Return a point's merged state, what has to be said of its alarms, and the others once more.

        Who only listens sees that an alarm still stands, and for how long, without asking.
        """
        return [
            messages.state(judged.facts, exercise=judged.exercise.is_on, demo=self._demo),
            *self.alarms(judged),
        ]

    def alarms(self, judged: Judgement) -> list[OutboxMessage]:
        """Return what has to be said of the alarms of a place, and the others once more."""
        return [*judged.messages, *judge.repeats(judged, self._demo)]

    def is_due(self, judged: Judgement) -> bool:
        """Tell whether the state last said is no longer what is true, or about to expire."""
        point = judged.facts.point
        if point.slug not in self._said:
            return True
        at, said = self._said[point.slug]
        if _content(said) != _content(judged.facts):
            return True
        return judged.facts.now - at >= timedelta(seconds=REPEAT_INTERVALS * point.interval_s)

    def note(self, judged: Judgement) -> None:
        """Remember that the point's state was said."""
        self._said[judged.facts.point.slug] = (judged.facts.now, judged.facts)

    def step(self, step: Step) -> None:
        """Follow a step of the clock: every state is said anew, with its times."""
        self._said.clear()
        self._stats_at = step.moved(self._stats_at)

    def stats(self, counters: Mapping[str, int], now: datetime) -> list[OutboxMessage]:
        """Return the counters when it is time for them."""
        if now - self._stats_at < STATS_EVERY:
            return []
        config = self._config
        return [messages.gateway_stats(config.region, config.cp, counters, now, demo=self._demo)]

    def note_stats(self, said: list[OutboxMessage]) -> None:
        """Remember that the counters were said."""
        for message in said:
            self._stats_at = message.created


def _content(facts: Facts) -> object:
    """Return what makes two states differ: values and qualities, not ages that merely grow."""
    readings = {name: (r.value, r.quality) for name, r in facts.readings.items()}
    return (readings, facts.local_alarms)
