"""The map: where the points lie and how they do, drawn from their coordinates alone."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import map_lines
from nspgateway.i18n import N_
from nspgateway.map_plot import Place
from nspgateway.view import CLOSED
from nspgateway.web.office import Office
from nspgateway.web.spec import Page
from nspgateway.web.visitor import Ask


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    works = office.works
    config = works.config
    places = {
        point.slug: Place(point.slug, point.latitude, point.longitude)
        for point in works.ingest.situation.points
    }
    cp = None
    if config.latitude is not None and config.longitude is not None:
        cp = Place("", config.latitude, config.longitude)
    return {"map": map_lines.build(ask.lang, ask.overview, places, cp, CLOSED)}


PAGES = (Page("/map", "map.html", _make, N_("Map"), nav=N_("Map"), styles=("point.css",)),)
