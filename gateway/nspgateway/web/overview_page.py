"""The first page: who needs what first; and what is done there with an alarm."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import present
from nspgateway.i18n import N_
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, Page
from nspgateway.web.visitor import Ask


def _make(_office: Office, ask: Ask) -> Mapping[str, object]:
    return {"page": present.page(ask.overview, ask.lang)}


def _acknowledge(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    point, _, alarm = form.get("key", "").partition("/")
    office.works.desk.acknowledge(point, alarm, ask.visitor.by)
    return ""


PAGES = (Page("/", "overview.html", _make, N_("Support points"), nav=N_("Overview")),)
ACTS = (Act("acknowledge", "acknowledge", _acknowledge, N_("Noted: you have seen this alarm.")),)
