"""The firmware's own kit in virtual time: everything but Modbus and the modem, whose values are handed in."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from nspkit import app, persist
from nspkit.budget import FILES as BUDGET_FILES
from nspkit.budget import initial_record
from nspkit.clock import Clock
from nspkit.delivery import Item
from nspkit.log import Log
from nspkit.pace import Pace
from nspkit.parts import Parts
from nsptools.bench import virtual_time
from nsptools.bench.air import Air
from nsptools.bench.air_radio import AirRadio

Heard = Callable[[int | None, int | None, bytes], None]
# Nothing waits longer for its turn than this: intervals and delays are told by the kit itself.
LONGEST_MS = 60_000

# What the plant of a point in good order shows; "normal" values are kept fresh by the fleet.
STEADY: Mapping[str, int | str] = {
    "engine_state": "running",
    "generator_mode": "auto",
    "fuel_permille": 800,
    "generator_w": 4000,
    "starter_dv": 138,
    "mains_v": 0,
    "battery_permille": 950,
    "battery_cv": 5300,
    "battery_da": 0,
    "load_w": 4000,
    "meter_v": 230,
    "alarm_emergency_stop": 0,
    "alarm_fail_to_start": 0,
    "alarm_fuel_low": 0,
    "alarm_overload": 0,
}


class WakingPace(Pace):
    """A pace that can be woken, so that nothing has to look again and again."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None
        self._awake = False

    async def wait(self, ms: int) -> None:
        """Wait ``ms`` or until woken."""
        if self._awake:
            self._awake = False
            return
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        timer = loop.call_later(min(ms, LONGEST_MS) / 1000, _resolve, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def wake(self) -> None:
        """End the wait, or the next one."""
        if self._waiter is None:
            self._awake = True
        else:
            _resolve(self._waiter)


class FleetBoard:
    """What ``app.Kit`` needs of a board, in virtual time. ``memory``: of the real-time clock; outlives a boot."""

    reset_cause = "power"
    interpreter = sys.implementation.version[:3]

    def __init__(self, folder: Path, chance: random.Random, memory: bytearray) -> None:
        self.folder = f"{folder}/"
        self.clock: Clock = virtual_time.clock()
        self._chance = chance
        self._memory = memory

    def random_ms(self, limit: int) -> int:
        """0 to ``limit`` - 1."""
        return self._chance.randrange(limit)

    def pace(self) -> WakingPace:
        """How a task of the kit waits."""
        return WakingPace()

    def rtc(self) -> FleetBoard:
        """The real-time clock: this object has its memory."""
        return self

    def memory(self, data: bytes | None = None) -> bytes | None:
        """As ``machine.RTC.memory``."""
        if data is None:
            return bytes(self._memory)
        self._memory[:] = data
        return None

    def datetime(self) -> float:
        """Seconds of virtual time, where a board has a date."""
        return asyncio.get_running_loop().time()

    def free_heap(self) -> None:
        """No bound here."""

    def access_point(self) -> None:
        """No Wi-Fi of its own."""

    def forget(self, modules: tuple[str, ...]) -> None:
        """A PC has room for modules that are needed for a while only."""

    def wdt(self) -> None:
        """No watchdog runs in virtual time."""

    def parts(self) -> Parts:
        """No buttons, no display, nothing to measure."""
        return Parts()


class CountingRadio(AirRadio):
    """Keeps what it had on the air: ``spent``, [(second, seconds, frame)]."""

    def __init__(self, air: Air, name: str, phy: Mapping[str, int | str], on_frame: Heard) -> None:
        super().__init__(air, name, phy, on_frame)
        self.spent: list[tuple[float, float, bytes]] = []

    async def send(self, data: bytes, air_ms: int, top: bool = False) -> None:
        """Send one frame; what the radio took counts, whether it got through or not."""
        began = asyncio.get_running_loop().time()
        before = self.sent
        try:
            await super().send(data, air_ms, top)
        finally:
            if self.sent > before:
                self.spent.append((began, asyncio.get_running_loop().time() - began, data))


class FleetKit(app.Kit):
    """One kit on the simulated air, its state fed by hand. ``plan``: as ``start.read`` makes it; ``quantities``: what its devices give.

    ``arrived``: [(second, item)] of what was acknowledged; ``began_s``: when its clock started.
    """

    def __init__(
        self,
        board: FleetBoard,
        plan: tuple[Any, ...],
        air: Air,
        name: str,
        quantities: Iterable[str] = STEADY,
    ) -> None:
        self._air = air
        self._name = name
        self.arrived: list[tuple[float, Item]] = []
        self.began_s = asyncio.get_running_loop().time()
        super().__init__(board, plan, Log(board.clock, lambda _line: None))
        for quantity in quantities:
            self.state.expect(quantity, "slow")

    def _radio(self, _alive: Callable[[], None]) -> CountingRadio:  # type: ignore[override]  # one small interface
        self.on_air = CountingRadio(self._air, self._name, self.conf["radio"], self._heard)
        return self.on_air

    def _heard(self, rssi_dbm: int | None, snr_db: int | None, data: bytes) -> None:
        before = list(self.uplink.delivery.items)
        super()._heard(rssi_dbm, snr_db, data)
        if len(self.uplink.delivery.items) < len(before):
            now_s = asyncio.get_running_loop().time()
            self.arrived += [(now_s, item) for item in before if item not in self.uplink.delivery.items]

    def feed(self, values: Mapping[str, int | str]) -> None:
        """Take values as if every device had just been read."""
        now = self.clock.ms()
        for name, value in values.items():
            self.state.update(name, value, now)
        self.uplink.wake()

    async def run(self) -> None:
        """Run without buses and without a watchdog."""
        await asyncio.gather(self.radio.run(), self.uplink.run(), self.inbox.run())


def flash(folder: Path, generation: int, key: bytes) -> None:
    """Write what the provisioning station writes beside a new key."""
    for name in persist.FILES:
        (folder / name).write_bytes(persist.initial_record(generation, key))
    for name in BUDGET_FILES:
        (folder / name).write_bytes(initial_record())


def plan(
    address: int,
    key: bytes,
    group: bytes,
    phy: Mapping[str, int | str],
    gateway_id: int,
    heartbeat_s: int = 300,
) -> tuple[Any, ...]:
    """The plan of one kit: no bus and no device, since its values are handed in."""
    conf = {
        "version": 1,
        "address": address,
        "gateways": [gateway_id],
        "heartbeat_s": heartbeat_s,
        "full_s": 12 * heartbeat_s,
        "change_gap_s": 60,
        "change_refill_s": 300,
        "rated_w": 10_000,
        "radio": {"driver": "rui3", "uart": 2, "antenna_gain_cdbi": 215, "cable_loss_cdb": 0, **phy},
        "buses": [],
        "devices": [],
        "sources": ["generator", "battery"],
        "tank": None,
        "generator_auto": True,
    }
    return conf, 1, (key, group), []


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
