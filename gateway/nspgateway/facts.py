"""What is true of one point at one moment: the only input of the alarm rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from nspgateway.config import PointConfig
from nspgateway.consumption import Burn
from nspgateway.exercises import Forgotten
from nspgateway.fuel_level import Refuel
from nspgateway.fuel_loss import Loss
from nspgateway.mains import Mains
from nspgateway.region import Region, packaged
from nspgateway.standing import Standing
from nspgateway.stock import Stock
from nspgateway.view import Forecast, Reading


class LinkFacts(Struct, frozen=True):
    """What the radio link knows of a point's kit, or of the gateway itself.

    ``silent``: None = not known yet, or nobody watches. ``trouble``: the one cause behind the silence
    of several kits, empty = none. ``quiet`` of ``watched`` kits have missed heartbeats. ``snr_db``: of
    the newest frame. ``air_left_permille``: of the gateway's own lawful hour, None for a kit.
    """

    silent: bool | None = None
    trouble: str = ""
    tampered: bool = False
    snr_db: float | None = None
    quiet: int = 0
    watched: int = 0
    air_left_permille: int | None = None


@dataclass(frozen=True, slots=True)
class OwnFacts:
    """What is true of the coordinating point itself; each field says "not watched" by its default.

    ``supply``: "line", "battery", "unknown" (watched, and not heard); ``supply_min``: minutes left by the
    UPS's own word, running down; ``supply_age_s``: of its newest answer. ``clock_off_s``: how far our time is ahead (+) or behind (-) of the box's trusted date;
    ``clock_trusted``: whether that date is. ``disk``: "low" or "full". ``test_step``: where the daily
    test of the alarm path ended, "" = it arrived; ``test_at``: when it began. See ``path_test.missing``.
    ``emergency_used_at``: when somebody came in with the sealed code, until there is a new one.
    """

    supply: Literal["", "line", "battery", "unknown"] = ""
    supply_min: float | None = None
    supply_since: datetime | None = None
    supply_age_s: float | None = None
    clock_off_s: float = 0.0
    clock_trusted: bool | None = None
    disk: Literal["", "low", "full"] = ""
    disk_free_mb: float | None = None
    test_step: str = ""
    test_at: datetime | None = None
    emergency_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StormFacts:
    """Many points at once with trouble of one ``family`` ("grid": they lost it): how many, and since when.

    ``newest``: when the last of them came by it.
    """

    family: str
    points: int
    since: datetime
    newest: datetime


class Facts(Struct, frozen=True):
    """Facts of one point. ``local_alarms`` is None when the kit's bits are unknown.

    ``burn``: litres/h by load curve and by slope, which of them counts and why; None without a
    generator. ``stock``: litres with who said so and when; ``loss``: fuel that the load does not
    explain; ``dark_since``: since when the kit says that there is no power. ``refuels``: seen in the last 24 hours, oldest first. ``last_litres``: the level as last
    known, however old. ``began``: alarms that the newest frame reports by name, and since when.
    ``ended``: those that it says are over. ``link``: None where no link is watched. ``sf``: the
    spreading factor that kits send with. ``standing``: what people said of the point.
    ``region``: the region's own lists. ``forgotten``: of the coordinating point: kits that are in no exercise of ours.
    ``own``: of the coordinating point itself; ``storms``: for the coordinating point, of all its points.
    ``mains``: whether the point is on the grid; ``back_with_many``: whether many got it back at that time.
    ``failed_parts``: of the kit, in its newest self-test, whose report came at ``ready_at``. ``last_source``,
    ``last_charge_permille``: as last told, however old.
    """

    point: PointConfig
    now: datetime
    readings: dict[str, Reading]
    local_alarms: frozenset[str] | None
    fuel_litres: float | None
    fuel: Forecast | None
    battery: Forecast | None
    last_heard: datetime | None
    burn: Burn | None = None
    refuels: tuple[Refuel, ...] = ()
    last_litres: float | None = None
    last_source: str | None = None
    last_charge_permille: int | None = None
    began: Mapping[str, datetime] = msgspec.field(default_factory=dict)
    ended: frozenset[str] = frozenset()
    link: LinkFacts | None = None
    sf: int = 9
    standing: Standing | None = None
    own: OwnFacts | None = None
    stock: Stock | None = None
    loss: Loss | None = None
    dark_since: datetime | None = None
    storms: tuple[StormFacts, ...] = ()
    mains: Mains = msgspec.field(default_factory=Mains)
    back_with_many: bool = False
    failed_parts: tuple[str, ...] = ()
    ready_at: datetime | None = None
    region: Region = msgspec.field(default_factory=packaged)
    forgotten: Forgotten | None = None
