"""What a point tells by voice, entered at the coordinating point: all of it at once, marked as entered by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

from msgspec import structs

from nspgateway.config import Deployment as Word
from nspgateway.desk_base import DeskBase, Refused, note_of
from nspgateway.desk_fuel import MOST_LITRES
from nspgateway.entries import HandReport
from nspgateway.people import Action, By, Deployment, FuelEntry
from nsplink.fields import VISITORS

# A report by voice that is older was overtaken by events.
OLDEST = timedelta(hours=24)
MOST_STAFF = 62
LATEST_RELIEF = timedelta(hours=62)


class ReportDesk(DeskBase):
    """Reports by voice: the back-up path of every point, and the only one of a point without a kit."""

    def enter_report(
        self, point: str, told: HandReport, by: By, *, litres: float | None = None, note: str = ""
    ) -> None:
        """Enter what a point said at ``told.at``; ``litres``: in its tank. Raises Refused, with nothing written.

        Of each figure the newer word counts, the kit's or this one. What the point is used for and its fuel stand
        as if they had been entered by themselves.
        """
        slug = self._point(point)
        at = self._past(told.at, OLDEST)
        told = structs.replace(told, at=at)
        self._check_report(slug, told, litres)
        text = note_of(note)
        if told == HandReport(at) and litres is None and not text:
            raise Refused("empty", "Nothing was filled in: enter what the point said.")
        now = self._clock.now()
        detail = {"at": at.isoformat(timespec="minutes")}
        actions = [Action(now, by, "report", slug, detail=detail, note=text, entry=told)]
        if litres is not None:
            fuel = FuelEntry("dip", litres, at)
            actions.append(
                Action(now, by, "fuel", slug, detail={"kind": "dip", "litres": round(litres, 1)}, entry=fuel)
            )
        stands = self._situation.standings[slug]
        is_news = stands.deployment_at is None or at >= stands.deployment_at
        if told.deployment is not None and told.deployment != stands.deployment and is_news:
            word = {"word": told.deployment}
            actions.append(
                Action(now, by, "deployment", slug, detail=word, entry=Deployment(told.deployment))
            )
        self._write_all(actions)

    def _check_report(self, slug: str, told: HandReport, litres: float | None) -> None:
        if told.deployment is not None and told.deployment not in get_args(Word):
            raise Refused("bad_kind", f"{told.deployment!r} is no use of a point.")
        if told.visitors is not None and told.visitors not in VISITORS:
            raise Refused("bad_kind", f"{told.visitors!r} is no number of visitors.")
        if told.battery_permille is not None and not 0 <= told.battery_permille <= 1000:
            raise Refused("percent_out_of_range", "A battery is between 0 and 100 % full.")
        for count in (told.staff, told.staff_needed):
            if count is not None and not 0 <= count <= MOST_STAFF:
                raise Refused("staff_out_of_range", f"{count} people: 0 to {MOST_STAFF} can be entered.")
        tank = self._situation.states[slug].point.tank_litres or MOST_LITRES
        if litres is not None and not 0 <= litres <= tank:
            raise Refused("litres_out_of_range", f"{litres:g} litres: 0 to {tank:g} fit into this tank.")
        if told.relief_at is not None and not told.at <= told.relief_at < told.at + LATEST_RELIEF:
            raise Refused("bad_time", "The relief comes after the report, within 62 hours.")
        if any(not 0 <= line < len(self._situation.region.stock) for line in told.stock_low or ()):
            raise Refused("bad_kind", "The region has no such line of stock.")
        if told.displayed is not None:
            found = self._situation.course.messages.find(*told.displayed)
            if found is None or found.sent is None:
                raise Refused("no_message", f"Message {told.displayed} was never sent.")
