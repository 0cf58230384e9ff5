"""Kits and the points that they serve; one that was lost or stolen is refused here."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway.desk_base import Refused
from nspgateway.i18n import N_
from nspgateway.view import Point
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, Page, seen
from nspgateway.web.visitor import Ask


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    in_order = sorted(ask.overview.points, key=lambda point: point.number)
    rows = [_row(office, ask, point) for point in in_order]
    return {
        "rows": rows,
        "choices": [(row["slug"], f"{row['name']}, {row['kit']}") for row in rows if row["state"] == "valid"],
        "chosen": ask.typed.get("point", ""),
        "why": ask.typed.get("why", ""),
    }


def _row(office: Office, ask: Ask, point: Point) -> dict[str, str]:
    """A point and its kit. ``state`` of the kit's key: "valid", "withdrawn" or "none"."""
    _, lang = ask.lang.gettext, ask.lang
    base = {"slug": point.slug, "name": f"NSP {point.number:02d} {point.name}", "town": point.municipality}
    if point.kit_address is None:
        return {**base, "kit": _("Without kit"), "key": "–", "heard": "–", "state": "none"}
    generation = office.works.ingest.kit_keys.generation(point.kit_address)
    key = _("refused") if generation is None else _("valid, number {n}").format(n=generation)
    heard = _("never") if point.last_heard is None else lang.moment(point.last_heard, ask.overview.now)
    kit = _("kit {n}").format(n=point.kit_address & 63)
    state = "withdrawn" if generation is None else "valid"
    return {**base, "kit": kit, "key": key, "heard": heard, "state": state}


def _withdraw(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    if not form.get("point"):
        raise Refused("empty", "Say which kit.")
    point = seen(ask, form["point"])
    office.works.desk.withdraw_kit(point.slug, form.get("why", ""), ask.visitor.by)
    return "/kits"


PAGES = (
    Page(
        "/kits",
        "kits.html",
        _make,
        N_("Kits"),
        right="system",
        live=False,
        styles=("office.css", "crisis.css"),
    ),
)
ACTS = (Act("kit-withdraw", "system", _withdraw, N_("The key of this kit is refused from now on.")),)
