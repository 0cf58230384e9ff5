"""What people have said of a point and still stands: its deployment, planned stops, litres by hand, deliveries. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nspgateway import reports
from nspgateway.config import PointConfig
from nspgateway.entries import HandReport
from nspgateway.kit_words import KitReport
from nspgateway.people import Action, Delivery, Deployment, FuelEntry, PlannedStop
from nspgateway.reports import Reports
from nspgateway.resident_messages import Hanging
from nspgateway.view import OPEN, WATCHED

# Litres by hand older than this say nothing about now.
FUEL_ENTRIES = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Standing:
    """What still stands of one point.

    ``deployment`` since ``deployment_at`` (None = as in the settings); ``opens_at``: planned to be open.
    ``stop_since``, ``stop_until``: the newest planned stop, also when it is over. ``fuel``: litres by
    hand, oldest first. ``deliveries``: on their way, by the id of the action that planned them;
    ``delivered``: the newest that came, litres and when. ``open_since``: while it is open. ``hanging``: what should
    hang at the point, and what it said of that. ``reports``: what it said of itself.
    """

    deployment: str
    deployment_at: datetime | None = None
    opens_at: datetime | None = None
    stop_since: datetime | None = None
    stop_until: datetime | None = None
    fuel: tuple[FuelEntry, ...] = ()
    deliveries: Mapping[int, Delivery] = field(default_factory=dict)
    delivered: tuple[float, datetime] | None = None
    open_since: datetime | None = None
    hanging: Hanging | None = None
    reports: Reports = field(default_factory=Reports)

    def of_now(self, *, exercise: bool) -> Standing:
        """Return what counts now: what a kit reported as part of an exercise ends with it."""
        counts = reports.of_now(self.reports, exercise=exercise)
        return self if counts is self.reports else replace(self, reports=counts)

    def is_stopped(self, now: datetime) -> bool:
        """Tell whether a planned stop covers this moment."""
        since, until = self.stop_since, self.stop_until
        return since is not None and until is not None and since <= now < until


def after(standing: Standing, action: Action) -> Standing:
    """Return what stands after an action of this point; one without an entry changes nothing."""
    match action.entry:
        case Deployment(word, opens_at):
            # A step on the way keeps the plan; a point that is open, or goes out of use, has none.
            kept = standing.opens_at if word in WATCHED - OPEN else None
            planned = kept if opens_at is None else opens_at
            since = (standing.open_since or action.at) if word in OPEN else None
            return replace(
                standing, deployment=word, deployment_at=action.at, opens_at=planned, open_since=since
            )
        case PlannedStop(until):
            since = standing.stop_since if standing.is_stopped(action.at) else action.at
            return replace(standing, stop_since=since, stop_until=until)
        case FuelEntry():
            oldest = action.entry.at - FUEL_ENTRIES
            entries = sorted((*standing.fuel, action.entry), key=lambda one: one.at)
            return replace(standing, fuel=tuple(one for one in entries if one.at >= oldest))
        case HandReport():
            return replace(standing, reports=reports.after(standing.reports, action.entry))
        case Delivery("planned"):
            return replace(standing, deliveries={**standing.deliveries, action.id: action.entry})
        case Delivery(kind, litres, plan=plan):
            left = {number: one for number, one in standing.deliveries.items() if number != plan}
            came = (litres, action.at) if kind == "delivered" else standing.delivered
            return replace(standing, deliveries=left, delivered=came)
    return standing


def receive(standing: Standing, report: KitReport) -> Standing:
    """Return what stands after a report of the point's kit."""
    return replace(standing, reports=reports.receive(standing.reports, report))


def restored(
    points: Sequence[PointConfig], actions: Iterable[Action], told: Iterable[KitReport] = ()
) -> dict[str, Standing]:
    """Return what stands of each point after all ``actions``, oldest first; before them the settings count.

    ``told``: all reports of kits, oldest first.
    """
    by_kit = reports.restored(told)
    found = {
        point.slug: Standing(point.deployment, reports=by_kit.get(point.slug, Reports())) for point in points
    }
    for action in actions:
        if action.point in found:
            found[action.point] = after(found[action.point], action)
    return found
