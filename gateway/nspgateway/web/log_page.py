"""The log: who did what, when; by point and by kind, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from nspgateway import audit_lines
from nspgateway.audit_lines import Names
from nspgateway.audit_words import ACTS, GROUPS
from nspgateway.i18n import N_
from nspgateway.web.office import Office
from nspgateway.web.spec import Page
from nspgateway.web.visitor import Ask

LINES = 50


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    works, overview, lang = office.works, ask.overview, ask.lang
    names = {point.slug: point.name for point in overview.points}
    point, kind = ask.query.get("point", ""), ask.query.get("kind", "")
    seen = _places(ask, point, names)
    acts = tuple(ACTS[kind]) if kind in ACTS else None
    # One more than is shown tells whether there are older ones.
    found = works.store.trail(seen, acts, _number(ask.query.get("before", "")), LINES + 1)
    shown, is_more = found[:LINES], len(found) > LINES
    if not ask.visitor.municipality:
        names[works.ingest.situation.cp.point.slug] = overview.cp
    chosen = {"point": point if point in names else "", "kind": kind if kind in GROUPS else ""}
    called = Names.of(lang, works.ingest.situation.region, names)
    return {
        "lines": audit_lines.lines(lang, shown, called),
        "points": sorted(names.items(), key=lambda item: item[1]),
        "kinds": [(group, lang.gettext(name)) for group, name in GROUPS.items()],
        "chosen": chosen,
        "older": _link({**chosen, "before": str(shown[-1].id)}) if is_more else "",
        "newest": _link(chosen) if "before" in ask.query else "",
    }


def _places(ask: Ask, point: str, names: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return of which places lines are shown, None = all; who sees one municipality sees nothing of no point."""
    if ask.visitor.municipality:
        return (point,) if point in names else tuple(names)
    return (point,) if point else None


def _number(text: str) -> int | None:
    """Return the id of a line; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(1 << 63)) else None


def _link(query: Mapping[str, str]) -> str:
    return "/log?" + urlencode({name: text for name, text in query.items() if text})


PAGES = (
    Page(
        "/log", "log.html", _make, N_("Log"), right="log", nav=N_("Log"), live=False, styles=("office.css",)
    ),
)
