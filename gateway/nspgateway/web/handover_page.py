"""The change of shift on one page: what is open, what was promised, who runs dry; signed off by both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from nspgateway import crisis, decision_lines, handover_lines, present
from nspgateway.audit_lines import Names
from nspgateway.audit_words import ACTS as WORDS
from nspgateway.desk_base import Refused
from nspgateway.errors import StoreError
from nspgateway.handover_lines import SHIFTS, USUAL_H
from nspgateway.i18n import N_
from nspgateway.people import Action
from nspgateway.web.office import Office, Works
from nspgateway.web.spec import Act, Page
from nspgateway.web.visitor import Ask

# What the next shift reads of the last one, beside what is still open.
_TOLD = ("comment", "shelve", *WORDS["decisions"], "status112", "deployment")
_LINES = 20
# Deliveries on their way were planned within the newest of so many.
_PLANS = 200


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    works, lang, overview = office.works, ask.lang, ask.overview
    situation = works.ingest.situation
    course, now = situation.course, overview.now
    names = {point.slug: point.name for point in overview.points}
    places = tuple(names) if ask.visitor.municipality else None
    planned = _trail(works, places, ("plan_delivery",), _PLANS)
    told = _trail(works, places, _TOLD, _LINES)
    hours_ahead = _hours(ask.query.get("hours", ""))
    milestones = crisis.milestones(course.crisis, situation.region.milestone, now)
    return {
        "calls": handover_lines.open_calls(lang, overview),
        "alarms": present.boxes(overview.alarms, overview, lang),
        "shelved": present.boxes(overview.shelved, overview, lang),
        "milestones": decision_lines.milestones(
            lang, [one for one in milestones if one.word in {"late", "due"}], now
        ),
        "promises": handover_lines.promises(
            lang, overview, situation.standings, course.messages, {one.id: one.by for one in planned or ()}
        ),
        "dry": handover_lines.dry(lang, overview, timedelta(hours=hours_ahead)),
        "hours": str(hours_ahead),
        "shifts": handover_lines.shifts(lang),
        "told": None
        if told is None
        else handover_lines.since(lang, told, course.shift, Names.of(lang, situation.region, names)),
        "most_told": _LINES,
        # The shift is that of the whole coordinating point; who sees a part of it signs for none.
        "signature": None if ask.visitor.municipality else handover_lines.signature(lang, course.shift, now),
    }


def _trail(
    works: Works, places: tuple[str, ...] | None, acts: tuple[str, ...], limit: int
) -> list[Action] | None:
    """Return lines of the log, newest first; None when it cannot be read: all else on the page does not hang on it."""
    try:
        return works.store.trail(places, acts, None, limit)
    except StoreError:
        return None


def _hours(text: str) -> int:
    """Return how long the next shift takes; anything odd is the usual."""
    return int(text) if text in map(str, SHIFTS) else USUAL_H


def _whole(ask: Ask) -> None:
    """Raise Refused for somebody who sees the points of one municipality only."""
    if ask.visitor.municipality:
        raise Refused("no_right", "The shift is that of the whole coordinating point.")


def _hand_over(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    _whole(ask)
    office.works.desk.hand_over(ask.visitor.by, form.get("note", ""))
    return "/handover"


def _take(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    _whole(ask)
    key = form.get("key", "")
    offer = int(key) if key.isascii() and key.isdigit() and len(key) <= len(str(1 << 62)) else 0
    office.works.desk.take_shift(offer, ask.visitor.by)
    return "/handover"


PAGES = (
    Page(
        "/handover",
        "handover.html",
        _make,
        N_("Change of shift"),
        right="handover",
        nav=N_("Change of shift"),
        live=False,
        styles=("office.css",),
    ),
)
ACTS = (
    Act(
        "hand_over",
        "handover",
        _hand_over,
        N_("Noted: you handed over. The next shift takes over under its own name."),
    ),
    Act("take_shift", "handover", _take, N_("Noted: you took over the shift.")),
)
