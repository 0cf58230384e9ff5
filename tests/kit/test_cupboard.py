"""A kit in storage on the board's own interpreter: check, report, deep sleep, and what ends it."""

import asyncio
import contextlib

import pytest

from kit_ear import Ear
from nspkit import pins
from nsplink.fields import SELF_TESTS
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.ptys import open_pty
from nsptools.bench.town import BOARD, BUS_UART, DE_PIN, RADIO_UART, power
from nsptools.bench.twin import ResetCause, Ssd1306, Twin, make_image, read_files
from nsptools.benchmark.rig import key_of, make_kit
from nsptools.flash import firmware
from port_rig import until

# As the firmware's, without its window for mpremote; the flasher's last step is a reset.
BOOT = b"""
import gc
import machine
import os
gc.threshold(4096)
if "flashed" in os.listdir():
    os.remove("flashed")
    machine.reset()
"""
ENTER = "cupboard.enter(board)"
DAY_S = 86_400


class Cupboard:
    """``twin``: the board; ``ear``: the gateway; ``counters``: of every frame, as its key tells them."""

    def __init__(self, twin, ear, image):
        self.twin = twin
        self.ear = ear
        self.image = image

    async def asleep(self, count):
        """Wait for the ``count``-th deep sleep; how long it would last."""
        sleeps = [None]

        def there():
            sleeps[0] = self.twin.asleep_s
            return sleeps[0] is not None and self.twin.boots >= count

        await self.twin.wait_for(there)
        return sleeps[0]

    def off(self):
        """Whether nothing is on: modem without supply and held so, no light, no sound, a dark display."""
        twin = self.twin
        lit = twin.pins.get(pins.LED, 0) or twin.pins.get(pins.BUZZER, 0)
        return (twin.pins.get(pins.MODEM_CUT), twin.held, lit, twin.display.lines()) == (
            1,
            {pins.MODEM_CUT},
            0,
            [],
        )


@contextlib.asynccontextmanager
async def stored(folder, *, every_s="", flashed=True, first="", acks=True, wire=lambda _twin: None):
    """Yield the Cupboard of a kit that was put into storage; ``every_s``: from check to check, ``first``: run before."""
    folder.mkdir(exist_ok=True)
    kit = make_kit(folder)
    image, air = folder / "flash.img", Air()
    files = dict(firmware.files(BOARD, compiled=True))
    main = files["main.py"].decode()
    assert main.count(ENTER) == 1
    own = {
        "boot.py": BOOT,
        "main.py": main.replace(ENTER, f"{first}\n            {ENTER}").encode(),
        "stored": str(every_s).encode(),
    }
    make_image(image, files | kit.files | own | ({"flashed": b""} if flashed else {}))
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
    async with stored(tmp_path, first="cupboard._LISTEN_MS = 1000") as cupboard:
        twin, ear = cupboard.twin, cupboard.ear
        sleep_s = await cupboard.asleep(2)
        assert sleep_s == 20 * DAY_S
        assert sleep_s * 1000 < 1 << 31
        assert cupboard.off()
        # Said again only where this PC was too slow with the acknowledgement.
        assert list(dict.fromkeys(kind for kind, _ in ear.frames)) == ["boot", "status"], twin.tail()
        (status,) = ear.of("status")
        boot = ear.of("boot")[0]
        assert (boot["self_test"], boot["reset_cause"]) == (0, "software")
        assert (status["boots"], status["on_own_cell"]) == (0, "yes")
        await twin.press(pins.HELP, 50)
        await twin.wait_for_log("storage is over")
        await ear.heard("full")
        await until(lambda: {one["reset_cause"] for one in ear.of("boot")} == {"software", "sleep"})
        assert (twin.held, twin.reset_cause) == (set(), ResetCause.DEEP_SLEEP)
        assert "stored" not in read_files(cupboard.image)


