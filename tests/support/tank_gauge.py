"""A tank and its gauge in virtual time: the truth beside what a sloshing, jumping, coarse sender says."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor

from nspgateway.config import PointConfig
from nspgateway.consumption import FuelSample, burn_l_per_h
from point_facts import NOON


@dataclass
class Gauge:
    """A tank of ``point`` with ``litres`` in it. Noise in shares of the full tank.

    ``slosh``: evenly within plus and minus this; ``spikes``: chance of one wild reading, ``blind``: of
    an unknown one, neither ever twice in a row; ``loss``: chance that a heartbeat is not heard;
    ``burns``: what the set burns as a factor of its curve. ``poured``: when and how much was added.
    """

    point: PointConfig
    litres: float
    load_w: int
    seed: int = 1
    slosh: float = 0.03
    spikes: float = 0.05
    loss: float = 0.0
    blind: float = 0.0
    burns: float = 1.0
    running: bool = True
    knows_load: bool = True
    leak_l_per_h: float = 0.0
    now: datetime = NOON
    poured: list[tuple[datetime, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self._spiked = False
        self._blinded = False

    @property
    def tank(self) -> float:
        """Litres of the full tank."""
        return self.point.tank_litres or 0.0

    def beat(self) -> FuelSample | None:
        """Let one interval pass and return its heartbeat; None when it was lost on the air."""
        seconds = self.point.interval_s * self.rng.uniform(0.95, 1.05)
        self.now += timedelta(seconds=seconds)
        rate = self.burns * (burn_l_per_h(self.point, self.load_w) or 0.0) if self.running else 0.0
        self.litres = max(0.0, self.litres - (rate + self.leak_l_per_h) * seconds / 3600)
        self._blinded = not self._blinded and self.rng.random() < self.blind
        if self.rng.random() < self.loss:
            return None
        load = round(self.load_w * self.rng.uniform(0.95, 1.05)) if self.knows_load else None
        litres = None if self._blinded else self._read()
        return FuelSample(self.now, litres, load, self.running)

    def beats(self, count: int) -> list[FuelSample]:
        """The heartbeats of so many intervals, as far as they were heard."""
        return [sample for sample in (self.beat() for _ in range(count)) if sample is not None]

    def pour(self, litres: float) -> None:
        """Add fuel, all at once."""
        self.litres = min(self.tank, self.litres + litres)
        self.poured.append((self.now, litres))

    def _read(self) -> float:
        self._spiked = not self._spiked and self.rng.random() < self.spikes
        share = self.rng.random() if self._spiked else self.litres / self.tank + self._swing()
        return min(1.0, max(0.0, floor(100 * share + 0.5) / 100)) * self.tank

    def _swing(self) -> float:
        return self.rng.uniform(-self.slosh, self.slosh) if self.running else 0.0
