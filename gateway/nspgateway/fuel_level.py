"""What a fuel gauge's readings are worth: a steady level, and the refuellings in between. Pure.

A sender swings with the fuel (some 3 %), jumps now and then and counts in whole
percents. So the level is the median of the last readings, each less what the
load curve says was burnt since: a median without its lag. It follows a fall at
once, but rises within three hours only by a refuelling: several readings in a
row that lie clearly above everything before them. An error is thus on the side
of too few hours, and the hours do not dance around an alarm's limit.

Everything here follows from the last hours of readings alone, so a restart that
reads them again from the journal finds the same level and the same refuellings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean, median_high, median_low, pstdev

import msgspec
from msgspec import Struct, structs

from nspgateway.config import PointConfig
from nspgateway.consumption import GAUGE_STEP, MICRO, FuelSample, Level, Slope, burn_l_per_h, follow

# The level is the median of so many readings; with fewer there is not much of a level yet.
WINDOW = 5
# Readings closer than this share of the interval count as one: a burst is no dwell.
APART = 0.5
# A gauge that was unknown and not known for so long was gone: twice unknown, once is a missed poll.
GONE_INTERVALS = 2.4
# Across a longer hole the level begins again.
BRIDGE = timedelta(hours=1)
# Within this time the level only falls, unless the median lies this share of the tank above it:
# then it was wrong (a sender that hung for a while), or there was a refuelling.
MEMORY = timedelta(hours=3)
HOLD = 0.06
# A refuelling: so many readings, a wild one in between allowed, this share of the tank above the level before.
RISE = 0.05
RISE_READINGS = 3
# The level before is drawn from so many readings; the litres added are made more exact for so long.
BEFORE_READINGS = 12
REFINE = timedelta(hours=1)
# Share of what the set gives a charger that arrives in the battery.
CHARGER = 0.85
# Refuellings are told for so long.
TOLD = timedelta(hours=24)


class Refuel(Struct, frozen=True):
    """Fuel that was added: when it was first seen, litres, and by how many litres that may be wrong."""

    at: datetime
    litres: float
    uncertainty: float


class GaugeReading(Struct, frozen=True):
    """One reading. ``stock`` = its level plus all that was burnt so far: it moves by refuelling only.

    ``charged``: what the battery behind the set took so far, beside the load; ``unknown``: how often
    the load was not known until then.

    ``level``: of the filter at that time, None while unsettled. ``is_blind``: the gauge was
    gone just before, so what happened in between nobody saw. All in microlitres.
    """

    at: datetime
    stock: int
    burnt: int
    is_blind: bool
    level: int | None = None
    charged: int = 0
    unknown: int = 0


class Tank(Struct, frozen=True):
    """A tank's level and what it was made from. Immutable; ``advance`` gives the next one.

    ``litres``: filtered, None before the first reading. ``measured_at``: time of the newest reading.
    ``above``: by how many litres the level may be higher: the filter errs on the low side.
    ``running``: whether the set ran at that reading. ``refuels``: of the last 24 hours, oldest first.

    The rest is the filter's own: the last hours' ``readings``, the ``last`` sample, microlitres
    ``burnt`` by the curve, ``charged`` into the battery, and how often that was ``unknown``, the number of ``unknowns`` since the
    newest reading, and the stocks ``before`` the newest refuelling while it can still become more exact.
    """

    litres: float | None = None
    measured_at: datetime | None = None
    above: float = 0.0
    running: bool = False
    refuels: tuple[Refuel, ...] = ()
    slope: Slope = msgspec.field(default_factory=Slope)
    readings: tuple[GaugeReading, ...] = ()
    last: FuelSample | None = None
    burnt: int = 0
    charged: int = 0
    unknown: int = 0
    unknowns: int = 0
    before: tuple[int, ...] = ()


def replay(point: PointConfig, samples: Iterable[FuelSample]) -> Tank:
    """Return the tank after all samples, oldest first."""
    tank = Tank()
    for sample in samples:
        tank = advance(point, tank, sample)
    return tank


def advance(point: PointConfig, tank: Tank, sample: FuelSample) -> Tank:
    """Return the tank after one more heartbeat; a level that is unknown changes nothing of the level."""
    burnt, is_known = _burnt_since(point, tank, sample)
    refuels = tuple(refuel for refuel in tank.refuels if sample.at - refuel.at <= TOLD)
    tank = structs.replace(
        tank,
        refuels=refuels,
        last=sample,
        burnt=tank.burnt + burnt,
        charged=tank.charged + _charged_since(point, tank, sample),
        unknown=tank.unknown + (not is_known),
    )
    if sample.litres is None:
        slope = tank.slope if sample.running else Slope()
        return structs.replace(tank, slope=slope, unknowns=tank.unknowns + 1)
    tank = _with_reading(point, tank, sample.at, round(sample.litres * MICRO) + tank.burnt)
    return _with_level(point, _with_refuel(point, tank), sample)


def _burnt_since(point: PointConfig, tank: Tank, sample: FuelSample) -> tuple[int, bool]:
    """Microlitres burnt by the curve since the last sample, and whether that is known."""
    last = tank.last
    if last is None or not last.running:
        return 0, True
    rate = None if last.load_w is None else burn_l_per_h(point, last.load_w)
    if rate is None:
        return 0, False
    return round(MICRO * rate * max(0.0, (sample.at - last.at).total_seconds()) / 3600), True


def _charged_since(point: PointConfig, tank: Tank, sample: FuelSample) -> int:
    """Microlitres that went into the battery since the last sample: its rise, through charger and set."""
    last = tank.last
    if last is None or not last.running or last.charge is None or sample.charge is None:
        return 0
    kwh = max(0, sample.charge - last.charge) * (point.battery_wh or 0) / 1e6
    return round(MICRO * point.burn_l_per_kwh * kwh / CHARGER)


def _with_reading(point: PointConfig, tank: Tank, at: datetime, stock: int) -> Tank:
    kept = tank.readings
    if kept and at - kept[-1].at > BRIDGE:
        kept = ()
    if kept and (at - kept[-1].at).total_seconds() < APART * point.interval_s:
        newest = structs.replace(
            kept[-1], stock=stock, burnt=tank.burnt, charged=tank.charged, unknown=tank.unknown
        )
        kept = kept[:-1]
    else:
        was_gone = not kept or (at - kept[-1].at).total_seconds() > GONE_INTERVALS * point.interval_s
        is_blind = tank.unknowns > 1 and was_gone
        newest = GaugeReading(at, stock, tank.burnt, is_blind, charged=tank.charged, unknown=tank.unknown)
    since = at - MEMORY
    kept = (*[reading for reading in kept if reading.at >= since], newest)
    return structs.replace(tank, readings=kept, unknowns=0)


def _with_refuel(point: PointConfig, tank: Tank) -> Tank:
    """Return the tank with a refuelling that its newest readings show, or a more exact newest one."""
    if tank.refuels and tank.before and tank.readings[-1].at - tank.refuels[-1].at > REFINE:
        tank = structs.replace(tank, before=())
    earlier, raised = _split(point, tank.readings, 1 if tank.before else WINDOW)
    if raised:
        tank = structs.replace(tank, readings=_unsettled(raised), slope=Slope())
        if raised[0].is_blind:
            # The gauge was gone and came back higher: perhaps another sender. A level, no refuelling.
            return structs.replace(tank, before=())
        if not tank.before:
            before = tuple(reading.stock for reading in earlier)
            refuel = Refuel(raised[0].at, 0.0, 0.0)
            tank = structs.replace(tank, before=before, refuels=(*tank.refuels, refuel))
    if not tank.before:
        return tank
    added = _added(point, tank.refuels[-1].at, tank.before, [one.stock for one in tank.readings])
    if added.litres < RISE / 2 * (point.tank_litres or 0.0):
        # More readings show that it was a few high ones together: taken back.
        return structs.replace(tank, before=(), refuels=tank.refuels[:-1])
    return structs.replace(tank, refuels=(*tank.refuels[:-1], added))


def _split(
    point: PointConfig, kept: Sequence[GaugeReading], fewest: int
) -> tuple[Sequence[GaugeReading], Sequence[GaugeReading]]:
    """Return the readings before a rise and those after it, without one wild one in between; none = no rise."""
    for count in (RISE_READINGS, RISE_READINGS + 1):
        earlier, newest = kept[:-count][-BEFORE_READINGS:], kept[-count:]
        if len(earlier) < fewest:
            break
        raised = [reading for reading in newest if _is_raised(point, earlier, reading)]
        if len(raised) < RISE_READINGS or raised[0] is not newest[0] or raised[-1] is not newest[-1]:
            continue
        if len(raised) == count or len(_agreeing(point, [one.stock for one in raised])) == len(raised):
            return earlier, raised
    return kept, ()


def _is_raised(point: PointConfig, earlier: Sequence[GaugeReading], reading: GaugeReading) -> bool:
    """Tell whether a reading lies above the level of the earlier ones, by more than noise."""
    gauged = reading.stock - reading.burnt
    rise = round(RISE * (point.tank_litres * MICRO if point.tank_litres else gauged))
    if reading.stock < median_low(one.stock for one in earlier) + rise:
        return False
    # A curve that says far too much makes the stock seem to grow while the gauge only fails to fall.
    return gauged >= median_low(one.stock - one.burnt for one in earlier[-WINDOW:]) + rise // 2


def _added(point: PointConfig, at: datetime, before: Sequence[int], after: Sequence[int]) -> Refuel:
    step = GAUGE_STEP * (point.tank_litres or 0.0)
    low, high = _agreeing(point, before), _agreeing(point, after)
    # Differences of whole numbers first: the same litres wherever the count of what was burnt began.
    added = fmean(stock - low[0] for stock in high) - fmean(stock - low[0] for stock in low)
    error = math.hypot(pstdev(low) / math.sqrt(len(low)), pstdev(high) / math.sqrt(len(high)))
    return Refuel(at, added / MICRO, 3 * error / MICRO + step)


def _agreeing(point: PointConfig, stocks: Sequence[int]) -> list[int]:
    """Those near the middle one: without wild readings, and without those taken while it was being poured."""
    middle = median_low(stocks)
    near = HOLD * (point.tank_litres or 0.0) * MICRO
    return [stock for stock in stocks if abs(stock - middle) <= near]


def _unsettled(readings: Sequence[GaugeReading]) -> tuple[GaugeReading, ...]:
    return tuple(structs.replace(reading, level=None) for reading in readings)


def _with_level(point: PointConfig, tank: Tank, sample: FuelSample) -> Tank:
    """Return the tank with the level and the slope that follow from its readings."""
    kept = tank.readings
    # The higher of the middle two: a single low reading beside a few others is no level.
    stock = median_high(reading.stock for reading in kept[-WINDOW:])
    level = max(0, stock - tank.burnt)
    newest = structs.replace(kept[-1], level=level if len(kept) >= WINDOW else None)
    kept = (*kept[:-1], newest)
    forgiven = stock - tank.burnt - round(HOLD * (point.tank_litres or sample.litres or 0.0) * MICRO)
    levels = [one.level for one in kept if one.level is not None and one.level >= forgiven]
    slope = Slope()
    if sample.running:
        recent = kept[-BEFORE_READINGS:]
        steps = [abs(one.stock - other.stock) for one, other in pairwise(recent)]
        spread = round(sum(steps) / len(steps)) if steps else 0
        slope = follow(point, tank.slope, Level(newest.at, level, newest.burnt, tank.unknown), spread)
    lowest = min((*levels, level))
    return structs.replace(
        tank,
        litres=lowest / MICRO,
        above=_above(kept, tank.burnt, lowest) / MICRO,
        measured_at=sample.at,
        running=sample.running,
        slope=slope,
        readings=kept,
    )


def _above(kept: Sequence[GaugeReading], burnt: int, level: int) -> float:
    """Microlitres by which the readings of the last hour say that the level may be higher."""
    stocks = [one.stock for one in kept[-BEFORE_READINGS:]]
    middle = median_low(stocks)
    spread = median_high(abs(stock - middle) for stock in stocks)
    return max(0, middle - burnt - level) + spread
