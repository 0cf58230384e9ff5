"""The air between simulated radios: true time on air, half-duplex, path loss, collisions, a loss rate.

A radio hears a frame only when it has listened, without a break and on the same tuning, from before the frame
began until it ended, when the frame is above the noise, and when nothing else on the air drowned it there.
Nothing here waits: everything happens through `loop.time` and `loop.call_at`, so a loop with virtual time gives
the same air in no time. The fate of a pair's n-th frame hangs on the seed, their names and what else is on the
air, never on how many other radios there are.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from nsplink import airtime
from nsptools.bench.interference import NOISE, PREAMBLE_SYMBOLS, Burst, Tuning, effect, peaks, same_chirp
from nsptools.bench.paths import Paths
from nsptools.bench.propagation import SNR_LIMIT_DB, TOWN, LogDistance, milliwatt, noise_dbm

__all__ = ["SNR_LIMIT_DB", "Air", "Counters", "Radio", "Transmission", "Tuning", "noise_dbm"]

# A LoRa chip's SNR estimate saturates; the level goes on rising.
_SNR_CEILING_DB = 12.0
# Frames that follow each other touch; the loop's clock may run a timer a hair early.
_TOUCH_S = 1e-6


@dataclass(eq=False, slots=True)
class Transmission:
    """One signal on the air. `coding_rate` 5-8 stands for 4/5 to 4/8; times are the loop's, s."""

    sender: Radio
    data: bytes
    tuning: Tuning
    coding_rate: int
    preamble: int
    power_dbm: float
    start_s: float
    end_s: float  # moved to now when it is cut off

    @property
    def locked_s(self) -> float:
        """From when on a receiver must have it undisturbed."""
        return self.start_s + max(self.preamble - PREAMBLE_SYMBOLS, 0) * self.tuning.symbol_s


class Radio(Protocol):
    """What the air asks of a radio."""

    @property
    def name(self) -> str:
        """Unique on this air; names a pair's path loss."""

    @property
    def tuning(self) -> Tuning:
        """What it is set to, whether it listens or not."""

    @property
    def listening_since_s(self) -> float | None:
        """The loop's time since when it listens without a break on `tuning`; None: not in receive."""

    def hear(self, data: bytes, rssi_dbm: int, snr_db: int) -> None:
        """Take a frame that arrived, at the moment its last symbol ended."""


@dataclass
class Counters:
    """What became of the frames.

    `sent`: frames whose time on air ended. The others count pairs of frame and receiver of equal tuning within
    reach: `delivered`, `lost` (by the loss rate), `weak` (below the SNR limit), `deaf` (receiver sending or
    idle), `collided` (other chirps on its channel), `jammed` (raised noise). `captured`: the delivered ones that
    stood out from chirps that overlapped them.
    """

    sent: int = 0
    delivered: int = 0
    lost: int = 0
    weak: int = 0
    deaf: int = 0
    collided: int = 0
    jammed: int = 0
    captured: int = 0


