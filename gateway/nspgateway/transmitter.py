"""The link at work: what is durable goes in, what is due is sealed, put on the air and accounted for.

Between the pure ``link`` and the port. It keeps the wall's time, also in a demo: law and
radio know no faster clock.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog

from nspgateway.clock import Clock
from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.counters import DownlinkCounters
from nspgateway.downlinks import Send, Ticket, Uplink
from nspgateway.errors import GatewayError
from nspgateway.facts import LinkFacts
from nspgateway.keys import KeyRegister
from nspgateway.link import Link
from nspgateway.ports import ForwarderRefused, ModemRefused, Port, PortDown, PortError
from nspgateway.records import Frame, Value, Window
from nspgateway.silence import ASK_MISSED, BURST_MS
from nspgateway.store import Store
from nspgateway.view import WATCHED
from nsplink import commands, regions, seal, timing

COUNTERS_FILE = "downlink.json"
SAVE_MS = 60_000
# A radio or a disk that takes nothing is asked again after so long.
_AGAIN_S = 1.0
_LONGEST_WAIT_S = 30.0
# A kit that has to prove that its frames are of now is asked for it so often.
_PROVE_MS = 600_000
_GARBLED_MS = 900_000
_DOWN_MS = 60_000
# After so much of the lawful hour the account is written again. A start that follows a power cut counts one
# such part as spent: small, or a box that restarts all the time would fall silent by it.
_QUANTA = 720
_YEAR = 2026  # no time of ours lies before it

_log = structlog.get_logger(__name__)


class Transmitter:
    """Everything that the gateway sends. Raises CountersError when it cannot start.

    ``has_group``: there is a key to reach all kits at once. ``unsure``: kits whose frames may be
    recordings from before the database was restored. ``on_receipt`` hears what a kit says of a message
    to residents, ``on_boot`` that one has begun anew, under which generation of its key.
    ``is_clock_trusted``: asked before a kit is told the time.
    """

    def __init__(
        self,
        config: GatewayConfig,
        points: Sequence[PointConfig],
        keys: KeyRegister,
        store: Store,
        clock: Clock,
        chance: random.Random | None = None,
    ) -> None:
        phy = config.radio.phy()
        limit_us = regions.sub_band(config.radio.frequency_hz, config.radio.bandwidth_khz)[4]
        found = store.windows()
        self.counters = DownlinkCounters(
            config.data / COUNTERS_FILE, store.downlinks(), found, limit_us // _QUANTA, store.put_downlink
        )
        self.windows: Mapping[tuple[int, int], Window] = self.counters.windows(found)
        self.unsure = {kit for kit, _ in self.windows} if self.counters.is_restored else set()
        if self.unsure:
            _log.warning("the database is older than what was heard", cure="kits prove that they are of now")
        self._clock = clock
        self._keys = {(key.address, key.generation): key for key in keys.keys if key.withdrawn is None}
        self._sealing: dict[tuple[int, int], seal.DownlinkKey] = {}
        self._gateway_id = config.gateway_id
        group = config.cp_number << 6
        self.has_group = any(address == group for address, _ in self._keys)
        self.link = Link(
            config.cp_number,
            config.gateway_id,
            phy,
            limit_us,
            chance or random.Random(),
            self.counters,
            now_ms=self.now_ms(),
            intervals=_intervals(points, clock.speed),
            group_generation=max((g for address, g in self._keys if address == group), default=None),
        )
        self.link.ledger.take_up(self.now_ms(), self.counters.air_us)
        self._take_up(store)
        self._wake = asyncio.Event()
        self._problem = ""
        self.on_receipt: Callable[[int, Mapping[str, Value]], None] = lambda _kit, _receipt: None
        self.on_boot: Callable[[int, int], None] = lambda _kit, _generation: None
        self._proved_ms: dict[int, int] = {}
        self._newest_before = store.newest()
        self.is_clock_trusted: Callable[[], bool] = lambda: True
        self._saved_ms = self.now_ms()
        self._port: Port | None = None
        self._garbled: deque[tuple[int, int]] = deque()
        self._down_ms: int | None = None
        self._troubled_ms: int | None = None

    def now_ms(self) -> int:
        """Return the wall's monotonic milliseconds."""
        return int(self._clock.monotonic() * 1000)

    # What ingest tells

    def heard(self, frame: Frame, window: Window, *, wide: bool) -> None:
        """Take note of a frame that is durable."""
        now_ms = self.now_ms()
        fields: Mapping[str, object] = frame.fields
        if frame.kind == "answer":
            fields = {**fields, "value": bytes.fromhex(str(fields.get("value") or ""))}
        self.link.heard(
            Uplink(
                frame.kit,
                frame.generation,
                frame.kind,
                frame.counter,
                wide,
                fields,
                window.newest,
                window.seen,
                now_ms,
                frame.snr_db,
            )
        )
        contact = self.link.contact(frame.kit)
        self.counters.note(frame.kit, frame.generation, window.newest, contact.epoch if contact else None)
        if frame.kind == "receipt":
            self.on_receipt(frame.kit, frame.fields)
        elif frame.kind == "boot":
            self.on_boot(frame.kit, frame.generation)
        if frame.kit in self.unsure:
            self._ask_for_proof(frame.kit, now_ms)
        self._wake.set()

    def watch(self, points: Sequence[PointConfig]) -> None:
        """Watch the kits of the points that are in use now; called again each time that this changes."""
        self.link.silence.watch(_intervals(points, self._clock.speed), self.now_ms())
        self._wake.set()

    def withdraw(self, kit: int, generation: int) -> None:
        """Seal nothing more under a kit's key of this generation or an older one."""
        contact = self.link.contact(kit)
        if contact is not None and contact.generation <= generation:
            # Nothing is sealed for a boot that we do not know, and it can tell us of none any more.
            contact.epoch = None

    def not_stored(self, kit: int) -> None:
        """Take note that a kit was heard although its frame is not durable: not answered, and not silent either."""
        self.link.silence.heard(kit, self.now_ms())

    def echo(self, frame: Frame) -> None:
        """Answer a frame that was heard twice, once more."""
        self.link.echo(frame.kit, frame.kind, frame.counter, frame.fields, self.now_ms())
        self._wake.set()

    def proves(self, frame: Frame) -> bool:
        """Tell whether this frame can only have been made now: it answers something that was just sent."""
        answers = frame.fields.get("answers")
        if frame.kind != "answer" or not isinstance(answers, int):
            return False
        return self.link.has_used(frame.kit, answers)

    def ask(self, kit: int, kind: str, fields: Mapping[str, object]) -> Ticket:
        """Send a command, help_stage, status112 or release to a kit until it answers. ValueError: see ``Link.request``."""
        ticket = self.link.request(kit, kind, fields, self.now_ms())
        self._wake.set()
        return ticket

    def tell_all(self, fields: Mapping[str, object]) -> Ticket:
        """Send one fragment of a message to all kits, once. ValueError when there is no group key."""
        ticket = self.link.broadcast(fields, self.now_ms())
        self._wake.set()
        return ticket

    def facts(self, kit: int | None, *, tampered: bool = False) -> LinkFacts:
        """Return what the link knows of a kit; of the gateway itself with None."""
        now_ms = self.now_ms()
        silence = self.link.silence
        trouble = self._trouble(now_ms)
        contact = None if kit is None else self.link.contact(kit)
        return LinkFacts(
            silent=None if kit is None else silence.is_silent(kit, now_ms),
            trouble=trouble,
            tampered=tampered,
            snr_db=contact.snr_db if contact else None,
            quiet=silence.quiet(now_ms, missed=1 if trouble else ASK_MISSED),
            watched=silence.watched,
            air_left_permille=self.link.ledger.left_permille(now_ms) if kit is None else None,
        )

    # At work

    async def run(self, port: Port) -> None:
        """Send what is due until cancelled; what is accounted for is on disk when it ends."""
        try:
            while True:
                wait_s = await self.step(port)
                if wait_s:
                    await self._pause(wait_s)
        finally:
            self.close()

    def close(self) -> None:
        """Write down exactly what was sent, so that the next start need not assume the worst."""
        self.counters.air_us = self.link.ledger.by_age(self.now_ms())
        try:
            self.counters.save(is_closed=True)
        except GatewayError as error:
            self._say(error)

    async def step(self, port: Port) -> float:
        """Send one frame if one is due; return how many seconds there is nothing to do."""
        now_ms = self.now_ms()
        self._port = port
        self._save(now_ms)
        if port.state != "up":
            return _AGAIN_S
        send = None
        try:
            send = self.link.next(now_ms, self.utc_min())
            if send is not None:
                self.counters.book(send.air_us, self.link.ledger.by_age(now_ms))
        except GatewayError as error:
            if send is not None:
                self.link.not_sent(send, now_ms)
            self._say(error)
            return _AGAIN_S
        if send is not None:
            await self._transmit(port, send)
            return 0.0
        moment = self.link.next_ms(now_ms)
        return _LONGEST_WAIT_S if moment is None else min((moment - now_ms) / 1000, _LONGEST_WAIT_S)

    async def _transmit(self, port: Port, send: Send) -> None:
        key = self._sealing_key(send)
        data = key.seal(send.header, send.payload, send.boot_epoch)
        try:
            await port.send(data)
        except (PortDown, ModemRefused, ForwarderRefused) as error:
            self.link.not_sent(send, self.now_ms())
            self._say(error)
        except PortError as error:
            # Perhaps it is on the air: then it counts, and a kit that did not get it asks again.
            self.link.sent(self.now_ms())
            self._say(error)
        else:
            self.link.sent(self.now_ms())
            self._problem = ""
            _log.debug("sent", kind=send.kind, address=send.address, counter=send.header.counter)

    def believe_clock(self) -> None:
        """Take our time for right, whatever the journal says."""
        self._newest_before = None

    def utc_min(self) -> int | None:
        """Return the time for a kit; None while our own clock is not to be trusted."""
        if not self.is_clock_trusted():
            return None
        now = self._clock.now()
        behind = self._newest_before is not None and now < self._newest_before
        return None if behind or not _is_plausible(now) else timing.utc_min(int(now.timestamp()))

    def _sealing_key(self, send: Send) -> seal.DownlinkKey:
        name = (send.address, send.generation)
        if name not in self._sealing:
            self._sealing[name] = seal.DownlinkKey(self._keys[name].key, self._gateway_id)
        return self._sealing[name]

    def _take_up(self, store: Store) -> None:
        """Let the link know each kit by its newest key that was heard, and its boot."""
        boots = store.boots()
        for (kit, generation), window in sorted(self.windows.items()):
            if (kit, generation) not in self._keys:
                continue
            known = [boots[kit, generation].epoch] if (kit, generation) in boots else []
            beside = self.counters.epoch(kit, generation)
            epoch = max([*known, *([] if beside is None else [beside])], default=None)
            self.link.kit_epoch(kit, generation, epoch, window.newest, window.seen)

    def _ask_for_proof(self, kit: int, now_ms: int) -> None:
        """Ask a kit for something that only an answer of now can hold: the number of our question."""
        if not self.link.waiting(kit) and now_ms - self._proved_ms.get(kit, -_PROVE_MS) >= _PROVE_MS:
            self._proved_ms[kit] = now_ms
            argument = commands.setting_argument("heartbeat_s")
            self.link.request(kit, "command", {"command": "read", "argument": argument}, now_ms)

    def _trouble(self, now_ms: int) -> str:
        """Return why we hear nobody; once that is over, no kit's silence counts from that time."""
        found = self._cause(now_ms)
        if found and self._troubled_ms is None:
            self._troubled_ms = now_ms if self._down_ms is None else self._down_ms
        elif not found and self._troubled_ms is not None:
            self.link.silence.excuse(now_ms - self._troubled_ms, now_ms)
            self._troubled_ms = None
        return found

    def _cause(self, now_ms: int) -> str:
        port = self._port
        if port is None or port.state == "up":
            self._down_ms = None
        else:
            self._down_ms = now_ms if self._down_ms is None else self._down_ms
            # A modem that is plugged in again or revived is back sooner.
            if now_ms - self._down_ms >= _DOWN_MS:
                return "gateway_deaf"
        total = int(getattr(port, "garbled", 0))
        while self._garbled and self._garbled[0][0] <= now_ms - _GARBLED_MS:
            self._garbled.popleft()
        if not self._garbled or self._garbled[-1][1] != total:
            self._garbled.append((now_ms, total))
        first = self._garbled[0][1]
        if first == total:
            return self.link.silence.trouble(now_ms)
        before = next((n for at, n in reversed(self._garbled) if at <= now_ms - BURST_MS), first)
        return self.link.silence.trouble(now_ms, total - first, total - before)

    def _save(self, now_ms: int) -> None:
        if now_ms - self._saved_ms < SAVE_MS:
            return
        self._saved_ms = now_ms
        try:
            self.counters.save_changes()
        except GatewayError as error:
            self._say(error)

    async def _pause(self, seconds: float) -> None:
        """Wait, or until something is heard or asked for."""
        self._wake.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _say(self, error: GatewayError) -> None:
        """Say once, not at every frame, that nothing goes out."""
        if str(error) != self._problem:
            self._problem = str(error)
            _log.warning("not sent", reason=self._problem)


def _intervals(points: Sequence[PointConfig], speed: float) -> dict[int, int]:
    """Return how often the kits of points that are in use send, ms on the wall."""
    return {
        point.kit_address: max(1, int(point.interval_s * 1000 / speed))
        for point in points
        if point.kit_address is not None and point.deployment in WATCHED
    }


def _is_plausible(now: datetime) -> bool:
    return now.year >= _YEAR
