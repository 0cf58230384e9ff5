"""The gateway's own decisions in virtual time: who is authentic, what is new, what to answer; its journal is in memory.

What the field's gateway writes to disk this one keeps in lists that a restart leaves alone;
what it holds in memory a restart throws away.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nspgateway.authenticate import Authenticator, Opened, Refused
from nspgateway.downlinks import Send, Ticket, Uplink
from nspgateway.keys import KitKey
from nspgateway.link import Link
from nspgateway.records import Window
from nspkit.radio import RadioError
from nsplink import backfill, message, regions, seal, timing
from nsptools.bench.air import Air
from nsptools.fleet.kit import CountingRadio

_BLOCK = 1024
_EVENTS = frozenset({"alarm", "clear", "help"})
# The disk's share of the turn-around.
COMMIT_S = 0.02
EPOCH_UTC_S = 1_795_000_000
_NEVER = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Disk:
    """What survives a restart. ``events``: (kit, kind, boot, n, mark) -> second it was durable."""

    windows: dict[tuple[int, int], Window] = field(default_factory=dict)
    epochs: dict[int, int] = field(default_factory=dict)
    counters: dict[int, int] = field(default_factory=dict)
    heartbeats: dict[int, dict[int, float]] = field(default_factory=dict)
    late: dict[int, dict[int, float | None]] = field(default_factory=dict)
    events: dict[tuple[Any, ...], float] = field(default_factory=dict)
    order: list[tuple[Any, ...]] = field(default_factory=list)
    state: dict[int, tuple[int, float]] = field(default_factory=dict)


class _Reserved:
    """Downlink counters, a block at a time."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._next: dict[int, int] = {}

    def next(self, address: int) -> int:
        """Return the next counter, never used before, also after a restart."""
        at = self._next.get(address, self._disk.counters.get(address, 0))
        if at >= self._disk.counters.get(address, 0):
            self._disk.counters[address] = at + _BLOCK
        self._next[address] = at + 1
        return at


