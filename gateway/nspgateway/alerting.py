"""Everything that makes people hear of something, wired: hub, notifiers, relay, calls for help, the daily test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from nspgateway import path_test, retold
from nspgateway.alarm_state import AlarmState
from nspgateway.alert_test import AlertTest
from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.config import GatewayConfig
from nspgateway.errors import StoreError
from nspgateway.facts import OwnFacts
from nspgateway.gpio_line import GpioLine
from nspgateway.ingest import Ingest
from nspgateway.notice_hub import NoticeHub
from nspgateway.notify import Notice, Notifier
from nspgateway.records import Changes
from nspgateway.relay import Relay
from nspgateway.screens import Screens
from nspgateway.sounding import sounding, unseen
from nspgateway.store import Store
from nspgateway.transmitter import Transmitter
from nspgateway.view import NotifierState, Overview, Sound


class Alerting:
    """One for each gateway. ConfigError when the relay of the settings cannot be had.

    ``notifiers``: beside screens and relay. What else is told of the coordinating point itself
    (``situation.own``) must be wired before.
    """

    def __init__(
        self,
        config: GatewayConfig,
        ingest: Ingest,
        store: Store,
        transmitter: Transmitter | None,
        clock: Clock,
        *,
        relay: Relay | None = None,
        notifiers: Sequence[Notifier] = (),
    ) -> None:
        self.screens = Screens(clock, ingest.show)
        self.relay = relay
        self._sounds = config.relay.sounds if config.relay is not None else ()
        self._is_second = config.relay is not None and config.relay.second_place
        if relay is None and (settings := config.relay) is not None:
            self.relay = Relay(lambda: GpioLine(settings), clock)
        own: list[Notifier] = [self.screens] if self.relay is None else [self.screens, self.relay]
        self.hub = NoticeHub([*own, *notifiers], clock)
        self.test = AlertTest(
            config.alert_test,
            ingest.situation,
            ingest.recorder,
            transmitter,
            self.hub.names,
            store.memory(path_test.MEMORY),
            clock,
            ingest.show,
        )
        self.hub.on_delivered = self._delivered
        self._situation = ingest.situation
        self._recorder, self._clock = ingest.recorder, clock
        self._told = retold.restored(store.memory(retold.MEMORY))
        self._before = ingest.situation.own
        ingest.situation.own = self._own
        ingest.recorder.on_notices = self.hub.tell
        # What was written, and what still waited for a notifier, when the gateway was stopped or killed.
        news = retold.of_open_calls(ingest.situation, clock.now())
        for name in self.hub.names:
            self.hub.tell_one(name, retold.missed(self._told, name, news))
        self.hub.tell(retold.unseen(ingest.situation, clock.now()))
        ingest.on_test_alarm = self.test.alarm_came
        ingest.dress = self._dress

    def tick(self) -> None:
        """Let time pass, and hold the relay while all is well. Call after each tick of the gateway's, never instead."""
        self.test.tick()
        if self.relay is not None:
            self.relay.feed(sounding=self._is_loud())

    def step(self, step: Step) -> None:
        """Follow a step of the clock with every moment that is kept here."""
        self.hub.step(step)
        self.test.step(step)
        if self.relay is not None:
            self.relay.step(step)

    async def run(self) -> None:
        """Deliver notices and watch over the gateway until cancelled; then the relay sounds."""
        if self.relay is not None:
            self.relay.start()
        try:
            await self.hub.run()
        finally:
            self.close()

    def close(self) -> None:
        """Let the relay go."""
        if self.relay is not None:
            self.relay.close()

    def states(self) -> tuple[NotifierState, ...]:
        """Return how each notifier does; a relay that cannot be switched fails also while nothing is told."""
        relay = self.relay
        return tuple(
            replace(one, failing_since=one.failing_since or relay.fault_since, reason=relay.fault)
            if relay is not None and one.name == relay.name and relay.fault
            else one
            for one in self.hub.states()
        )

    def _delivered(self, name: str, notice: Notice) -> None:
        """Take note of what a notifier has made heard; of calls for help so that a restart knows it too."""
        self.test.delivered(name, notice)
        if notice.kind != "help":
            return
        now = self._clock.now()
        news = retold.of_open_calls(self._situation, now)
        told = retold.after(self._told, name, notice, news)
        if told == self._told:
            return
        self._told = told
        # What a full disk does not take is told once more after a restart.
        with suppress(StoreError):
            self._recorder.commit(Changes(at=now, memory={retold.MEMORY: retold.to_json(told)}))

    def _is_loud(self) -> bool:
        """Tell whether the relay has to sound: in a second place only for calls that nobody has taken up for long."""
        calls = [one for one in self._sounding() if one.word in {"help", "help_late"}]
        if self._is_second:
            return any(one.is_second for one in calls)
        return bool(calls) or bool(unseen(self._alarms(), self._sounds))

    def _sounding(self) -> tuple[Sound, ...]:
        situation = self._situation
        return sounding(self._alarms(), situation.calls.values(), situation.late, self.screens.test)

    def _alarms(self) -> Iterator[AlarmState]:
        return (alarm for kept in self._situation.alarms.values() for alarm in kept.values())

    def _own(self, now: datetime) -> OwnFacts:
        return self.test.facts(self._before(now), now)

    def _dress(self, overview: Overview) -> Overview:
        return replace(
            overview,
            sounding=self._sounding(),
            notifiers=self.states(),
            path_test=self.test.view(),
        )