async def test_a_long_sleep_is_taken_in_parts_and_a_check_that_hangs_is_not_tried_again(tmp_path):
    """The chip sleeps for 24 days at most; a fault in the check may not cost the cell a check a minute."""
    parts = "cupboard._CHUNK_S = 1; cupboard._check = lambda board, log: print('checked')"
    hangs = "import machine, time; cupboard._check = lambda board, log: (machine.WDT(timeout=300), time.sleep(60))"
    async with (
        stored(tmp_path / "parts", every_s=3, first=parts) as one,
        stored(tmp_path / "hangs", first=hangs) as two,
    ):
        await two.twin.wait_for(lambda: two.twin.reset_cause is ResetCause.WATCHDOG)
        assert await two.asleep(3) == 20 * DAY_S
        asked_s = set()

        def checked_again():
            asked_s.add(one.twin.asleep_s or 0)
            return list(one.twin.log).count("checked") == 2

        await one.twin.wait_for(checked_again)
        assert 0 < max(asked_s) <= 1
        # Flashed, reset, then two or three parts, as chance has it; fewer where this PC slept for longer.
        assert one.twin.boots <= 6
        assert {one.twin.reset_cause, two.twin.reset_cause} == {ResetCause.DEEP_SLEEP, ResetCause.WATCHDOG}


@pytest.mark.soak
async def test_every_month_anew_acknowledged_or_not_and_no_counter_twice(tmp_path):
    """A month without a gateway costs one report, not the kit; and no frame of any month repeats a counter."""
    async with stored(tmp_path, every_s=2, first="cupboard._REPORT_MS = 20_000") as cupboard:
        twin, ear = cupboard.twin, cupboard.ear
        await ear.heard("status", 40, 2)
        await cupboard.asleep(3)
        ear.acks = False
        before = len(ear.of("boot"))
        await twin.wait_for_log("no answer from a gateway", 60)
        await cupboard.asleep(4)
        assert cupboard.off()
        assert len(ear.of("boot")) > before + 1
        ear.acks = True
        await ear.heard("status", 60, 3)
        boots = ear.of("boot")
        assert [one["reset_cause"] for one in boots] == ["software"] + ["sleep"] * (len(boots) - 1)
        assert [one["boots"] for one in boots[:2]] == [1, 1]
        assert boots[-1]["boots"] == 2
        assert {one["self_test"] for one in boots} == {0}
        assert len(set(ear.counters)) == len(ear.counters)
        assert ear.counters == sorted(ear.counters)
        assert {kind for kind, _ in ear.frames} == {"boot", "status"}


def ailing(twin):
    """A cell that is nearly empty, and a button that a box leans against."""
    twin.set_adc(pins.CELL, 1_700_000)
    twin.set_pin(pins.HELP, 0)


@pytest.mark.soak
async def test_a_failed_part_is_in_the_report_and_a_jammed_button_does_not_wake(tmp_path):
    """Who looks after the cupboard sees which kit to mend; a jammed button neither hides it nor empties the cell."""
    async with stored(tmp_path, wire=ailing) as cupboard:
        await cupboard.asleep(2)
        await asyncio.sleep(0.3)
        assert cupboard.twin.asleep_s == 20 * DAY_S
        assert [kind for kind, _ in cupboard.ear.frames] == ["boot", "status"], cupboard.twin.tail()
        failed = cupboard.ear.of("boot")[0]["self_test"]
        assert [name for bit, name in enumerate(SELF_TESTS) if failed >> bit & 1] == ["button", "cell"]


@pytest.mark.soak
async def test_power_ends_storage_at_the_start_and_after_a_cut_in_a_check(tmp_path):
    """Who plugs a kit in wants it to work; a cut in the middle of a check leaves it as sound as any other."""
    async with stored(tmp_path / "plugged", flashed=False) as one, stored(tmp_path / "cut") as two:
        await two.ear.heard("boot")
        await two.twin.power_cycle()
        for cupboard, boots in ((one, 1), (two, 2)):
            await cupboard.ear.heard("full", 60)
            assert (await cupboard.ear.heard("boot", 60, boots))["reset_cause"] == "power"
            assert "stored" not in read_files(cupboard.image)
            assert len(set(cupboard.ear.counters)) == len(cupboard.ear.counters)


@pytest.mark.soak
async def test_help_during_a_check_ends_storage(tmp_path):
    """A press while the kit happens to be awake is no less a press."""
    async with stored(tmp_path, acks=False) as cupboard:
        await cupboard.ear.heard("boot", 40)
        await cupboard.twin.press(pins.HELP, 300)
        cupboard.ear.acks = True
        await cupboard.ear.heard("full", 60)
        assert "stored" not in read_files(cupboard.image)
