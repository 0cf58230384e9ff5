"""Settings -> objects -> tasks -> watchdog. The only file that knows all the others."""

import asyncio
import sys

from nspkit import alarms, outbound, persist
from nspkit.budget import RTC_BYTES, Budget
from nspkit.bulletins import Bulletins
from nspkit.bus import Bus
from nspkit.calls import Calls
from nspkit.downlink import Downlink
from nspkit.facts import Boots, Facts, RtcPart
from nspkit.files import Files
from nspkit.inbox import Inbox
from nspkit.journal import Journal
from nspkit.kit import KitState
from nspkit.log import Log
from nspkit.panel import Panel
from nspkit.pendingstore import EventStore
from nspkit.poll import Poller
from nspkit.radio.rui3 import Rui3
from nspkit.remote import Remote
from nspkit.sender import Sender
from nspkit.signs import CODES, RESERVE, words
from nspkit.uplink import Uplink
from nsplink import regions, seal

DEVICE_LOST_MS = 300_000
_SUPERVISE_MS = 1000
# Forty kits that boot together have a report and a heartbeat each: more than one minute holds.
_START_SPREAD_MS = 120_000
# A task that has not turned for so long is stuck, and the watchdog must have its way.
_STUCK_MS = 45_000
# What the local page needs of the heap while it is open, and what must be left beside it. On a 64-bit VM a word is twice as long.
_PAGE_ROOM = 112_000 if sys.maxsize >> 40 else 72_000
_NO_PAGE_MS = 10_000

class Supervisor:
    """Feeds the watchdog only while every task has reported within its limit.

    ``make_wdt()`` arms it, when the tasks run and not before: nothing can stop
    it again, and a kit with broken files must stay at its prompt.
    """

    def __init__(self, clock, make_wdt) -> None:
        self._clock = clock
        self._make_wdt = make_wdt
        self._seen: dict = {}

    def watch(self, name: str):  # noqa: ANN201 - a function without arguments
        """The function that task ``name`` calls at each turn."""
        self._seen[name] = self._clock.ms()

        def alive() -> None:
            self._seen[name] = self._clock.ms()

        return alive

    async def run(self) -> None:
        wdt = self._make_wdt()
        while True:
            now = self._clock.ms()
            if all(now - seen < _STUCK_MS for seen in self._seen.values()):
                wdt.feed()
            await self._clock.sleep_ms(_SUPERVISE_MS)


class AllOf:
    """The locks of all buses as one: flash is written while no transaction is under way."""

    def __init__(self, buses: list) -> None:
        self._locks = [bus.lock for bus in buses]

    async def __aenter__(self) -> None:
        for lock in self._locks:
            await lock.acquire()

    async def __aexit__(self, kind, error, trace) -> None:
        for lock in self._locks:
            lock.release()


