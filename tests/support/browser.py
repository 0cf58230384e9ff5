"""Chromium for tests of the page: how it is started, and a visit that records everything that goes wrong."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import axe_playwright_python
from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, async_playwright, expect

from patience import PATIENCE_MS

CHROMIUM = "/usr/bin/chromium"
_AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
ARGUMENTS = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    # Whatever is not on this machine goes to a proxy that is not there.
    "--proxy-server=127.0.0.1:9",
)


@asynccontextmanager
async def chromium(*arguments: str) -> AsyncIterator[Browser]:
    """The system's Chromium, headless, for as long as the block lasts; what is expected of its pages may take a while."""
    expect.set_options(timeout=PATIENCE_MS)
    sandbox = (*arguments, "--no-sandbox") if os.geteuid() == 0 else arguments
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=(*ARGUMENTS, *sandbox), timeout=PATIENCE_MS
        )
        yield browser
        await browser.close()


class GuardedPage:
    """A page that may talk to ``url`` only; ``faults`` are errors, failed requests and attempts to leave."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.faults: list[str] = []
        self.url = url
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_failed)
        page.on("response", self._on_response)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", self._on_console)

    async def open(self, path: str = "") -> Page:
        """Load it."""
        await self.page.goto(self.url + path, wait_until="load")
        return self.page

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(self.url):
            self.faults.append(f"left the host: {request.url}")

    def _on_failed(self, request: Request) -> None:
        # Who leaves a page ends its stream, and whatever was still on its way.
        if request.failure == "net::ERR_ABORTED":
            return
        self.faults.append(f"failed: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def _on_console(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.faults.append(line.text)


# Every different picture of some cells that the screen has shown, in order; none is missed between two looks.
_WATCH = """(names) => {
  window.shown = {};
  const note = () => {
    for (const [slug, field] of names) {
      const cell = document.querySelector(`[data-point="${slug}"] [data-field="${field}"]`);
      if (!cell) continue;
      const { quality, value, age } = cell.dataset;
      const text = cell.innerText.replace(/\\s+/g, " ").trim();
      const list = window.shown[`${slug} ${field}`] ??= [];
      const picture = { quality, value, text, age: age === undefined ? null : Number(age) };
      if (JSON.stringify(list.at(-1)) !== JSON.stringify(picture)) list.push(picture);
    }
  };
  const what = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(note).observe(document.querySelector("main"), what);
  note();
}"""


async def watch(page: Page, *cells: tuple[str, str]) -> None:
    """Begin to remember what the cells (point, field) show."""
    await page.evaluate(_WATCH, [list(cell) for cell in cells])


async def shown(page: Page, slug: str, field: str) -> list[dict[str, str | int | None]]:
    """All that a watched cell has shown: quality, value, text, age in s."""
    seen: dict[str, list[dict[str, str | int | None]]] = await page.evaluate("window.shown")
    return seen.get(f"{slug} {field}", [])


async def violations(page: Page, *impacts: str) -> list[str]:
    """What axe finds, as rule and element, of these impacts (none given = all).

    The policy of the page forbids it as a script element.
    """
    await page.evaluate(_AXE.read_text())
    result = await page.evaluate("axe.run()")
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:120]} {node['failureSummary']}"
        for found in result["violations"]
        if not impacts or found["impact"] in impacts
        for node in found["nodes"]
    ]
