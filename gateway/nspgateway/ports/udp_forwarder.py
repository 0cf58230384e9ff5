"""A LoRaWAN concentrator as the gateway's radio, by the Semtech UDP packet forwarder that runs on it.

The protocol knows no authentication. So we listen on one address, know our forwarders by EUI and
address, and take no more than so many frames a second: what is behind the UDP port is no quicker to
guess tags at than the air. All else is dropped before anything of it is decoded, and counted.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import random
import socket
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from nspgateway.clock import Clock
from nspgateway.config_parts import ForwarderConfig
from nspgateway.ports import (
    ForwarderRefused,
    ForwarderSilent,
    PortDenied,
    PortDown,
    PortError,
    PortInUse,
    PortMissing,
    Reception,
    semtech,
)
from nsplink import airtime

# Copies of one frame from several forwarders come this close together; the best of them answers.
COPIES_S = 0.08
_LARGEST = 65_535
# Datagrams read in one go; then the others of the event loop have their turn.
_AT_ONCE = 64
_ADDRESS = slice(1, 3)  # of the kit, in the clear, in every frame of ours
_REASONS: Mapping[int, type[PortError]] = {
    errno.EADDRINUSE: PortInUse,
    errno.EACCES: PortDenied,
    errno.EPERM: PortDenied,
    errno.EADDRNOTAVAIL: PortMissing,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Timing:
    """Deadlines and pauses, seconds on the wall.

    `pull_s`: without a PULL_DATA for so long the way to a forwarder is closed; `answer_s`: for a TX_ACK;
    `check_s`: between looks at this; `retry_s`: until the socket is tried again.
    """

    pull_s: float = 30.0
    answer_s: float = 1.0
    check_s: float = 1.0
    retry_s: float = 5.0


@dataclass(slots=True)
class _Way:
    """How a forwarder is reached: the address that its newest PULL_DATA came from, and when."""

    peer: Any
    pulled_s: float


@dataclass(slots=True)
class _Copies:
    """A frame heard lately, and by which forwarder best."""

    heard_s: float
    eui: str
    snr_db: float


class UdpForwarder:
    """Packet forwarders that send to `config.host`:`config.port`; up while one of them pulls.

    Every frame that came whole goes to `on_reception`, in the event loop, once, however many forwarders heard
    it. A downlink goes out by the one that heard its kit best. Counters: `refused` datagrams and frames by
    reason; `garbled`, frames that came in damaged; `copies`, heard by more than one.
    """

    def __init__(
        self,
        config: ForwarderConfig,
        phy: Mapping[str, int | float | str],
        on_reception: Callable[[Reception], object],
        clock: Clock,
        *,
        timing: Timing | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.state: Literal["up", "down"] = "down"
        self.reason = "not started"
        self.cause = "starting"
        self.since = clock.now()
        self.refused: Counter[str] = Counter()
        self.garbled = 0
        self.copies = 0
        self.address: Any = None  # where it listens, once it does
        self._config = config
        self._euis = frozenset(config.euis)
        self._peers = frozenset(ipaddress.ip_address(text) for text in config.addresses)
        self._phy = dict(phy)
        self._on_reception = on_reception
        self._clock = clock
        self._timing = timing or Timing()
        self._chance = chance or random.Random()
        self._socket: socket.socket | None = None
        self._ways: dict[str, _Way] = {}
        self._taken: deque[float] = deque()  # when the frames of the last second came
        self._recent: dict[bytes, _Copies] = {}
        self._best: dict[bytes, str] = {}  # kit's address on air -> EUI
        self._answers: dict[bytes, asyncio.Future[str]] = {}
        self._fault: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Listen until cancelled. Raises only what the receiver of frames raises."""
        while True:
            try:
                await self._serve()
            except PortError as error:
                self._now_down(error)
            await self._clock.sleep(self._timing.retry_s)

    async def send(self, data: bytes) -> None:
        """Put one frame on the air; returns when its time on air is over.

        Raises PortDown, ForwarderRefused with the forwarder's word, ForwarderSilent when nothing says whether it
        took the frame (it may have left).
        """
        sock = self._socket
        eui = self._way_for(data)
        if sock is None or eui is None:
            raise PortDown(f"nothing can be sent: {self.reason}")
        token = self._chance.randbytes(2)
        answer = self._answers[token + bytes.fromhex(eui)] = asyncio.get_running_loop().create_future()
        try:
            sock.sendto(semtech.pull_resp(token, data, self._phy), self._ways[eui].peer)
            async with asyncio.timeout(self._timing.answer_s):
                word = await answer
        except TimeoutError:
            raise ForwarderSilent(f"the packet forwarder {eui} does not say whether it sends") from None
        except OSError as error:
            raise PortDown(f"the packet forwarder {eui} cannot be reached: {error.strerror}") from error
        finally:
            del self._answers[token + bytes.fromhex(eui)]
        if word:
            raise ForwarderRefused(eui, word)
        await self._clock.sleep(self._air_s(len(data)))

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        sock = self._open()
        self._fault = loop.create_future()
        self._socket, self.address = sock, sock.getsockname()
        loop.add_reader(sock, self._readable, sock)
        try:
            while not self._fault.done():
                self._look()
                await asyncio.wait([self._fault], timeout=self._timing.check_s)
            self._fault.result()
        finally:
            loop.remove_reader(sock)
            sock.close()
            self._socket = None

    def _open(self) -> socket.socket:
        host, port = self._config.host, self._config.port
        where = f"{host}, UDP port {port}"
        try:
            # An address, not a name: nothing is asked of a resolver.
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
            )[0]
            sock = socket.socket(family, kind, protocol)
        except OSError as error:
            raise PortMissing(f"{where}: {error.strerror}") from error
        try:
            sock.setblocking(False)
            sock.bind(address)
        except OSError as error:
            sock.close()
            raise _REASONS.get(error.errno or 0, PortError)(f"{where}: {error.strerror}") from error
        return sock

    def _readable(self, sock: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                data, peer = sock.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            except OSError:
                continue  # what came back of an answer: a peer that is not there any more
            try:
                self._take(data, peer)
            except semtech.BadDatagram as bad:
                self.refused[bad.reason] += 1
            except Exception as error:  # noqa: BLE001 - of the receiver of frames: it ends `run`, where it is seen
                if self._fault is not None and not self._fault.done():
                    self._fault.set_exception(error)
                return

    def _take(self, data: bytes, peer: Any) -> None:
        if ipaddress.ip_address(str(peer[0]).partition("%")[0]) not in self._peers:
            raise semtech.BadDatagram("unknown_address")
        datagram = semtech.parse(data)
        if datagram.eui not in self._euis:
            raise semtech.BadDatagram("unknown_eui")
        if datagram.kind == semtech.TX_ACK:
            self._note_answer(datagram)
            return
        now_s = self._clock.monotonic()
        if datagram.kind == semtech.PUSH_DATA and self._left(now_s) <= 0:
            raise semtech.BadDatagram("too_many")
        self._answer(datagram, peer)
        if datagram.kind == semtech.PULL_DATA:
            self._ways[datagram.eui] = _Way(peer, now_s)
            if self.state == "down":
                self._look()
            return
        # Also one without a frame counts, else it would be free to make us read JSON.
        self._taken.append(now_s)
        heard, damaged = semtech.receptions(datagram.body)
        self.garbled += damaged
        room = 1 + self._left(now_s)
        self.refused["too_many"] += max(0, len(heard) - room)
        for number, reception in enumerate(heard[:room]):
            if number:
                self._taken.append(now_s)
            self._hear(datagram.eui, reception, now_s)
        self.refused += Counter()  # drops what is zero

    def _left(self, now_s: float) -> int:
        """Return how many more frames may come in this second."""
        while self._taken and now_s - self._taken[0] >= 1.0:
            self._taken.popleft()
        return self._config.most_per_s - len(self._taken)

    def _hear(self, eui: str, reception: Reception, now_s: float) -> None:
        """Pass a frame on once; of its copies the best heard one says who answers."""
        self._recent = {data: one for data, one in self._recent.items() if now_s - one.heard_s < COPIES_S}
        snr_db = -99.0 if reception.snr_db is None else reception.snr_db
        first = self._recent.get(reception.data)
        if first is not None and first.eui != eui:
            self.copies += 1
            if snr_db > first.snr_db:
                first.eui, first.snr_db = eui, snr_db
                self._best[reception.data[_ADDRESS]] = eui
            return
        self._recent[reception.data] = _Copies(now_s, eui, snr_db)
        if len(self._best) > _LARGEST:
            self._best.clear()
        self._best[reception.data[_ADDRESS]] = eui
        self._on_reception(reception)

    def _way_for(self, data: bytes) -> str | None:
        """Return the forwarder that sends this frame: who heard its kit best, else who pulled last."""
        if self.state == "down":
            return None
        open_ways = {eui: way for eui, way in self._ways.items() if self._is_open(way)}
        best = self._best.get(data[_ADDRESS])
        if best in open_ways:
            return best
        return max(open_ways, key=lambda eui: open_ways[eui].pulled_s, default=None)

    def _is_open(self, way: _Way) -> bool:
        return self._clock.monotonic() - way.pulled_s < self._timing.pull_s

    def _answer(self, datagram: semtech.Datagram, peer: Any) -> None:
        ack = datagram.ack()
        if ack is not None and self._socket is not None:
            try:
                self._socket.sendto(ack, peer)
            except OSError:
                self.refused["not_acked"] += 1

    def _note_answer(self, datagram: semtech.Datagram) -> None:
        answer = self._answers.get(datagram.token + bytes.fromhex(datagram.eui))
        if answer is None or answer.done():
            raise semtech.BadDatagram("unknown_token")
        answer.set_result(semtech.tx_error(datagram.body))

    def _look(self) -> None:
        """Up while a forwarder pulls."""
        pulling = [eui for eui, way in self._ways.items() if self._is_open(way)]
        if pulling and self.state == "down":
            self.state, self.reason, self.cause = "up", "", ""
            self.since = self._clock.now()
            log.info("packet forwarder up", euis=pulling)
        elif not pulling:
            host, port = self._config.host, self._config.port
            self._now_down(
                ForwarderSilent(f"no packet forwarder of ours asks for frames at {host}, UDP port {port}")
            )

    def _now_down(self, error: PortError) -> None:
        if self.state == "up":
            self.since = self._clock.now()
        if (self.state, self.reason) != ("down", str(error)):
            log.warning("packet forwarder down", cause=error.cause, reason=str(error))
        self.state, self.reason, self.cause = "down", str(error), error.cause

    def _air_s(self, length: int) -> float:
        phy = self._phy
        bandwidth_hz = int(float(phy["bandwidth_khz"]) * 1000)
        return (
            airtime.time_on_air_us(
                int(phy["sf"]), bandwidth_hz, int(phy["coding_rate"]), length, int(phy["preamble"])
            )
            / 1e6
        )
