"""A point that nobody had planned: opened, and wound down for good."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import typed
from nspgateway.i18n import N_
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, NotFound, Page, seen
from nspgateway.web.visitor import Ask


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    popups = [one for one in ask.overview.points if one.slug.startswith("popup-")]
    towns = {one.municipality for one in office.works.ingest.situation.points}
    own = ask.visitor.municipality
    return {
        "towns": [(town, town) for town in sorted(towns) if own in ("", town)],
        "popups": [(one.slug, f"NSP {one.number} {one.name}", one.deployment) for one in popups],
        "given": {**dict.fromkeys(("name", "municipality", "address", "north", "east"), ""), **ask.typed},
    }


def _open(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    municipality, own = form.get("municipality", ""), ask.visitor.municipality
    if own not in ("", municipality):
        raise NotFound(municipality)
    north, east = form.get("north", "").strip(), form.get("east", "").strip()
    place = (typed.degrees(north), typed.degrees(east)) if north or east else None
    slug = office.works.desk.open_popup(
        form.get("name", ""), municipality, ask.visitor.by, address=form.get("address", ""), place=place
    )
    return f"/entry/{slug}"


def _end(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    office.works.desk.end_popup(seen(ask, form.get("point", "")).slug, ask.visitor.by)
    return "/popup"


PAGES = (
    Page(
        "/popup",
        "popup.html",
        _make,
        N_("Points that nobody had planned"),
        right="deployment",
        live=False,
        styles=("office.css", "crisis.css"),
    ),
)
ACTS = (
    Act("popup-open", "deployment", _open, N_("The point is open. Enter what is known of it.")),
    Act("popup-end", "deployment", _end, N_("The point is wound down. Its history stays.")),
)
