"""The front of a kit on the board's own interpreter: pins, ADC, 1-Wire and I2C of the twin, the whole firmware behind them."""

import asyncio
import contextlib

import pytest

from kit_board import kit_on_the_air
from nspkit import pins
from nsptools.bench import vm
from nsptools.bench.twin import Ssd1306
from patience import PATIENCE_S
from read_surely import TRIES
from small_board import twin_of

TOO_SHORT_S = 2.5  # for a call; a kit wants 3 s


HELP_TEXT = ["HULP? 3 SEC DRUK"]


async def press(twin, pin, ms, *, settle_ms=150):
    """Press, let go, and leave the contact time to settle; for how long it was held, s: longer where this PC paused."""
    begun = asyncio.get_running_loop().time()
    await twin.press(pin, ms)
    held_s = asyncio.get_running_loop().time() - begun
    await asyncio.sleep(settle_ms / 1000)
    return held_s


async def tapped_for_security(twin, ear, moved):
    """Hold SILENCE and tap HELP three times, again where this PC was too slow for a finger; what moved, what was shown."""
    display = twin.display
    for _ in range(TRIES):
        await twin.wait_for(lambda: display.lines() == HELP_TEXT)
        before, shown = len(moved), display.dots()
        twin.set_pin(pins.SILENCE, 0)
        await asyncio.sleep(0.2)
        for _ in range(3):
            await press(twin, pins.HELP, 150)
        twin.set_pin(pins.SILENCE, 1)
        with contextlib.suppress(TimeoutError):
            await ear.heard("help", 20)
            return {pin for pin, _ in moved[before:]}, display.dots() == shown
    raise AssertionError(twin.tail())


async def held_for_help(twin, ear):
    """Hold HELP until there is one call more, as somebody does who looks at the display; the call."""
    before = len(ear.calls())
    twin.set_pin(pins.HELP, 0)
    async with asyncio.timeout(PATIENCE_S):
        while len(ear.calls()) == before:  # noqa: ASYNC110 - what is awaited happens in another process
            await asyncio.sleep(0.05)
    twin.set_pin(pins.HELP, 1)
    return ear.calls()[-1]


async def test_a_finger_on_the_board_calls_for_help_and_reads_the_answer(tmp_path):
    """Pressed pins become one call on the air, and a person's word letters on the glass; security moves nothing."""
    moved = []
    async with kit_on_the_air(tmp_path, moved) as (twin, ear):
        display = twin.display
        await twin.wait_for(lambda: display.lines() == ["BEL 112"])
        await ear.tell("status112", status112="off", utc_min=None)
        assert await tapped_for_security(twin, ear, moved) == ({pins.LED}, True)
        assert [call["help_kind"] for call in ear.calls()] == ["security"]

        too_short = await press(twin, pins.HELP, 1500) < TOO_SHORT_S
        assert len(ear.calls()) == 1 or not too_short
        calls = len(ear.calls())
        call = await held_for_help(twin, ear)
        assert (call["help_kind"], call["help_mark"]) == ("not_known", "made")
        await twin.wait_for(lambda: display.lines() == ["BINNEN BIJ CP", "NIET GELEZEN"])
        event = {name: call[name] for name in ("event_boot", "event_n")}
        await ear.tell("help_stage", **event, help_stage="read", help_answer="none", utc_min=None, text=b"")
        await twin.wait_for(lambda: display.lines() == ["GELEZEN", "0 MIN GELEDEN"])

        # A display that is pulled out holds up nothing.
        twin.connect_display(connected=False)
        twin.set_pin(pins.INPUTS[0], 0)
        assert (await ear.heard("alarm"))["alarm"] == "input_1"
        await twin.wait_for(lambda: twin.pins.get(pins.BUZZER) == 1)
        await press(twin, pins.SILENCE, 300)
        await ear.tell("command", command="status", argument=b"")
        status = ear.of("status")[-1]
        assert (status["supply_dv"], status["on_own_cell"], status["enclosure_c"]) == (128, "no", 22)
        assert ear.of("full")[-1]["kit_cell_permille"] == 770
        assert len(ear.calls()) == calls + 1
        assert (twin.boots, twin.exited) == (1, None)


@pytest.mark.soak
async def test_the_self_test_finds_room_beside_the_kit_again_and_again(tmp_path):
    """Within the bound of its heap a kit at work imports its trials, passes them, and lets them go again."""
    async with kit_on_the_air(tmp_path, []) as (twin, ear):
        for count in range(1, 4):
            await press(twin, pins.SILENCE, 10_200)
            await ear.heard("boot", 60, 1 + 2 * count)
            await twin.wait_for(lambda: twin.display.lines() == ["ZELFTEST GOED"])
        assert [one["self_test"] for one in ear.of("boot")][-1] == 0
        assert not [line for line in twin.log if "failed" in line or "no room" in line]


def firmware_of(main):
    """The firmware's packages with another main.py, and no window for mpremote before it."""
    return vm.firmware_files() | {"boot.py": b"", "main.py": main.encode()}


SENSOR = """
import time
from machine import Pin
from nspkit.thermometer import Thermometer
sensor = Thermometer(Pin(21))
while True:
    sensor.convert()
    early = sensor.read()
    time.sleep_ms(760)
    print("read", early, sensor.read())
"""


async def test_the_thermometer_says_nothing_that_it_has_not_measured(tmp_path):
    """What a DS18B20 says before it has measured, damaged or not at all never becomes a temperature."""
    twin = twin_of(tmp_path, SENSOR, firmware_of(SENSOR))
    twin.set_temperature(21, -10.5)
    async with twin:
        assert await twin.wait_for_log("read") == "read 1360 -168"
        twin.set_temperature(21, 20, spoilt=True)
        await twin.wait_for_log("read None None")
    twin.log.clear()
    twin.set_temperature(21, None)
    async with twin:
        await twin.wait_for_log("read None None")


LINES = """
import time
import nspkit.board
display = nspkit.board.Board().parts().display
start = time.ticks_ms()
while True:
    display.show(("HULP? 3 SEC DRUK", "", "abc", "z~"), time.ticks_diff(time.ticks_ms(), start) * 1000)
    time.sleep_ms(1)
"""


async def test_a_display_that_was_unplugged_shows_its_text_again(tmp_path):
    """Plug, contact and supply of a display fail in the field; the text is back by itself."""
    display = Ssd1306()
    twin = twin_of(tmp_path, LINES, firmware_of(LINES), display=display)
    text = ["HULP? 3 SEC DRUK", "", "abc", "z~"]
    async with twin:
        await twin.wait_for(lambda: display.lines() == text)
        twin.connect_display(connected=False)
        assert display.lines() == []
        await asyncio.sleep(0.2)
        twin.connect_display(connected=True)
        await twin.wait_for(lambda: display.lines() == text)
        display.cut()  # its supply alone failed: every transfer is acknowledged, and it is dark
        await twin.wait_for(lambda: display.lines() == text)
    assert display.lines() == []
