"""The map: where the points lie and how they do, drawn from coordinates; under it a picture of our own, if there is one."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import map_lines, map_picture, popups
from nspgateway.config import GatewayConfig
from nspgateway.i18n import N_
from nspgateway.map_plot import Place
from nspgateway.web.office import Office
from nspgateway.web.spec import Download, NotFound, Page
from nspgateway.web.visitor import Ask


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    works = office.works
    places = {
        point.slug: Place(point.slug, point.latitude, point.longitude)
        for point in works.ingest.situation.points
        if popups.is_placed(point)
    }
    return {
        "map": map_lines.build(
            ask.lang, ask.overview, places, _own_place(works.config), _corners(works.config)
        )
    }


def _own_place(config: GatewayConfig) -> Place | None:
    if config.latitude is None or config.longitude is None:
        return None
    return Place("", config.latitude, config.longitude)


def _corners(config: GatewayConfig) -> tuple[Place, Place] | None:
    """North-west and south-east of the picture, while it is there."""
    found = config.map
    if found is None or not found.picture.is_file():
        return None
    return Place("", found.north, found.west), Place("", found.south, found.east)


def _picture(office: Office, _ask: Ask) -> bytes:
    found = office.works.config.map
    if found is None:
        raise NotFound("map")
    try:
        return map_picture.read(found.picture)
    except map_picture.PictureError as error:
        raise NotFound("map") from error


PAGES = (Page("/map", "map.html", _make, N_("Map"), nav=N_("Map"), styles=("point.css",)),)
DOWNLOADS = (Download("/map/picture", "map.png", _picture, media_type="image/png"),)
