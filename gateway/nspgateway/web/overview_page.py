"""The points, seen three ways: the first page with who needs what first, a wall screen, and the list of a region."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import present, region_list, wall
from nspgateway.i18n import N_
from nspgateway.web.office import Office
from nspgateway.web.spec import Page
from nspgateway.web.visitor import Ask

_SEARCH_MOST = 60
# A list of thousands of points takes a browser a while to change.
_REGION_S = 10.0


def _overview(_office: Office, ask: Ask) -> Mapping[str, object]:
    return {"page": present.page(ask.overview, ask.lang)}


def _wall(_office: Office, ask: Ask) -> Mapping[str, object]:
    return {"page": wall.wall(ask.overview, ask.lang)}


def _region(_office: Office, ask: Ask) -> Mapping[str, object]:
    wanted = ask.query.get("q", "")[:_SEARCH_MOST]
    return {"page": region_list.region(ask.overview, ask.lang, wanted), "wanted": wanted}


PAGES = (
    Page("/", "overview.html", _overview, N_("Support points"), nav=N_("Overview"), styles=("overview.css",)),
)
# Looked at from afar; in the menu behind what is done at a desk.
FROM_AFAR = (
    Page(
        "/region",
        "region.html",
        _region,
        N_("Region"),
        nav=N_("Region"),
        styles=("region.css",),
        pace_s=_REGION_S,
    ),
    Page("/wall", "wall.html", _wall, N_("Support points"), nav=N_("Wall screen"), styles=("wall.css",)),
)
