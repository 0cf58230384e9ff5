"""Points, facts and heartbeats of a tank, for the tests of forecasts, alarms and overview."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from nspgateway import forecast, fuel_level
from nspgateway.config import PointConfig
from nspgateway.consumption import Burn
from nspgateway.facts import Facts
from nspgateway.forecast import FuelSample
from nspgateway.fuel_level import Tank
from nspgateway.stock import Stock
from nspgateway.view import Forecast, Reading

NOON = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
EMPTY: frozenset[str] = frozenset()


def make_point(**changes: Any) -> PointConfig:
    """The demo's point: 40 l tank, 10 kW set, refuel lead time 4 h."""
    settings: dict[str, Any] = {
        "slug": "de-linde",
        "name": "Buurthuis De Linde",
        "number": 1,
        "municipality": "Oosterveen",
        "cp": "kazerne-oost",
        "region": "oost",
        "latitude": 52.1,
        "longitude": 6.2,
        "kit_address": 65,
        "deployment": "open",
        "tank_litres": 40.0,
        "rated_w": 10000,
        "battery_wh": 20000,
        "lead_time_h": 4.0,
        "devices": ("generator", "battery", "meter"),
        "sources": ("grid", "generator", "battery"),
    }
    return PointConfig(**{**settings, **changes})


def good(at: datetime = NOON, **values: int | str) -> dict[str, Reading]:
    """Readings of good quality, read at ``at``."""
    return {name: Reading(value, "good", at) for name, value in values.items()}


def healthy(at: datetime = NOON) -> dict[str, Reading]:
    """Everything that a point with all devices says when nothing is wrong."""
    return good(
        at,
        fuel_permille=500,
        generator_state="running",
        generator_mode="auto",
        power_source="generator",
        battery_permille=900,
        load_w=8000,
        q_generator="good",
        q_battery="good",
        q_meter="good",
        q_tank="good",
    )


def make_facts(
    point: PointConfig | None = None,
    *,
    now: datetime = NOON,
    readings: dict[str, Reading] | None = None,
    local_alarms: frozenset[str] | None = EMPTY,
    fuel_litres: float | None = None,
    fuel: Forecast | None = None,
    battery: Forecast | None = None,
    last_heard: datetime | None = NOON,
) -> Facts:
    """Facts of a point of which only what is given is known."""
    return Facts(
        point=point or make_point(),
        now=now,
        readings=readings or {},
        local_alarms=local_alarms,
        fuel_litres=fuel_litres,
        fuel=fuel,
        battery=battery,
        last_heard=last_heard,
    )


def hours(
    likely: float, *, now: datetime = NOON, low: float | None = None, high: float | None = None
) -> Forecast:
    """A forecast of so many hours, with a tenth on both sides."""
    low = 0.9 * likely if low is None else low
    high = 1.1 * likely if high is None else high
    empty = [now + timedelta(hours=value) for value in (low, likely, high)]
    return Forecast(low, likely, high, empty[0], empty[1], empty[2], "load_curve", now)


@dataclass
class Heartbeats:
    """What the gateway keeps of a tank: the heartbeats heard so far and the facts that follow."""

    point: PointConfig
    history: list[FuelSample] = field(default_factory=list)
    tank: Tank = field(default_factory=Tank)

    def hear(self, at: datetime, litres: float | None, load_w: int | None, *, running: bool = True) -> None:
        """One heartbeat."""
        sample = FuelSample(at, litres, load_w, running)
        self.history.append(sample)
        self.tank = fuel_level.advance(self.point, self.tank, sample)

    def facts(self, now: datetime) -> Facts:
        """Facts by the gateway's rule: a level older than three intervals is unknown."""
        stale = timedelta(seconds=3 * self.point.interval_s)
        last = self.history[-1] if self.history else None
        known = last is not None and last.litres is not None and now - last.at <= stale
        litres = self.tank.litres if known else None
        fuel = forecast.fuel(self.point, self.history, now, self.tank)
        facts = make_facts(self.point, now=now, fuel_litres=litres, fuel=fuel)
        burn = forecast.fuel_burn(self.point, self.tank, self.history, now)
        return replace(facts, burn=burn, refuels=self.tank.refuels, last_litres=self.tank.litres)


def needs(
    number: int, left: float | None, litres: float | None = 20.0, source: str = "generator", **point: Any
) -> Facts:
    """A point that burns 2 l/h and has so many hours left."""
    settings = make_point(slug=f"point-{number}", name=f"Punt {number}", number=number, **point)
    facts = make_facts(
        settings, readings=good(power_source=source), fuel=None if left is None else hours(left)
    )
    stock = None if litres is None else Stock(litres, "gauge", NOON)
    return replace(facts, burn=Burn(2.0, None, 0.0), stock=stock, fuel_litres=litres)
