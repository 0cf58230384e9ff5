"""What a generator burns, by its load curve and by what the level really lost. Pure.

The load curve: litres/h = idle * rated kW + burn * load kW. The gauge counts in
whole percents, so a fall is only trusted once it spans several of them; it is
then fitted against what the curve says was burnt, which keeps a load that has
changed since from spoiling the figure.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from nspgateway.config import PointConfig

# The generator controller reports whole percents, the frame half ones.
GAUGE_STEP = 0.01
# A slope needs this fall at least, in gauge steps; looking further back than the second adds nothing.
SLOPE_STEPS = 5
SLOPE_STEPS_ENOUGH = 8
# More steps at once than this, beyond what the set can burn, is no consumption: refuelling, theft.
JUMP_STEPS = 3
# A hole of this length in the history may hide a stop or a refuelling.
SLOPE_GAP = timedelta(hours=1)
# The load of the moment is the mean over the first, its spread is taken over the second.
LOAD_WINDOW = timedelta(minutes=10)
SPREAD_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FuelSample:
    """One heartbeat's worth: ``litres`` and ``load_w`` (W) are None when unknown; ``at`` is aware UTC."""

    at: datetime
    litres: float | None
    load_w: int | None
    running: bool


@dataclass(frozen=True, slots=True)
class Burn:
    """Litres/h at the load of the moment, by curve and by slope (None = not known), and the load's spread."""

    curve: float | None
    slope: float | None
    spread: float

    @property
    def known(self) -> list[float]:
        """The consumptions that say something, litres/h."""
        return [burn for burn in (self.curve, self.slope) if burn is not None and burn > 0]


@dataclass(frozen=True, slots=True)
class _Level:
    at: datetime
    litres: float
    load_w: int | None


def burn_l_per_h(point: PointConfig, load_w: float) -> float | None:
    """Litres/h of the point's generator at ``load_w`` W by its load curve; None without a rating."""
    if point.rated_w is None:
        return None
    return (point.burn_idle_l_per_kwh * point.rated_w + point.burn_l_per_kwh * load_w) / 1000


def consumption(point: PointConfig, history: Sequence[FuelSample], now: datetime) -> Burn:
    """Consumption at the load of the moment, both ways, and its spread. ``history``: oldest first."""
    load = _weighted_load(history, now, LOAD_WINDOW)
    curve = None if load is None else burn_l_per_h(point, load[0])
    step = GAUGE_STEP * point.tank_litres if point.tank_litres else None
    slope = _slope(point, history, step, curve) if step else None
    varied = _weighted_load(history, now, SPREAD_WINDOW)
    spread = 0.0 if varied is None else point.burn_l_per_kwh * varied[1] / 1000
    return Burn(curve, slope, spread)


def _weighted_load(
    history: Sequence[FuelSample], now: datetime, window: timedelta
) -> tuple[float, float] | None:
    """Mean and standard deviation of the load in W over the window, weighted by time.

    A value holds until the next sample. Without a sample in the window its last value is the mean.
    """
    total = weight = square = 0.0
    until = now
    newest: int | None = None
    for sample in reversed(history):
        if sample.load_w is not None:
            newest = sample.load_w if newest is None else newest
            seconds = max(0.0, (until - max(sample.at, now - window)).total_seconds())
            total += seconds * sample.load_w
            square += seconds * sample.load_w**2
            weight += seconds
        until = min(until, sample.at)
        if sample.at <= now - window and newest is not None:
            break
    if newest is None:
        return None
    if weight == 0:
        return float(newest), 0.0
    mean = total / weight
    return mean, math.sqrt(max(0.0, square / weight - mean**2))


def _slope(
    point: PointConfig, history: Sequence[FuelSample], step: float, curve: float | None
) -> float | None:
    """Litres/h by what the level lost; None while the fall does not yet beat the gauge's steps.

    Where the load is known throughout, the fall is set against what the curve
    says was burnt in that time, so that a load that has changed since does not
    spoil the figure; otherwise against time.
    """
    run = _last_run(point, history, step)
    if len(run) < SLOPE_STEPS or run[0].litres - run[-1].litres < SLOPE_STEPS * step:
        return None
    burnt = _burnt_by_curve(point, run)
    if burnt is None or curve is None:
        return _fit([(level.at - run[0].at) / timedelta(hours=1) for level in run], run)
    factor = _fit(burnt, run)
    return None if factor is None else factor * curve


def _last_run(point: PointConfig, history: Sequence[FuelSample], step: float) -> list[_Level]:
    """Return the newest levels, oldest first, with the set running and no jump between them."""
    run: list[_Level] = []
    highest = -math.inf
    for sample in reversed(history):
        if sample.litres is None:
            continue
        if not sample.running or sample.litres < highest - JUMP_STEPS * step:
            break
        if run and _jumped(point, sample.litres - run[-1].litres, run[-1].at - sample.at, step):
            break
        run.append(_Level(sample.at, sample.litres, sample.load_w))
        highest = max(highest, sample.litres)
        if sample.litres - run[0].litres >= SLOPE_STEPS_ENOUGH * step:
            break
    run.reverse()
    return run


def _jumped(point: PointConfig, fall: float, gap: timedelta, step: float) -> bool:
    """Tell whether the level fell at once (theft, a hand at the gauge), or unseen for too long."""
    full_power = burn_l_per_h(point, point.rated_w or 0) or 0.0
    return gap > SLOPE_GAP or fall > JUMP_STEPS * step + full_power * (gap / timedelta(hours=1))


def _burnt_by_curve(point: PointConfig, run: Sequence[_Level]) -> list[float] | None:
    """Litres burnt since the start of the run at each level, by the curve; None with a load unknown."""
    burnt = [0.0]
    for one, other in itertools.pairwise(run):
        rate = None if one.load_w is None else burn_l_per_h(point, one.load_w)
        if rate is None:
            return None
        burnt.append(burnt[-1] + rate * ((other.at - one.at) / timedelta(hours=1)))
    return burnt


def _fit(x: Sequence[float], run: Sequence[_Level]) -> float | None:
    """Litres lost for each unit of x, by the least-squares line; None when x does not vary."""
    y = [level.litres for level in run]
    mean_x, mean_y = fmean(x), fmean(y)
    width = sum((value - mean_x) ** 2 for value in x)
    if width == 0:
        return None
    return -sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / width
