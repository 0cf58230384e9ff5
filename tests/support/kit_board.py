"""A whole kit on the board's own interpreter, on the air, with its front: for tests of what people press, see and open."""

import contextlib
import json

from kit_ear import Ear
from nsptools.bench.air import Air
from nsptools.bench.modem import Rui3Modem
from nsptools.bench.site import Site
from nsptools.bench.town import BOARD, BUS_UART, DE_PIN, RADIO_UART, power
from nsptools.bench.twin import Ssd1306, Twin, make_image
from nsptools.benchmark.rig import PLANT, SPEED, key_of, make_kit
from nsptools.flash import firmware

START_S = 300
# As the firmware's, without its window for mpremote.
BOOT = b"import gc\ngc.threshold(4096)\n"


@contextlib.asynccontextmanager
async def kit_on_the_air(folder, moved, heap="288k", **settings):
    """Yield the twin of a kit with all that hangs on it, and the ear that plays its gateway; ``moved`` gets outputs."""
    kit = make_kit(folder)
    settings = json.loads(kit.files["settings.json"]) | {"inputs": {"input_1": "co_alarm"}} | settings
    image, air = folder / "flash.img", Air()
    own = {"boot.py": BOOT, "settings.json": json.dumps(settings).encode()}
    make_image(image, dict(firmware.files(BOARD, compiled=True)) | kit.files | own)
    async with contextlib.AsyncExitStack() as stack:
        site, modem = Site(kit.slug, PLANT, speed=SPEED), Rui3Modem(air, kit.slug)
        for part in (site, modem):
            stack.push_async_callback(part.stop)
            await part.start()
        twin = Twin(
            kit.slug,
            image,
            {BUS_UART: site.bus_path, RADIO_UART: modem.path},
            {BUS_UART: DE_PIN},
            display=Ssd1306(),
            heap=heap,
            sample_heap=True,
            on_pin=lambda pin, level: moved.append((pin, level)),
        )
        power(twin)
        ear = await stack.enter_async_context(
            Ear(air, key_of(kit), group=bytes.fromhex(json.loads(kit.files["key.json"])["group"]))
        )
        await stack.enter_async_context(twin)
        # A machine that is busy with other things may take a minute for this; a kit that ended says why at once.
        await twin.wait_for(lambda: bool(ear.of("boot")) or twin.exited is not None, START_S)
        assert twin.exited is None, twin.tail()
        twin.heap_peak = None  # from here on it works
        yield twin, ear
