"""Short questions about the first night, for who looks back at it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import get_args

from first_night import Night
from nspgateway.calls import Call
from nspgateway.view import Point
from nspgateway.web.pages import DOWNLOADS, PAGES
from nspgateway.web.rights import Right
from web_room import RoleGate


def told(night: Night, point: str, name: str, action: str = "raise") -> list[datetime]:
    """Return when people heard this of an alarm or a call."""
    return [n.at for n in night.said if (n.point, n.id, n.action) == (point, name, action)]


def source(point: Point) -> object:
    """Return where the power of a point comes from, as the page has it."""
    return point.readings["power_source"].value


def hours(point: Point) -> float:
    """Return the hours that the page gives a point."""
    left = point.fuel or point.battery
    assert left is not None
    return left.likely_h


def alarms(point: Point) -> set[str]:
    """Return what stands in the list of a point."""
    return {alarm.id for alarm in point.alarms}


def call_of(night: Night, point: str, number: int = 0) -> Call:
    """Return the calls of a point in their order."""
    return sorted((c for c in night.calls.values() if c.point == point), key=lambda c: c.stored_at)[number]


def newest(night: Night, slug: str) -> str:
    """Return the id of the newest call of a point, as it is now."""
    mine = [call for call in night.box.ingest.situation.calls.values() if call.point == slug]
    return max(mine, key=lambda call: call.stored_at).id


def when(call: Call, what: str) -> datetime:
    """Return when a step was first taken."""
    step = call.first(what)
    assert step is not None
    return step.at


def during(night: Night, slug: str, body: dict[str, object]) -> bool:
    """Tell whether a message was made while the kit of its point was in the exercise: one had begun anew at 00:50."""
    said = body.get("made_at") or body.get("received_at") or body.get("at")
    if said is None:
        return False
    at = datetime.fromisoformat(str(said))
    is_anew = slug == "d" and night.moment("00:50") <= at < night.moment("00:53")
    return night.moment("17:55") <= at < night.moment("02:00") and not is_anew


async def walk(night: Night) -> dict[str, int]:
    """Open every page and file that there is, of each point and each call; return their status by path."""
    calls = tuple(night.box.ingest.situation.calls)
    gate = RoleGate("cp_coordinator")
    gate.person = replace(gate.person, rights=frozenset(get_args(Right)))
    found = {}
    for one in (*PAGES, *DOWNLOADS):
        for name in calls if "{call}" in one.path else tuple(night.places) if "{" in one.path else ("",):
            path = re.sub(r"{(slug|point|call)}", name, one.path)
            if "{" not in path:
                found[path] = (await night.ask(path, gate)).status
    return found
