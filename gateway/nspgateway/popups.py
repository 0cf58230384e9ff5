"""Points that nobody had planned: opened by people, without a kit, and first-class from then on. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.entries import PopUp, PopUpEnd
from nspgateway.people import Action

# Numbers below are for planned points.
FIRST_NUMBER = 901
# Where a point is of which nobody has told the place: in the sea, nowhere near any point.
NOWHERE = (0.0, 0.0)


def point(slug: str, popup: PopUp, config: GatewayConfig) -> PointConfig:
    """Return a pop-up point as settings; it is in storage until somebody says what it is used for."""
    latitude, longitude = NOWHERE
    if popup.latitude is not None and popup.longitude is not None:
        latitude, longitude = popup.latitude, popup.longitude
    return PointConfig(
        slug=slug,
        name=popup.name,
        number=popup.number,
        municipality=popup.municipality,
        region=config.region,
        cp=config.cp,
        latitude=latitude,
        longitude=longitude,
        address=popup.address,
        deployment="stored",
    )


def points(actions: Iterable[Action], config: GatewayConfig, planned: Collection[str]) -> list[PointConfig]:
    """Return the pop-up points that are still there after all ``actions``; ``planned``: slugs of the settings."""
    found: dict[str, PointConfig] = {}
    for action in actions:
        match action.entry:
            case PopUp():
                found[action.point] = point(action.point, action.entry, config)
            case PopUpEnd():
                found.pop(action.point, None)
    return [one for slug, one in found.items() if slug not in planned]


def newest_number(newest: int, action: Action) -> int:
    """Return the highest number that any pop-up point has had: none is given twice, so that no history mixes."""
    return max(newest, action.entry.number) if isinstance(action.entry, PopUp) else newest


def is_placed(one: PointConfig) -> bool:
    """Tell whether it is known where a point is."""
    return (one.latitude, one.longitude) != NOWHERE
