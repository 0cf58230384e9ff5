"""Logistics: who to drive to first, what is on its way, and what has come; for the screen, on paper and as a file."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import refuel_csv, refuel_lines, refuel_list, typed
from nspgateway.desk_base import Refused
from nspgateway.i18n import N_
from nspgateway.refuel_list import Planned, RefuelList
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, Download, NotFound, Page
from nspgateway.web.visitor import Ask

# Days ahead that a delivery can be planned for; further on it is planned again nearer the day.
DAYS = 7
_STYLES = ("office.css",)


def _found(office: Office, ask: Ask) -> RefuelList:
    """The list, with the points that this visitor may see."""
    return refuel_list.of_points(
        office.works.ingest.refuel_list(), {point.slug for point in ask.overview.points}
    )


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    return {"list": refuel_lines.shown(ask.lang, _found(office, ask))}


def _make_plan(office: Office, ask: Ask) -> Mapping[str, object]:
    found, lang, now = _found(office, ask), ask.lang, ask.overview.now
    point = ask.typed.get("point") or ask.query.get("point", "")
    line = next((one for one in found.lines if one.slug == point), None)
    days = [(str(n), lang.date(typed.clock_on("12:00", now, n), "EEEE d MMMM")) for n in range(DAYS)]
    return {
        "points": [(one.slug, one.name) for one in found.lines],
        "point": point,
        "litres": ask.typed.get("litres", refuel_lines.suggested(line)),
        "days": days,
    }


def _make_delivery(office: Office, ask: Ask) -> Mapping[str, object]:
    slug, planned = _planned(office, ask, ask.params.get("plan", ""))
    row = next(row for row in refuel_lines.shown(ask.lang, _found(office, ask)).rows if row.slug == slug)
    load = next(load for load in row.loads if load.plan == planned.plan)
    # As a field takes it: without a mark between thousands.
    litres = f"{planned.litres:g}".replace(".", ",")
    return {"row": row, "load": load, "litres": ask.typed.get("litres", litres)}


def _planned(office: Office, ask: Ask, plan: str) -> tuple[str, Planned]:
    """The point and the delivery that a plan names, as far as this visitor may see it. Raises NotFound."""
    for line in _found(office, ask).lines:
        for one in line.planned:
            if str(one.plan) == plan:
                return line.slug, one
    raise NotFound


def _csv(office: Office, ask: Ask) -> str:
    return refuel_csv.to_csv(_found(office, ask)).decode()


def _plan(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    point, day = form.get("point", ""), form.get("day", "0")
    if all(one.slug != point for one in ask.overview.points):
        raise Refused("no_point", f"There is no point {point!r}.")
    if day not in map(str, range(DAYS)):
        raise Refused("bad_time", f"{day!r} is none of the next {DAYS} days.")
    litres = typed.decimal(form.get("litres", ""))
    due_at = typed.clock_on(form.get("clock", ""), ask.overview.now, int(day))
    office.works.desk.plan_delivery(point, litres, due_at, ask.visitor.by)
    return "/logistics"


def _deliver(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    """What came; a button without a field says that all of it did."""
    _slug, planned = _open(office, ask, form)
    litres = typed.decimal(form["litres"]) if "litres" in form else planned.litres
    office.works.desk.deliver(planned.plan, litres, ask.visitor.by)
    return "/logistics"


def _cancel(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    _slug, planned = _open(office, ask, form)
    office.works.desk.cancel_delivery(planned.plan, ask.visitor.by)
    return "/logistics"


def _open(office: Office, ask: Ask, form: Mapping[str, str]) -> tuple[str, Planned]:
    """The delivery that a button names; another person may have dealt with it meanwhile. Raises Refused."""
    try:
        return _planned(office, ask, form.get("key", ""))
    except NotFound as error:
        raise Refused("no_delivery", "This delivery is no longer on its way.") from error


PAGES = (
    Page(
        "/logistics",
        "logistics.html",
        _make,
        N_("Logistics"),
        right="fuel",
        nav=N_("Logistics"),
        styles=_STYLES,
    ),
    Page(
        "/logistics/plan",
        "delivery_plan.html",
        _make_plan,
        N_("Plan a delivery"),
        right="fuel",
        live=False,
        styles=_STYLES,
    ),
    Page(
        "/logistics/delivery/{plan}",
        "delivery.html",
        _make_delivery,
        N_("Delivery"),
        right="fuel",
        live=False,
        styles=_STYLES,
    ),
)
DOWNLOADS = (Download("/logistics.csv", "tanklijst.csv", _csv, right="fuel"),)
ACTS = (
    Act("plan_delivery", "fuel", _plan, N_("Noted: this delivery is on its way.")),
    Act("deliver", "fuel", _deliver, N_("Noted: the fuel is there.")),
    Act("cancel_delivery", "fuel", _cancel, N_("Noted: this delivery does not come.")),
)
