"""Show the whole chain at work: simulated support points, real firmware, gateway, broker and page."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import structlog
import typer

from nsptools.demo import run as demo_run
from nsptools.demo.places import MAX_KITS
from nsptools.scenario.files import load
from nsptools.scenario.reader import Scenario


def command(
    kits: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_KITS, help="Support points, each with a kit.", show_default="4"),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0, help="End by itself after so many seconds; 0 = run until Ctrl-C.")
    ] = 0,
    speed: Annotated[
        float, typer.Option(min=1, max=600, help="Seconds of plant and gateway in one on the wall.")
    ] = 60,
    http_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the page; 0 = any free one.")
    ] = 8080,
    mqtt_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the broker; 0 = any free one.")
    ] = 1883,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Chance of plants and air; the same seed, the same story.",
            show_default="1, or the scenario's",
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="Language the page opens in: nl or en.")] = "nl",
    data: Annotated[
        Path | None, typer.Option(help="Keep everything in this new folder; default: nothing is kept.")
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option(help="Play this scenario file: its points, its plants, its events (docs/scenarios.md)."),
    ] = None,
    skip_unplayable: Annotated[
        bool, typer.Option("--skip-unplayable", help="Leave out what of a scenario cannot be played yet.")
    ] = False,
    login: Annotated[
        bool, typer.Option("--login", help="Let the page ask who you are; accounts and password are printed.")
    ] = False,
    local_pages: Annotated[
        bool,
        typer.Option(
            "--local-pages",
            help="Kits with memory for their own page: nsp bench set POINT.hand.page 1, then get.",
        ),
    ] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser and no panel.")] = False,
) -> None:
    """Run a town of support points on this machine and watch one run low on fuel.

    Everything binds to 127.0.0.1. The page is marked DEMO, and opens without a login unless you ask for one.
    The last line is JSON: what was sent, received, published, lost and raised.
    """
    if language not in ("nl", "en"):
        raise typer.BadParameter(f"{language!r}: nl or en", param_hint="--language")
    if scenario is not None and kits is not None:
        raise typer.BadParameter("the scenario says which points there are", param_hint="--kits")
    story = _story(scenario, skip=skip_unplayable) if scenario is not None else None
    if seed is None:
        seed = story.seed if story is not None else 1
    options = demo_run.Options(
        kits or 4, speed, http_port, mqtt_port, seed, language, data, story, login, local_pages
    )
    _quiet(verbose=headless)
    asyncio.run(_demo(options, seconds or None, headless=headless))


def _story(file: Path, *, skip: bool) -> Scenario:
    """Read the scenario and say what of it is not played. Raises ScenarioError."""
    story = load(file)
    if not skip:
        story.require_playable()
    print(
        f"Scenario:  {story.name}, from {story.start:%Y-%m-%d %H:%M:%S}, "
        f"points: {len(story.points)}, events: {len(story.events)}"
    )
    for one in story.later:
        print(f"Skipped:   {one.place}: {one.word} is not playable yet{one.why}")
    for count, name in ((len(story.expects), "expect"), (len(story.asks), "ask")):
        if count:
            print(f"Note:      {count} [[{name}]] are read, not judged: they belong to exercises")
    if story.exercise:
        print(f"Exercise:  everything says OEFENING until {story.end:%Y-%m-%d %H:%M:%S}")
    return story


async def _demo(options: demo_run.Options, seconds: float | None, *, headless: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with demo_run.demo(options, _printer(headless)) as running:
        print(f"Dashboard: {running.url}  (DEMO x{options.speed:g})")
        print(f"Broker:    mqtt://{demo_run.HOST}:{running.mqtt_port}", flush=True)
        if options.scenario is None:
            print(
                "A call:    say on the page that 112 is doubtful or down; soon after a volunteer presses HELP"
            )
        if running.logins is not None:
            print(f"Log in as: {', '.join(running.logins.names)}")
            print(f"Password:  {running.logins.password}  (of all of them, for this demo only)")
            print(f"Emergency: {running.logins.code}", flush=True)
        jobs = {
            asyncio.create_task(demo_run.wait(running, seconds)),
            asyncio.create_task(stop.wait()),
        }
        if not headless:
            _open_browser(running.url)
        with _shown(running) if _wants_panel(headless) else contextlib.nullcontext():
            done, rest = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        for job in rest:
            job.cancel()
        for job in done:
            job.result()
        print("Stopping: the last frames are on their way ...", flush=True)
        result = await demo_run.summary(running)
    print(json.dumps(result), flush=True)


def _wants_panel(headless: bool) -> bool:
    return not headless and sys.stdout.isatty()


@contextlib.contextmanager
def _shown(running: demo_run.Running) -> Iterator[None]:
    """Show the panel while inside."""
    from rich.live import Live

    from nsptools.demo.panel import panel

    def draw() -> object:
        return panel(running.gateway.ingest.overview(), running.url, running.mqtt_port)

    with Live(get_renderable=draw, refresh_per_second=1, screen=False):  # type: ignore[arg-type] # rich: wants its own union
        yield


def _printer(headless: bool) -> Callable[[str, str], None]:
    """Where the kits' own lines go: to stderr without a panel, else nowhere."""

    def say(slug: str, line: str) -> None:
        if headless:
            print(f"[{slug}] {line}", file=sys.stderr)

    return say


def _open_browser(url: str) -> None:
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin":
        webbrowser.open(url)


def _quiet(*, verbose: bool) -> None:
    """Warnings of the gateway to stderr; none into a panel."""
    level = logging.WARNING if verbose else logging.CRITICAL
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(level=level, stream=sys.stderr)
