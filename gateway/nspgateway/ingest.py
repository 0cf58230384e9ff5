"""The main path: a frame from the air becomes journal, state, alarms and messages, or is counted as refused.

    open -> decode -> state -> judge -> commit -> show

Everything a frame changes is written in one transaction before anybody hears
of it. What a transaction could not write is shown on the page, since the people
there must not miss it, and is said on MQTT only once it is written.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog
from msgspec import ValidationError

from nspgateway import alarms, judge, messages, overview, state
from nspgateway.alarms import AlarmState
from nspgateway.authenticate import Authenticator, Opened, Refused
from nspgateway.clock import Clock
from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.errors import StoreError
from nspgateway.judge import Judgement
from nspgateway.keys import KeyRegister
from nspgateway.outbox import Outbox
from nspgateway.overview import Box
from nspgateway.payloads import Demo, Health, Modem, utc
from nspgateway.ports import Port, Reception
from nspgateway.records import AlarmChange, Changes, Frame, Held
from nspgateway.rules import Rule
from nspgateway.speaker import Speaker
from nspgateway.state import PointState
from nspgateway.store import Store
from nspgateway.unsaved import Unsaved
from nspgateway.view import Overview
from nsplink import frame as wire
from nsplink import message
from nsplink.fields import MESSAGES

# The same frame heard twice by two receivers, seconds on the wall; later it is a replay.
DUPLICATE_S = 30.0

_log = structlog.get_logger()


class BrokerLink(Protocol):
    """What the overview wants to know of a broker's link: "online" or not."""

    @property
    def state(self) -> str:
        """One word for how the link is."""
        ...


