"""The refuel list as a message on MQTT. Pure."""

from __future__ import annotations

from datetime import timedelta

from msgspec import json

from nspgateway.messages import OutboxMessage, refuel_topic
from nspgateway.moments import utc, utc_or_none
from nspgateway.payloads import Demo, Litres, OnItsWay, Refuel, RefuelLine
from nspgateway.refuel_list import Line, RefuelList


def refuel(
    region: str, cp: str, found: RefuelList, valid_s: int, *, demo: Demo | None = None
) -> OutboxMessage:
    """Return the refuel list, good for ``valid_s`` seconds."""
    body = Refuel(
        schema=1,
        region=region,
        cp=cp,
        demo=demo,
        at=utc(found.now),
        valid_until=utc(found.now + timedelta(seconds=valid_s)),
        hours=found.hours,
        points=[_refuel_line(line) for line in found.lines],
        litres_needed={kind: round(litres, 1) for kind, litres in found.needed.items()},
        litres_planned={kind: round(litres, 1) for kind, litres in found.planned.items()},
        unknown=dict(found.unknown),
    )
    return OutboxMessage(
        refuel_topic(region, cp), json.encode(body), True, valid_s, utc(found.now), passing=True
    )


def _refuel_line(line: Line) -> RefuelLine:
    return RefuelLine(
        point=line.slug,
        number=line.number,
        name=line.name,
        municipality=line.municipality,
        deployment=line.deployment,
        fuel_kind=line.fuel_kind,
        litres=_tenths(line.litres),
        fuel_source=line.source,
        fuel_at=utc_or_none(line.at),
        litres_needed=_tenths(line.needed),
        litres_fit=_tenths(line.fits),
        empty_low=utc_or_none(line.empty_low),
        drive_before=utc_or_none(line.drive_before),
        why=line.why,
        priority=line.priority,
        planned=[OnItsWay(round(one.litres, 1), utc_or_none(one.due_at), one.plan) for one in line.planned],
        delivered=None
        if line.delivered is None
        else Litres(round(line.delivered[0], 1), utc(line.delivered[1])),
        filler=line.filler,
        access=line.access,
        supplier=line.supplier,
        exercise=line.mark == "exercise",
    )


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
