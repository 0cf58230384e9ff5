"""What a generator burns, by its load curve and by what the level really lost. Pure.

The load curve: litres/h = idle * rated kW + burn * load kW. The gauge counts in
whole percents, so a fall is only trusted once it spans several of them; it is
then fitted against what the curve says was burnt, which keeps a load that has
changed since from spoiling the figure. The fit is made once for each heartbeat
that has a level, never for each look at the point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, structs

from nspgateway.config import PointConfig

# The generator controller reports whole percents, the frame half ones.
GAUGE_STEP = 0.01
# A slope needs this fall at least, in gauge steps or in mean differences between two readings in a row.
SLOPE_STEPS = 5
SLOPE_SPREADS = 7
# Looking further back than this many times the fall needed adds nothing.
SLOPE_ENOUGH = 1.6
SLOPE_LONGEST = timedelta(hours=12)
# More at once than this, beyond what the set can burn, is no consumption: refuelling, theft.
JUMP_STEPS = 3
JUMP_SPREADS = 2.5
# A hole of this length in the history may hide a stop or a refuelling.
SLOPE_GAP = timedelta(hours=1)
# The load of the moment is the mean over the first, its spread is taken over the second.
LOAD_WINDOW = timedelta(minutes=10)
SPREAD_WINDOW = timedelta(hours=1)
# What one reading of the load may be beside the truth, as a share; of more it shrinks with their root.
FEW_READINGS = 0.25
MANY = 30
# So much must be known of the hour before it can be said that the load has risen.
RISE_LEAST_S = 900.0
# Levels and litres burnt are counted in millionths: sums of them come out the same from any start.
MICRO = 1_000_000
_HOUR = timedelta(hours=1)


class FuelSample(Struct, frozen=True):
    """One heartbeat's worth: ``litres`` and ``load_w`` (W) are None when unknown; ``at`` is aware UTC.

    ``charge``: of the battery behind the set, permille, None = unknown.
    """

    at: datetime
    litres: float | None
    load_w: int | None
    running: bool
    charge: int | None = None


class Burn(Struct, frozen=True):
    """Litres/h at the load of the moment, by curve and by slope (None = not known), and the load's spread.

    The higher of the two counts: an hour too few is a call to logistics, an hour too many a dark hall.
    ``rise``: the load of the moment as a factor of what it was earlier in the hour.
    """

    curve: float | None
    slope: float | None
    spread: float
    rise: float | None = None

    @property
    def known(self) -> list[float]:
        """The consumptions that say something, litres/h."""
        return [burn for burn in (self.curve, self.slope) if burn is not None and burn > 0]

    @property
    def used(self) -> Literal["load_curve", "slope"] | None:
        """The method whose figure the forecast goes by; None when neither says anything."""
        if not self.known:
            return None
        return "slope" if max(self.known) == self.slope else "load_curve"

    @property
    def why(self) -> Literal["higher", "curve_unknown", "slope_unknown", "both_unknown"]:
        """Why that one: it is the higher of two, or the other one says nothing."""
        if len(self.known) == 2:
            return "higher"
        if not self.known:
            return "both_unknown"
        return "curve_unknown" if self.used == "slope" else "slope_unknown"


class Level(Struct, frozen=True):
    """A filtered level while the set runs. ``litres`` and ``burnt`` in microlitres.

    ``burnt``: by the load curve since some moment in the past; ``unknown``: how often
    since then the load was not known.
    """

    at: datetime
    litres: int
    burnt: int
    unknown: int


class Slope(Struct, frozen=True):
    """What the level lost: as a factor of the load curve, and in litres/h of the time; None = not clear.

    ``run``: the levels that it is drawn from, oldest first.
    """

    factor: float | None = None
    l_per_h: float | None = None
    run: tuple[Level, ...] = ()


def burn_l_per_h(point: PointConfig, load_w: float) -> float | None:
    """Litres/h of the point's generator at ``load_w`` W by its load curve; None without a rating."""
    if point.rated_w is None:
        return None
    return (point.burn_idle_l_per_kwh * point.rated_w + point.burn_l_per_kwh * load_w) / 1000


def consumption(point: PointConfig, history: Sequence[FuelSample], slope: Slope, now: datetime) -> Burn:
    """Consumption at the load of the moment, both ways, and its spread. ``history``: oldest first.

    Where the load was known throughout, the fall counts as a factor of the
    curve, so that a load that has changed since does not spoil the figure.
    """
    load, varied = _weighted_loads(history, now)
    curve = None if load is None else burn_l_per_h(point, load[0])
    observed = slope.l_per_h if slope.factor is None or curve is None else slope.factor * curve
    if varied is None or load is None:
        return Burn(curve, observed, 0.0)
    since = now - SPREAD_WINDOW
    known = len([True for sample in history[-MANY:] if sample.load_w is not None and sample.at >= since])
    # Of a few readings nobody knows how far they lie from the load as it is; the newest has no weight yet.
    spread_w = math.hypot(varied[1], FEW_READINGS * varied[0] / math.sqrt(max(1, known - 1)))
    return Burn(curve, observed, point.burn_l_per_kwh * spread_w / 1000, _rise(load, varied))


