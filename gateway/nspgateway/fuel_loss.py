"""Fuel that goes faster than the load explains: a leak, a thief, a hose that nobody told of. Pure.

The gauge's readings, each with what the load curve says was burnt so far, stand still whatever the
load. Only a fall of that sum is a loss, and only beyond the noise of a gauge and the error of a
curve: the median of six readings against the median of the first six of the last three hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from msgspec import Struct

from nspgateway.config import PointConfig
from nspgateway.consumption import MICRO, burn_l_per_h
from nspgateway.fuel_level import GONE_INTERVALS, GaugeReading, Tank

# Each end of the comparison is the median of so many readings.
READINGS = 6
# Share of the tank that slosh, steps and wild readings may make of it; see docs/forecasts.md for the false alarms.
NOISE = 0.08
# What the real consumption may lie above the curve before it is called a loss.
CURVE_EXCUSE = 0.4


class Loss(Struct, frozen=True):
    """Litres gone that the load does not explain (below 0: none), and from how many on it is a loss.

    ``l_per_h``: by what the level fell, ``expected_l_per_h``: by what the load explains.
    """

    litres: float
    limit: float
    l_per_h: float
    expected_l_per_h: float


def loss(point: PointConfig, tank: Tank, since: datetime | None = None) -> Loss | None:
    """Return what was lost; None while there is too little to tell. Readings before ``since`` do not count."""
    readings = _comparable(tank.readings, since)
    if len(readings) < 2 * READINGS or point.tank_litres is None or point.rated_w is None:
        return None
    first, last = readings[:READINGS], readings[-READINGS:]
    hours = (last[READINGS // 2].at - first[READINGS // 2].at) / timedelta(hours=1)
    gone = median(_kept(one) for one in first) - median(_kept(one) for one in last)
    burnt = median(_explained(one) for one in last) - median(_explained(one) for one in first)
    excused = CURVE_EXCUSE * burnt + NOISE * point.tank_litres * MICRO + _unheard(point, readings)
    return Loss(gone / MICRO, excused / MICRO, (gone + burnt) / MICRO / hours, burnt / MICRO / hours)


def _comparable(readings: Sequence[GaugeReading], since: datetime | None) -> Sequence[GaugeReading]:
    """Return the newest readings in a row between which the load was known and the gauge was not gone."""
    start = 0
    for index, one in enumerate(readings):
        if since is not None and one.at < since:
            start = index + 1
        elif one.is_blind or (index > start and one.unknown != readings[index - 1].unknown):
            start = index
    return readings[start:]


def _unheard(point: PointConfig, readings: Sequence[GaugeReading]) -> float:
    """Microlitres that a set at full power may have burnt beyond the curve while nothing was heard."""
    most = burn_l_per_h(point, point.rated_w or 0) or 0.0
    longest = timedelta(seconds=GONE_INTERVALS * point.interval_s)
    gaps = [b.at - a.at for a, b in pairwise(readings) if b.at - a.at > longest]
    return sum(MICRO * most * (gap / timedelta(hours=1)) for gap in gaps)


def _kept(reading: GaugeReading) -> int:
    return reading.stock + reading.charged


def _explained(reading: GaugeReading) -> int:
    return reading.burnt + reading.charged
