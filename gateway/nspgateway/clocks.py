"""The two clocks of an incident: since when the grid is out, and how long ago it was activated. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nspgateway import crisis
from nspgateway.crisis import Crisis
from nspgateway.i18n import Language
from nspgateway.region import Region
from nspgateway.view import Clocks


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One of them in words. ``id``: "outage" or "t0"; ``text``: how long; ``since``: from when."""

    id: str
    label: str
    text: str
    since: str


def of(known: Crisis, grid_lost_at: datetime | None, region: Region) -> Clocks | None:
    """Return both while an incident lasts, else None. ``grid_lost_at``: as the points saw it."""
    lasts = crisis.incident(known)
    if lasts is None:
        return None
    decider = region.decided_by(lasts.decider)
    who = {} if decider is None else {"nl": decider.nl, "en": decider.en}
    return Clocks(lasts.t0, lasts.outage_since or grid_lost_at, who)


def lines(lang: Language, clocks: Clocks | None, now: datetime) -> tuple[ClockLine, ...]:
    """Return both in one language; none while nothing is activated."""
    if clocks is None:
        return ()
    _ = lang.gettext
    out, t0 = clocks.outage_since, clocks.t0
    began, who = lang.moment(t0, now), clocks.decided_by.get(lang.code, "")
    activated = _("activated by {who}, {moment}").format(who=who, moment=began) if who else began
    return (
        ClockLine(
            "outage",
            _("Outage since"),
            _("unknown") if out is None else lang.moment(out, now),
            "" if out is None else lang.duration((now - out).total_seconds()),
        ),
        ClockLine("t0", "T+", lang.duration((now - t0).total_seconds()), activated),
    )
