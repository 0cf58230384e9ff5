"""The pages before the others in a real browser, with the keyboard alone."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pyotp
from playwright.async_api import Page, expect

from access_room import cheap
from browser import GuardedPage, chromium, violations
from door_room import PASSWORD, DoorRoom
from page_site import Site

__all__ = ["cheap"]

# In turns: a telephone in the dark, a tablet in daylight.
LOOKS = cycle((("dark", 390), ("light", 1280)))


async def test_from_a_new_box_to_the_overview_without_a_mouse(tmp_path: Path) -> None:
    """Protects who sets a box up, or logs in, by keyboard or screen reader: every step can be read, reached and done."""
    room = DoorRoom(tmp_path, ("cp_techniek",), deployment="open")
    site = Site(lambda: room.app)
    await site.start()
    async with chromium() as browser:
        context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="nl-NL")
        visit = GuardedPage(await context.new_page(), site.url)
        page = await visit.open("/")
        await looked_at(page)
        await typed(page, room.first_code(), "baas", PASSWORD, PASSWORD)
        await expect(page).to_have_url(f"{site.url}/second-factor")
        await looked_at(page)
        secret = (await page.locator(".secret").inner_text()).replace(" ", "")
        await to(page, "#code")
        await typed(page, pyotp.TOTP(secret).at(room.clock.now()))
        await expect(page.locator("h1")).to_have_text("Noodsteunpunten")
        await to(page, "#more > summary")
        await page.keyboard.press("Enter")
        await to(page, "form[action='/logout'] button")
        await page.keyboard.press("Enter")
        await expect(page.locator(".said")).to_have_text("U bent uitgelogd.")
        await looked_at(page)
        await typed(page, "baas", PASSWORD)
        await expect(page.locator("#code")).to_be_focused()
        for path in ("/second-factor", "/emergency", "/screen"):
            await page.goto(site.url + path)
            await looked_at(page)
        # The stream of a page that is left counts as a failed request.
        assert [fault for fault in visit.faults if "/events" not in fault] == []
        await context.close()
    await site.stop()
    room.box.store.close()


async def typed(page: Page, *texts: str) -> None:
    """Fill one field after the other, beginning with the one that has the focus, and send."""
    for number, text in enumerate(texts):
        if number:
            await page.keyboard.press("Tab")
        await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def to(page: Page, selector: str) -> None:
    """Go to an element with the tab key; what has the focus is seen to have it."""
    for _ in range(40):
        if await page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            style = "getComputedStyle(document.activeElement).outlineStyle"
            assert await page.evaluate(style) == "solid"
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached with the keyboard")


async def looked_at(page: Page) -> None:
    """Axe finds nothing, and nothing is wider than the screen."""
    theme, width = next(LOOKS)
    await page.set_viewport_size({"width": width, "height": 844})
    await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert await violations(page) == [], f"{page.url} {theme}"
