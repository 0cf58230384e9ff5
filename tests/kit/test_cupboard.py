"""A kit in storage on the board's own interpreter: check, report, deep sleep, and what ends it."""

import asyncio
import contextlib
import json

from kit_ear import Ear
from nspkit import pins
from nsplink import seal
from nsplink.fields import SELF_TESTS
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.ptys import open_pty
from nsptools.bench.town import BOARD, BUS_UART, DE_PIN, RADIO_UART, power
from nsptools.bench.twin import ResetCause, Ssd1306, Twin, make_image, read_files
from nsptools.benchmark.rig import key_of, make_kit
from nsptools.flash import firmware

# As the firmware's, without its window for mpremote. The first start of a test is none by power: as after flashing.
BOOT = b"""
import gc
import machine
gc.threshold(4096)
if machine.reset_cause() == machine.PWRON_RESET and %d:
    machine.reset()
"""
DAY_S = 86_400


class Cupboard:
    """``twin``: the board; ``ear``: the gateway; ``counters``: of every frame, as its key tells them."""

    def __init__(self, twin, ear, image):
        self.twin = twin
        self.ear = ear
        self.image = image

    async def asleep(self, count, within_s=40):
        """Wait for the ``count``-th deep sleep; how long it would last."""
        sleeps = [None]

        def there():
            sleeps[0] = self.twin.asleep_s
            return sleeps[0] is not None and self.twin.boots >= count

        await self.twin.wait_for(there, within_s)
        return sleeps[0]

    def off(self):
        """Whether nothing is on: modem without supply and held so, no light, no sound, a dark display."""
        twin = self.twin
        lit = twin.pins.get(pins.LED, 0) or twin.pins.get(pins.BUZZER, 0)
        return (twin.pins.get(pins.MODEM_CUT), twin.held, lit, twin.display.lines()) == (1, {pins.MODEM_CUT}, 0, [])


@contextlib.asynccontextmanager
async def stored(folder, *, every_s="", flashed=True, main=None, acks=True, wire=lambda _twin: None):
    """Yield the Cupboard of a kit that was put into storage; ``every_s``: from check to check."""
    kit = make_kit(folder)
    image, air = folder / "flash.img", Air()
    own = {"boot.py": BOOT % flashed, "stored": str(every_s).encode()} | (main or {})
    make_image(image, dict(firmware.files(BOARD, compiled=True)) | kit.files | own)
    async with contextlib.AsyncExitStack() as stack:
        bus = open_pty()
        stack.callback(bus.close)
        modem = Rui3Modem(air, kit.slug)
        stack.push_async_callback(modem.stop)
        await modem.start()
        uarts = {BUS_UART: bus.slave_path, RADIO_UART: modem.path}
        twin = Twin(kit.slug, image, uarts, {BUS_UART: DE_PIN}, display=Ssd1306(), sample_heap=True)
        power(twin)
        twin.set_adc(pins.SUPPLY, 0)
        wire(twin)
        ear = await stack.enter_async_context(Ear(air, key_of(kit)))
        ear.acks = acks
        await stack.enter_async_context(twin)
        yield Cupboard(twin, ear, image)


async def test_a_stored_kit_reports_once_and_sleeps_a_month_with_all_off(tmp_path):
    """One boot report and one status a month are all that the cell pays for; HELP ends it for good."""
    async with stored(tmp_path) as cupboard:
        twin, ear = cupboard.twin, cupboard.ear
        sleep_s = await cupboard.asleep(2)
        print(twin.tail())
        assert sleep_s == 20 * DAY_S
        assert sleep_s * 1000 < 1 << 31
        assert cupboard.off()
        assert [kind for kind, _ in ear.frames] == ["boot", "status"]
        boot, status = (values for _, values in ear.frames)
        assert (boot["self_test"], boot["reset_cause"]) == (0, "software")
        assert (status["boots"], status["on_own_cell"]) == (0, "yes")
        await twin.press(pins.HELP, 50)
        await twin.wait_for_log("storage is over")
        await ear.heard("full", 60)
        assert ear.of("boot")[-1]["reset_cause"] == "sleep"
        assert (twin.held, twin.reset_cause) == (set(), ResetCause.DEEP_SLEEP)
        assert "stored" not in read_files(cupboard.image)