class Ingest:
    """The gateway's heart. One for each gateway; all calls from the event loop's thread.

    ``counters``: frames by outcome since the start. ``store_problem``: why the last
    transaction failed, empty when it did not.
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
    ) -> None:
        """Take up the thread where the store has it. ``demo``: every message says so. Raises StoreError."""
        now = clock.now()
        store.register(config, points, now)
        self.counters: Counter[str] = Counter()
        self.store_problem = ""
        self._store_word = ""
        self.outboxes = {broker.name: Outbox(store, broker.name) for broker in config.broker}
        self._config = config
        self._store = store
        self._clock = clock
        self._rules = alarms.load_rules() if rules is None else rules
        self._point_of = {p.kit_address: p.slug for p in points if p.kit_address is not None}
        self._authenticator = Authenticator(
            config.cp_number, frozenset(self._point_of), keys.keys, store.windows()
        )
        self._states = {p.slug: _restored(p, store, now) for p in points}
        self._alarms = _restored_alarms(points, store)
        self._demo = Demo(clock.speed) if demo else None
        self._speaker = Speaker(config, now, self._demo)
        self._unsaved = Unsaved()
        self._doubted: dict[int, Mapping[str, Held]] = {}
        self._since = now
        self._newest_before = store.newest() or now
        self._look_at_start(now)
        self._revision = 0
        self._changed = asyncio.Event()
        self._port: Port | None = None
        self._brokers: tuple[BrokerLink, ...] = ()

    def attach(self, port: Port, brokers: Sequence[BrokerLink] = ()) -> None:
        """Name the links whose state the overview shows."""
        self._port = port
        self._brokers = tuple(brokers)

    def receive(self, reception: Reception) -> str:
        """Take one frame; return what became of it, one of the words in ``counters``."""
        try:
            outcome = self._receive(reception, self._clock.now())
        except StoreError as error:
            self._note_problem(error)
            outcome = "not_stored"
        self.counters[outcome] += 1
        if outcome in ("accepted", "not_stored"):
            self._show()
        else:
            # Foreign traffic comes all day and floods come with an attack: counted always, told on demand.
            _log.debug("frame refused", outcome=outcome, length=len(reception.data), rssi=reception.rssi_dbm)
        return outcome

    def _receive(self, reception: Reception, now: datetime) -> str:
        try:
            opened = self._authenticator.open(reception.data)
        except Refused as refused:
            return refused.outcome
        if opened.window is None:
            return self._heard_before(opened, reception, now)
        if opened.header.kind not in MESSAGES:
            return "unsupported"
        try:
            frame = self._decode(opened, reception, now)
        except wire.Malformed:
            return "undecodable"
        self._take(opened, frame)
        return "accepted"

    def _take(self, opened: Opened, frame: Frame) -> None:
        """Write down everything that the frame changes and let it be true; StoreError when only true."""
        before = self._states[frame.point]
        newer = state.is_newer(before, frame)
        changed = state.changes(before, frame) if newer else {}
        if not self._authenticator.has_heard(frame.kit):
            # The first we ever hear of a kit may be an old recording: without a window nothing tells.
            self._doubted[frame.kit] = changed
            changed = {name: _doubted(held) for name, held in changed.items()}
        elif newer:
            changed = {**self._doubted.pop(frame.kit, {}), **changed}
        after = state.after(before, frame, changed) if newer else before
        judged = self._judge(after, frame.received_at)
        self._keep(after, judged)
        said = [*self._speaker.telemetry(after.point, frame), *self._speaker.point(judged)]
        self._commit(
            Changes(
                at=frame.received_at,
                frame=frame,
                window=opened.window,
                heard=after.heard if newer else None,
                readings=changed,
                alarms=judged.changes,
                messages=tuple(said),
            ),
            (judged,),
        )
        self._authenticator.accept(opened)

    def tick(self) -> None:
        """Let time pass: ages, forecasts and alarms of every point. Call about once a second."""
        now = self._clock.now()
        judged = [self._judge(point, now) for point in self._states.values()]
        spoken = [j for j in judged if j.changes or self._speaker.is_due(j)]
        said = [m for j in spoken for m in self._speaker.point(j)]
        stats = self._speaker.stats(self.counters, now)
        if not spoken and not stats and not self._unsaved:
            return
        for j in spoken:
            self._keep(self._states[j.facts.point.slug], j)
        changes = tuple(change for j in spoken for change in j.changes)
        try:
            self._commit(Changes(at=now, alarms=changes, messages=(*said, *stats)), spoken)
        except StoreError as error:
            self._note_problem(error)
        else:
            self._speaker.note_stats(stats)
        self._show()

    def overview(self) -> Overview:
        """Return everything on the first page, as it is at this moment."""
        now = self._clock.now()
        points = self._states.items()
        return overview.build(
            [state.facts(point, now) for _, point in points],
            {slug: tuple(kept.values()) for slug, kept in self._alarms.items()},
            {slug: overview.Heard(p.heard.rssi_dbm, p.heard.snr_db) for slug, p in points if p.heard},
            self._box(now),
        )

    def health(self) -> Health:
        """Return what is wrong inside the gateway, for those who only have MQTT."""
        port = self._port
        modem = Modem(port.state, port.cause, utc(port.since)) if port else None
        return Health(modem, self._store_word)

    async def wait_changed(self, revision: int, timeout_s: float) -> int:
        """Return the present revision once it is not ``revision``, or after ``timeout_s`` wall seconds."""
        if self._revision == revision:
            changed = self._changed
            try:
                async with asyncio.timeout(timeout_s):
                    await changed.wait()
            except TimeoutError:
                pass
        return self._revision

    def _heard_before(self, opened: Opened, reception: Reception, now: datetime) -> str:
        """Tell a frame that two receivers heard from one that somebody plays back."""
        seen = self._store.find_frame(opened.header.address, opened.generation, opened.counter)
        if seen is None or seen.raw != reception.data:
            return "replay"
        age_s = (now - seen.received_at).total_seconds() / self._clock.speed
        # Below 0 the clock was set back: what was heard in the future is no echo of now.
        return "duplicate" if 0 <= age_s <= DUPLICATE_S else "replay"

    def _decode(self, opened: Opened, reception: Reception, now: datetime) -> Frame:
        header = opened.header
        return Frame(
            kit=header.address,
            generation=opened.generation,
            counter=opened.counter,
            point=self._point_of[header.address],
            received_at=now,
            kind=header.kind,
            exercise=header.exercise,
            fields=message.decode(header.kind, opened.payload),
            raw=reception.data,
            rssi_dbm=reception.rssi_dbm,
            snr_db=reception.snr_db,
        )

    def _judge(self, point: PointState, now: datetime) -> Judgement:
        kept = self._alarms[point.point.slug]
        return judge.judge(point, kept, self._rules, now, self._clock.speed, self._demo)

    def _box(self, now: datetime) -> Box:
        config, port = self._config, self._port
        return Box(
            now=now,
            region=config.region_name or config.region,
            cp=config.cp_name or config.cp,
            speed=self._clock.speed,
            modem_ok=port is not None and port.state == "up",
            modem_reason=port.reason if port else "",
            modem_since=port.since if port else None,
            broker_ok=bool(self._brokers) and all(broker.state == "online" for broker in self._brokers),
            counters=self.counters,
            sf=config.radio.sf,
            modem_cause=port.cause if port else "",
            store_problem=self.store_problem,
            gateway_since=self._since,
            clock_offset_s=self._clock.offset_s(),
            clock_behind_s=max(0.0, (self._newest_before - now).total_seconds()),
        )

    def _look_at_start(self, now: datetime) -> None:
        """Warn of a clock that is behind the journal; let the broker forget points that are no more."""
        behind_s = (self._newest_before - now).total_seconds()
        if behind_s > 0:
            _log.warning("clock is behind the journal", behind_s=round(behind_s), cure="set the box's clock")
        regions = self._store.regions()
        gone = {key: record for key, record in self._store.alarms().items() if key[0] not in self._states}
        if gone:
            self._commit(
                Changes(
                    at=now,
                    alarms=tuple(
                        AlarmChange(slug, name, "forget", record, is_kept=False, is_event=True)
                        for (slug, name), record in gone.items()
                    ),
                    messages=tuple(
                        messages.forgotten(regions[slug], slug, leaf, now)
                        for slug in dict.fromkeys(slug for slug, _ in gone)
                        for leaf in ("state", *(f"alarm/{name}" for point, name in gone if point == slug))
                    ),
                )
            )

    def _commit(self, changes: Changes, judged: Sequence[Judgement] = ()) -> None:
        """Write durably, with what could not be written before, and wake the brokers' links.

        Raises StoreError with nothing written; the changes of alarms in ``judged`` are kept for later.
        """
        try:
            self._store.commit(self._unsaved.before(changes))
        except StoreError:
            for one in judged:
                self._unsaved.add(changes.at, one.changes, one.messages)
            raise
        self._unsaved.clear()
        self.store_problem = self._store_word = ""
        for one in judged:
            self._speaker.note(one)
        for outbox in self.outboxes.values():
            outbox.wake()

    def _note_problem(self, error: StoreError) -> None:
        """Say once, not at every frame, that the store does not work."""
        if str(error) != self.store_problem:
            self.store_problem, self._store_word = str(error), error.word
            _log.error("not stored", reason=self.store_problem)

    def _keep(self, point: PointState, judged: Judgement) -> None:
        slug = point.point.slug
        self._states[slug] = point
        self._alarms[slug] = dict(judged.kept)

    def _show(self) -> None:
        """Wake every screen that waits for a change."""
        self._revision += 1
        self._changed.set()
        self._changed = asyncio.Event()


def _doubted(held: Held) -> Held:
    """Return a value for which nobody vouches yet: never better than stale."""
    return replace(held, source="stale") if held.source == "good" else held


def _restored(point: PointConfig, store: Store, now: datetime) -> PointState:
    """Return a point's state as the store has it; the histories are drawn from the journal again."""
    restored = PointState(point, store.readings(point.slug), store.heard(point.slug))
    for frame in store.frames(point.slug, now - state.HISTORY - state.WARM_UP):
        restored = state.remember(restored, frame)
    return restored


def _restored_alarms(points: Sequence[PointConfig], store: Store) -> dict[str, dict[str, AlarmState]]:
    restored: dict[str, dict[str, AlarmState]] = {p.slug: {} for p in points}
    for (slug, name), record in store.alarms().items():
        if slug in restored:
            try:
                restored[slug][name] = alarms.from_json(record)
            except ValidationError as error:
                # What still is true is raised again by the next frame; the page must not stay dark for this.
                _log.error("alarm dropped, cannot be read", point=slug, alarm=name, reason=str(error))
    return restored
