"""All pages, downloads and acts, in the order of the menu. Each module beside this one has those of one subject."""

from __future__ import annotations

from nspgateway.web import (
    accounts_page,
    alarm_acts,
    alarm_page,
    alarm_test_page,
    call_pages,
    decision_pages,
    exercise_page,
    handover_page,
    kits_page,
    log_page,
    logistics_page,
    map_page,
    message_pages,
    overview_page,
    point_pages,
    popup_page,
    report_pages,
    situation_page,
    system_page,
)
from nspgateway.web.spec import Act, Download, Page

PAGES: tuple[Page, ...] = (
    *overview_page.PAGES,
    *call_pages.PAGES,
    *map_page.PAGES,
    *point_pages.PAGES,
    *alarm_page.PAGES,
    *decision_pages.PAGES,
    *message_pages.PAGES,
    *report_pages.PAGES,
    *popup_page.PAGES,
    *kits_page.PAGES,
    *logistics_page.PAGES,
    *situation_page.PAGES,
    *handover_page.PAGES,
    *overview_page.FROM_AFAR,
    *log_page.PAGES,
    *exercise_page.PAGES,
    *alarm_test_page.PAGES,
    *system_page.PAGES,
    *accounts_page.PAGES,
)
DOWNLOADS: tuple[Download, ...] = (*map_page.DOWNLOADS, *logistics_page.DOWNLOADS, *situation_page.DOWNLOADS)
ACTS: tuple[Act, ...] = (
    *alarm_acts.ACTS,
    *call_pages.ACTS,
    *point_pages.ACTS,
    *logistics_page.ACTS,
    *decision_pages.ACTS,
    *message_pages.ACTS,
    *report_pages.ACTS,
    *popup_page.ACTS,
    *kits_page.ACTS,
    *handover_page.ACTS,
    *exercise_page.ACTS,
    *alarm_test_page.ACTS,
    *accounts_page.ACTS,
)
