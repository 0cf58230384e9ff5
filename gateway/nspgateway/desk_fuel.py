"""What people say of fuel: litres dipped or poured in, and deliveries on their way."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Literal

from nspgateway.desk_base import SLACK, DeskBase, Refused
from nspgateway.people import By, Delivery, FuelEntry

# Older than this is history: what the set burnt since is not counted so far back.
OLDEST = timedelta(hours=24)
# Further ahead nobody knows what a point will need.
FURTHEST = timedelta(days=7)
# What nobody brings to a support point in one go; it catches a slipped finger.
MOST_LITRES = 5000.0


class FuelDesk(DeskBase):
    """Fuel: entered by hand, planned, delivered."""

    def enter_fuel(
        self, point: str, kind: Literal["dip", "refuel"], litres: float, by: By, at: datetime | None = None
    ) -> None:
        """Enter what is in the tank ("dip") or what was poured in ("refuel"), now or at ``at``. Raises Refused."""
        if kind not in ("dip", "refuel"):
            raise Refused("bad_kind", f"{kind!r} is no entry of fuel: take dip or refuel.")
        tank = self._situation.states[self._point(point)].point.tank_litres
        if kind == "refuel" and litres == 0:
            raise Refused("out_of_range", "A refuelling of 0 litres is none.")
        self._litres(litres, tank)
        moment = self._past(at, OLDEST, "enter what is in the tank now.")
        entry = FuelEntry(kind, litres, moment)
        self._enter("fuel", point, entry, by, {"kind": kind, "litres": round(litres, 1)})

    def plan_delivery(self, point: str, litres: float, due_at: datetime, by: By) -> int:
        """Say that fuel is on its way; return the id of the plan. Raises Refused."""
        self._point(point)
        self._litres(litres, None, least=1.0)
        if due_at.tzinfo is None:
            raise Refused("bad_time", f"{due_at} has no time zone.")
        if due_at < self._clock.now() - SLACK:
            raise Refused("bad_time", f"{due_at:%d-%m %H:%M %Z} has passed: when will the fuel be there?")
        if due_at > self._clock.now() + FURTHEST:
            raise Refused("bad_time", f"{due_at:%d-%m-%Y} is more than a week ahead: plan it nearer the day.")
        entry = Delivery("planned", litres, due_at)
        due = due_at.isoformat(timespec="minutes")
        return self._enter("plan_delivery", point, entry, by, {"litres": round(litres, 1), "due_at": due})

    def deliver(self, delivery: int, litres: float, by: By) -> None:
        """Say that a planned delivery is there, with so many litres. What is in the tank is told apart. Raises Refused."""
        point = self._plan(delivery)
        self._litres(litres, None, least=1.0)
        entry = Delivery("delivered", litres, None, delivery)
        self._enter("deliver", point, entry, by, {"litres": round(litres, 1), "plan": delivery})

    def cancel_delivery(self, delivery: int, by: By) -> None:
        """Say that a planned delivery does not come. Raises Refused."""
        point = self._plan(delivery)
        entry = Delivery("cancelled", 0.0, None, delivery)
        self._enter("cancel_delivery", point, entry, by, {"plan": delivery})

    def _plan(self, delivery: int) -> str:
        """Return the point that a delivery is on its way to."""
        standings = self._situation.standings
        for slug, standing in standings.items():
            if delivery in standing.deliveries:
                return slug
        open_plans = sorted(number for standing in standings.values() for number in standing.deliveries)
        known = ", ".join(map(str, open_plans)) or "none"
        raise Refused("no_delivery", f"No delivery {delivery} is on its way; there are: {known}.")

    @staticmethod
    def _litres(litres: float, tank: float | None, least: float = 0.0) -> None:
        """Refuse litres that no tank holds."""
        most = MOST_LITRES if tank is None else tank
        if not math.isfinite(litres) or not least <= litres <= most:
            holds = "nobody brings more in one go" if tank is None else "the tank holds no more"
            said = f"{litres:g} litres cannot be: from {least:g} to {most:g}, {holds}."
            raise Refused("out_of_range", said)
