"""Other people on the band: radios that follow a plan of their own and never listen to us.

What they send is data (`Habit`), when they send it is chance by seed. None of it authenticates at a gateway; it
takes air, and frames on our own tuning reach the receivers to be refused there.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from nsplink import regions
from nsptools.bench.air import Air, Tuning

_CAD_RETRY_S = 0.3


@dataclass(frozen=True)
class Habit:
    """How a stranger uses the air: one frame every `mean_gap_s` on average, the gaps exponential.

    `head` begins each frame, random bytes fill it up to a length within `length`. `noise_s` > 0: no frames but
    noise for so long at a time. `polite`: it waits while it hears its own kind.
    """

    tuning: Tuning
    power_dbm: float
    mean_gap_s: float
    length: tuple[int, int] = (20, 40)
    head: bytes = b""
    coding_rate: int = 5
    preamble: int = 8
    noise_s: float = 0.0
    polite: bool = False


_OURS = Tuning(
    int(regions.PHY["frequency_hz"]),
    int(regions.PHY["sf"]),
    int(regions.PHY["bandwidth_khz"]) * 1000,
    int(str(regions.PHY["sync_word"]), 16),
)
HABITS = {
    # Every Meshtastic node of Europe: LongFast fills the whole of 869.4-869.65 MHz; broadcasts to everybody.
    "meshtastic": Habit(
        Tuning(869_525_000, 11, 250_000, 0x24B4), 22.0, 60.0, (40, 120), b"\xff" * 4, preamble=16, polite=True
    ),
    # The second receive window of LoRaWAN: downlinks of a network's gateway, I/Q inverted.
    "lorawan_down": Habit(
        Tuning(869_525_000, 9, 125_000, 0x3444, iq_inverted=True), 27.0, 30.0, (17, 64), b"\x60"
    ),
    # A LoRaWAN sensor on a default channel: met by kits that are on 868.1 MHz.
    "lorawan_up": Habit(Tuning(868_100_000, 9, 125_000, 0x3444), 14.0, 20.0, (13, 51), b"\x40"),
    # Proprietary frames of somebody else on our own channel, which every receiver of ours decodes.
    "proprietary": Habit(_OURS, 14.0, 30.0, (17, 30), b"\xe0"),
    # Broken electronics or a fool: noise over the whole band, one second in six.
    "jammer": Habit(Tuning(869_525_000, 9, 250_000, 0), 20.0, 5.0, noise_s=1.0),
}


class Stranger:
    """A radio on the air with a habit; `sent` counts what it got out."""

    listening_since_s: float | None = None  # never

    def __init__(self, air: Air, name: str, habit: Habit, seed: int = 1) -> None:
        self.name = name
        self.habit = habit
        self.sent = 0
        self._air = air
        self._chance = random.Random(f"{seed} stranger {name}")
        self._next: asyncio.TimerHandle | None = None

    @property
    def tuning(self) -> Tuning:
        """What it sends on."""
        return self.habit.tuning

    def hear(self, data: bytes, rssi_dbm: int, snr_db: int) -> None:
        """Take no notice; it never listens."""

    def start(self) -> None:
        """Come on the air; the first frame follows after a gap."""
        self._air.attach(self)
        self._wait()

    def stop(self) -> None:
        """Leave the air, also in mid-frame."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._air.detach(self)

    def _wait(self) -> None:
        gap_s = self._chance.expovariate(1.0 / self.habit.mean_gap_s)
        self._next = self._air.loop.call_later(gap_s, self._turn, self._frame())

    def _frame(self) -> bytes:
        habit = self.habit
        length = self._chance.randint(*habit.length)
        return habit.head + self._chance.randbytes(max(length - len(habit.head), 0))

    def _turn(self, data: bytes) -> None:
        habit = self.habit
        if habit.polite and self._air.busy(self):
            pause_s = self._chance.uniform(0.0, _CAD_RETRY_S)
            self._next = self._air.loop.call_later(pause_s, self._turn, data)
            return
        self._next = None
        if habit.noise_s:
            self._air.emit(self, habit.noise_s, habit.power_dbm, self._ended)
        else:
            self._air.transmit(self, data, habit.coding_rate, habit.preamble, habit.power_dbm, self._ended)

    def _ended(self) -> None:
        self.sent += 1
        self._wait()
