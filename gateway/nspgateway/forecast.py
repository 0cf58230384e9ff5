"""Hours of fuel and battery left, as a range with its reason. Pure.

Consumption is known by the load curve and by the observed slope; the higher
one gives ``likely``, and that one alarms. The range holds what a gauge in whole
percents cannot see, a varying load and an error of the curve, and it widens
while no new reading comes in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from statistics import fmean
from typing import Literal

from msgspec import Struct

from nspgateway.config import PointConfig
from nspgateway.consumption import GAUGE_STEP, Burn, FuelSample, consumption
from nspgateway.fuel_level import Tank, replay
from nspgateway.stock import UNCHECKED_ERROR, Stock
from nspgateway.view import Forecast, Reading

__all__ = [
    "BatterySample",
    "FuelSample",
    "battery",
    "battery_behind",
    "estimated",
    "fuel",
    "fuel_burn",
    "full_tank_hours",
    "half_load_h",
    "has_generator",
    "measures_fuel",
    "net_power_w",
    "usable_litres",
]

# Relative errors: the burn of one set against its curve, the slope, the battery's capacity and its inverter.
CURVE_ERROR = 0.12
SLOPE_ERROR = 0.07
BATTERY_ERROR = 0.20
# What may have changed at a point, for each hour that nothing was heard.
ERROR_PER_HOUR = 0.05
ERROR_MOST = 0.5
# Older than this says nothing about now.
OLDEST = timedelta(hours=12)
_HOUR = timedelta(hours=1)
# Below this share a battery's inverter or its management switches off.
BATTERY_RESERVE = 0.10
# An inverter that takes more than this for itself is a load that is not on the meter.
INVERTER_MOST = 1.25
# "Net current <= 0 over 10 minutes" is what counts as not charging.
CHARGE_WINDOW = timedelta(minutes=10)
# Keeps dates inside the calendar; nobody plans beyond a year.
MOST_HOURS = 8760.0


class BatterySample(Struct, frozen=True):
    """Net power of the battery at one moment, W, + charges; None when unknown.

    ``load_w``: what it carried then, when it was the source; None when it was not, or unknown.
    """

    at: datetime
    net_w: float | None
    load_w: int | None = None


def usable_litres(point: PointConfig, litres: float) -> float:
    """Litres that the generator can still suck up."""
    return max(0.0, litres - point.dead_litres)


def full_tank_hours(point: PointConfig, litres: float, hours: float) -> float | None:
    """Hours of a full tank at the consumption that leaves ``hours`` with ``litres``; None when unknown."""
    usable = usable_litres(point, litres)
    if point.tank_litres is None or usable <= 0:
        return None
    return hours * usable_litres(point, point.tank_litres) / usable


def has_generator(point: PointConfig) -> bool:
    """Tell whether the point has a generator; one of which neither devices nor sources are named may."""
    named = (*point.devices, *point.sources)
    return not named or "generator" in named


def measures_fuel(point: PointConfig) -> bool:
    """Tell whether the level in the tank can come from the kit; a portable petrol set has no probe."""
    return not point.devices or "generator" in point.devices


def fuel_burn(point: PointConfig, tank: Tank, history: Sequence[FuelSample], now: datetime) -> Burn | None:
    """Consumption by load curve and by slope; None at a point without a generator."""
    return consumption(point, history, tank.slope, now) if has_generator(point) else None


def fuel(
    point: PointConfig,
    history: Sequence[FuelSample],
    now: datetime,
    tank: Tank | None = None,
    burn: Burn | None = None,
) -> Forecast | None:
    """Hours of fuel left. ``history``: oldest first, as far back as there is, some 12 h is plenty.

    ``tank``: what ``fuel_level.replay`` makes of the history, from those who keep it up to date;
    ``burn``: the consumption of now, from those who have reckoned it.

    Goes on from the last known level when the newest samples have none, with a
    range that widens. None without a generator, when no level of the last 12
    hours is known, or nothing of the consumption. A generator that stands still
    is counted as if it started now, with the load of the moment.
    """
    tank = replay(point, history) if tank is None else tank
    if tank.litres is None or tank.measured_at is None or now - tank.measured_at > OLDEST:
        return None
    burn = fuel_burn(point, tank, history, now) if burn is None else burn
    known = burn.known if burn is not None else []
    if burn is None or not known:
        return None
    age_h = max(0.0, (now - tank.measured_at).total_seconds() / 3600)
    likely = max(known)
    by_slope = likely == burn.slope
    error = math.hypot(SLOPE_ERROR if by_slope else CURVE_ERROR, burn.spread / likely)
    error = min(ERROR_MOST, error + ERROR_PER_HOUR * age_h)
    usable = usable_litres(point, tank.litres)
    step = GAUGE_STEP * (point.tank_litres or tank.litres)
    # The level goes on falling between two readings. Only a fresh one says that the
    # set still runs (for the late end) or still stands (for the early end).
    fresh = age_h * 3600 <= 1.2 * point.interval_s
    burnt = age_h if tank.running else 0.0
    return _range(
        now,
        (max(0.0, usable - step) / (likely * (1 + error)) - (burnt if fresh else age_h)),
        usable / likely - burnt,
        (usable + max(step, tank.above)) / (min(known) * (1 - error)) - (burnt if fresh else 0.0),
        "slope" if by_slope else "load_curve",
        tank.measured_at,
    )


def estimated(point: PointConfig, stock: Stock, burn: Burn, now: datetime) -> Forecast | None:
    """Hours of fuel left by litres that a person entered, less what was burnt since.

    ``burn``: consumption of now; None when that is unknown, or the litres are. The range is wide where no
    gauge checks the curve, and it widens with all that was burnt since.
    """
    if stock.litres is None or not burn.known:
        return None
    rate = max(burn.known)
    error = UNCHECKED_ERROR if burn.slope is None else SLOPE_ERROR
    error = min(ERROR_MOST, math.hypot(error, burn.spread / rate))
    left = usable_litres(point, stock.litres)
    most = usable_litres(
        point, min(stock.litres + stock.doubt + stock.unheard, point.tank_litres or math.inf)
    )
    return _range(
        now,
        max(0.0, left - stock.doubt) / (rate * (1 + error)),
        left / rate,
        max(left, most) / (min(burn.known) * (1 - error)),
        "by_hand",
        stock.at,
    )


def half_load_h(point: PointConfig, found: Forecast | None, burn: Burn | None) -> float | None:
    """Hours that the fuel would last if half of the load were switched off; None when unknown.

    The idle part of the consumption stays: half the load is more than half the fuel.
    """
    if found is None or burn is None or not burn.known or point.rated_w is None:
        return None
    rate = max(burn.known)
    idle = point.burn_idle_l_per_kwh * point.rated_w / 1000
    if burn.curve:
        idle *= rate / burn.curve
    return found.likely_h * rate / max(rate / 2, (rate + min(idle, rate)) / 2)


def battery_behind(
    point: PointConfig, readings: Mapping[str, Reading], now: datetime
) -> tuple[float, float, float] | None:
    """Hours (low, likely, high) that the battery carries the load of now, once it has to; None when unknown."""
    charge, load = _number(readings, "battery_permille"), _number(readings, "load_w")
    if charge is None or point.battery_wh is None or not load or load <= 0:
        return None
    measured = readings["battery_permille"].good_at or now
    age_h = max(0.0, (now - measured) / _HOUR)
    error = min(ERROR_MOST, BATTERY_ERROR + ERROR_PER_HOUR * age_h)
    usable = max(0.0, charge / 1000 - BATTERY_RESERVE) * point.battery_wh
    hours = usable / load
    return hours / (1 + error), hours, hours / (1 - error)


def battery(
    point: PointConfig,
    readings: Mapping[str, Reading],
    history: Sequence[BatterySample],
    now: datetime,
) -> Forecast | None:
    """Hours of battery left while it is running down; None when it is not, or when that is unknown.

    ``readings`` by the names of ``nsplink.fields``; ``history`` oldest first, of which the last
    10 minutes count. Of the net battery power and the load (when the battery is the source)
    the higher one counts.
    """
    charge = _number(readings, "battery_permille")
    if charge is None or point.battery_wh is None:
        return None
    power = _discharge_w(point, readings, history, now)
    if power is None:
        return None
    measured = readings["battery_permille"].good_at or now
    age_h = max(0.0, (now - measured) / _HOUR)
    error = min(ERROR_MOST, BATTERY_ERROR + ERROR_PER_HOUR * age_h)
    usable = max(0.0, charge / 1000 - BATTERY_RESERVE) * point.battery_wh
    step = GAUGE_STEP * point.battery_wh
    return _range(
        now,
        max(0.0, usable - step) / (power * (1 + error)) - age_h,
        usable / power - age_h,
        (usable + step) / (power * (1 - error)),
        "battery_net",
        measured,
    )


def net_power_w(point: PointConfig, readings: Mapping[str, Reading], now: datetime) -> float | None:
    """Net power of the battery in W, + charges; None when unknown.

    Voltage and current travel far less often than the charge: an old pair says
    nothing about which way the current flows now.
    """
    centivolts, deciamps = _number(readings, "battery_cv"), _number(readings, "battery_da")
    if centivolts is None or deciamps is None:
        return None
    good_at = readings["battery_da"].good_at
    oldest_s = max(CHARGE_WINDOW.total_seconds(), 1.2 * point.interval_s)
    if good_at is None or (now - good_at).total_seconds() > oldest_s:
        return None
    return centivolts * deciamps / 1000


def _discharge_w(
    point: PointConfig, readings: Mapping[str, Reading], history: Sequence[BatterySample], now: datetime
) -> float | None:
    """Return the power in W that empties the battery; None when it charges, rests, or nothing is known."""
    net = net_power_w(point, readings, now)
    if net is not None and net > 0:
        return None
    since = now - CHARGE_WINDOW
    recent = takewhile(lambda sample: sample.at >= since, reversed(history))
    window = [sample.net_w for sample in recent if sample.net_w is not None]
    if net is not None:
        window.append(net)
        if fmean(window) > 0:
            return None
    drawn = [-fmean(window)] if window else []
    source = readings.get("power_source")
    load = _number(readings, "load_w")
    if source is not None and source.value == "battery" and load is not None:
        drawn.append(load * _inverter(history))
    return max((watts for watts in drawn if watts > 0), default=None)


def _inverter(history: Sequence[BatterySample]) -> float:
    """How much more the battery gives than its load takes, as it last was; 1 while nobody knows."""
    for sample in reversed(history):
        if sample.net_w is not None and sample.load_w and sample.net_w < 0:
            return min(INVERTER_MOST, max(1.0, -sample.net_w / sample.load_w))
    return 1.0


def later(now: datetime, hours: float) -> datetime:
    """Return the moment so many hours on, in whole seconds: nobody knows it better."""
    return now + timedelta(0, int(3600 * hours))


def _range(
    now: datetime,
    low: float,
    likely: float,
    high: float,
    reason: Literal["load_curve", "slope", "battery_net", "by_hand"],
    measured_at: datetime,
) -> Forecast:
    """Put the three in order and in the calendar. A past "empty around" stays in the past."""
    likely = min(MOST_HOURS, likely)
    low, high = min(low, likely), min(MOST_HOURS, max(likely, high))
    return Forecast(
        max(0.0, low),
        max(0.0, likely),
        max(0.0, high),
        later(now, low),
        later(now, likely),
        later(now, high),
        reason,
        measured_at,
    )


def _number(readings: Mapping[str, Reading], name: str) -> int | None:
    reading = readings.get(name)
    return reading.value if reading is not None and isinstance(reading.value, int) else None
