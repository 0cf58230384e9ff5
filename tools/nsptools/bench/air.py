"""The air between simulated radios: true time on air, half-duplex, a loss rate, levels per pair of radios.

A radio hears a frame only when it has listened, without a break and on the same tuning, from before the frame
began until it ended. Nothing here waits: everything happens through `loop.time` and `loop.call_later`, so a
loop with virtual time gives the same air in no time.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nsplink import airtime

# SNR below which a spreading factor cannot be demodulated, dB (SX126x data sheet; SF5 to SF12).
SNR_LIMIT_DB = {5: -2.5, 6: -5.0, 7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}
# Thermal noise at 1 Hz plus a receiver's noise figure of 6 dB.
_NOISE_DBM_HZ = -174.0 + 6.0
# A LoRa chip's SNR estimate saturates; the level goes on rising.
_SNR_CEILING_DB = 12.0
_FADING_SIGMA_DB = 1.0
_PATH_LOSS_DB = (110.0, 125.0)


@dataclass(frozen=True)
class Tuning:
    """What sender and receiver must share: Hz, spreading factor 5-12, Hz, 16-bit sync word, I/Q, header."""

    frequency_hz: int
    sf: int
    bandwidth_hz: int
    sync_word: int
    iq_inverted: bool = False
    explicit_header: bool = True


@dataclass(frozen=True, eq=False)
class Transmission:
    """One frame on the air. `coding_rate` 5-8 stands for 4/5 to 4/8; times are the loop's, s."""

    sender: Radio
    data: bytes
    tuning: Tuning
    coding_rate: int
    preamble: int
    power_dbm: int
    start_s: float
    end_s: float


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

    `sent`: frames whose time on air ended. The others count pairs of frame and receiver of equal tuning:
    `delivered`, `lost` (by the loss rate), `weak` (below the SNR limit), `deaf` (receiver sending or idle).
    """

    sent: int = 0
    delivered: int = 0
    lost: int = 0
    weak: int = 0
    deaf: int = 0


class Air:
    """All radios within reach of each other. `loss` 0..1 is the chance that one receiver misses one frame."""

    def __init__(
        self, loss: float = 0.0, seed: int = 1, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        if not 0.0 <= loss <= 1.0:
            raise ValueError("loss must be 0..1")
        self.loss = loss
        self.counters = Counters()
        self._seed = seed
        self._loop = loop
        self._radios: list[Radio] = []
        self._on_air: dict[Transmission, asyncio.TimerHandle] = {}
        self._path_loss_db: dict[frozenset[str], float] = {}
        # One stream of chance per direction: the fate of a pair's n-th frame does not depend on the others.
        self._chance: dict[tuple[str, str], random.Random] = {}

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

    def detach(self, radio: Radio) -> None:
        """Take a radio off; what it is sending is cut off and never arrives."""
        self._radios = [other for other in self._radios if other is not radio]
        for transmission in [one for one in self._on_air if one.sender is radio]:
            self.cut(transmission)

    def set_path_loss(self, one: str, other: str, loss_db: float) -> None:
        """Fix the path loss between two radios, both ways, dB (default: seeded, 110 to 125)."""
        self._path_loss_db[frozenset((one, other))] = loss_db

    def transmit(
        self,
        sender: Radio,
        data: bytes,
        coding_rate: int,
        preamble: int,
        power_dbm: int,
        done: Callable[[], None],
    ) -> Transmission:
        """Start a frame now on the sender's tuning; `done` is called when its time on air is over."""
        tuning = sender.tuning
        length_us = airtime.time_on_air_us(
            tuning.sf, tuning.bandwidth_hz, coding_rate, len(data), preamble, tuning.explicit_header
        )
        start_s = self.loop.time()
        transmission = Transmission(
            sender, data, tuning, coding_rate, preamble, power_dbm, start_s, start_s + length_us / 1e6
        )
        self._on_air[transmission] = self.loop.call_later(length_us / 1e6, self._ended, transmission, done)
        return transmission

    def cut(self, transmission: Transmission) -> None:
        """Stop a frame before its end: nobody receives it and it is not counted as sent."""
        handle = self._on_air.pop(transmission, None)
        if handle is not None:
            handle.cancel()

    def busy(self, radio: Radio) -> bool:
        """Carrier sense (CAD) at this radio: a frame of its frequency, SF and bandwidth that it can detect.

        CAD sees chirps, not sync words; a sender below the SNR limit here stays hidden.
        """
        own = radio.tuning
        for one in self._on_air:
            same = (one.tuning.frequency_hz, one.tuning.sf, one.tuning.bandwidth_hz) == (
                own.frequency_hz, own.sf, own.bandwidth_hz
            )  # fmt: skip
            if one.sender is not radio and same:
                rssi_dbm = one.power_dbm - self.path_loss_db(one.sender.name, radio.name)
                if rssi_dbm - noise_dbm(own.bandwidth_hz) >= SNR_LIMIT_DB[own.sf]:
                    return True
        return False

    def path_loss_db(self, one: str, other: str) -> float:
        """Path loss between two radios, dB; equal in both directions."""
        pair = frozenset((one, other))
        if pair not in self._path_loss_db:
            chance = random.Random(f"{self._seed} path {' '.join(sorted(pair))}")
            self._path_loss_db[pair] = chance.uniform(*_PATH_LOSS_DB)
        return self._path_loss_db[pair]

    def _ended(self, transmission: Transmission, done: Callable[[], None]) -> None:
        del self._on_air[transmission]
        self.counters.sent += 1
        for radio in list(self._radios):
            if radio is not transmission.sender and radio.tuning == transmission.tuning:
                self._arrive(transmission, radio)
        done()

    def _arrive(self, transmission: Transmission, radio: Radio) -> None:
        """Decide the fate of one frame at one receiver: the only place, also for collisions and capture."""
        since_s = radio.listening_since_s
        direction = (transmission.sender.name, radio.name)
        if direction not in self._chance:
            self._chance[direction] = random.Random(f"{self._seed} link {' '.join(direction)}")
        chance = self._chance[direction]
        # Both are drawn for every frame, so that a deaf or weak one does not shift the fate of the next.
        lost = chance.random() < self.loss
        fading_db = chance.gauss(0.0, _FADING_SIGMA_DB)
        rssi_dbm = transmission.power_dbm - self.path_loss_db(*direction) + fading_db
        snr_db = rssi_dbm - noise_dbm(transmission.tuning.bandwidth_hz)
        if since_s is None or since_s > transmission.start_s:
            self.counters.deaf += 1
        elif snr_db < SNR_LIMIT_DB[transmission.tuning.sf]:
            self.counters.weak += 1
        elif lost:
            self.counters.lost += 1
        else:
            self.counters.delivered += 1
            radio.hear(transmission.data, round(rssi_dbm), round(min(snr_db, _SNR_CEILING_DB)))


def noise_dbm(bandwidth_hz: int) -> float:
    """Noise floor of a receiver of this bandwidth, dBm: -117 at 125 kHz."""
    return _NOISE_DBM_HZ + 10.0 * math.log10(bandwidth_hz)
