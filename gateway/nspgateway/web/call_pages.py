"""Calls for help: which are open and which have ended, the record of one with what is done about it, and 112."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from nspgateway import call_lines, call_record, call_views, call_words, exercise_mark, typed
from nspgateway.calls import ANSWERS, REASONS, RECIPIENTS, Call
from nspgateway.config import PointConfig
from nspgateway.desk_base import NOTE_MOST
from nspgateway.desk_calls import ANSWER_BYTES, NAME_MOST, CallDesk
from nspgateway.i18n import N_, Language
from nspgateway.people import By, Word112
from nspgateway.situation import Situation
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, Do, NotFound, Page, seen
from nspgateway.web.visitor import Ask
from nsplink.fields import HELP_KINDS

# Ended calls that are listed; all others stand in the log and in the archive.
_ENDED = 50
_STYLES = ("forms.css",)


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    situation, now, lang = office.works.ingest.situation, ask.overview.now, ask.lang
    ours = {point.slug for point in ask.overview.points}
    over = [call for call in situation.calls.values() if not call.is_open and call.point in ours]
    return {
        "panel": call_lines.panel_112(lang, ask.overview),
        "ended": tuple(_ended(lang, situation, call, now) for call in reversed(over[-_ENDED:])),
    }


def _ended(lang: Language, situation: Situation, call: Call, now: datetime) -> call_lines.EndedLine:
    last = call.last("closed")
    view = call_views.view(call, _point(situation, call))
    return call_lines.ended(lang, view, "" if last is None else last.word, now)


def _make_call(office: Office, ask: Ask) -> Mapping[str, object]:
    call, now, lang = _call(office, ask, ask.params.get("call", "")), ask.overview.now, ask.lang
    situation = office.works.ingest.situation
    view = call_views.view(
        call, _point(situation, call), situation.late.get(call.id), shown=situation.is_shown(call)
    )
    return {
        "call": call_lines.line(lang, view, ask.overview),
        "record": call_record.record(lang, call, now),
        "news": call.news,
        "point": call.point if call.point in situation.states else "",
        "is_open": call.is_open,
        "is_silent": call.is_security,
        "needs_call_back": call.needs_call_back,
        "recipients": _choices(lang, call_words.RECIPIENTS, RECIPIENTS),
        "answers": _choices(lang, call_words.ANSWERS, ANSWERS),
        "reasons": _choices(lang, call_words.REASONS, REASONS),
        "most": NOTE_MOST,
        "most_name": NAME_MOST,
        "most_answer": ANSWER_BYTES,
    }


def _make_new(_office: Office, ask: Ask) -> Mapping[str, object]:
    in_order = sorted(ask.overview.points, key=lambda point: point.number)
    return {
        "points": [(point.slug, f"NSP {point.number:02d} {point.name}") for point in in_order],
        "kinds": _choices(ask.lang, call_words.KINDS, HELP_KINDS),
        "is_exercise": exercise_mark.is_on(ask.overview),
        "most": NOTE_MOST,
    }


def _choices(lang: Language, words: Mapping[str, str], order: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(word, lang.gettext(words[word])) for word in order]


def _point(situation: Situation, call: Call) -> PointConfig | None:
    return situation.places_of_calls.get(call.point)


def _call(office: Office, ask: Ask, name: str) -> Call:
    """The call of this name, as far as this visitor may see it. Raises NotFound."""
    call = office.works.ingest.situation.calls.get(name)
    is_ours = call is not None and (
        not ask.visitor.municipality or any(point.slug == call.point for point in ask.overview.points)
    )
    if call is None or not is_ours:
        raise NotFound(name)
    return call


def _act(do: Callable[[CallDesk, str, By, Mapping[str, str], datetime], object]) -> Do:
    """Return the act of a form on the page of a call: what it does at the desk, and back to where it was."""

    def act(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
        name = _call(office, ask, form.get("call", "")).id
        filled = defaultdict(str, form)
        if filled["news"].isdecimal():
            office.works.desk.check_news(name, int(filled["news"]))
        do(office.works.desk, name, ask.visitor.by, filled, ask.overview.now)
        return ""

    return act


def _pass_on(desk: CallDesk, name: str, by: By, form: Mapping[str, str], now: datetime) -> None:
    at = typed.clock_before(form["at"], now)
    desk.pass_on(name, by, form["whom"], form["taken_by"], at, other=form["other"])


def _enter(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    name = office.works.desk.enter_call(
        seen(ask, form.get("point", "")).slug,
        ask.visitor.by,
        form.get("kind", ""),
        form.get("text", ""),
        place=form.get("place", ""),
        made_at=typed.clock_before(form.get("at", ""), ask.overview.now),
        exercise=exercise_mark.is_on(ask.overview) and form.get("exercise") == "1",
    )
    return f"/call/{name}"


def _set_112(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    word = cast("Word112", form.get("word", ""))  # the desk refuses what is none of them
    office.works.desk.set_112(word, ask.visitor.by)
    return ""


PAGES = (
    Page("/calls", "calls.html", _make, N_("Calls for help"), nav=N_("Calls for help"), styles=_STYLES),
    Page(
        "/calls/new",
        "call_new.html",
        _make_new,
        N_("Enter a call for help"),
        right="call",
        live=False,
        styles=_STYLES,
    ),
    Page(
        "/call/{call}",
        "call.html",
        _make_call,
        N_("Call for help"),
        right="call",
        live=False,
        facts="call_facts.html",
        styles=_STYLES,
    ),
)
ACTS = (
    Act(
        "call-read",
        "call",
        _act(lambda desk, name, by, _form, _now: desk.read_call(name, by)),
        N_("Noted: you have read it."),
    ),
    Act("call-pass-on", "call", _act(_pass_on), N_("Noted: it was passed on.")),
    Act(
        "call-answer",
        "call",
        _act(lambda desk, name, by, form, _now: desk.answer_call(name, by, form["answer"], form["text"])),
        N_("Noted: your answer to the point."),
    ),
    Act(
        "call-back",
        "call",
        _act(lambda desk, name, by, form, _now: desk.called_back(name, by, form["note"])),
        N_("Noted: the point was called back."),
    ),
    Act(
        "call-place",
        "call",
        _act(lambda desk, name, by, form, _now: desk.place_call(name, by, form["place"])),
        N_("Noted: where help is needed."),
    ),
    Act(
        "call-close",
        "call",
        _act(lambda desk, name, by, form, _now: desk.close_call(name, by, form["reason"], form["why"])),
        N_("The call for help is closed."),
    ),
    Act("call-enter", "call", _enter, N_("The call for help stands at the top of every page.")),
    Act("status112", "status112", _set_112, N_("Noted. All kits are told, until each has confirmed it.")),
)
