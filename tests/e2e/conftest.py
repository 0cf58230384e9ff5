"""What the end-to-end tests share: one run of the demo's command, which takes most of a minute, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

import nsp
from browser import chromium


@pytest.fixture(scope="session")
def headless_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[nsp.Beside]:
    """Started when the first test asks for it, so that it runs beside those that wait for other things."""
    options = ("--headless", "--seconds", 45, "--kits", 2, "--http-port", 0, "--mqtt-port", 0)
    run = nsp.Beside(tmp_path_factory.mktemp("demo"), "demo", *options)
    yield run
    run.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for a module's tests."""
    async with chromium() as running:
        yield running
