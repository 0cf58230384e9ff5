"""What is true of one point at one moment: the only input of the alarm rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nspgateway.config import PointConfig
from nspgateway.view import Forecast, Reading


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one point. ``local_alarms`` is None when the kit's bits are unknown."""

    point: PointConfig
    now: datetime
    readings: dict[str, Reading]
    local_alarms: frozenset[str] | None
    fuel_litres: float | None
    fuel: Forecast | None
    battery: Forecast | None
    last_heard: datetime | None
