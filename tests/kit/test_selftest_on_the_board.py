"""The self-test that the flasher runs, on the board's own interpreter, with and without a world around the board."""

import asyncio
import contextlib
import json

from again import tried_again
from nspkit import pins
from nsplink.fields import SELF_TESTS
from nsptools.bench import vm
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.ptys import open_pty
from nsptools.bench.site import Site
from nsptools.bench.town import BUS_UART, DE_PIN, RADIO_UART
from nsptools.bench.twin import Twin, make_image
from nsptools.benchmark.rig import PLANT, SPEED, make_kit

MAIN = """
import json
from nspkit import selftest
print("result", json.dumps(selftest.on_the_bench{}))
"""


async def tried(folder, kit, paths, *, arguments="()", wire=lambda _twin: None, files=None):
    """Run the self-test on a board with these ends of its UARTs; what it says."""
    folder.mkdir()
    image = folder / "flash.img"
    main = {"boot.py": b"", "main.py": MAIN.format(arguments).encode()}
    make_image(image, vm.firmware_files() | kit.files | main | (files or {}))
    twin = Twin("board", image, dict(zip((BUS_UART, RADIO_UART), paths, strict=True)), {BUS_UART: DE_PIN})
    wire(twin)
    async with twin:
        return json.loads((await twin.wait_for_log("result")).partition(" ")[2])


async def bare(folder, kit, **options):
    """As tried, with nothing at either UART."""
    with contextlib.ExitStack() as stack:
        ends = [open_pty() for _ in range(2)]
        for end in ends:
            stack.callback(end.close)
        return await tried(folder, kit, [end.slave_path for end in ends], **options)


async def wired(folder, kit, **options):
    """As tried, with a plant and a modem."""
    site, modem = Site(kit.slug, PLANT, speed=SPEED), Rui3Modem(Air(), kit.slug)
    await site.start()
    await modem.start()
    try:
        return await tried(folder, kit, [site.bus_path, modem.path], **options)
    finally:
        await modem.stop()
        await site.stop()


def powered(twin):
    """A cell that is full, 12 V, nothing pressed."""
    twin.set_adc(pins.CELL, 2_050_000)
    twin.set_adc(pins.SUPPLY, 800_000)


def faulty(twin):
    """An empty cell, and a button that is jammed."""
    twin.set_adc(pins.CELL, 1_600_000)
    twin.set_adc(pins.SUPPLY, 300_000)
    twin.set_pin(pins.HELP, 0)


@tried_again
async def test_the_bench_tells_what_works_what_fails_and_what_it_cannot_try(tmp_path):
    """A technician gets every fault before the kit leaves the table, and none that is only not connected."""
    kit = make_kit(tmp_path)
    good, alone, asked, lost = await asyncio.gather(
        wired(tmp_path / "good", kit, wire=powered),
        bare(tmp_path / "alone", kit),
        bare(tmp_path / "asked", kit, arguments="(modem=True, devices=True)", wire=faulty),
        bare(tmp_path / "lost", kit, files={"counter0.bin": b"", "counter1.bin": b""}),
    )
    assert good["parts"] == dict.fromkeys(SELF_TESTS, True)
    assert good["devices"] == {"generator": True, "battery": True, "meter": True}
    assert tuple(good["modem"]) >= (4, 2, 1)
    cannot = {"bus": None, "radio": None, "supply": None, "cell": None}
    assert alone["parts"] == dict.fromkeys(SELF_TESTS, True) | cannot
    assert (alone["modem"], set(alone["devices"].values())) == (None, {False})
    assert lost["parts"] == alone["parts"] | {"counter": False}
    fails = dict.fromkeys(("bus", "radio", "button", "supply", "cell"), False)
    assert asked["parts"] == dict.fromkeys(SELF_TESTS, True) | fails
