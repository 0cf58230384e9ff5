import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from browser import GuardedPage, violations
from nspgateway.web import create_app
from page_sample import ARK, KUIL, LINDE, ZUID, Source, overview, reading
from page_site import Site
from patience import PATIENCE_MS

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZES = {"tablet": (1280, 800), "wall": (1920, 1080), "phone": (390, 844)}


class Gateway(Site):
    """The page of a sample night, which a test changes."""

    def __init__(self) -> None:
        self.source = Source(overview())
        super().__init__(lambda: create_app(self.source, banner=None))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway() -> AsyncIterator[Gateway]:
    made = Gateway()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, gateway: Gateway) -> AsyncIterator[GuardedPage]:
    gateway.source.set(overview())
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="nl-NL")
    yield GuardedPage(await context.new_page(), gateway.url)
    await context.close()


def value(slug: str, field: str) -> str:
    return f'[data-point="{slug}"] [data-field="{field}"]'


async def test_live_update_without_reload(visit: GuardedPage, gateway: Gateway) -> None:
    """A new value, an unknown one and a new alarm appear by themselves; nothing fails, nothing leaves."""
    page = await visit.open()
    await expect(page.locator(value("de-linde", "fuel"))).to_contain_text("20 l diesel")
    await page.evaluate("window.untouched = true")
    readings = LINDE.readings | {"fuel_permille": reading(470), "load_w": reading(None, 720, "unknown")}
    linde = replace(LINDE, readings=readings, fuel_litres=18.8)
    overload = replace(overview().alarms[1], id="overload", title={"nl": "Te veel verbruik"})
    gateway.source.set(overview(points=(linde, KUIL, ZUID, ARK), alarms=(*overview().alarms, overload)))
    await expect(page.locator(value("de-linde", "fuel"))).to_contain_text("19 l diesel")
    await expect(page.locator(value("de-linde", "fuel"))).to_have_attribute("data-value", "470")
    unknown = page.locator(value("de-linde", "load"))
    await expect(unknown).to_contain_text("onbekend")
    await expect(unknown).to_have_attribute("data-value", "")
    await expect(unknown).to_contain_text("12 min geleden voor het laatst gemeten")
    await expect(page.locator("[data-point]").first).to_have_attribute("data-point", "de-linde")
    await expect(page.locator('[data-alarm="overload"]')).to_be_visible()
    await expect(page.locator("#announce")).to_contain_text("Te veel verbruik")
    await expect(page).to_have_title("(3) Noodsteunpunten")
    assert await page.evaluate("window.untouched")
    assert visit.faults == []


