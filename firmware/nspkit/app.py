"""Settings -> objects -> tasks -> watchdog. The only file that knows all the others."""

import asyncio

from nspkit import alarms, models, persist, regions, settings
from nspkit.bus import Bus
from nspkit.kit import KitState
from nspkit.log import Log
from nspkit.poll import Device, Poller
from nspkit.radio.rui3 import Rui3
from nspkit.uplink import Uplink
from nsplink import seal

DEVICE_LOST_MS = 300_000
_SUPERVISE_MS = 1000
# A task that has not turned for so long is stuck, and the watchdog must have its way.
_STUCK_MS = 45_000

# LED codes: short flashes in a row, then a pause.
LED_RUNNING = 1
LED_SETTINGS = 3
LED_NEEDS_KEY = 4


class Supervisor:
    """Feeds the watchdog only while every task has reported within its limit."""

    def __init__(self, clock, wdt, led) -> None:
        self._clock = clock
        self._wdt = wdt
        self._led = led
        self._seen: dict = {}

    def watch(self, name: str):  # noqa: ANN201 - a function without arguments
        """The function that task ``name`` calls at each turn."""
        self._seen[name] = self._clock.ms()

        def alive() -> None:
            self._seen[name] = self._clock.ms()

        return alive

    async def run(self) -> None:
        while True:
            now = self._clock.ms()
            if all(now - seen < _STUCK_MS for seen in self._seen.values()):
                self._wdt.feed()
            self._led.on()
            await self._clock.sleep_ms(50)
            self._led.off()
            await self._clock.sleep_ms(_SUPERVISE_MS - 50)


class Kit:
    """All objects of one kit, wired. ``board``: see board.Board.

    Raises settings.SettingsError or persist.CounterError: a kit that is not
    sure of its settings, key and counter does not start, let alone transmit.
    """

    def __init__(self, board, log) -> None:
        clock = board.clock
        self.log = log
        self.conf = conf = settings.load(board.folder)
        generation, key = settings.load_key(board.folder)
        counters = persist.CounterStore(board.folder, generation, key)
        radio_conf = conf["radio"]
        conf["duty_us"] = regions.sub_band(radio_conf["frequency_hz"], radio_conf["bandwidth_khz"])[4]
        names = tuple([dev["name"] for dev in conf["devices"]])
        self.state = KitState(names)
        self._bits = 0
        self.heard = 0  # frames from the air, whoever sent them
        self.supervisor = Supervisor(clock, board.wdt(), board.led())
        watch = self.supervisor.watch
        flash_lock = asyncio.Lock()
        self.pollers = []
        for index, bus_conf in enumerate(conf["buses"]):
            devices = [
                Device(dev["name"], dev["unit"], models.get(dev["model"]))
                for dev in conf["devices"]
                if dev["bus"] == index
            ]
            if devices:
                uart, de = board.bus(bus_conf)
                bus = Bus(uart, de, clock, bus_conf["baud"], flash_lock, board.collect)
                self.pollers.append(Poller(bus, devices, self.state, clock, log, watch("poll %d" % index)))
        self.radio = Rui3(board.radio(radio_conf), radio_conf, clock, self._heard, log, watch("radio"))
        self.uplink = Uplink(
            conf, generation, self.snapshot, self.radio, seal.UplinkKey(key), counters, flash_lock, clock, log,
            watch("uplink"), board.random_ms(min(60_000, conf["heartbeat_s"] * 1000)),
        )

    def snapshot(self, now_ms: int) -> dict:
        """What the kit would say now, local alarms included."""
        values = self.state.snapshot(now_ms)
        lost = any(
            now_ms - (dev.last_good_ms or 0) > DEVICE_LOST_MS for poller in self.pollers for dev in poller.devices
        )
        self._bits = alarms.evaluate(values, self._bits, self.state.devices, self.conf["rated_w"], lost)
        values["alarms"] = self._bits
        return values

    def _heard(self, rssi_dbm: int | None, snr_db: int | None, data: bytes) -> None:
        """Nothing is sent to kits yet; other people's frames come all day and are only counted."""
        self.heard += 1

    async def run(self) -> None:
        tasks = [poller.run() for poller in self.pollers]
        await asyncio.gather(self.radio.run(), self.uplink.run(), self.supervisor.run(), *tasks)


def start(board) -> Kit | None:
    """The wired kit, or None after saying what is wrong with its files."""
    log = Log(board.clock)
    try:
        kit = Kit(board, log)
    except settings.SettingsError as error:
        log("not started: %s" % error)
        board.led().code(LED_SETTINGS)
        return None
    except persist.CounterError as error:
        log("not started: needs key: %s" % error)
        board.led().code(LED_NEEDS_KEY)
        return None
    log("kit %d started, reset cause %s" % (kit.conf["address"], board.reset_cause))
    return kit


def main(board) -> None:
    """Run the kit for ever; returns only when its files are not in order."""
    kit = start(board)
    if kit is not None:
        asyncio.run(kit.run())
