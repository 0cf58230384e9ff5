"""Every page of the table, also those that come later: it loads whole, without leaving the box, and all can use it."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from browser import GuardedPage, violations
from nspgateway.web import pages
from page_site import Night, Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What a page has to be asked with.
QUERIES = {"/decisions/new": "kind=activate"}
SIZES = {"tablet": (1280, 800), "wall": (1920, 1080), "phone": (390, 844)}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("night"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(night: Night) -> AsyncIterator[Site]:
    made = Site(night.app)
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, site: Site) -> AsyncIterator[GuardedPage]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="nl-NL")
    yield GuardedPage(await context.new_page(), site.url)
    await context.close()


def paths(night: Night) -> list[str]:
    """The path of every page, ready for more of a query; a parameter that nobody knows an example of fails here."""
    whole = [(one.path.format_map(night.paths), QUERIES.get(one.path, "")) for one in pages.PAGES]
    return [f"{path}?{query}" for path, query in whole]


async def test_every_page_loads_whole(visit: GuardedPage, night: Night) -> None:
    """On a box without internet no page asks for anything that is not there, and each has one heading and a way on."""
    for path in paths(night):
        answer = await visit.page.goto(visit.url + path, wait_until="load")
        assert answer is not None
        assert answer.status == 200, path
        headings, links = await visit.page.evaluate(
            "['h1', 'a[href]'].map((one) => document.querySelectorAll(one).length)"
        )
        assert headings == 1, path
        assert links, path
        assert await _sideways(visit.page) <= 0, f"{path} scrolls sideways"
    assert visit.faults == []


@pytest.mark.soak
@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_page_is_for_everybody(
    visit: GuardedPage, night: Night, lang: str, theme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At each size, in both themes and languages: axe finds nothing serious, a thumb hits every target, pictures are kept."""
    folder = Path(os.environ.get("NSP_SCREENSHOTS") or tmp_path_factory.mktemp("pages"))
    await visit.open("/")
    found: list[str] = []
    for path in paths(night):
        await visit.page.goto(f"{visit.url}{path}&lang={lang}&theme={theme}", wait_until="load")
        for name, (width, height) in SIZES.items():
            await visit.page.set_viewport_size({"width": width, "height": height})
            await expect(visit.page.locator("body")).to_have_attribute("data-live", "live")
            file = path.partition("?")[0].strip("/").replace("/", "-") or "overview"
            await visit.page.screenshot(path=folder / f"{file}-{name}-{theme}-{lang}.png")
            where = f"{path} {name} {theme} {lang}"
            if await _sideways(visit.page) > 0:
                found.append(f"{where}: scrolls sideways")
            found += [f"{where}: {target} is too small" for target in await _small(visit.page)]
            if name != "wall":
                found += [
                    f"{where}: {fault}" for fault in await violations(visit.page, "serious", "critical")
                ]
    assert not found, "\n".join(found)
    assert visit.faults == []


async def test_an_alarm_is_seen_with_the_keyboard_alone(visit: GuardedPage, night: Night) -> None:
    """Without a mouse or touch the first alarm is reached, seen to be reached, and acknowledged."""
    page = await visit.open("/")
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.formAction?.endsWith('/act/acknowledge')"):
            break
    focused = page.locator(":focus")
    await expect(focused).to_have_accessible_name(re.compile("^Gezien: "))
    assert await focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    await page.keyboard.press("Enter")
    await expect(page.locator("#said")).to_contain_text("u hebt dit alarm gezien")
    assert night.box.state("power_lost") == "acknowledged"
    assert visit.faults == []


async def test_who_types_hears_of_news_and_loses_nothing(visit: GuardedPage, night: Night) -> None:
    """A page with a form takes what stands over every page, live, and leaves alone what somebody is typing."""
    page = await visit.open("/alarm/de-linde/power_lost")
    await page.get_by_role("textbox", name="Wat moet men weten").fill("De sleutel ligt bij")
    call = {"event_boot": 3, "event_n": 2, "help_kind": "police", "help_mark": "made", "age_s": 0}
    assert night.box.say("help", 103, 65, text=b"", **call) == "accepted"
    await expect(page.locator('[data-call="65-1-3-2"]')).to_be_visible()
    await expect(page.locator("#announce")).to_contain_text("Noodhulpmelding")
    await expect(page.get_by_role("textbox", name="Wat moet men weten")).to_have_value("De sleutel ligt bij")


async def _sideways(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    wide: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wide


# A link within a sentence is as high as its line; whatever looks like a button is for a thumb.
_SMALL = """() => [...document.querySelectorAll("button, summary, .button, nav a, select, input:not([type=hidden])")]
  .filter((one) => one.checkVisibility() && !one.closest("label"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, box]) => Math.min(box.width, box.height) < 43.5)
  .map(([one]) => one.outerHTML.slice(0, 100))"""


async def _small(page: Page) -> list[str]:
    """Targets that are less than 44 pixels wide or high."""
    small: list[str] = await page.evaluate(_SMALL)
    return small
