"""What a tired officer sees at once: who runs dry first, who is silent, what to do now; at every size, by keyboard too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from browser import GuardedPage
from full_night import full_night, pages_of
from page_sample import Source
from page_site import Night, Site
from patience import PATIENCE_MS

pytestmark = pytest.mark.asyncio(loop_scope="module")

TABLET: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
# A tablet at 200 %: Chromium lays a page out as on a screen of half its pixels.
ZOOMED: ViewportSize = {"width": 640, "height": 400}
SMALL_WALL: ViewportSize = {"width": 1366, "height": 768}
FIGURE = '[data-field="hours"] .value'


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def full(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The pages of the fullest night, for a coordinator who logged in."""
    app = pages_of(Source(full_night()), tmp_path_factory.mktemp("full"), "cp_coordinator")
    site = Site(lambda: app)
    await site.start()
    yield site
    await site.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("night"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def real(night: Night) -> AsyncIterator[Site]:
    """The pages of a gateway on files, with one of everything."""
    site = Site(night.app)
    await site.start()
    yield site
    await site.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport=TABLET, locale="nl-NL")
    context.set_default_timeout(PATIENCE_MS)
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("lang", ["nl", "en"])
async def test_four_alarms_and_a_call_leave_three_points_in_sight(page: Page, full: Site, lang: str) -> None:
    """Without scrolling: the whole call, three points with their hour, and the worst alarm; each alarm can be acted on."""
    visit = GuardedPage(page, full.url)
    await visit.open(f"/?lang={lang}")
    await expect(page.locator("#muted")).to_be_visible()
    await expect(page.locator("[data-call]")).to_be_in_viewport(ratio=1)
    for number in range(3):
        await expect(page.locator(f"[data-point] {FIGURE}").nth(number)).to_be_in_viewport(ratio=1)
        await expect(page.locator("[data-point] .name").nth(number)).to_be_in_viewport(ratio=1)
    await expect(page.locator(".summary [data-summary='first']")).to_be_in_viewport(ratio=1)
    await expect(page.locator(".alarm").first).to_be_in_viewport(ratio=1)
    assert await page.locator(".alarm").count() == 4
    for alarm in await page.locator(".alarm").all():
        await expect(alarm.locator("li").first).to_be_visible()
        boxes = [await button.bounding_box() for button in await alarm.locator("button, .button").all()]
        assert len(boxes) == 3
        assert all(box and min(box["width"], box["height"]) >= 44 for box in boxes)
    assert await _cut(page) == []
    assert visit.faults == []


async def test_the_head_is_low_on_a_telephone(page: Page, full: Site) -> None:
    """Demo, exercise, clock and menu together take at most 180 of 844 pixels, and all of them are there."""
    await page.set_viewport_size(PHONE)
    await page.goto(full.url)
    heights = 0.0
    for part in (".banner", "header", ".exercise-bar"):
        box = await page.locator(part).bounding_box()
        assert box is not None
        heights += box["height"]
    assert heights <= 180
    for part in ("#clock", "#date", ".banner strong", ".exercise-bar strong"):
        await expect(page.locator(part)).to_be_in_viewport(ratio=1)
    links = page.locator(".menu > a:visible")
    assert await links.all_inner_texts() == ["Overzicht", "Noodhulpmeldingen"]
    await page.locator("#more > summary").click()
    under = await page.locator(".pages a:visible").all_inner_texts()
    assert under[:4] == ["Kaart", "Besluiten", "Berichten", "Logistiek"]
    assert await _wider(page) <= 0


async def test_the_rest_of_the_menu_works_by_keyboard_and_without_script(
    browser: Browser, page: Page, full: Site
) -> None:
    """Enter opens it, the next tab is in it, and who leaves it with tab or Escape has the page free again."""
    still = await browser.new_context(java_script_enabled=False, locale="nl-NL")
    for one in (await still.new_page(), page):
        await one.goto(full.url)
        summary = one.locator("#more > summary")
        await summary.focus()
        await one.keyboard.press("Enter")
        await one.keyboard.press("Tab")
        await expect(one.locator(":focus")).to_have_text("Situatie")
    await page.keyboard.press("Escape")
    await expect(page.locator("#more > summary")).to_be_focused()
    await expect(page.locator("#more")).not_to_have_attribute("open", "")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Shift+Tab")
    await expect(page.locator(":focus")).to_have_text("Logistiek")
    await expect(page.locator("#more")).not_to_have_attribute("open", "")
    without_script = still.pages[0]
    await without_script.keyboard.press("Enter")
    await expect(without_script.locator("h1")).to_have_text("Situatie")
    await still.close()


