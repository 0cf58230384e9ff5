"""A person and one simulated device: values typed in, a live screen on a terminal, Ctrl-C ends."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from dataclasses import replace

from rich.console import Group
from rich.live import Live

from nsptools.bench import device_panel, one_story
from nsptools.bench.one_device import DeviceError, Running, Setup, running
from nsptools.scenario.reader import Point, Scenario

_READ = 4096


async def run(setup: Setup, story: Scenario | None, point: str | None, out: Callable[[str], None]) -> None:
    """Run the device until SIGINT or SIGTERM. `story`: its events at `point` (None: its first) are played.

    `out` gets where the device answers and, without a screen, every further line. Raises DeviceError for what cannot be.
    """
    place: Point | None = None
    if story is not None:
        try:
            place = one_story.point_of(story, point)
        except ValueError as error:
            raise DeviceError(str(error)) from error
        setup = replace(setup, plant=place.plant, seed=story.seed)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with running(setup) as device:
        out(device.where)
        session = _Session(device, out)
        with session.shown(), session.heard():
            if story is None or place is None:
                await ended.wait()
                return
            playing = asyncio.create_task(one_story.play(story, place, device.site, session.say))
            waiting = asyncio.create_task(ended.wait())
            done, _ = await asyncio.wait({playing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            playing.cancel()
            waiting.cancel()
            await asyncio.gather(playing, waiting, return_exceptions=True)
            for task in done:
                task.result()


class _Session:
    """What was typed and what was said last."""

    def __init__(self, device: Running, out: Callable[[str], None]) -> None:
        self._device = device
        self._out = out
        self._prompt = device_panel.Prompt()
        self._said = ""
        self._has_screen = sys.stdin.isatty() and sys.stdout.isatty()

    def say(self, line: str) -> None:
        """Show a line: on the screen, else where all lines go."""
        self._said = line
        if not self._has_screen:
            self._out(line)

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show the panel while inside, on a terminal; keys come one by one then, without echo."""
        if not self._has_screen:
            yield
            return
        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        try:
            with Live(get_renderable=self._draw, refresh_per_second=4, screen=True):
                yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Listen to the standard input while inside, where it can be waited for."""
        loop = asyncio.get_running_loop()
        listen = self._listener(lambda: loop.remove_reader(sys.stdin))
        try:
            loop.add_reader(sys.stdin, listen)
        except PermissionError:  # a plain file or /dev/null: nobody types there
            yield
            return
        try:
            yield
        finally:
            loop.remove_reader(sys.stdin)

    def _listener(self, end: Callable[[], object]) -> Callable[[], None]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")

        def listen() -> None:
            data = os.read(sys.stdin.fileno(), _READ)
            if not data:
                end()
            for line in self._prompt.feed(decoder.decode(data)):
                self.say(device_panel.turn(self._device.site, self._device.owner, line))

        return listen

    def _draw(self) -> Group:
        device = self._device
        return device_panel.panel(device.site, device.owner, device.where, self._prompt.typed, self._said)
