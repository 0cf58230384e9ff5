"""The situation in a few lines: to complete, to copy, to print, or to take along as a file."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import crisis, situation_text
from nspgateway.i18n import N_
from nspgateway.situation_text import Known
from nspgateway.web.office import Office
from nspgateway.web.spec import Download, Page
from nspgateway.web.visitor import Ask


def _text(office: Office, ask: Ask) -> str:
    works = office.works
    situation = works.ingest.situation
    known = Known(
        place=ask.visitor.municipality or ask.overview.region,
        region=situation.region,
        incident=crisis.incident(situation.course.crisis),
        calls=situation_text.call_totals(situation.calls.values(), ask.overview),
        reports={
            point.slug: situation.standings[point.slug].of_now(exercise=point.exercise).reports
            for point in ask.overview.points
            if point.slug in situation.standings
        },
    )
    return situation_text.text(ask.lang, ask.overview, known)


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    return {"text": _text(office, ask)}


PAGES = (
    Page(
        "/situation",
        "situation.html",
        _make,
        N_("Situation"),
        nav=N_("Situation"),
        # It is completed by hand: a picture that comes anew would take that away.
        live=False,
        styles=("office.css",),
        scripts=("situation.js",),
    ),
)
DOWNLOADS = (Download("/situation.txt", "situatie.txt", _text, media_type="text/plain; charset=utf-8"),)