class Kit:
    """All objects of one kit, wired. ``board``: see board.Board; ``plan``: see start.read.

    Raises persist.CounterError: a kit that is not sure of its counter does not
    start, let alone transmit.
    """

    def __init__(self, board, plan, log) -> None:
        self.clock = clock = board.clock
        self.log = log
        conf, generation, keys, all_devices = plan
        self.conf = conf
        self.board = board
        self.counters = persist.CounterStore(board.folder, generation, keys[0])
        self.state = KitState(tuple(conf["sources"]), conf["tank"])
        self.supervisor = Supervisor(clock, board.wdt)
        watch = self.supervisor.watch
        self.pollers = []
        self.buses = []
        for index, bus_conf in enumerate(conf["buses"]):
            devices = all_devices[index]
            if devices:
                bus = self._bus(bus_conf, board)
                self.buses.append(bus)
                self.pollers.append(Poller(bus, devices, self.state, clock, log, watch("poll %d" % index)))
        self.flash_lock = AllOf(self.buses)
        self._wire_link(generation, keys, self.flash_lock, watch)
        self._test: object = None  # the self-test while it runs
        self.calls = Calls(self.uplink, self.inbox)
        self.reported: tuple | None = None  # (form, event, ms) of the last point report from the local page
        self._pages: list = []  # access.Access while the local page is open
        self._key = keys[0]
        self._no_page_ms = 0  # until then the display says that there is none
        self.panel = Panel(
            board.parts(), conf.get("inputs") or {}, self.calls, self, conf.get("reserve") or RESERVE, self.uplink, self.inbox,
            self.alarms, self.radio, self.facts, self._begin_test, clock, log, watch("panel"),
        )

    def _wire_link(self, generation: int, keys: tuple, flash_lock, watch) -> None:
        board, conf, clock, log, chance_ms = self.board, self.conf, self.clock, self.log, self.board.random_ms
        rtc = board.rtc()
        self.boots = Boots(RtcPart(rtc, 0, 2) if rtc is not None else None)
        warm = board.reset_cause in ("watchdog", "software", "sleep")
        self.budget = Budget(board.folder, self._duty_us(), RtcPart(rtc, 2, RTC_BYTES) if rtc is not None else None, warm)
        files = Files(board.folder)
        self.remote = Remote(files, conf, clock.ms())
        journal = Journal(board.folder)
        events = outbound.AlarmEvents(EventStore(board.folder), log)
        pace = board.pace()
        self.radio = self._radio(watch("radio"))
        sender = Sender(
            conf, generation & 1, seal.UplinkKey(keys[0]), self.counters, self.budget, flash_lock, self.radio, clock, chance_ms, log
        )
        self.uplink = Uplink(
            conf, self.budget.ledger, self.snapshot, self._facts, sender, journal, events, flash_lock, clock, pace, chance_ms,
            watch("uplink"), chance_ms(min(_START_SPREAD_MS, conf["heartbeat_s"] * 1000)),
        )
        self.facts = Facts(board, self.boots, self.state, self.budget, self.uplink.delivery, journal, self.remote)
        self.alarms = alarms.LocalAlarms(conf["rated_w"], conf["generator_auto"], events.told)
        gateways, group = conf["gateways"], keys[1]
        downlink = Downlink(
            conf["address"], generation & 1,
            tuple([(one, seal.DownlinkKey(keys[0], one)) for one in gateways]),
            tuple([(one, seal.DownlinkKey(group, one)) for one in gateways]) if group else (),
        )
        self.inbox = Inbox(
            downlink, self.uplink, self.remote, Bulletins(files, chance_ms, clock.ms()), flash_lock, clock,
            board.pace(), chance_ms, watch("inbox"), RtcPart(rtc, 302, 2) if rtc is not None else None,
        )

    def _duty_us(self) -> int:
        """Lawful time on air in an hour of the channel in force."""
        radio = self.conf["radio"]
        return int(regions.sub_band(radio["frequency_hz"], radio["bandwidth_khz"])[4])

    def _radio(self, alive) -> Rui3:
        conf = self.conf["radio"]
        uart = self.board.radio(conf)
        return Rui3(uart, conf, self.clock, self._heard, self.log, alive, self.board.modem_power(conf, uart))

    def _bus(self, conf: dict, board):  # noqa: ANN202 - Bus or TcpBus: one interface
        if "tcp" in conf:
            from nspkit.bus_tcp import TcpBus

            return TcpBus(conf["tcp"], conf["port"], board.clock)
        uart, de = board.bus(conf)
        line = (conf["baud"], conf["parity"], conf["stop"])
        return Bus(uart, de, board.clock, line, board.collect)

    def snapshot(self, now_ms: int) -> dict:
        """What the kit would say now, local alarms included."""
        conf = self.conf
        # They may be changed from afar.
        self.alarms.rated_w, self.alarms.generator_auto = conf["rated_w"], bool(conf["generator_auto"])
        values = self.state.snapshot(now_ms)
        lost = False
        for poller in self.pollers:
            for dev in poller.devices:
                lost = lost or now_ms - (dev.last_good_ms or 0) > DEVICE_LOST_MS
        values.update(self.panel.values())
        values["test_input"] = self.inbox.is_testing(now_ms)
        values["alarms"] = self.alarms.update(values, lost, now_ms)
        return values

    def _facts(self, now_ms: int) -> dict:
        self.facts.snr_db = self.inbox.snr_db
        values = self.facts.values(now_ms)
        values.update(self.panel.own.values)
        return values

    def toggle_page(self, now: int) -> None:
        """Open the local page or close it, by modules that the heap holds only meanwhile."""
        if self._pages:
            self._pages[0].end()
            return
        free = self.board.free_heap()
        if free is not None and free < _PAGE_ROOM:
            # Asked before anything is loaded: a heap that gets full under the page is full for the rest of the kit too.
            self._page_ended("%d bytes of heap are free, %d are needed" % (free, _PAGE_ROOM))
            return
        from nspkit.access import Access

        self._pages.append(Access(self, self._key, now, self._page_ended))

    def page_lines(self, now: int) -> tuple:
        """What the display says of the local page, () = nothing."""
        if self._pages:
            return self._pages[0].lines(now)
        return words("no_wifi") if now < self._no_page_ms else ()

    def _page_ended(self, why: str) -> None:
        """``why``: what went wrong with it, "" = nothing."""
        if self._pages:
            self.board.forget(self._pages.pop().MODULES)
        self.log("no local page: %s" % why if why else "local page closed")
        self._no_page_ms = self.clock.ms() + _NO_PAGE_MS if why else 0

    def _begin_test(self) -> None:
        self._test = asyncio.create_task(self._self_test())

    async def _self_test(self) -> None:
        """Run it in a module that the heap holds only meanwhile."""
        try:
            from nspkit import trials

            await trials.on_site(self)
        except MemoryError:
            self.log("self-test: no room in the heap")
            self.panel.tested(("heap",), self.clock.ms())
        finally:
            self.panel.testing = False
            self.board.forget(("nspkit.trials",))

    def _heard(self, rssi_dbm: int | None, snr_db: int | None, data: bytes) -> None:
        self.inbox.take(rssi_dbm, snr_db, data)
        if not self.uplink.sender.wide:
            self.boots.settled()

    async def run(self) -> None:
        tasks = [poller.run() for poller in self.pollers]
        await asyncio.gather(
            self.radio.run(), self.uplink.run(), self.inbox.run(), self.panel.run(), self.supervisor.run(), *tasks
        )


def main(board, plan) -> None:
    """Run the kit for ever. Without a counter it can trust, flash the code for that until somebody comes."""
    log = Log(board.clock)
    try:
        kit = Kit(board, plan, log)
    except persist.CounterError as error:
        log("not started: needs key: %s" % error)
        board.led().repeat(CODES["needs_key"])
        return
    log("kit %d started, reset cause %s" % (kit.conf["address"], board.reset_cause))
    asyncio.run(kit.run())
