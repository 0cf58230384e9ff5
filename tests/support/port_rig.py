"""An air with modems and the gateway's port at them, in real time."""

import asyncio
import os
import random
from collections.abc import Callable
from contextlib import suppress

from nspgateway.clock import Clock
from nspgateway.ports import Reception
from nspgateway.ports.conversation import Timing
from nspgateway.ports.serial_modem import SerialModem
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.modem_at import Settings
from patience import PATIENCE_S

PHY: dict[str, int | float | str] = {
    "frequency_hz": 869_475_000,
    "sf": 7,
    "bandwidth_khz": 125,
    "coding_rate": 5,
    "preamble": 8,
    "power_dbm": 14,
    "sync_word": "3444",
}
SET = Settings(mode=0, frequency_hz=869_475_000, sync_word=0x3444)
# Deadlines so far off that a machine which pauses is no dead modem; looked after more often than in life.
TIMING = Timing(answer_s=20.0, boot_s=20.0, sent_s=20.0, check_s=0.2, retry_s=(0.02, 0.1))
# For the tests in which a modem is dead: a deadline too early only means one more try there.
HASTY = Timing(answer_s=0.15, boot_s=1.0, sent_s=1.0, check_s=0.1, retry_s=(0.02, 0.1))


async def until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until a condition holds; the deadline is for a broken program, not for a slow machine."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the conditions are plain attributes of the thing under test
            await asyncio.sleep(0.005)


def open_files() -> int:
    """Count this process's open descriptors."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, no paths


class Rig:
    """An air with the gateway's modem, a second modem as kit, and the port under test."""

    def __init__(self) -> None:
        self.air = Air()
        self.received: list[Reception] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.modems: list[Rui3Modem] = []

    async def modem(self, name: str = "gateway", settings: Settings | None = None, **options) -> Rui3Modem:
        modem = Rui3Modem(self.air, name, settings=settings, boot_s=0.02, **options)
        await modem.start()
        self.modems.append(modem)
        return modem

    def port(self, path: str, timing: Timing = TIMING, on_reception=None, power_switch=None) -> SerialModem:
        port = SerialModem(
            path,
            PHY,
            on_reception or self.received.append,
            Clock(),
            power_switch=power_switch,
            timing=timing,
            chance=random.Random(1),
        )
        self.tasks.append(asyncio.create_task(port.run()))
        return port

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for modem in self.modems:
            await modem.stop()


async def arrives(kit: SerialModem, rig: Rig, data: bytes) -> None:
    """Let a kit send until the gateway has it: a port that is hasty may just be looking after its modem."""
    while True:
        await kit.send(data)
        with suppress(TimeoutError):
            return await until(lambda: any(one.data == data for one in rig.received), 1.0)


async def pair(rig: Rig, timing: Timing = TIMING) -> tuple[Rui3Modem, SerialModem, SerialModem]:
    """Bring up the gateway's modem and port, and a kit's port whose frames the gateway hears."""
    modem, kit = await rig.modem(), await rig.modem("kit")
    port = rig.port(modem.path, timing)
    other = rig.port(kit.path, on_reception=lambda _: None)
    await until(lambda: (port.state, other.state) == ("up", "up"))
    return modem, port, other