@pytest.mark.parametrize("within_ms", [PATIENCE_MS, pytest.param(5000, marks=pytest.mark.soak)])
async def test_says_that_it_is_cut_off_and_recovers(
    visit: GuardedPage, gateway: Gateway, within_ms: float
) -> None:
    """A page that no longer hears its gateway says so, within 5 s by measurement, and comes back alone after a restart."""
    page = await visit.open()
    await expect(page.locator("body")).to_have_attribute("data-live", "live")
    lost = page.locator("#lost")
    await expect(lost).to_be_hidden()
    shown = await page.locator("#clock").inner_text()
    await gateway.stop()
    await expect(lost).to_be_visible(timeout=within_ms)
    await expect(lost).to_contain_text("Geen verbinding met het coördinatiepunt sinds 02:")
    assert (await lost.inner_text()).split("sinds ")[1][:8] >= shown
    assert await page.evaluate("getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)"
    await gateway.start()
    await expect(lost).to_be_hidden()
    await expect(page.locator("body")).to_have_attribute("data-live", "live")


async def test_gateway_deaf_is_prominent(visit: GuardedPage, gateway: Gateway) -> None:
    """When our own receiver is down, that stands above everything else."""
    page = await visit.open()
    gateway.source.set(overview(modem_ok=False, modem_reason="/dev/nsp-modem: losgekoppeld"))
    deaf = page.locator('[data-modem="down"]')
    await expect(deaf).to_be_in_viewport()
    await expect(deaf).to_contain_text("Onze eigen ontvanger reageert niet")
    await expect(deaf).to_contain_text("losgekoppeld")


async def test_works_without_script(browser: Browser, gateway: Gateway) -> None:
    """With scripts off the page still shows everything, and says that it stands still."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(gateway.url)
    await expect(page.locator("noscript p")).to_contain_text("ververst zichzelf niet")
    await expect(page.locator(value("de-linde", "fuel"))).to_contain_text("20 l diesel")
    await context.close()


async def test_a_browser_says_that_our_form_is_ours(browser: Browser, gateway: Gateway) -> None:
    """Protects every button: with our headers a browser names our origin, so that the form gets through to the act."""
    page = await browser.new_page()
    await page.goto(gateway.url)
    form = "document.getElementById('act')"
    await page.evaluate(f"() => {{ {form}.action = '/act/acknowledge'; {form}.submit(); }}")
    # There is nothing but an overview here, which is what it says; a form of a stranger gets 403.
    await expect(page.get_by_role("heading")).to_contain_text("Deze pagina is er niet.")
    await page.close()


async def test_theme_and_language_by_touch(visit: GuardedPage) -> None:
    """Under the menu's button one tap makes the screen dark, another makes it English; both stay after a reload."""
    page = await visit.open()
    for name in ("Donker scherm", "English"):
        await page.get_by_text("Meer", exact=True).click()
        await page.get_by_role("button", name=name).click()
    await page.goto(page.url.split("?")[0])
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.get_by_role("heading", name="Support points")).to_be_visible()
    await page.get_by_text("More", exact=True).click()
    await expect(page.get_by_role("button", name="Light screen")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_size_is_readable(
    visit: GuardedPage, gateway: Gateway, theme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At each size nothing scrolls sideways, targets fit a thumb, axe finds no violation; pictures are kept."""
    folder = Path(os.environ.get("NSP_SCREENSHOTS") or tmp_path_factory.mktemp("page"))
    gateway.source.set(overview())
    page = await visit.open(f"/?theme={theme}")
    for name, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        await expect(page.locator("body")).to_have_attribute("data-live", "live")
        await page.screenshot(path=folder / f"{name}-{theme}.png")
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} scrolls {wide} px sideways"
        boxes = [await button.bounding_box() for button in await page.locator("button:visible").all()]
        assert all(box and min(box["width"], box["height"]) >= 44 for box in boxes)
        # The wall has the tablet's table, only larger.
        if name != "wall":
            assert await violations(page) == []
    assert visit.faults == []


async def test_what_is_first_fits_a_tablet(visit: GuardedPage) -> None:
    """On the 10-inch tablet both alarms with their buttons and the first points are seen without scrolling."""
    page = await visit.open()
    for alarm in ("site_silent", "fuel_low"):
        await expect(page.locator(f'[data-alarm="{alarm}"]')).to_be_in_viewport(ratio=1)
    for slug in ("de-kuil", "zuid"):
        await expect(page.locator(f'[data-point="{slug}"]')).to_be_in_viewport(ratio=1)


async def test_a_wall_shows_forty_points_without_scrolling(visit: GuardedPage, gateway: Gateway) -> None:
    """Nobody touches a screen on a wall: every tile and the age of what it says is in sight, at once."""
    four = (KUIL, ZUID, LINDE, ARK)
    points = tuple(replace(four[n % 4], slug=f"p{n}", number=n + 1) for n in range(40))
    gateway.source.set(overview(points=points))
    await visit.page.set_viewport_size({"width": 1920, "height": 1080})
    page = await visit.open("/wall")
    assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
    hidden = """() => [...document.querySelectorAll('.tile')].filter((tile) => {
      const age = tile.querySelector('[data-field="heard"]').getBoundingClientRect();
      return age.bottom > Math.min(innerHeight, tile.getBoundingClientRect().bottom);
    }).length"""
    assert await page.locator(".tile").count() == 40
    assert await page.evaluate(hidden) == 0


async def test_a_screen_that_may_not_sound_says_so(visit: GuardedPage) -> None:
    """Silence is never taken for peace: until somebody has touched the screen it says that it makes no sound."""
    page = await visit.open()
    muted = page.get_by_role("button", name="Geluid staat uit op dit scherm. Tik om het aan te zetten.")
    await expect(muted).to_be_visible()
    await muted.click()
    await expect(muted).to_be_hidden()
    assert visit.faults == []
