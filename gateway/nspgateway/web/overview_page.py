"""The first page: who needs what first."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import present
from nspgateway.i18n import N_
from nspgateway.web.office import Office
from nspgateway.web.spec import Page
from nspgateway.web.visitor import Ask


def _make(_office: Office, ask: Ask) -> Mapping[str, object]:
    return {"page": present.page(ask.overview, ask.lang)}


PAGES = (Page("/", "overview.html", _make, N_("Support points"), nav=N_("Overview")),)