class FleetGateway:
    """One gateway on the air. ``keys``: the kits' and the group's; ``restart`` is a power cut."""

    def __init__(
        self,
        air: Air,
        cp_number: int,
        gateway_id: int,
        keys: Mapping[int, bytes],
        phy: Mapping[str, int | str],
        chance: random.Random,
    ) -> None:
        self.disk = Disk()
        self.counters: Counter[str] = Counter()
        self.log: list[tuple[Any, ...]] = []
        self.silent: dict[int, float] = {}
        self.false_silences: list[tuple[float, int]] = []
        self._cp_number = cp_number
        self._gateway_id = gateway_id
        self._keys = dict(keys)
        self._phy = dict(phy)
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._kits = [address for address in keys if address & 63]
        self._down: dict[int, seal.DownlinkKey] = {
            a: seal.DownlinkKey(k, gateway_id) for a, k in keys.items()
        }
        self._limit_us = regions.sub_band(int(phy["frequency_hz"]), int(phy["bandwidth_khz"]))[4]
        self.interval_s = 300
        self.radio = CountingRadio(air, "gateway", phy, self._heard)
        self._awake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._up = False
        self.on_receipt: Callable[[int, Mapping[str, Any]], None] = lambda _kit, _receipt: None
        self.boot()

    def boot(self) -> None:
        """Start from the disk alone."""
        disk, now = self.disk, self.now_ms()
        keys = [
            KitKey(address=a, generation=1, key=k, created=_NEVER) for a, k in self._keys.items() if a & 63
        ]
        self.authenticator = Authenticator(self._cp_number, frozenset(self._kits), keys, disk.windows)
        self.link = Link(
            self._cp_number,
            self._gateway_id,
            self._phy,
            self._limit_us,
            self._chance,
            _Reserved(disk),
            now_ms=now,
            intervals=dict.fromkeys(self._kits, self.interval_s * 1000),
            group_generation=1,
        )
        # A box that was off does not know what it spent: what its ledger held goes on.
        for kit, epoch in disk.epochs.items():
            window = disk.windows[kit, 1]
            self.link.kit_epoch(kit, 1, epoch, window.newest, window.seen)
        self.silent.clear()
        self._up = True

    def fail(self) -> None:
        """Lose power: nothing is heard, nothing is said, memory is gone."""
        self._up = False
        self.radio.drop_out("no power")

    def restart(self) -> None:
        """Power is back."""
        ages = self.link.ledger.by_age(self.now_ms())
        self.boot()
        self.link.ledger.take_up(self.now_ms(), ages)
        self.radio.come_back()
        self._awake.set()

    def now_ms(self) -> int:
        """Milliseconds of virtual time."""
        return round(self._loop.time() * 1000)

    def ask(self, kit: int, kind: str, fields: Mapping[str, object]) -> Ticket:
        """Send to a kit until it answers; as the field's transmitter."""
        ticket = self.link.request(kit, kind, fields, self.now_ms())
        self._awake.set()
        return ticket

    def tell_all(self, fields: Mapping[str, object]) -> Ticket:
        """Send one fragment of a message to all kits, once."""
        ticket = self.link.broadcast(fields, self.now_ms())
        self._awake.set()
        return ticket

    async def run(self) -> None:
        """Send what the link wants sent, until cancelled."""
        await asyncio.gather(self.radio.run(), self._transmit(), self._watch())

    async def _transmit(self) -> None:
        while True:
            send = (
                self.link.next(self.now_ms(), timing.utc_min(EPOCH_UTC_S + int(self._loop.time())))
                if self._up
                else None
            )
            if send is None:
                at = self.link.next_ms(self.now_ms()) if self._up else None
                self._awake.clear()
                pause = 3600.0 if at is None else max(0.001, (at - self.now_ms()) / 1000)
                timer = self._loop.call_later(pause, self._awake.set)
                await self._awake.wait()
                timer.cancel()
                continue
            await self._send(send)

    async def _send(self, send: Send) -> None:
        link = self.link
        data = self._down[send.address].seal(send.header, send.payload, send.boot_epoch)
        began = self._loop.time()
        try:
            await self.radio.send(data, send.air_us // 1000 + 1)
        except RadioError:
            if link is self.link:
                link.not_sent(send, self.now_ms())
            return
        self.log.append((round(began, 6), "down", send.kind, send.address, send.header.counter))
        if link is self.link:
            link.sent(self.now_ms())

    async def _watch(self) -> None:
        """Look each ten seconds who is silent, as the alarms would."""
        while True:
            await asyncio.sleep(10)
            if not self._up:
                continue
            now = self.now_ms()
            for kit in self._kits:
                if self.link.silence.is_silent(kit, now):
                    if kit not in self.silent:
                        self.silent[kit] = self._loop.time()
                        if not self.link.silence.trouble(now):
                            self.false_silences.append((self._loop.time(), kit))
                else:
                    self.silent.pop(kit, None)

    def _heard(self, _rssi: int | None, snr_db: int | None, data: bytes) -> None:
        if not self._up:
            return
        try:
            opened = self.authenticator.open(data)
        except Refused as refused:
            self.counters[refused.outcome] += 1
            return
        if opened.window is None:
            self.counters["replay"] += 1
            return
        fields = message.decode(opened.header.kind, opened.payload)
        end_ms = self.now_ms()
        self.authenticator.accept(opened)
        self._loop.call_later(COMMIT_S, self._durable, opened, fields, end_ms, snr_db, self.link)

    def _durable(
        self, opened: Opened, fields: dict[str, Any], end_ms: int, snr_db: int | None, link: Link
    ) -> None:
        """The disk has it: now it is true, and may be acknowledged."""
        if link is not self.link or opened.window is None:
            return  # the power went before the disk had it
        header, disk, now = opened.header, self.disk, self._loop.time()
        kit = header.address
        self.counters["accepted"] += 1
        disk.windows[kit, 1] = opened.window
        self._enter(kit, header.kind, opened.counter, fields, now)
        self.log.append((round(now, 6), "up", header.kind, kit, opened.counter))
        window = opened.window
        up = Uplink(
            kit,
            1,
            header.kind,
            opened.counter,
            header.wide,
            fields,
            window.newest,
            window.seen,
            end_ms,
            snr_db,
        )
        link.heard(up)
        if header.kind == "receipt":
            self.on_receipt(kit, fields)
        self._awake.set()

    def _enter(self, kit: int, kind: str, counter: int, fields: dict[str, Any], now: float) -> None:
        disk = self.disk
        if kind in {"vital", "full"}:
            disk.heartbeats.setdefault(kit, {})[counter] = now
            newest, _ = disk.state.get(kit, (-1, 0.0))
            if counter > newest:
                disk.state[kit] = (counter, now)
        elif kind == "boot":
            disk.epochs[kit] = fields["boot_epoch"]
        elif kind == "backfill":
            base = fields["base_age_s"]
            for number, later_s, _ in backfill.unpack(fields["records"], fields["base_counter"]):
                if number in disk.heartbeats.get(kit, {}) or number in disk.late.get(kit, {}):
                    self.counters["backfilled_twice"] += 1
                    continue
                disk.late.setdefault(kit, {})[number] = None if base is None else now - base + later_s
        elif kind in _EVENTS:
            name = (kit, kind, fields["event_boot"], fields["event_n"], fields.get("help_mark"))
            if name not in disk.events:
                disk.events[name] = now
                disk.order.append(name)