def follow(point: PointConfig, slope: Slope, level: Level, spread: int) -> Slope:
    """Return the slope after one more level of a running set.

    ``spread``: mean difference between two readings in a row, microlitres.
    """
    if point.tank_litres is None:
        return Slope()
    step = round(GAUGE_STEP * point.tank_litres * MICRO)
    if slope.run and _broken(point, slope.run, level, max(JUMP_STEPS * step, round(JUMP_SPREADS * spread))):
        slope = Slope()
    run = slope.run
    needed = max(SLOPE_STEPS * step, SLOPE_SPREADS * spread)
    if run and run[-1].at == level.at:
        run = run[:-1]
    run = (*run[_start(run, level, SLOPE_ENOUGH * needed) :], level)
    if len(run) < SLOPE_STEPS or run[0].litres - level.litres < needed:
        # A clear slope stays: without it the hours would spring back to the curve's for a while.
        return structs.replace(slope, run=run)
    first = run[0]
    litres = [(one.litres - first.litres) / MICRO for one in run]
    hours = [(one.at - first.at).total_seconds() / 3600 for one in run]
    is_known = first.unknown == level.unknown and point.rated_w is not None
    burnt = [(one.burnt - first.burnt) / MICRO for one in run]
    return Slope(_lost_per(burnt, litres) if is_known else None, _lost_per(hours, litres), run)


# Mean and standard deviation in W, and over how many seconds.
_Load = tuple[float, float, float]


def _rise(load: _Load, hour: _Load) -> float | None:
    """Return the load of the moment as a factor of what it was earlier in the hour; None when that is not known."""
    before_s = hour[2] - load[2]
    if before_s < RISE_LEAST_S:
        return None
    before_w = (hour[0] * hour[2] - load[0] * load[2]) / before_s
    return load[0] / before_w if before_w > 0 else None


def _weighted_loads(history: Sequence[FuelSample], now: datetime) -> tuple[_Load, _Load] | tuple[None, None]:
    """The load weighted by time, over the load's window and over the spread's.

    A value holds until the next sample. Without a sample in the window its last value is the mean; None
    without any. Of a set that runs, only what it has carried since it was started counts. Both in one look
    at the history: it is the longest of all that is done for a frame.
    """
    runs = bool(history) and history[-1].running
    total = weight = square = 0.0
    until_s, near_s, far_s = 0.0, LOAD_WINDOW.total_seconds(), SPREAD_WINDOW.total_seconds()  # ago
    newest: int | None = None
    load: _Load | None = None
    for sample in reversed(history):
        if runs and not sample.running:
            break
        ago_s, load_w = (now - sample.at).total_seconds(), sample.load_w
        if newest is None:
            newest = load_w
        if ago_s >= near_s and load is None and newest is not None:
            held = load_w or 0
            seconds = 0.0 if load_w is None else max(0.0, near_s - until_s)
            load = _spread(newest, total + seconds * held, square + seconds * held**2, weight + seconds)
        is_far = ago_s >= far_s
        since_s = far_s if is_far else ago_s
        if since_s > until_s:
            if load_w is not None:
                seconds = since_s - until_s
                total += seconds * load_w
                square += seconds * load_w * load_w
                weight += seconds
            until_s = since_s
        if is_far and newest is not None:
            break
    if newest is None:
        return None, None
    varied = _spread(newest, total, square, weight)
    return load or varied, varied


def _spread(newest: int, total: float, square: float, weight: float) -> _Load:
    if weight == 0:
        return float(newest), 0.0, 0.0
    mean = total / weight
    return mean, math.sqrt(max(0.0, square / weight - mean**2)), weight


def _start(run: Sequence[Level], level: Level, enough: float) -> int:
    """Index of the first level of the run that still adds something."""
    start = 0
    while start + 1 < len(run) and (
        run[start + 1].litres - level.litres >= enough or level.at - run[start].at > SLOPE_LONGEST
    ):
        start += 1
    return start


def _broken(point: PointConfig, run: Sequence[Level], level: Level, jump: int) -> bool:
    """Tell whether the level rose, fell at once (theft, a hand at the gauge), or was unseen for too long."""
    last = run[-1]
    gap = level.at - last.at
    full_power = MICRO * (burn_l_per_h(point, point.rated_w or 0) or 0.0) * (gap / _HOUR)
    rose = level.litres - min(one.litres for one in run)
    return gap > SLOPE_GAP or last.litres - level.litres > jump + full_power or rose > jump


def _lost_per(x: Sequence[float], litres: Sequence[float]) -> float | None:
    """Litres lost for each unit of x, by the least-squares line; None when x does not vary."""
    count = len(x)
    mean_x, mean_y = sum(x) / count, sum(litres) / count
    width = sum((value - mean_x) ** 2 for value in x)
    if width <= 0:
        return None
    return -sum((a - mean_x) * (b - mean_y) for a, b in zip(x, litres, strict=True)) / width
