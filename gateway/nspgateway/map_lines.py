"""The map in words: every point with its state, where it is drawn, how far away it lies. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nspgateway import exercise_mark, map_plot, words
from nspgateway.i18n import N_, Language
from nspgateway.map_plot import Mark, Place, View
from nspgateway.view import CLOSED, Overview, Point

_DIRECTIONS = (
    *(N_("north"), N_("north-east"), N_("east"), N_("south-east")),
    *(N_("south"), N_("south-west"), N_("west"), N_("north-west")),
)
# Closer than this is "here": a direction would mean nothing.
_HERE_KM = 0.1


@dataclass(frozen=True, slots=True)
class Spot:
    """A point on the map: its mark, number and name, its state in word and shape, where it lies from us."""

    slug: str
    mark: Mark
    number: str
    name: str
    status: str
    status_text: str
    shape: str
    deployment: str
    deployment_shape: str
    is_closed: bool
    exercise: str
    where: str


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the picture under the map lies, in units of the map."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Map:
    """``spots`` in the order of urgency; ``cp``: our own mark, None = nobody said where we are.

    ``ground``: None = there is no picture under it.
    """

    spots: tuple[Spot, ...]
    cp: Mark | None
    ground: Ground | None
    scale: str
    scale_width: float
    legend: tuple[words.Word, ...]


def build(
    lang: Language,
    overview: Overview,
    places: Mapping[str, Place],
    cp: Place | None,
    corners: tuple[Place, Place] | None = None,
) -> Map | None:
    """Return the map of the points of an overview; None when there is nothing to draw.

    ``places``: by slug, of those of which it is known; ``cp``: ours; ``corners``: north-west and south-east of a picture that lies under it.
    """
    # In use first, so that these get their own place where two lie together.
    placed = [point for point in overview.points if point.slug in places]
    drawn = sorted(placed, key=lambda point: point.deployment in CLOSED)
    plot = map_plot.plot([*([cp] if cp else []), *(places[point.slug] for point in drawn)])
    if plot is None:
        return None
    marks = {mark.id: mark for mark in plot.marks}
    digits = 0 if plot.scale_km >= 1 else 1
    return Map(
        spots=tuple(
            _spot(lang, overview, point, marks[point.slug], places[point.slug], cp) for point in placed
        ),
        cp=marks[""] if cp else None,
        ground=_ground(plot.view, *corners) if corners else None,
        scale=f"{lang.number(plot.scale_km, digits)} km",
        scale_width=plot.scale_width,
        legend=_legend(lang, placed),
    )


def _ground(view: View, north_west: Place, south_east: Place) -> Ground:
    (left, top), (right, bottom) = view.spot(north_west), view.spot(south_east)
    return Ground(left, top, round(right - left, 1), round(bottom - top, 1))


def _legend(lang: Language, points: Sequence[Point]) -> tuple[words.Word, ...]:
    """The states that are on the map, with their shapes."""
    found = {point.status for point in points}
    return tuple(
        words.Word(lang.gettext(word.text), word.shape)
        for status, word in words.STATUSES.items()
        if status in found
    )


def _spot(
    lang: Language,
    overview: Overview,
    point: Point,
    mark: Mark,
    place: Place,
    cp: Place | None,
) -> Spot:
    status, deployment = words.STATUSES[point.status], words.DEPLOYMENTS[point.deployment]
    return Spot(
        slug=point.slug,
        mark=mark,
        number=f"{point.number:02d}",
        name=point.name,
        status=point.status,
        status_text=lang.gettext(status.text),
        shape=status.shape,
        deployment=lang.gettext(deployment.text),
        deployment_shape=deployment.shape,
        is_closed=point.deployment in CLOSED,
        exercise=exercise_mark.word(lang, exercise_mark.of_point(overview, point.slug)),
        where=_where(lang, place, cp),
    )


def _where(lang: Language, place: Place, cp: Place | None) -> str:
    if cp is None:
        return f"{lang.number(place.latitude, 4)}; {lang.number(place.longitude, 4)}"
    km = map_plot.distance_km(cp, place)
    if km < _HERE_KM:
        return lang.gettext("here")
    direction = lang.gettext(_DIRECTIONS[map_plot.direction(cp, place)])
    return lang.gettext("{km} km {direction} of us").format(km=lang.number(km, 1), direction=direction)
