"""Decisions of the crisis organisation: what stands, the milestones, and the form to enter one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from nspgateway import crisis, decision_lines, local_time
from nspgateway.crisis import Decided
from nspgateway.desk_base import Refused
from nspgateway.entries import RulingKind
from nspgateway.i18n import N_
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, NotFound, Page
from nspgateway.web.visitor import Ask

_MOMENTS = ("decided_at", "opens_at", "until", "outage_since")


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    situation, lang, now = office.works.ingest.situation, ask.lang, ask.overview.now
    known, region = situation.course.crisis, situation.region
    lasts = crisis.incident(known)
    names = {point.slug: point.name for point in ask.overview.points}
    in_order = sorted(ask.overview.points, key=lambda point: point.number)
    return {
        "facts": decision_lines.facts(lang, lasts, region, names, now),
        "milestones": decision_lines.milestones(lang, crisis.milestones(known, region.milestone, now), now),
        "points": decision_lines.points(lang, in_order, situation.standings, lasts, now),
        "decisions": decision_lines.decisions(lang, known, region, names, now),
        "kinds": [
            (kind, lang.gettext(text))
            for kind, text in decision_lines.KINDS.items()
            if lasts is not None or kind in crisis.ADDS
        ],
    }


def _make_form(office: Office, ask: Ask) -> Mapping[str, object]:
    """The form of one kind of decision; ``corrects``: filled with the decision that it is to stand for."""
    situation, lang = office.works.ingest.situation, ask.lang
    old = _corrected(office, ask.query.get("corrects", ""))
    kind = old.ruling.kind if old else ask.query.get("kind", "")
    if kind not in get_args(RulingKind):
        raise NotFound(kind)
    given = _given(office, old, ask)
    chosen = set(given["points"].split(","))
    return {
        "kind": kind,
        "heading": lang.gettext(decision_lines.KINDS[kind]),
        "deciders": [(one.id, one.name(lang.code)) for one in situation.region.decider],
        "points": [
            (point.slug, f"NSP {point.number:02d} {point.name}", point.municipality, point.slug in chosen)
            for point in sorted(ask.overview.points, key=lambda point: point.number)
        ],
        "given": given,
        "corrects": "" if old is None else str(old.id),
    }


def _given(office: Office, old: Decided | None, ask: Ask) -> Mapping[str, str]:
    """What stands in the fields: what was typed and refused, else the decision to correct, else what is known."""
    empty = dict.fromkeys(("decider", "points", "from_cp", "note", *_MOMENTS), "")
    if ask.typed:
        return {**empty, **ask.typed}
    if old is None:
        lost = office.works.ingest.situation.grid_lost_at
        return {
            **empty,
            "decided_at": local_time.write(ask.overview.now),
            "outage_since": local_time.write(lost),
        }
    ruling = old.ruling
    moments = {name: local_time.write(getattr(ruling, name)) for name in _MOMENTS}
    return {
        "decider": ruling.decider,
        "points": ",".join(ruling.points),
        "from_cp": ruling.from_cp,
        "note": old.note,
        **moments,
    }


def _decide(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    kind = form.get("kind", "")
    if kind not in get_args(RulingKind):
        raise Refused("bad_kind", f"{kind!r} is no decision.")
    seen = {point.slug for point in ask.overview.points}
    points = [slug for slug in form.get("points", "").split(",") if slug]
    if not seen.issuperset(points):
        raise Refused("no_point", "One of the points is not of this visitor's municipality.")
    old = _corrected(office, form.get("corrects", ""))
    moments = {name: local_time.read(form.get(name, "")) for name in _MOMENTS}
    office.works.desk.decide(
        cast("RulingKind", kind),
        form.get("decider", ""),
        ask.visitor.by,
        points=points,
        from_cp=form.get("from_cp", "").strip(),
        corrects=None if old is None else old.id,
        note=form.get("note", ""),
        **moments,
    )
    return "/decisions"


def _reach(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    office.works.desk.reach(form.get("key", ""), ask.visitor.by)
    return ""


def _unreach(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    office.works.desk.unreach(form.get("key", ""), ask.visitor.by)
    return ""


def _corrected(office: Office, text: str) -> Decided | None:
    """Return the decision that is to be corrected; None when none is. Raises NotFound."""
    if not text:
        return None
    known = office.works.ingest.situation.course.crisis
    found = next((one for one in known.decided if str(one.id) == text), None)
    if found is None:
        raise NotFound(text)
    return found


_STYLES = ("office.css", "crisis.css")
PAGES = (
    Page("/decisions", "decisions.html", _make, N_("Decisions"), nav=N_("Decisions"), styles=_STYLES),
    Page(
        "/decisions/new",
        "decide.html",
        _make_form,
        N_("Enter a decision"),
        right="decide",
        live=False,
        styles=_STYLES,
    ),
)
ACTS = (
    Act("decide", "decide", _decide, N_("The decision stands in the log.")),
    Act("milestone", "decide", _reach, N_("Noted: this milestone was reached.")),
    Act("milestone-back", "decide", _unreach, N_("Noted: this milestone was not reached yet.")),
)
