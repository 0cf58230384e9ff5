"""Logistics, situation, change of shift, log, test and system in a real browser, and on paper."""

import re
from datetime import timedelta
from pathlib import Path

from playwright.async_api import Page, ViewportSize, expect

from browser import GuardedPage, chromium, violations
from gateway_box import T0, sealed
from nspgateway.alerting import Alerting
from nspgateway.people import By
from web_room import WebRoom, served

BY = By("jansen", "cp_medewerker", "page")
PATHS = ("/logistics", "/logistics/plan", "/situation", "/handover", "/log", "/test", "/system")
# A sheet of A4 less its margins, in the pixels of a browser.
SHEET: ViewportSize = {"width": 703, "height": 1000}
TABLET: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
_INK = """() => [
  getComputedStyle(document.querySelector("main"), "::before").content,
  getComputedStyle(document.body).color,
]"""


def busy(folder: Path) -> WebRoom:
    """A coordinating point with something on every page, while one of its points exercises."""
    room = WebRoom(folder, "cp_coordinator", linked=True, deployment="open")
    box, desk = room.box, room.room.desk
    desk.alert_test = Alerting(box.config, box.ingest, box.store, box.transmitter, box.clock).test
    box.boot(1)
    box.vital(2, alarms=1 << 2, fuel_permille=300)
    box.hear(sealed(box.key(66), 2, exercise=True, fuel_permille=800))
    desk.comment("de-linde", "power_lost", BY, "Beheerder gebeld.")
    desk.plan_delivery("de-linde", 30.0, T0 + timedelta(hours=2), BY)
    desk.enter_call("de-ark", BY, "ambulance")
    desk.hand_over(BY, "Let op de stekker.")
    desk.test_alert_path(BY)
    return room


async def test_every_page_can_be_read(tmp_path: Path) -> None:
    """On a tablet, a telephone and a sheet nothing is too wide, axe finds nothing, and the text is copied as completed."""
    async with served(busy(tmp_path)) as url, chromium() as browser:
        context = await browser.new_context(viewport=TABLET, locale="nl-NL")
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        visit = GuardedPage(await context.new_page(), url)
        page = await visit.open("/situation")
        await page.locator("#situation-text").press_sequentially("Aanvulling. ")
        await page.click("#copy-text")
        await expect(page.locator("#copied")).to_have_text("Gekopieerd")
        assert "Aanvulling. " in await page.evaluate("navigator.clipboard.readText()")
        await page.evaluate("window.print = () => (window.printed = true)")
        await page.get_by_role("button", name="Druk af").click()
        assert await page.evaluate("window.printed")
        for number, path in enumerate(PATHS):
            await page.goto(f"{url}{path}?theme={'dark' if number % 2 else 'light'}")
            assert await violations(page) == [], path
            for size in (TABLET, PHONE):
                await page.set_viewport_size(size)
                assert await _too_wide(page) <= 0, f"{path} scrolls sideways at {size}"
            await _on_paper(page, path)
            await page.set_viewport_size(TABLET)
        # What a page still loads when it is left counts as a failed request.
        assert [fault for fault in visit.faults if not fault.startswith("failed: ")] == []


async def _on_paper(page: Page, path: str) -> None:
    """A sheet says who printed it, has no buttons, is black on white in every theme, and carries the mark of the exercise."""
    await page.set_viewport_size(SHEET)
    await page.emulate_media(media="print")
    await expect(page.locator("footer.printed")).to_contain_text("Afgedrukt door jansen")
    await expect(page.locator("button:visible")).to_have_count(0)
    await expect(page.locator(".exercise-bar")).to_be_visible()
    mark, ink = await page.evaluate(_INK)
    assert (mark, ink) == ('"OEFENING"', "rgb(0, 0, 0)"), path
    assert await _too_wide(page) <= 0, f"{path} is wider than a sheet"
    pdf = await page.pdf(prefer_css_page_size=True)
    assert set(re.findall(rb"/MediaBox ?\[0 0 (\d+)", pdf)) == {b"594"}, path
    await page.emulate_media(media="screen")


async def _too_wide(page: Page) -> int:
    """Pixels that the page is wider than the screen."""
    return int(await page.evaluate("document.documentElement.scrollWidth - innerWidth"))
