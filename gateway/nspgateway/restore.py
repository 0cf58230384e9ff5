"""What a start takes up from the database: states, alarms, and the coordinating point as a place of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import structlog
from msgspec import ValidationError

from nspgateway import alarms, messages, popups, state, stock
from nspgateway.alarms import AlarmState
from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.people import FuelEntry
from nspgateway.records import AlarmChange, Changes
from nspgateway.state import PointState
from nspgateway.store import Store

_log = structlog.get_logger()


def own_place(config: GatewayConfig, points: Sequence[PointConfig]) -> PointConfig:
    """Return the coordinating point as a place that alarms can be of; it has no kit and no devices."""
    taken = config.cp in {point.slug for point in points}
    return PointConfig(
        slug=f"cp-{config.cp}" if taken else config.cp,
        name=config.cp_name or config.cp,
        number=config.cp_number,
        municipality=config.cp_name or config.cp,
        cp=config.cp,
        region=config.region,
        latitude=0.0,
        longitude=0.0,
        deployment="open",
    )


def with_popups(config: GatewayConfig, points: Sequence[PointConfig], store: Store) -> list[PointConfig]:
    """Return the points of the settings and those that people have opened since."""
    planned = {point.slug for point in points}
    return [*points, *popups.points(store.entries(), config, planned)]


def places_of_calls(config: GatewayConfig, store: Store) -> dict[str, PointConfig]:
    """Return every point that ever had a call for help: it keeps its name, also when it is in no settings any more."""
    return {
        slug: PointConfig(
            slug=slug,
            name=name,
            number=number,
            municipality=municipality,
            cp=config.cp,
            region=region,
            latitude=0.0,
            longitude=0.0,
        )
        for slug, name, number, municipality, region in store.places()
    }


def point_state(
    point: PointConfig, store: Store, now: datetime, fuel: Sequence[FuelEntry] = ()
) -> PointState:
    """Return a point's state as the store has it; the histories are drawn from the journal again.

    ``fuel``: litres by hand, oldest first; what was burnt since is counted over the journal too.
    """
    restored = PointState(point, store.readings(point.slug), store.heard(point.slug))
    left = [entry for entry in fuel if now - entry.at <= stock.ENTRY_LASTS]
    since = min([now - state.HISTORY, *(entry.at for entry in left)]) - state.WARM_UP
    for frame in store.frames(point.slug, since):
        while left and left[0].at <= frame.received_at:
            restored = state.enter(restored, left.pop(0))
        restored = state.remember(restored, frame)
    for entry in left:
        restored = state.enter(restored, entry)
    return restored


def kept_alarms(points: Sequence[PointConfig], store: Store) -> dict[str, dict[str, AlarmState]]:
    """Return the alarms that have to survive a restart, by point and id."""
    restored: dict[str, dict[str, AlarmState]] = {p.slug: {} for p in points}
    for (slug, name), record in store.alarms().items():
        if slug in restored:
            try:
                restored[slug][name] = alarms.from_json(record)
            except ValidationError as error:
                # What still is true is raised again by the next frame; the page must not stay dark for this.
                _log.error("alarm dropped, cannot be read", point=slug, alarm=name, reason=str(error))
    return restored


def forgotten(store: Store, slugs: Collection[str], now: datetime) -> Changes | None:
    """Return what lets the broker forget the alarms of points that are no more; None when there are none."""
    regions = store.regions()
    gone = {key: record for key, record in store.alarms().items() if key[0] not in slugs}
    if not gone:
        return None
    return Changes(
        at=now,
        alarms=tuple(
            AlarmChange(slug, name, "forget", record, is_kept=False, is_event=True)
            for (slug, name), record in gone.items()
        ),
        messages=tuple(
            messages.forgotten(regions[slug], slug, leaf, now)
            for slug in dict.fromkeys(slug for slug, _ in gone)
            for leaf in ("state", *(f"alarm/{name}" for point, name in gone if point == slug))
        ),
    )
