"""How much fuel there is and who says so: the gauge, a person, or a last reading that is reckoned on from. Pure.

A person's dip overrides the gauge for half a day: somebody looked into the tank. From then on, and
in a tank without a gauge, the litres are what was entered less what the set burnt since, by its
running time and the load. What was poured in counts once, also when gauge and person both tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, structs

from nspgateway.config import PointConfig
from nspgateway.consumption import Burn, FuelSample, burn_l_per_h
from nspgateway.fuel_level import Refuel, Tank
from nspgateway.people import FuelEntry

Source = Literal["gauge", "by_hand", "estimate"]

# Litres by hand say nothing after a week; of a gauge that works they are the check of half a shift.
ENTRY_LASTS = timedelta(days=7)
DIP_OVERRIDES = timedelta(hours=12)
# A refuelling that gauge and person tell within this time is one.
SAME_REFUEL = timedelta(hours=1)
# A dip of a tank that was just filled: the gauge's own word of that filling comes a little later.
SETTLES = timedelta(minutes=15)
# Litres told by a person, and a curve that nobody checked against a gauge: relative errors.
ENTERED_ERROR = 0.05
UNCHECKED_ERROR = 0.25
# A heartbeat speaks for so many intervals; after that nobody knows whether the set still ran.
HEARD_INTERVALS = 1.2
# After so many hours without a word nobody can say what is left.
SILENT_MOST_H = 12
_MS = timedelta(milliseconds=1)
_HOUR_MS = 3_600_000


class Used(Struct, frozen=True):
    """What a set did since some moment. Whole numbers: differences are the same from any start.

    ``ran_ms``: milliseconds that it ran; of these the load of ``loadless_ms`` is not known, and in
    ``unheard_ms`` nothing was heard. ``energy``: W x ms delivered. ``last``: the newest heartbeat.
    """

    ran_ms: int = 0
    energy: int = 0
    loadless_ms: int = 0
    unheard_ms: int = 0
    last: FuelSample | None = None

    def since(self, before: Used) -> Used:
        """Return what was added since ``before``."""
        return Used(
            self.ran_ms - before.ran_ms,
            self.energy - before.energy,
            self.loadless_ms - before.loadless_ms,
            self.unheard_ms - before.unheard_ms,
            self.last,
        )


class Entered(Struct, frozen=True):
    """Litres by hand, and how far the count of what was used had come at that moment."""

    entry: FuelEntry
    used: Used


class Stock(Struct, frozen=True):
    """Litres in the tank, ``source`` and ``at``: who said so and when; ``doubt``: they may be wrong by so much.

    ``litres`` None = not known. ``unheard``: litres that may not have been burnt, since nothing was heard.
    """

    litres: float | None
    source: Source
    at: datetime
    doubt: float = 0.0
    unheard: float = 0.0


def advance(point: PointConfig, used: Used, sample: FuelSample) -> Used:
    """Return the count after one more heartbeat; what one says holds until the next."""
    return structs.replace(until(point, used, sample.at), last=sample)


def until(point: PointConfig, used: Used, now: datetime) -> Used:
    """Return the count as it is at ``now`` if the newest heartbeat still holds."""
    last = used.last
    if last is None or not last.running:
        return used
    span = max(0, (now - last.at) // _MS)
    known = last.load_w is not None
    return structs.replace(
        used,
        ran_ms=used.ran_ms + span,
        energy=used.energy + span * (last.load_w or 0),
        loadless_ms=used.loadless_ms + (0 if known else span),
        unheard_ms=used.unheard_ms + max(0, span - round(1000 * HEARD_INTERVALS * point.interval_s)),
    )


def entered(point: PointConfig, used: Used, history: Sequence[FuelSample], entry: FuelEntry) -> Entered:
    """Return the entry with the count of its own moment; ``history``: oldest first, back to before it."""
    later = [sample for sample in history if sample.at > entry.at]
    if not later:
        return Entered(entry, until(point, used, entry.at))
    earlier = next((sample for sample in reversed(history) if sample.at <= entry.at), None)
    since = Used(last=structs.replace(earlier, at=entry.at) if earlier else None)
    for sample in later:
        since = advance(point, since, sample)
    return Entered(entry, used.since(since))


def stock(
    point: PointConfig,
    tank: Tank,
    entries: Sequence[Entered],
    used: tuple[Used, Used],
    burn: Burn | None,
    now: datetime,
    *,
    is_gauged: bool,
) -> Stock | None:
    """Return the litres of now; None when neither gauge nor person ever said anything of use.

    ``entries``: oldest first. ``used``: the count so far, and that of the gauge's newest reading.
    ``is_gauged``: the gauge's word is known now.
    """
    told = [one for one in entries if now - one.entry.at <= ENTRY_LASTS and one.entry.at <= now]
    counted = until(point, used[0], now) if told else used[0]
    dip = next((one for one in reversed(told) if one.entry.kind == "dip"), None)
    measured = tank.measured_at
    if dip is not None and (
        now - dip.entry.at <= DIP_OVERRIDES
        or (not is_gauged and (measured is None or dip.entry.at >= measured))
    ):
        added = [one.entry for one in told if one.entry.kind == "refuel" and one.entry.at > dip.entry.at]
        poured = _once(added, tank.refuels, dip.entry.at)
        at = max([dip.entry.at, *(one.at for one in added)])
        return _reckoned(point, dip.entry.litres, poured, counted.since(dip.used), burn, at)
    if measured is not None and tank.litres is not None:
        if is_gauged:
            return Stock(tank.litres, "gauge", measured)
        added = [one.entry for one in told if one.entry.kind == "refuel" and one.entry.at > measured]
        if not added:
            return Stock(tank.litres, "estimate", measured)
        litres = [one.litres for one in added]
        return _reckoned(point, tank.litres, litres, counted.since(used[1]), burn, added[-1].at)
    refuels = [one for one in told if one.entry.kind == "refuel"]
    if not refuels:
        return None
    # Nobody said what was in it before: at least what was poured in.
    litres = [one.entry.litres for one in refuels]
    return _reckoned(point, 0.0, litres, counted.since(refuels[0].used), burn, refuels[-1].entry.at)


def _once(entries: Sequence[FuelEntry], seen: Sequence[Refuel], since: datetime) -> list[float]:
    """Litres that were poured in after a dip: a person's figure counts where the gauge saw the same."""
    left = [refuel for refuel in seen if refuel.at > since + SETTLES]
    for entry in entries:
        same = [refuel for refuel in left if abs(refuel.at - entry.at) <= SAME_REFUEL]
        if same:
            left.remove(min(same, key=lambda refuel: abs(refuel.at - entry.at)))
    return [*(entry.litres for entry in entries), *(refuel.litres for refuel in left)]


