"""How the running gateway is, as one JSON document: no personal data, no secrets, no free text of people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

import msgspec

from nspgateway.disk import MB, Storage
from nspgateway.facts import OwnFacts
from nspgateway.moments import utc, utc_or_none
from nspgateway.view import WATCHED, Overview, PathTest

FORMAT = 1


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """One broker's link: its state, why, and how many messages wait for it."""

    name: str
    state: str
    reason: str
    waiting: int | None


@dataclass(frozen=True, slots=True)
class Around:
    """What the overview does not tell."""

    version: str
    pid: int
    brokers: Sequence[BrokerStatus] = ()
    own: OwnFacts = field(default_factory=OwnFacts)
    clock_source: str = ""
    ups_reason: str = ""
    ups_charge: float | None = None
    storage: Storage = field(default_factory=Storage)


def document(overview: Overview, around: Around) -> bytes:
    """Return the answer to ``nsp gateway status``; ``problems`` is what is wrong, a line each."""
    own = around.own
    body = {
        "format": FORMAT,
        "version": around.version,
        "pid": around.pid,
        "now": utc(overview.now),
        "since": utc(overview.gateway_since) if overview.gateway_since else None,
        "modem": {
            "ok": overview.modem_ok,
            "cause": overview.modem_cause,
            "reason": overview.modem_reason,
            "since": utc(overview.modem_since) if overview.modem_since else None,
        },
        "store": {
            "problem": overview.store_problem,
            "held": around.storage.held,
            "mb": _mb(around.storage.used),
            "reserve_mb": _mb(around.storage.reserve),
        },
        "brokers": [asdict(broker) for broker in around.brokers],
        "disk": {"state": own.disk, "free_mb": own.disk_free_mb},
        "clock": {
            "trusted": own.clock_trusted,
            "source": around.clock_source,
            "ahead_s": round(own.clock_off_s, 1),
        },
        "ups": {
            "supply": own.supply,
            "minutes": None if own.supply_min is None else round(own.supply_min, 1),
            "age_s": None if own.supply_age_s is None else round(own.supply_age_s, 1),
            "charge": around.ups_charge,
            "reason": around.ups_reason,
        },
        "notifiers": [
            {
                "name": one.name,
                "failing_since": utc_or_none(one.failing_since),
                "reason": one.reason,
                "last_success": utc_or_none(one.last_success),
                "waiting": one.waiting,
                "dropped": one.dropped,
            }
            for one in overview.notifiers
        ],
        "path_test": _path_test(overview.path_test),
        "frames": dict(sorted(overview.counters.items())),
        "points": [
            {
                "slug": point.slug,
                "deployment": point.deployment,
                "status": point.status,
                "heard_s": _age_s(point.last_heard, overview.now),
            }
            for point in sorted(overview.points, key=lambda one: one.number)
        ],
        "alarms": {
            priority: sum(alarm.priority == priority for alarm in overview.alarms)
            for priority in ("critical", "high", "medium", "low")
        },
        "problems": problems(overview, around),
    }
    return msgspec.json.encode(body) + b"\n"


def problems(overview: Overview, around: Around) -> list[str]:
    """Return what is wrong with the gateway and its links, the worst first; alarms of points are no fault of ours."""
    own = around.own
    found: list[str] = []
    if own.supply == "battery":
        left = "unknown how long" if own.supply_min is None else f"{own.supply_min:.0f} minutes left"
        found.append(f"supply: on battery, {left}")
    elif own.supply == "unknown":
        found.append(f"supply: unknown ({around.ups_reason or 'the UPS is not heard'})")
    if not overview.modem_ok:
        found.append(f"modem: {overview.modem_reason or overview.modem_cause or 'down'}")
    if overview.store_problem:
        found.append(f"store: {overview.store_problem}")
    if own.disk:
        found.append(f"disk: {own.disk}")
    found += [
        f"broker {one.name}: {one.state}{f' ({one.reason})' if one.reason else ''},"
        f" {'unknown how many' if one.waiting is None else one.waiting} messages wait"
        for one in around.brokers
        if one.state != "online" or one.reason
    ]
    found += [f"notifier {one.name}: {one.reason}" for one in overview.notifiers if one.failing_since]
    if own.test_step:
        found.append(f"alarm path: the newest test did not reach {_step(own.test_step)}")
    if own.emergency_used_at is not None:
        found.append("emergency code: used, make a new one with nsp gateway emergency-code")
    if own.clock_trusted is False:
        found.append("clock: nobody vouches for the date of this box")
    elif abs(own.clock_off_s) > 60:
        found.append(f"clock: {own.clock_off_s:+.0f} s off")
    silent = [p.slug for p in overview.points if p.deployment in WATCHED and p.status == "no_contact"]
    if silent:
        found.append(f"no contact: {', '.join(sorted(silent))}")
    return found


def _path_test(test: PathTest | None) -> object:
    if test is None:
        return None
    return {
        "state": test.state,
        "at": utc(test.at),
        "point": test.point,
        "step": _step(test.step),
        "ok_at": utc_or_none(test.ok_at),
    }


def _step(step: str) -> str:
    """Return a step without the name of a point."""
    return step if step.startswith("notifier:") else step.partition(":")[0]


def _mb(size: int | None) -> float | None:
    return None if size is None else round(size / MB, 1)


def _age_s(at: datetime | None, now: datetime) -> int | None:
    """Return how long ago that was; None = never, or by a clock that was set back."""
    age = None if at is None else (now - at).total_seconds()
    return None if age is None or age < 0 else int(age)
