"""The main path: a frame from the air becomes journal, state, alarms and messages, or is counted as refused.

    open -> decode -> state -> judge -> commit -> show

Everything a frame changes is written in one transaction before anybody hears of it. What a transaction
could not write is shown on the page, where people must not miss it, and said on MQTT only once it is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import structlog

from nspgateway import (
    alarms,
    alert_test,
    around,
    clock_step,
    help_notice,
    refuel_list,
    restore,
    state,
    uplinks,
)
from nspgateway.around import BrokerLink
from nspgateway.authenticate import Authenticator, Opened, Refused
from nspgateway.batch import Batch, Taken
from nspgateway.call_keeper import CallKeeper
from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.errors import StoreError
from nspgateway.facts import LinkFacts
from nspgateway.held import doubted
from nspgateway.judge import Judgement
from nspgateway.keys import KeyRegister
from nspgateway.kit_keys import KitKeys
from nspgateway.messages import OutboxMessage
from nspgateway.outbox import Outbox
from nspgateway.overview import Box
from nspgateway.payloads import Demo, Health
from nspgateway.ports import Port, Reception
from nspgateway.recorder import Recorder
from nspgateway.records import Changes, Frame, Held, KitEvent, Window
from nspgateway.refuel_list import RefuelList
from nspgateway.refuel_speaker import RefuelSpeaker
from nspgateway.revision import Revision
from nspgateway.rules import Rule
from nspgateway.situation import Situation
from nspgateway.speaker import Speaker
from nspgateway.state import PointState
from nspgateway.store import Store
from nspgateway.stumbles import Stumbles
from nspgateway.tamper import Tamper
from nspgateway.transmitter import Transmitter
from nspgateway.uplinks import Read
from nspgateway.view import Overview
from nsplink import frame as wire
from nsplink.timing import DUPLICATE_S

_log = structlog.get_logger()


class Ingest:
    """The gateway's heart. One for each gateway; all calls from the event loop's thread.

    ``counters``: frames by outcome since the start; ``more_counters``: whatever others count for the statistics.
    ``situation``: what is true and was said; ``recorder``: the way to the store.
    """

    def __init__(
        self,
        config: GatewayConfig,
        points: Sequence[PointConfig],
        keys: KeyRegister,
        store: Store,
        clock: Clock,
        rules: Sequence[Rule] | None = None,
        *,
        demo: bool = False,
        transmitter: Transmitter | None = None,
    ) -> None:
        """Take up the thread where the store has it. ``demo``: every message says so. Raises StoreError.

        ``transmitter``: told of every frame once it is durable; None = nothing is ever answered.
        """
        now = clock.now()
        points = restore.with_popups(config, points, store)
        own = restore.own_place(config, points)
        self._own_slug = own.slug
        store.register(config, [*points, own], now)
        self.counters: Counter[str] = Counter()
        self.more_counters: Counter[str] = Counter()
        self.outboxes = {broker.name: Outbox(store, broker.name) for broker in config.broker}
        self._config = config
        self._store = store
        self._clock = clock
        self._point_of = {p.kit_address: p.slug for p in points if p.kit_address is not None}
        self._transmitter = transmitter
        self._tamper = Tamper()
        self._authenticator = Authenticator(
            config.cp_number,
            frozenset(self._point_of),
            keys.keys,
            transmitter.windows if transmitter else store.windows(),
            is_limited=lambda kit: not self._tamper.is_quiet and self._tamper.is_limited(kit, self._now_ms()),
        )
        demo_mark = Demo(clock.speed) if demo else None
        every = alarms.load_rules() if rules is None else rules
        self.situation = Situation(config, points, store, clock, every, self._link, demo=demo_mark)
        self.kit_keys = KitKeys(self._authenticator, transmitter, self.situation.course.withdrawn)
        if transmitter is not None:
            transmitter.watch(self.situation.points)
            self.situation.on_deployed = transmitter.watch
        self._speaker = Speaker(config, now, demo_mark)
        self._refuel = RefuelSpeaker(config, demo_mark)
        self.recorder = Recorder(store, self._speaker)
        self._calls = CallKeeper(self.situation, self.recorder)
        self._stumbles = Stumbles()
        self._doubted: dict[int, Mapping[str, Held]] = {}
        self._since = now
        self._newest_before = store.newest() or now
        self._look_at_start(now)
        self._revision = Revision()
        self._port: Port | None = None
        self._brokers: tuple[BrokerLink, ...] = ()
        # Of a test of the alarm path, and what the page is told of sounds and tests: see ``alerting``.
        self.on_test_alarm: Callable[[PointState, KitEvent], None] = lambda _point, _event: None
        self.dress: Callable[[Overview], Overview] = lambda overview: overview

    def attach(self, port: Port, brokers: Sequence[BrokerLink] = ()) -> None:
        """Name the links whose state the overview shows."""
        self._port = port
        self._brokers = tuple(brokers)

    def receive(self, reception: Reception) -> str:
        """Take one frame; return what became of it, one of the words in ``counters``."""
        return self.receive_all((reception,))[0]

    def receive_all(self, receptions: Sequence[Reception]) -> list[str]:
        """Take frames that wait together, in as few transactions as they allow; return what became of each.

        Of each kit there is one in a transaction: what it changes is written before its next one is looked
        at, so that the outcome is that of one by one. A transaction that fails has happened for none in it.
        """
        outcomes: list[str] = []
        batch, now = Batch(), self._clock.now()
        for place, reception in enumerate(receptions):
            outcomes.append("not_stored")
            try:
                outcomes[place] = self._receive(reception, now, batch, place, outcomes)
            except StoreError:
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, the other kits' frames must go on
                outcomes[place] = self._stumbles.note(error, len(reception.data))
        self._write(batch, outcomes)
        self.counters.update(outcomes)
        if "accepted" in outcomes or "not_stored" in outcomes:
            self.show()
        for reception, outcome in zip(receptions, outcomes, strict=True):
            if outcome not in ("accepted", "not_stored"):
                # Foreign traffic comes all day and floods come with an attack: counted always, told on demand.
                _log.debug("frame refused", outcome=outcome, length=len(reception.data))
        return outcomes

    def _receive(
        self, reception: Reception, now: datetime, batch: Batch, place: int, outcomes: list[str]
    ) -> str:
        try:
            opened = self._authenticator.open(reception.data)
            if opened.header.address in batch.kits:
                self._write(batch, outcomes)
                opened = self._authenticator.open(reception.data)
        except Refused as refused:
            if refused.kit is not None:
                self._tamper.note(refused.kit, refused.outcome, self._now_ms())
            return refused.outcome
        if opened.window is None:
            return self._heard_before(opened, reception, now)
        try:
            read = self._read(opened, reception, now)
        except wire.Malformed:
            return "undecodable"
        if self._is_unsure(read.frame) and read.frame.kind == "clear":
            # A recording must not end an alarm; the kit says it again until it is believed.
            return "unsure"
        batch.add(place, self._taken(opened, read, self._believed(read.frame, opened.window)))
        self._stumbles.over()
        return "accepted"

    def _taken(self, opened: Opened, read: Read, window: Window) -> Taken:
        """Let everything be true that the frame changes; return what is to be written of it."""
        frame = read.frame
        before = self.situation.states[frame.point]
        newer = state.is_newer(before, frame)
        is_known = help_notice.is_known(read, self._store)
        changed = state.changes(before, frame) if newer and not is_known else {}
        if not self._authenticator.has_heard(frame.kit) or self._is_unsure(frame):
            # The first we ever hear of a kit may be an old recording: without a window nothing tells.
            self._doubted[frame.kit] = {**self._doubted.get(frame.kit, {}), **changed}
            changed = {name: doubted(held) for name, held in changed.items()}
        elif newer:
            changed = {**self._doubted.pop(frame.kit, {}), **changed}
        after = state.after(before, frame, changed, is_known=is_known) if newer else before
        late = uplinks.late_frames(read, self._store, self._clock.speed)
        window = uplinks.with_late(window, [one.counter for one in late])
        judged = self.situation.judge(after, frame.received_at)
        called = help_notice.NOTHING if is_known else self.situation.hear(after.point, read)
        self.situation.keep(judged, after)
        said = [m for one in (frame, *late) for m in self._speaker.telemetry(after.point, one)]
        changes = Changes(
            at=frame.received_at,
            frame=frame,
            window=window,
            heard=after.heard if newer else None,
            readings=after.held if changed else {},
            alarms=tuple(change for one in judged for change in one.changes),
            messages=(*called.messages, *said, *(m for one in judged for m in self._messages(one))),
            event=read.event,
            boot=read.boot,
            late=late,
            calls=called.news,
        )
        whole = Opened(opened.header, opened.generation, opened.counter, opened.payload, window)
        before_it = self._authenticator.accept(whole)
        report = None if is_known else uplinks.report_of(read)
        return Taken(whole, frame, changes, judged, called.notices, after, before_it, report)

    def _write(self, batch: Batch, outcomes: list[str]) -> None:
        """Make durable what was taken, and only then let it be answered; else it has not happened."""
        taken = batch.close()
        if not taken:
            return
        judged = [one for _, each in taken for one in each.judged]
        try:
            notices = [notice for _, each in taken for notice in each.notices]
            self.recorder.commit_all([each.changes for _, each in taken], judged, notices)
        except StoreError:
            for place, each in taken:
                outcomes[place] = "not_stored"
                self._authenticator.take_back(each.opened, each.before)
                if self._transmitter is not None:
                    self._transmitter.not_stored(each.frame.kit)
            return
        for _, each in taken:
            wide, window = each.opened.header.wide, each.opened.window
            if self._transmitter is not None and window is not None:
                self._transmitter.heard(each.frame, window, wide=wide)
            self.situation.told(uplinks.receipt_of(each.frame), each.report)
            event, frame = each.changes.event, each.frame
            if event is not None and frame.kind == "alarm" and frame.fields.get("alarm") == alert_test.CAUSE:
                self.on_test_alarm(each.point, event)

    def _believed(self, frame: Frame, window: Window) -> Window:
        """Return the window to go on with; a kit that has proved to be here and now leaves its past behind."""
        link = self._transmitter
        if link is None or frame.kit not in link.unsure or self._is_unsure(frame):
            return window
        link.unsure.discard(frame.kit)
        return Window(frame.counter, uplinks.ALL_SEEN)

    def _is_unsure(self, frame: Frame) -> bool:
        """Tell whether this frame may be older than the database that it would change."""
        link = self._transmitter
        return link is not None and frame.kit in link.unsure and not link.proves(frame)

    def tick(self) -> None:
        """Let time pass: ages, forecasts and alarms of every point, and calls that wait. Call about once a second."""
        now = self._clock.now()
        if self._calls.tick(now):
            self.show()
        judged = self.situation.judge_all(now)
        spoken = [j for j in judged if j.changes or self._is_due(j)]
        facts = [j.facts for j in judged if j.facts.point is not self.situation.cp.point]
        refuel = self._refuel.messages(facts, now, self.situation.exercising)
        said = [m for j in spoken for m in self._messages(j)]
        stats = self._speaker.stats({**self.counters, **self.more_counters}, now)
        if not spoken and not stats and not refuel and not self.recorder.has_unsaved:
            return
        self.situation.keep(spoken)
        changes = tuple(change for j in spoken for change in j.changes)
        with suppress(StoreError):
            self.recorder.commit(Changes(at=now, alarms=changes, messages=(*said, *stats, *refuel)), spoken)
            self._speaker.note_stats(stats)
            if refuel:
                self._refuel.note(facts, now, self.situation.exercising)
        self.show()

    def _is_due(self, judged: Judgement) -> bool:
        """Of the gateway itself there is something to say only while an alarm stands."""
        stands = judged.facts.point is not self.situation.cp.point or any(
            a.is_shown for a in judged.kept.values()
        )
        return stands and self._speaker.is_due(judged)

    def _messages(self, judged: Judgement) -> list[OutboxMessage]:
        if judged.facts.point is self.situation.cp.point:
            return self._speaker.alarms(judged)
        return self._speaker.point(judged)

    def overview(self) -> Overview:
        """Return everything on the first page, as it is at this moment."""
        return self.dress(self.situation.overview(self._box(self._clock.now())))

    def refuel_list(self) -> RefuelList:
        """Return who needs which fuel, as it is at this moment."""
        now = self._clock.now()
        facts = [self.situation.facts(point, now) for point in self.situation.states.values()]
        return refuel_list.build(facts, self._config.refuel.hours, now, self.situation.exercising)

    def health(self, broker: str = "") -> Health:
        """Return what is wrong inside the gateway, for those who only have MQTT, and that of this broker."""
        return around.health(self._port, self._away(optional=True), self.recorder.word, broker)

    def _away(self, *, optional: bool) -> tuple[str, ...]:
        return around.away(self._config, self._brokers, optional=optional)

    def step(self, step: Step) -> None:
        """Follow a step of the clock with everything in memory, and let the audit trail say so."""
        stops = clock_step.stops_moved(self.situation.standings, step)
        alarms_after = self.situation.step(step)
        self._doubted = step.moved(self._doubted)
        self._since = step.moved(self._since)
        if self._port is not None:
            self._port.since = step.moved(self._port.since)
        self._speaker.step(step)
        self.believe_clock()
        actions = (clock_step.action(step), *stops)
        with suppress(StoreError):
            self.recorder.commit(Changes(at=step.to, alarms=alarms_after, actions=actions))
            self._store.move_outbox(step)
        self.show()

    def believe_clock(self) -> None:
        """Take our time for right: frames that seem to come later were stamped by a clock that was not."""
        self._newest_before = min(self._newest_before, self._clock.now())
        if self._transmitter is not None:
            self._transmitter.believe_clock()

    async def wait_changed(self, revision: int, timeout_s: float) -> int:
        """Return the present revision once it is not ``revision``, or after ``timeout_s`` wall seconds."""
        return await self._revision.wait(revision, timeout_s)

    def _heard_before(self, opened: Opened, reception: Reception, now: datetime) -> str:
        """Tell a frame that two receivers heard from one that somebody plays back."""
        kit = opened.header.address
        seen = self._store.find_frame(kit, opened.generation, opened.counter)
        if seen is not None and seen.raw == reception.data:
            age_s = (now - seen.received_at).total_seconds() / self._clock.speed
            # Below 0 the clock was set back: what was heard in the future is no echo of now.
            if 0 <= age_s <= DUPLICATE_S:
                if self._transmitter is not None:
                    self._transmitter.echo(seen)
                return "duplicate"
        self._tamper.note(kit, "replay", self._now_ms())
        return "replay"

    def _read(self, opened: Opened, reception: Reception, now: datetime) -> Read:
        point = self._point_of[opened.header.address]
        frame = opened.received(point, now, reception.data, reception.rssi_dbm, reception.snr_db)
        return uplinks.read(frame, opened.payload, self._clock.speed)

    def _link(self, point: PointState) -> LinkFacts | None:
        """Return what the link knows of a point's kit, or of the gateway itself."""
        kit = point.point.kit_address
        if self._transmitter is None or (kit is None and point.point.slug != self._own_slug):
            return None
        tampered = kit is not None and self._tamper.is_suspected(kit, self._now_ms())
        return self._transmitter.facts(kit, tampered=tampered)

    def _now_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)

    def _box(self, now: datetime) -> Box:
        return replace(
            around.box(self._config, self._port, self._clock, now),
            broker_ok=bool(self._brokers) and not self._away(optional=False),
            counters=self.counters,
            store_problem=self.recorder.problem,
            gateway_since=self._since,
            clock_behind_s=max(0.0, (self._newest_before - now).total_seconds()),
        )

    def _look_at_start(self, now: datetime) -> None:
        """Warn of a clock that is behind the journal; let the broker forget points that are no more."""
        behind_s = (self._newest_before - now).total_seconds()
        if behind_s > 0:
            _log.warning("clock is behind the journal", behind_s=round(behind_s), cure="set the box's clock")
        gone = restore.forgotten(self._store, {*self.situation.states, self._own_slug}, now)
        if gone is not None:
            self.recorder.commit(gone)

    def show(self) -> None:
        """Wake every screen that waits for a change."""
        self._revision.bump()