class Air:
    """All radios of a neighbourhood.

    `loss` 0..1 is the chance that one receiver misses one frame for no other reason. `model` gives the path loss
    between radios that were `place`d, `fading_db` the spread of a frame's level from one to the next.
    """

    def __init__(
        self,
        loss: float = 0.0,
        seed: int = 1,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        model: LogDistance = TOWN,
        fading_db: float = 1.0,
    ) -> None:
        self.loss = _rate(loss)
        self.counters = Counters()
        self._loop = loop
        self._paths = Paths(seed, model)
        self._fading_db = fading_db
        self._radios: list[Radio] = []
        self._on_air: dict[Transmission, asyncio.TimerHandle] = {}  # in the order they began
        self._past: deque[Transmission] = deque()  # ended, in that order, yet overlapping one on the air
        self._losses: dict[tuple[str, str], float] = {}  # sender, receiver -> loss rate of their own
        self._receivers: dict[str, list[Radio]] = {}  # by sender; forgotten when a radio or a path changes

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The clock of this air: the loop handed in, else the one that runs now."""
        return self._loop or asyncio.get_running_loop()

    @property
    def sending(self) -> bool:
        """Whether any frame is on its way."""
        return bool(self._on_air)

    def attach(self, radio: Radio) -> None:
        """Put a radio on the air. Raises ValueError when its name is taken."""
        if any(other.name == radio.name for other in self._radios):
            raise ValueError(f"a radio named {radio.name} is on the air already")
        self._radios.append(radio)
        self._receivers.clear()

    def detach(self, radio: Radio) -> None:
        """Take a radio off; what it is sending is cut off and never arrives."""
        self._radios = [other for other in self._radios if other is not radio]
        self._receivers.clear()
        for transmission in [one for one in self._on_air if one.sender is radio]:
            self.cut(transmission)

    def set_path_loss(self, one: str, other: str, loss_db: float) -> None:
        """Fix the path loss between two radios, both ways, dB; `math.inf` hides them from each other.

        Default: from their places when both have one, else seeded, 110 to 125.
        """
        self._paths.fix(one, other, loss_db)
        self._receivers.clear()

    def place(self, name: str, x_m: float, y_m: float) -> None:
        """Say where a radio stands."""
        self._paths.place(name, x_m, y_m)
        self._receivers.clear()

    def set_loss(self, sender: str, receiver: str, loss: float) -> None:
        """A loss rate of this direction alone, instead of the air's."""
        self._losses[sender, receiver] = _rate(loss)

    def loss_rate(self, sender: str, receiver: str) -> float:
        """The loss rate of this direction: its own, else the air's."""
        return self._losses.get((sender, receiver), self.loss)

    def transmit(
        self,
        sender: Radio,
        data: bytes,
        coding_rate: int,
        preamble: int,
        power_dbm: float,
        done: Callable[[], None],
    ) -> Transmission:
        """Start a frame now on the sender's tuning; `done` is called when its time on air is over."""
        tuning = sender.tuning
        length_us = airtime.time_on_air_us(
            tuning.sf, tuning.bandwidth_hz, coding_rate, len(data), preamble, tuning.explicit_header
        )
        start_s = self.loop.time()
        return self._start(
            Transmission(
                sender, data, tuning, coding_rate, preamble, power_dbm, start_s, start_s + length_us / 1e6
            ),
            done,
        )

    def emit(self, sender: Radio, seconds: float, power_dbm: float, done: Callable[[], None]) -> Transmission:
        """Start a signal that nobody can receive, on the sender's band; `done` as in `transmit`."""
        own = sender.tuning
        noise = Tuning(own.frequency_hz, NOISE, own.bandwidth_hz, 0)
        start_s = self.loop.time()
        return self._start(
            Transmission(sender, b"", noise, 0, 0, power_dbm, start_s, start_s + seconds), done
        )

    def cut(self, transmission: Transmission) -> None:
        """Stop a frame before its end: nobody receives it and it is not counted as sent."""
        handle = self._on_air.pop(transmission, None)
        if handle is not None:
            handle.cancel()
            transmission.end_s = self.loop.time()
            self._keep(transmission)

    def busy(self, radio: Radio) -> bool:
        """Carrier sense (CAD) at this radio: a frame of its carrier, SF and bandwidth that it can detect.

        CAD sees chirps, not sync words; a sender below the SNR limit here stays hidden.
        """
        if not self._on_air:
            return False
        own = radio.tuning
        floor_dbm = noise_dbm(own.bandwidth_hz) + SNR_LIMIT_DB[own.sf]
        return any(
            one.sender is not radio
            and same_chirp(own, one.tuning)
            and one.power_dbm - self._paths.link(one.sender.name, radio.name).loss_db >= floor_dbm
            for one in self._on_air
        )

    def path_loss_db(self, one: str, other: str) -> float:
        """Path loss between two radios, dB; equal in both directions."""
        return self._paths.loss_db(one, other)

    def _receivers_of(self, sender: Radio) -> list[Radio]:
        """Everyone whom a frame of this sender could reach, in the order they came on the air."""
        receivers = self._receivers.get(sender.name)
        if receivers is None:
            receivers = self._receivers[sender.name] = [
                radio
                for radio in self._radios
                if radio is not sender and self._paths.reaches(sender.name, radio.name)
            ]
        return receivers

    def _start(self, transmission: Transmission, done: Callable[[], None]) -> Transmission:
        self._on_air[transmission] = self.loop.call_at(transmission.end_s, self._ended, transmission, done)
        return transmission

    def _ended(self, transmission: Transmission, done: Callable[[], None]) -> None:
        del self._on_air[transmission]
        tuning = transmission.tuning
        if tuning.sf != NOISE:
            self.counters.sent += 1
            disturbers = list(self._disturbers(transmission))
            for radio in list(self._receivers_of(transmission.sender)):
                own = radio.tuning
                if own is tuning or own == tuning:
                    self._arrive(transmission, radio, disturbers)
        self._keep(transmission)
        done()

    def _keep(self, transmission: Transmission) -> None:
        """Remember what ended for as long as a frame on the air may ask who overlapped it."""
        self._past.append(transmission)
        oldest_s = next((one.start_s for one in self._on_air if one.tuning.sf != NOISE), math.inf)
        while self._past and self._past[0].end_s <= oldest_s:
            self._past.popleft()

    def _disturbers(self, wanted: Transmission) -> Iterator[tuple[Transmission, bool, float]]:
        """What overlapped it in time and spectrum: the signal, whether chirps, weight of its power."""
        from_s, until_s = wanted.locked_s + _TOUCH_S, wanted.end_s - _TOUCH_S
        for other in (*self._past, *self._on_air):
            if other.start_s < until_s and other.end_s > from_s:
                found = effect(wanted.tuning, other.tuning)
                if found is not None:
                    yield other, found.chirp, found.weight

    def _arrive(
        self, transmission: Transmission, radio: Radio, disturbers: list[tuple[Transmission, bool, float]]
    ) -> None:
        """Decide the fate of one frame at one receiver: the only place."""
        counters = self.counters
        since_s = radio.listening_since_s
        direction = (transmission.sender.name, radio.name)
        link = self._paths.link(*direction)
        # Both are drawn for every frame, so that a deaf or weak one does not shift the fate of the next.
        lost = link.chance.random() < self.loss_rate(*direction)
        rssi_dbm = transmission.power_dbm - link.loss_db + link.chance.gauss(0.0, self._fading_db)
        floor_dbm = noise_dbm(transmission.tuning.bandwidth_hz)
        snr_db = rssi_dbm - floor_dbm
        limit_db = SNR_LIMIT_DB[transmission.tuning.sf]
        chirps_mw = noise_mw = 0.0
        if disturbers:
            chirps_mw, noise_mw = self._disturbance(transmission, radio, disturbers)
        if since_s is None or since_s > transmission.start_s:
            counters.deaf += 1
        elif snr_db < limit_db:
            counters.weak += 1
        elif chirps_mw > milliwatt(rssi_dbm):
            counters.collided += 1
        elif noise_mw > milliwatt(rssi_dbm - limit_db) - milliwatt(floor_dbm):
            counters.jammed += 1
        elif lost:
            counters.lost += 1
        else:
            counters.delivered += 1
            counters.captured += chirps_mw > 0.0
            radio.hear(transmission.data, round(rssi_dbm), round(min(snr_db, _SNR_CEILING_DB)))

    def _disturbance(
        self, wanted: Transmission, radio: Radio, disturbers: list[tuple[Transmission, bool, float]]
    ) -> tuple[float, float]:
        """Chirps and noise that this receiver had beside the frame, at the worst moment, mW."""
        bursts = [
            Burst(
                other.start_s,
                other.end_s,
                chirp,
                milliwatt(other.power_dbm) * self._paths.link(other.sender.name, radio.name).gain * weight,
            )
            for other, chirp, weight in disturbers
            if other.sender is not radio
        ]
        return peaks(bursts, wanted.locked_s + _TOUCH_S, wanted.end_s - _TOUCH_S)


def _rate(loss: float) -> float:
    if not 0.0 <= loss <= 1.0:
        raise ValueError("loss must be 0..1")
    return loss