def _reckoned(
    point: PointConfig, base: float, poured: Sequence[float], used: Used, burn: Burn | None, at: datetime
) -> Stock:
    total = base + sum(poured)
    burnt = _burnt(point, used, burn)
    if burnt is None or used.unheard_ms > SILENT_MOST_H * _HOUR_MS:
        return Stock(None, "by_hand", at)
    unheard = burnt * used.unheard_ms / used.ran_ms if used.ran_ms else 0.0
    litres = max(0.0, total - burnt)
    if point.tank_litres is not None:
        # Whoever fills up tells what went in before and what the set burnt meanwhile: no more than full.
        litres = min(litres, point.tank_litres)
    is_checked = burn is not None and burn.slope is not None
    doubt = ENTERED_ERROR * total + (0.0 if is_checked else UNCHECKED_ERROR * burnt)
    return Stock(litres, "by_hand", at, doubt, unheard)


def _burnt(point: PointConfig, used: Used, burn: Burn | None) -> float | None:
    """Litres that the running time and the load explain; None while the load never was known."""
    if used.ran_ms <= 0:
        return 0.0
    known_ms = used.ran_ms - used.loadless_ms
    rate = burn_l_per_h(point, used.energy / known_ms) if known_ms > 0 else None
    curve = burn.curve if burn is not None else None
    if rate is None:
        rate = curve
    if rate is None:
        return None
    # What the gauge showed of the curve's own error holds for the past too.
    factor = max(1.0, max(burn.known) / curve) if burn is not None and curve and burn.known else 1.0
    return factor * rate * used.ran_ms / _HOUR_MS
