"""The test of the alarm path: a button, and how far the newest test came."""

from __future__ import annotations

from collections.abc import Mapping

from nspgateway import path_test_lines
from nspgateway.i18n import N_
from nspgateway.web.office import Office
from nspgateway.web.spec import Act, Page
from nspgateway.web.visitor import Ask


def _make(office: Office, ask: Ask) -> Mapping[str, object]:
    test = office.works.desk.alert_test
    overview = ask.overview
    names = {point.slug: point.name for point in overview.points}
    heard = [] if test is None else [(slug, names[slug]) for slug in test.candidates() if slug in names]
    notifiers = [one.name for one in overview.notifiers]
    newest = None if test is None else test.view()
    daily = office.works.config.alert_test
    return {
        "test": path_test_lines.shown(ask.lang, newest, names, notifiers, overview.now),
        "is_here": test is not None,
        "heard": heard,
        "daily": "" if daily is None else daily.at,
    }


def _begin(office: Office, ask: Ask, form: Mapping[str, str]) -> str:
    office.works.desk.test_alert_path(ask.visitor.by, form.get("key") or None)
    return "/test"


PAGES = (
    Page(
        "/test",
        "alarm_test.html",
        _make,
        N_("Alarm test"),
        right="test",
        nav=N_("Test"),
        styles=("office.css",),
    ),
)
ACTS = (Act("test", "test", _begin, N_("The test has begun. Wait for its result on this page.")),)
