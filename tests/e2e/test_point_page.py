"""The page of a point and the map in a real browser."""

from pathlib import Path

from playwright.async_api import expect

from browser import GuardedPage, chromium, violations
from web_room import WebRoom, served

LOOKS = (
    ("/point/de-linde?span=24h", "light", 1280),
    ("/point/de-linde", "dark", 390),
    ("/point/de-linde/enter", "dark", 390),
    ("/map", "light", 390),
)


async def test_every_part_can_be_read_and_follows(tmp_path: Path) -> None:
    """In each theme, on a tablet or a telephone: nothing scrolls sideways, axe finds nothing, and what comes in is shown."""
    card = {"address": "Dorpsstraat 1", "contacts": ("Beheer: 010-0000000",), "latitude": 52.2}
    room = WebRoom(tmp_path, "cp_coordinator", deployment="open", first=card)
    for counter in range(1, 30):
        if counter != 15:
            room.box.vital(counter, alarms=(counter > 27) << 2, q_battery=None if counter > 20 else "good")
        room.box.clock.move(300)
    async with served(room) as url, chromium() as browser:
        context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="nl-NL")
        visit = GuardedPage(await context.new_page(), url)
        page = await visit.open("/point/de-linde")
        level = page.locator('[data-quantity="fuel_permille"] .reading')
        await expect(level).to_have_text("90 %")
        room.box.vital(30, fuel_permille=250)
        await expect(level).to_have_text("25 %")
        assert visit.faults == []
        for path, theme, width in LOOKS:
            await page.set_viewport_size({"width": width, "height": 800})
            await page.goto(f"{url}{path}{'&' if '?' in path else '?'}theme={theme}")
            wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} at {width} scrolls {wide} px sideways"
            assert await violations(page) == [], f"{path} {theme} {width}"
        # A stream that its page leaves counts as a failed request.
        assert [fault for fault in visit.faults if "/events/" not in fault] == []
