"""Who reaches whom: the path loss between named radios, by hand, from their places, or seeded."""

from __future__ import annotations

import math
import random

from nsptools.bench.propagation import LogDistance, milliwatt

_PATH_LOSS_DB = (110.0, 125.0)
# Beyond this a pair is not looked at: 30 dBm would arrive 20 dB below what SF12 at 7.8 kHz needs.
_UNREACHABLE_DB = 200.0


class Link:
    """One direction between two radios: its path loss, and its own stream of chance.

    The fate of a pair's n-th frame so does not depend on the other pairs.
    """

    __slots__ = ("chance", "gain", "loss_db")

    def __init__(self, loss_db: float, chance: random.Random) -> None:
        self.loss_db = loss_db
        self.gain = milliwatt(-loss_db)
        self.chance = chance


class Paths:
    """All path losses of one air; each is symmetric and hangs on the seed and the two names only."""

    def __init__(self, seed: int, model: LogDistance) -> None:
        self._seed = seed
        self._model = model
        self._fixed_db: dict[frozenset[str], float] = {}
        self._places_m: dict[str, tuple[float, float]] = {}
        self._chance: dict[tuple[str, str], random.Random] = {}  # outlives a change of the path
        self._links: dict[tuple[str, str], Link] = {}

    def fix(self, one: str, other: str, loss_db: float) -> None:
        """Set the loss of a pair by hand; it goes before the places."""
        self._fixed_db[frozenset((one, other))] = loss_db
        self._links.clear()

    def place(self, name: str, x_m: float, y_m: float) -> None:
        """Say where a radio stands."""
        self._places_m[name] = (x_m, y_m)
        self._links.clear()

    def loss_db(self, one: str, other: str) -> float:
        """Loss of a pair: as fixed, else from both places, else seeded between 110 and 125 dB."""
        fixed = self._fixed_db.get(frozenset((one, other)))
        if fixed is not None:
            return fixed
        if one in self._places_m and other in self._places_m:
            shadow_db = self._pair("shadow", one, other).gauss(0.0, self._model.sigma_db)
            return self._model.mean_db(math.dist(self._places_m[one], self._places_m[other])) + shadow_db
        return self._pair("path", one, other).uniform(*_PATH_LOSS_DB)

    def link(self, sender: str, receiver: str) -> Link:
        """The direction from one to the other."""
        direction = (sender, receiver)
        link = self._links.get(direction)
        if link is None:
            chance = self._chance.get(direction)
            if chance is None:
                chance = self._chance[direction] = random.Random(f"{self._seed} link {sender} {receiver}")
            link = self._links[direction] = Link(self.loss_db(sender, receiver), chance)
        return link

    def reaches(self, sender: str, receiver: str) -> bool:
        """Whether a frame could arrive at any power."""
        return self.loss_db(sender, receiver) < _UNREACHABLE_DB

    def _pair(self, what: str, one: str, other: str) -> random.Random:
        return random.Random(f"{self._seed} {what} {' '.join(sorted((one, other)))}")