async def test_the_facts_of_a_call_are_live_beside_what_is_typed(
    page: Page, real: Site, night: Night
) -> None:
    """What the point adds stands on the open page at once, with a button of its own; the form and its focus stay."""
    await page.goto(f"{real.url}/call/{night.paths['call']}")
    await expect(page.locator("body")).to_have_attribute("data-live", "live")
    field = page.get_by_role("textbox", name="Wie nam de melding daar aan")
    await field.fill("centralist 1")
    more = {"event_boot": 3, "event_n": 1, "help_kind": "ambulance", "help_mark": "details", "age_s": 0}
    assert night.box.say("help", 105, 65, text=b"\x00wbrand op zolder", **more) == "accepted"
    await expect(page.locator("#record")).to_contain_text("brand op zolder")
    await expect(page.locator("#steps")).to_contain_text("Het punt typte meer")
    await expect(field).to_be_focused()
    await page.keyboard.type("2")
    await expect(field).to_have_value("centralist 12")
    # The button reads what is shown now: nothing is refused.
    await page.get_by_role("button", name="GELEZEN").click()
    await expect(page.locator("#said")).to_have_attribute("data-said", "done")
    await expect(page.locator(".read-it")).to_have_count(0)


async def test_a_small_wall_shows_forty_points(page: Page, tmp_path_factory: pytest.TempPathFactory) -> None:
    """At 1366x768 on the fullest night nothing scrolls, the hour of every tile is in sight, no letter is under 11 pixels."""
    state = full_night()
    points = tuple(
        replace(state.points[n % 4], slug=f"p{n}", number=n + 1, exercise=n == 0) for n in range(40)
    )
    app = pages_of(Source(replace(state, points=points)), tmp_path_factory.mktemp("wall"), "scherm")
    site = Site(lambda: app)
    await site.start()
    await page.set_viewport_size(SMALL_WALL)
    await page.goto(f"{site.url}/wall")
    assert await page.locator(".tile").count() == 40
    assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
    assert await page.evaluate(_OUT_OF_TILE) == []
    smallest = await page.evaluate(
        "Math.min(...[...document.querySelectorAll('.wall *')].map((one) => parseFloat(getComputedStyle(one).fontSize)))"
    )
    assert smallest >= 11
    await page.goto("about:blank")
    await site.stop()


@pytest.mark.parametrize("path", ["/", "/point/de-linde", "/call/65-1-3-1", "/messages", "/kits"])
async def test_nothing_is_lost_at_twice_the_size(page: Page, full: Site, real: Site, path: str) -> None:
    """At 200 % no page scrolls sideways and no word is cut off; the whole menu can still be opened."""
    await page.set_viewport_size(ZOOMED)
    await page.goto((full if path == "/" else real).url + path)
    assert await _wider(page) <= 0
    assert await _cut(page) == []
    await page.locator("#more > summary").click()
    assert await _wider(page) <= 0
    last = page.locator(".panel .controls").last
    await last.scroll_into_view_if_needed()
    await expect(last).to_be_in_viewport(ratio=1)


async def _wider(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    wide: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wide


async def _cut(page: Page) -> list[str]:
    """Words that stick out of what clips them, or of the screen."""
    cut: list[str] = await page.evaluate(_CUT)
    return cut


_CUT = """() => [...document.querySelectorAll("main *")]
  .filter((one) => !one.children.length && one.textContent.trim() && one.checkVisibility() && !one.closest(".unseen, thead"))
  .filter((one) => {
    const box = one.getBoundingClientRect();
    const frame = one.closest("tbody, .alarm, .call, main").getBoundingClientRect();
    return box.right > Math.min(frame.right, innerWidth) + 1;
  })
  .map((one) => one.outerHTML.slice(0, 100))"""
_OUT_OF_TILE = """() => [...document.querySelectorAll(".tile")].filter((tile) => {
    const big = tile.querySelector(".big").getBoundingClientRect(), box = tile.getBoundingClientRect();
    return big.bottom > Math.min(box.bottom, innerHeight) || big.left > box.right;
  }).map((tile) => tile.dataset.point)"""
