"""Kits that never give up, as far as the link goes: real sealed frames, sent again until they are acknowledged on air."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gateway_box import VITAL
from nspgateway.keys import KitKey
from nsplink import backfill, frame, message, seal, timing
from nsplink.frame import BadTag, ReplayWindow

EPOCH = 64
ALARM = "generator_failed"
ALARM_BIT = 1
# About as soon as a kit tries first (1 s): it never becomes patient here.
RETRY_S = (1.1, 1.8)
_KEPT = 400  # heartbeats that a kit remembers for who missed them


@dataclass
class Event:
    """Something that is sent under a new counter each time until it is acknowledged."""

    kind: str
    fields: dict[str, Any]
    due_s: float = 0.0
    counters: set[int] = field(default_factory=set)


class Kit:
    """One kit. ``acked``: counters that the gateway said, on air, to have.

    ``broken``: whether its alarm stands; ``turns``: how often that changed.
    """

    def __init__(self, key: KitKey, gateway_id: int, chance: Random) -> None:
        self.address = key.address
        self.generation = key.generation
        self.acked: set[int] = set()
        self.broken = False
        self.permille = 900
        self._up = seal.UplinkKey(key.key)
        self._down = seal.DownlinkKey(key.key, gateway_id)
        self._window = ReplayWindow()
        self._chance = chance
        self._counter = EPOCH
        self.turns = 0
        self._boot = Event("boot", {"boot_epoch": EPOCH, "reset_cause": "power", "boots": 1})
        self._waiting: deque[Event] = deque([self._boot])
        self._vitals: dict[int, tuple[float, bytes]] = {}
        self._offers: dict[int, set[int]] = {}  # counter of a backfill -> the counters in it

    @property
    def has_news(self) -> bool:
        """Whether something other than what is late waits for an acknowledgement."""
        return any(event.kind != "backfill" for event in self._waiting)

    def __repr__(self) -> str:
        return f"Kit({self.address}, last {self.last}, waiting {list(self._waiting)})"

    @property
    def is_content(self) -> bool:
        """Whether nothing of it waits for an acknowledgement."""
        return not self._waiting

    @property
    def last(self) -> int:
        """The counter of its newest frame."""
        return self._counter - 1

    def is_due(self, now_s: float) -> bool:
        """Whether what waits is to be sent now."""
        return self._due(now_s) is not None

    def turn(self) -> None:
        """Let its generator fail, or work again: news that must arrive."""
        self.broken = not self.broken
        self.turns += 1
        kind = "alarm" if self.broken else "clear"
        named = {"event_boot": EPOCH, "event_n": self.turns, "alarm": ALARM, "age_s": 0}
        self._waiting.append(Event(kind, named))

    def next(self, now_s: float) -> bytes:
        """Return its next frame: what waits for an acknowledgement when it is due, else a heartbeat."""
        if (event := self._due(now_s)) is not None:
            event.due_s = now_s + self._chance.uniform(*RETRY_S)
            event.counters.add(self._counter)
            if event.kind == "backfill":
                self._offers[self._counter] = {record[0] for record in event.fields["of"]}
                return self._seal("backfill", self._packed(event.fields["of"], now_s))
            return self._seal(event.kind, event.fields)
        return self.heartbeat(now_s)

    def heartbeat(self, now_s: float) -> bytes:
        """Return a heartbeat; there is always something new in it."""
        self.permille = self.permille - 5 if self.permille > 300 else 900  # 5 is the step on air
        alarms = ALARM_BIT if self.broken else 0
        fields = VITAL | {"fuel_permille": self.permille, "alarms": alarms}
        self._vitals[self._counter] = (now_s, message.encode("vital", fields))
        while len(self._vitals) > _KEPT:
            del self._vitals[next(iter(self._vitals))]
        return self._seal("vital", fields)

    def hear(self, data: bytes, now_s: float) -> None:
        """Take a downlink that may be for this kit."""
        header, _ = frame.parse(data)
        if header.direction != frame.DOWN or header.address != self.address:
            return
        opened = opened_by(self._down, self._window, data, EPOCH)
        if opened is None:
            return
        fields = message.decode(header.kind, opened[1])
        if header.kind == "ack":
            self._note_acked(int(fields["acked"]))
        elif header.kind == "link":
            self._note_link(int(fields["heard"]), int(fields["missing"]), now_s)

    def _due(self, now_s: float) -> Event | None:
        """News goes before what is late, and in its order."""
        news = [event for event in self._waiting if event.kind != "backfill"][:1]
        late = [event for event in self._waiting if event.kind == "backfill"][:1]
        return next((event for event in (*news, *late) if event.due_s <= now_s), None)

    def _note_acked(self, counter: int) -> None:
        self.acked.add(counter)
        self.acked |= self._offers.pop(counter, set())
        self._waiting = deque(event for event in self._waiting if counter not in event.counters)

    def _note_link(self, low: int, missing: int, now_s: float) -> None:
        """Counters up to the one heard: here, or lost on the way and offered again."""
        heard = self.last - ((self.last - low) & 0xFFFF)
        behind = [heard - 1 - bit for bit in range(timing.LINK_REACH) if heard - 1 - bit >= EPOCH]
        lost = {n for n in behind if missing >> (heard - 1 - n) & 1}
        self.acked |= {heard, *behind} - lost
        offered = {n for event in self._waiting if event.kind == "backfill" for n, _, _ in event.fields["of"]}
        records = [(n, *self._vitals[n]) for n in sorted(lost - offered) if n in self._vitals]
        while records:
            count = backfill.pack([(n, int(at), data) for n, at, data in records])[1]
            self._waiting.append(Event("backfill", {"of": records[:count]}, now_s))
            records = records[count:]

    def _packed(self, records: list[tuple[int, float, bytes]], now_s: float) -> dict[str, Any]:
        data, _ = backfill.pack([(n, int(at), payload) for n, at, payload in records])
        age_s = int(now_s - records[0][1])
        return {"base_counter": records[0][0], "base_age_s": age_s, "records": data}

    def _seal(self, kind: str, fields: dict[str, Any]) -> bytes:
        # In full, as a kit does that does not know whether it was heard.
        header = frame.Header(frame.UP, kind, self.address, self.generation & 1, False, True, self._counter)
        self._counter += 1
        return self._up.seal(header, message.encode(kind, fields))


class Witness:
    """Hears every downlink and knows all keys. ``reused``: counters that were on air under one key with other bytes."""

    def __init__(self, keys: list[KitKey], gateway_id: int) -> None:
        self.heard = 0
        self.unread = 0
        self.reused: list[tuple[int, int]] = []
        self._keys = {key.address: seal.DownlinkKey(key.key, gateway_id) for key in keys}
        self._windows: dict[int, ReplayWindow] = {}
        self._said: dict[tuple[int, int], bytes] = {}

    def hear(self, data: bytes) -> None:
        """Write one downlink down."""
        header, _ = frame.parse(data)
        self.heard += 1
        epoch = EPOCH if header.address & 63 else 0
        window = self._windows.setdefault(header.address, ReplayWindow())
        opened = opened_by(self._keys[header.address], window, data, epoch)
        if opened is None:
            self.unread += 1
            return
        name = (header.address, opened[0])
        if self._said.setdefault(name, data) != data:
            self.reused.append(name)


def opened_by(
    key: seal.DownlinkKey, window: ReplayWindow, data: bytes, epoch: int
) -> tuple[int, bytes] | None:
    """Return counter and payload, whether new to ``window`` or not; None when it cannot be opened."""
    header, _ = frame.parse(data)
    try:
        candidates = window.candidates(header)
    except frame.OutOfSync:
        return None
    for counter in candidates:
        try:
            payload = key.open(data, header, counter, epoch)
        except BadTag:
            continue
        try:
            window.check(counter)
        except frame.Replayed:
            return counter, payload
        window.accept(counter)
        return counter, payload
    return None
