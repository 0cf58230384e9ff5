"""The page of one support point, and what is entered there: fuel, a stop, what the point is used for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import cast, get_args
from weakref import WeakKeyDictionary

from nspgateway import (
    alarm_history,
    exercise_mark,
    histories,
    message_lines,
    point_page,
    report_lines,
    typed,
    words,
)
from nspgateway.config import Deployment
from nspgateway.desk_base import Refused
from nspgateway.desk_fuel import MOST_LITRES
from nspgateway.desk_points import STOP_MINUTES, STOP_MOST_MINUTES
from nspgateway.errors import StoreError
from nspgateway.histories import History
from nspgateway.i18n import N_, Language
from nspgateway.people import FuelEntry
from nspgateway.store import Store
from nspgateway.trend import SPANS
from nspgateway.view import Point
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, Page, seen
from nspgateway.web.visitor import Ask

# Events of alarms that are shown.
_EVENTS = 24
_FIRST_SPAN = "6h"
_SPAN_NAMES = {"6h": N_("6 hours"), "24h": N_("24 hours"), "7d": N_("7 days")}
# A chart is drawn anew at this part of one of its steps, however many people look at it.
_FRESH = 5
_HISTORIES = 64

_Key = tuple[str, str, str]
# What a drawing was made of: the part of time, and what had been entered by hand.
_Made = tuple[int, tuple[FuelEntry, ...]]
_drawn: WeakKeyDictionary[Store, OrderedDict[_Key, tuple[_Made, History]]] = WeakKeyDictionary()


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    point, works, now = _point(ask), office.works, ask.overview.now
    situation = works.ingest.situation
    span = ask.query.get("span", "")
    span = span if span in SPANS else _FIRST_SPAN
    try:
        history = _history(office, point, span, ask.lang)
        events = works.store.alarm_events(point.slug, _EVENTS)
    except StoreError:
        history, events = None, None
    return {
        "page": point_page.build(
            ask.lang,
            point,
            situation.states[point.slug].point,
            situation.standings[point.slug],
            now,
            mark=exercise_mark.of_point(ask.overview, point.slug),
            exercise_since=ask.overview.exercise_since,
            contacts=ask.visitor.can("contact"),
        ),
        "messages": message_lines.at_points(ask.lang, (point,), situation.standings, now),
        "told": report_lines.lines(ask.lang, situation.standings[point.slug].reports, situation.region, now),
        # As in a call for help: what somebody typed is for those who handle calls.
        "typed_there": works.store.report_text(point.slug) if ask.visitor.can("call") else "",
        "history": history,
        "span": span,
        "spans": [(name, ask.lang.gettext(text)) for name, text in _SPAN_NAMES.items()],
        "events": None if events is None else alarm_history.lines(ask.lang, events, now),
        "may_enter": any(ask.visitor.can(right) for right in ("fuel", "stop", "deployment")),
    }


def _make_enter(office: Office, ask: Ask) -> Mapping[str, object]:
    point, now = _point(ask), ask.overview.now
    situation = office.works.ingest.situation
    standing = situation.standings[point.slug]
    most = situation.states[point.slug].point.tank_litres or MOST_LITRES
    return {
        "point": point,
        "marks": tuple(point_page.marks(ask.lang, standing, now)),
        "most_litres": ask.lang.number(most),
        "stop_minutes": str(STOP_MINUTES),
        "stop_most": str(STOP_MOST_MINUTES),
        "is_stopped": standing.is_stopped(now),
        "deployments": [
            (word, ask.lang.gettext(words.DEPLOYMENTS[word].text)) for word in get_args(Deployment)
        ],
    }


def _history(office: Office, point: Point, name: str, lang: Language) -> History:
    """The charts of a span, drawn only as often as there can be something new to see."""
    works, span = office.works, SPANS[name]
    now = works.clock.now()
    entered = works.ingest.situation.standings[point.slug].fuel
    made_of = (int(now.timestamp() // (span.step.total_seconds() / _FRESH)), entered)
    kept = _drawn.setdefault(works.store, OrderedDict())
    key = (point.slug, name, lang.code)
    found = kept.get(key)
    if found is None or found[0] != made_of:
        config = works.ingest.situation.states[point.slug].point
        past = works.store.past(point.slug, histories.since(span, config, now))
        found = kept[key] = (
            made_of,
            histories.build(lang, config, past, span, now, works.config.radio.sf, entered),
        )
        if len(kept) > _HISTORIES:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return found[1]


def _enter_fuel(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    slug, now = _allowed(ask, form), ask.overview.now
    kind = form.get("kind", "")
    if kind not in ("dip", "refuel"):
        raise Refused("bad_kind", f"{kind!r} is no entry of fuel: take dip or refuel.")
    litres, at = typed.decimal(form.get("litres", "")), typed.clock_before(form.get("at", ""), now)
    _within(
        "litres_out_of_range",
        lambda: office.works.desk.enter_fuel(slug, kind, litres, ask.visitor.by, at),  # type: ignore[arg-type]  # the two words of it
    )
    return f"/point/{slug}"


def _plan_stop(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    slug, minutes = _allowed(ask, form), typed.whole(form.get("minutes", ""))
    _within("minutes_out_of_range", lambda: office.works.desk.plan_stop(slug, ask.visitor.by, minutes))
    return f"/point/{slug}"


def _end_stop(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    slug = _allowed(ask, form)
    office.works.desk.end_stop(slug, ask.visitor.by)
    return f"/point/{slug}"


def _set_deployment(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    slug, word = _allowed(ask, form), form.get("word", "")
    if word not in get_args(Deployment):
        raise Refused("bad_kind", f"{word!r} is no use of a point.")
    opens_at = typed.clock_after(form.get("opens_at", ""), ask.overview.now)
    office.works.desk.set_deployment(
        slug, cast("Deployment", word), ask.visitor.by, opens_at=opens_at, note=form.get("note", "")
    )
    return f"/point/{slug}"


def _point(ask: Ask) -> Point:
    """The point that the path names, as far as this visitor may see it."""
    return seen(ask, ask.params.get("slug", ""))


def _allowed(ask: Ask, form: Mapping[str, str]) -> str:
    """The point that a form names: what somebody may not see they may not change either."""
    return seen(ask, form.get("point", "")).slug


def _within(word: str, act: Callable[[], object]) -> None:
    """Do it; say of a figure out of its bounds which one that was."""
    try:
        act()
    except Refused as refused:
        if refused.word != "out_of_range":
            raise
        raise Refused(word, str(refused)) from refused


_STYLES = ("point.css",)
PAGES = (
    Page("/point/{slug}", "point.html", _make, N_("Support point"), styles=_STYLES),
    Page(
        "/point/{slug}/enter",
        "point_enter.html",
        _make_enter,
        N_("Enter for a support point"),
        live=False,
        styles=_STYLES,
    ),
)
ACTS = (
    Act("fuel", "fuel", _enter_fuel, N_("Noted: the fuel that you entered.")),
    Act("plan-stop", "stop", _plan_stop, N_("Noted: the generator stands still for refuelling.")),
    Act("end-stop", "stop", _end_stop, N_("Noted: the refuelling is over.")),
    Act("deployment", "deployment", _set_deployment, N_("Noted: what the point is used for.")),
)
