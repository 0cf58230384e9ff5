"""A report by voice: the form at the coordinating point, and the same questions on paper for the volunteer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from nspgateway import report_form, report_lines, typed, words
from nspgateway.desk_base import Refused
from nspgateway.entries import HandReport
from nspgateway.i18n import N_, Language
from nspgateway.region import Region
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, Page, seen
from nspgateway.web.visitor import Ask

# What the field of the stock holds when there is no shortage.
_NO_SHORTAGE = "none"


def _make_entry(office: Office, ask: Ask) -> Mapping[str, object]:
    situation, point = office.works.ingest.situation, seen(ask, ask.params.get("slug", ""))
    sent = [one for one in reversed(situation.course.messages.versions) if one.sent and one.text]
    return {
        "point": point,
        "has_kit": point.kit_address is not None,
        "questions": report_form.QUESTIONS,
        "choices": _choices(ask.lang),
        "stock": _stock(situation.region, ask.lang),
        "messages": [
            (f"{one.number}/{one.version}", f"{one.number}, {ask.lang.gettext('version')} {one.version}")
            for one in sent
        ],
        "told": report_lines.lines(
            ask.lang, situation.standings[point.slug].reports, situation.region, ask.overview.now
        ),
        "no_shortage": _NO_SHORTAGE,
    }


def _make_paper(office: Office, ask: Ask) -> Mapping[str, object]:
    region = office.works.ingest.situation.region
    return {
        "questions": report_form.QUESTIONS,
        "choices": _choices(ask.lang),
        "stock": _stock(region, ask.lang),
    }


def _enter(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    point, now = seen(ask, form.get("point", "")), ask.overview.now
    litres = form.get("litres", "").strip()
    told = HandReport(
        typed.clock_before(form.get("at", ""), now) or now,
        form.get("deployment") or None,
        _percent(form.get("battery_permille", "")),
        _people(form.get("staff", "")),
        _people(form.get("staff_needed", "")),
        _relief(form.get("relief_at", ""), now),
        form.get("visitors") or None,
        _lines(form.get("stock_low", "")),
        _message(form.get("displayed", "")),
    )
    office.works.desk.enter_report(
        point.slug,
        told,
        ask.visitor.by,
        litres=typed.decimal(litres) if litres else None,
        note=form.get("note", ""),
    )
    return f"/entry/{point.slug}"


def _percent(text: str) -> int | None:
    return round(typed.decimal(text) * 10) if text.strip() else None


def _people(text: str) -> int | None:
    return typed.whole(text) if text.strip() else None


def _relief(text: str, now: datetime) -> datetime | None:
    return typed.clock_after(text, now)


def _lines(text: str) -> tuple[int, ...] | None:
    """Ticked lines of the stock; None when it was not asked."""
    ticked = [one for one in text.split(",") if one]
    if not ticked:
        return None
    if _NO_SHORTAGE in ticked:
        if len(ticked) > 1:
            raise Refused("shortage_and_none", "Tick what is short, or that nothing is.")
        return ()
    return tuple(sorted(typed.whole(one) for one in ticked))


def _message(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    number, _, version = text.partition("/")
    return typed.whole(number), typed.whole(version)


def _choices(lang: Language) -> Mapping[str, list[tuple[str, str]]]:
    return {
        "deployment": [
            (word, lang.gettext(words.DEPLOYMENTS[word].text)) for word in report_form.DEPLOYMENTS
        ],
        "visitors": [(word, lang.gettext(text)) for word, text in report_form.VISITORS.items()],
    }


def _stock(region: Region, lang: Language) -> list[tuple[str, str]]:
    return [(str(line), one.name(lang.code)) for line, one in enumerate(region.stock)]


_STYLES = ("office.css", "crisis.css")
PAGES = (
    Page(
        "/entry/{slug}",
        "entry.html",
        _make_entry,
        N_("Report by voice"),
        right="report",
        live=False,
        styles=_STYLES,
    ),
    # Printed long before it is needed: nothing of the moment stands on it.
    Page(
        "/voice-form",
        "voice_form.html",
        _make_paper,
        N_("Voice form"),
        live=False,
        styles=(*_STYLES, "sheet.css"),
    ),
)
ACTS = (Act("report", "report", _enter, N_("Noted, as entered by hand.")),)
