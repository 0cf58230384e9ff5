"""Where the points lie, drawn by their coordinates: no tiles, no request, right distances. Pure.

North is up. A degree of longitude is shortened by the cosine of the latitude, which is right to a metre in a
hundred over the area of one coordinating point. A mark that would cover another stands beside its place, with a
stroke to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 480
_MARGIN = 56
_KM_A_DEGREE = 111.2
# An area smaller than this is drawn as if it were so large: a plot of metres would feign precision.
_LEAST_KM = 1.0
# Half the width and height that a mark with its number takes.
_MARK_X, _MARK_Y = 28.0, 17.0
# Where a mark goes that finds its place taken: ever further away, the nearest first.
_AROUND = tuple(
    (ring * 2 * _MARK_X * math.cos(turn * math.pi / 4), ring * 2.2 * _MARK_Y * math.sin(turn * math.pi / 4))
    for ring in (1, 2, 3)
    for turn in range(8)
)
_ROUND_KM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
# A scale of at most this share of the width.
_SCALE_SHARE = 0.3
_DIRECTIONS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Something at a place; ``id``: its slug, "" = the coordinating point. Degrees."""

    id: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Where it is drawn, and where it really lies, in units of the picture from its upper left corner."""

    id: str
    x: float
    y: float
    true_x: float
    true_y: float

    @property
    def is_moved(self) -> bool:
        """True when the mark stands beside its place."""
        return (self.x, self.y) != (self.true_x, self.true_y)


@dataclass(frozen=True, slots=True)
class View:
    """What the picture shows: ``middle`` lies in its middle, and a kilometre is ``per_km`` units."""

    middle: Place
    per_km: float

    @classmethod
    def of(cls, places: Sequence[Place]) -> View:
        """Return the view that just holds the places."""
        north, south = max(p.latitude for p in places), min(p.latitude for p in places)
        east, west = max(p.longitude for p in places), min(p.longitude for p in places)
        middle = Place("", (north + south) / 2, (east + west) / 2)
        wide, high = _offset(Place("", south, west), Place("", north, east), middle.latitude)
        per_km = min(
            (WIDTH - 2 * _MARGIN) / max(wide, _LEAST_KM), (HEIGHT - 2 * _MARGIN) / max(high, _LEAST_KM)
        )
        return cls(middle, per_km)

    def spot(self, place: Place) -> tuple[float, float]:
        """Return where a place is drawn."""
        east, north = _offset(self.middle, place, self.middle.latitude)
        return round(WIDTH / 2 + east * self.per_km, 1), round(HEIGHT / 2 - north * self.per_km, 1)


@dataclass(frozen=True, slots=True)
class Plot:
    """The marks in the order of the places; ``scale_km``: a round length, ``scale_width`` units wide."""

    view: View
    marks: tuple[Mark, ...]
    scale_km: float
    scale_width: float


def plot(places: Sequence[Place]) -> Plot | None:
    """Return where each place is drawn, None when there are none. The first ones get their own place when two are at one."""
    if not places:
        return None
    view = View.of(places)
    marks: list[Mark] = []
    for place in places:
        spot = view.spot(place)
        marks.append(Mark(place.id, *_free(*spot, marks), *spot))
    fitting = [km for km in _ROUND_KM if km * view.per_km <= _SCALE_SHARE * WIDTH] or [_ROUND_KM[0]]
    return Plot(view, tuple(marks), fitting[-1], round(fitting[-1] * view.per_km, 1))


def distance_km(one: Place, other: Place) -> float:
    """Return how far one place lies from another."""
    return math.hypot(*_offset(one, other))


def direction(one: Place, other: Place) -> int:
    """Return in which of eight directions the other lies as seen from the one: 0 = north, 2 = east."""
    east, north = _offset(one, other)
    return round(math.atan2(east, north) / (2 * math.pi) * _DIRECTIONS) % _DIRECTIONS


def _offset(one: Place, other: Place, latitude: float | None = None) -> tuple[float, float]:
    """Kilometres east and north; ``latitude``: where a degree of longitude is measured, None = between the two."""
    between = (one.latitude + other.latitude) / 2 if latitude is None else latitude
    east = (other.longitude - one.longitude) * _KM_A_DEGREE * math.cos(math.radians(between))
    return east, (other.latitude - one.latitude) * _KM_A_DEGREE


def _free(x: float, y: float, taken: Sequence[Mark]) -> tuple[float, float]:
    """The nearest spot where a mark covers no other; its own when all around is full."""
    for dx, dy in ((0.0, 0.0), *_AROUND):
        to_x, to_y = round(x + dx, 1), round(y + dy, 1)
        is_inside = _MARK_X <= to_x <= WIDTH - _MARK_X and _MARK_Y <= to_y <= HEIGHT - _MARK_Y
        if is_inside and not any(_covers(to_x, to_y, mark) for mark in taken):
            return to_x, to_y
    return x, y


def _covers(x: float, y: float, mark: Mark) -> bool:
    return abs(x - mark.x) < 2 * _MARK_X and abs(y - mark.y) < 2 * _MARK_Y
