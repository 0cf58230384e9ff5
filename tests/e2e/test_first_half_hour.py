"""The first half hour of an outage over four twins, a minute a second, and an officer who has nothing but the page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from browser import GuardedPage, chromium
from nspkit import pins
from nsptools.demo.run import Options, Running, demo
from nsptools.scenario.reader import read
from story import at, entry

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPEED = 60.0
POINTS = {"A": "Buurthuis De Linde", "B": "Kerk De Ark", "C": "Sporthal De Kuil", "D": "Dorpshuis Zuid"}
STORY = "\n".join(
    (
        '[scenario]\nname = "Eerste nacht"\nstart = "2027-01-15T17:58:00+01:00"\nseed = 4\n',
        *(
            entry(
                "point", id=f'"{slug}"', name=f'"{name}"', plant='"diesel10k_dse7320"', tank_l=60, fuel_l=51
            )
            for slug, name in POINTS.items()
        ),
        at("18:05", "genset.estop", "B"),
        at("18:06", "grid_off", None),
    )
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The demo of this story."""
    story = read(STORY, "first-half-hour.toml")
    options = Options(
        scenario=story, speed=SPEED, http_port=0, mqtt_port=0, data=tmp_path_factory.mktemp("n") / "d"
    )
    async with demo(options, lambda _slug, _line: None) as up:
        yield up


async def test_a_new_officer_with_the_page_alone(running: Running, tmp_path: Path) -> None:
    """Protects the first half hour: what happened is seen, 112 is set, four points activated, a call read and passed on."""
    async with chromium() as browser:
        guarded = GuardedPage(await browser.new_page(viewport={"width": 1280, "height": 800}), running.url)
        page = await guarded.open()
        await the_grid_goes(page)
        await he_says_that_112_is_doubtful(page)
        await the_mayor_activates(page)
        await somebody_calls_for_help(page, running)
        await page.screenshot(path=tmp_path / "call-passed-on.png", full_page=True)
        assert guarded.faults == []


async def the_grid_goes(page: Page) -> None:
    """Each point says what feeds it, and the set that its emergency stop holds has an alarm that names it."""
    for slug, source in (("a", "Aggregaat"), ("b", "Accu"), ("c", "Aggregaat"), ("d", "Aggregaat")):
        await expect(page.locator(f'[data-point="{slug}"]')).to_contain_text(source)
    await expect(
        page.locator("main").get_by_text(re.compile("noodstop", re.IGNORECASE)).first
    ).to_be_visible()


async def he_says_that_112_is_doubtful(page: Page) -> None:
    """All four kits confirm it."""
    await page.get_by_role("link", name="Noodhulpmeldingen").click()
    await page.get_by_role("button", name=re.compile("onzeker", re.IGNORECASE)).click()
    await expect(page.locator("[data-status112]")).to_contain_text(re.compile("onzeker", re.IGNORECASE))
    await expect(page.locator("[data-told112]")).to_have_text("Alle kits tonen dit.")


async def the_mayor_activates(page: Page) -> None:
    """Who decided and T+ stand over every page from then on."""
    await page.get_by_role("link", name="Besluiten").click()
    await page.get_by_role("link", name=re.compile("^Activeren")).click()
    await page.get_by_label("Wie nam het besluit?").select_option(label="burgemeester")
    for box in await page.locator("input[name=points]").all():
        await box.check()
    await page.get_by_role("button", name="Dit besluit invoeren").click()
    await expect(page.locator('[data-clock-of="t0"]')).to_contain_text("geactiveerd door burgemeester")


async def somebody_calls_for_help(page: Page, running: Running) -> None:
    """Three seconds on the button bring the call to the top; each thing that the officer does is on the kit's display."""
    twin = running.town.points["c"].twin
    await twin.wait_for(lambda: "HULP? 3 SEC DRUK" in twin.display.lines())
    top = page.locator("#calls-top")
    twin.set_pin(pins.HELP, 0)  # held until it has been understood, however slow this machine is
    await twin.wait_for(lambda: "BINNEN BIJ CP" in twin.display.lines())
    twin.set_pin(pins.HELP, 1)
    await expect(top).to_contain_text("Sporthal De Kuil")
    await top.get_by_role("link", name="Open").click()
    await page.get_by_role("button", name="GELEZEN").click()
    await twin.wait_for(lambda: "GELEZEN" in twin.display.lines())
    await page.get_by_label("de meldkamer").check()
    await page.get_by_label(re.compile("Wie nam de melding daar aan")).fill("centralist 4")
    await page.get_by_role("button", name="Leg vast: doorgegeven").click()
    await twin.wait_for(lambda: "MELDKAMER" in twin.display.lines())
    await expect(top).to_contain_text("Doorgegeven")
