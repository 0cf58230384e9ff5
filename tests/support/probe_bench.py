"""A simulated bus for the probe: what it sends is kept, and the line itself can be at fault."""

import asyncio
import contextlib
import os
import termios

from nsptools.bench.profiles import spec
from nsptools.bench.site import Site
from nsptools.probe import run

UNITS = (10, 1, 2)
LISTEN_MS = 150


class TappedSite(Site):
    """Three devices whose plant stands still; `sent` is every burst that left the probe."""

    def __init__(self, **changes):
        super().__init__("tapped", spec("diesel10k_charging", **changes), speed=0.0, pace_requests=True)
        self.plant.step(1.0)
        for owner in self.devices:
            self.set(f"{owner}.reply_ms", 5)
        self.sent = []
        self.line.inject(self._tap, "request")

    def _tap(self, burst, _random):
        self.sent.append(burst)
        return 0.0, burst

    @property
    def adapter_baud(self):
        """Speed to which the probe has set its end."""
        return termios.tcgetattr(self.line._kit.master_fd)[4]

    def only_at(self, baud):
        """Be a bus of this speed: at any other the devices hear nothing that makes sense."""
        speed = getattr(termios, f"B{baud}")

        def wrong(burst, _random):
            return 0.0, burst if self.adapter_baud == speed else bytes(byte ^ 0xA5 for byte in burst)

        self.line.inject(wrong, "request")

    def hiss(self, data):
        """Put bytes on the probe's end that no device sent."""
        os.write(self.line._kit.master_fd, data)


@contextlib.asynccontextmanager
async def tapped(**changes):
    """A running site."""
    site = TappedSite(**changes)
    await site.start()
    try:
        yield site
    finally:
        await site.stop()


@contextlib.asynccontextmanager
async def repeated(action, every_s):
    """Do something again and again while inside."""

    async def again():
        while True:
            action()
            await asyncio.sleep(every_s)

    task = asyncio.create_task(again())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def find(path, **options):
    """What a probe finds there, and what it says meanwhile. Blocking."""
    said = []
    options.setdefault("listen_ms", LISTEN_MS)
    probe = run.Probe(run.Options(port=path, **options), said.append)
    try:
        return probe.find(), said
    finally:
        probe.close()


async def found(path, **options):
    """The same, while the simulated bus lives in this event loop."""
    return await asyncio.to_thread(find, path, **options)


async def beside(coroutine):
    """Run it in a thread with a loop of its own: a serial port blocks, and the simulated bus lives in this one."""
    return await asyncio.to_thread(asyncio.run, coroutine)
