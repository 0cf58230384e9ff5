import asyncio
import itertools

import virtual
from nspkit import app


class Wdt:
    """A watchdog's timer: when it was fed."""

    def __init__(self, clock):
        self.clock = clock
        self.fed = []

    def feed(self):
        self.fed.append(self.clock.ms())


def test_watchdog_is_fed_only_while_every_task_turns():
    """One stuck task among lively ones starves the watchdog within its 60 s."""

    async def go():
        clock = virtual.clock()
        wdt = Wdt(clock)
        supervisor = app.Supervisor(clock, lambda: wdt)
        lively, stuck = supervisor.watch("radio"), supervisor.watch("poll 0")
        task = asyncio.create_task(supervisor.run())
        for second in range(300):
            lively()
            if second < 100:
                stuck()
            await clock.sleep_ms(1000)
        task.cancel()
        return wdt.fed

    fed = virtual.run(go())
    assert max(later - earlier for earlier, later in itertools.pairwise(fed)) < 2000
    assert 100_000 + 40_000 <= fed[-1] <= 100_000 + 50_000
