"""The same check on the kit itself: `check.show` at the prompt, under MicroPython and with real bytes."""

from __future__ import annotations

import asyncio

import pytest

from again import tried_again
from nspkit import app, check, start
from nspkit.log import Log
from nsptools.bench import hostkit, profiles, vm
from nsptools.bench.site import Site
from nsptools.bench.town import BUS_UART, DE_PIN, RADIO_UART
from nsptools.benchmark.rig import make_kit
from patience import PATIENCE_S
from small_board import Wire, twin_of

SHOW = """
    from nspkit import check
    check.show()
    print("shown")
"""


@pytest.fixture
async def site():
    """Three devices on one bus, the battery dead, the meter answering."""
    site = Site("school", profiles.spec("diesel10k_charging"), speed=0.0, pace_requests=True)
    site.plant.step(1.0)
    await site.start()
    site.set("battery.mute", 1)
    site.set("generator.fuel_percent", 47)
    site.set("generator.starter_dv", "sentinel")
    yield site
    await site.stop()


def cells(lines, name):
    """The columns of one quantity's line."""
    return next(line.split() for line in lines if line.strip().startswith(name))


@tried_again
async def test_shown_under_micropython_from_settings_alone(tmp_path, site):
    """At a board's prompt a technician sees value, age, quality and register of all three, and which is dead."""
    kit = make_kit(tmp_path)
    files = vm.firmware_files()
    del files["main.py"]
    settings = {"settings.json": kit.files["settings.json"]}  # no key: nothing of the radio is needed
    wire = Wire()
    files["boot.py"] = b""
    twin = twin_of(
        tmp_path,
        SHOW,
        files | settings,
        uarts={BUS_UART: site.bus_path, RADIO_UART: wire.path},
        de_pins={BUS_UART: DE_PIN},
    )
    async with twin:
        await twin.wait_for_log("shown", 20)
        lines = list(twin.log)
    wire.close()
    assert "generator (dse7320mk2, unit 10): answers, 0 errors" in lines
    assert any(line.startswith("battery (seplos_v3, unit 1): NO ANSWER, ") for line in lines)
    assert "meter (sdm630, unit 2): answers, 0 errors" in lines
    fuel = cells(lines, "fuel_permille")
    assert (fuel[1:3], fuel[4:]) == (["47.0", "%"], ["s", "good", "FC3", "1027", "(0x0403)", "u16"])
    assert cells(lines, "starter_dv")[1:5] == ["not", "available", "-", "unknown"]
    assert cells(lines, "battery_permille")[1:5] == ["not", "available", "-", "unknown"]
    assert cells(lines, "load_w")[2] == "W"


@tried_again
async def test_shown_of_a_kit_that_was_running(tmp_path, site):
    """A kit that somebody runs at the prompt is shown as it is, with ages that grow."""
    kit = make_kit(tmp_path)
    site.set("battery.mute", 0)
    wire = Wire()
    board = hostkit.HostBoard(kit.folder, {BUS_UART: site.bus_path, RADIO_UART: wire.path})
    made = app.Kit(board, start.read(board.folder), Log(board.clock, lambda _line: None))
    running = asyncio.create_task(made.pollers[0].run())
    async with asyncio.timeout(PATIENCE_S):
        while made.state.value("load_w", board.clock.ms()) is None:  # noqa: ASYNC110 - bytes come without an event
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    said = []
    check.show(made, out=said.append)
    board.close()
    wire.close()
    assert cells(said, "load_w")[1] == str(made.state.value("load_w", board.clock.ms()))
    assert "meter (sdm630, unit 2): answers, 0 errors" in said
