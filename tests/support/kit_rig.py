"""One kit as it is wired, on a quiet simulated air in virtual time, and an ear that plays the gateway by a script."""

import asyncio
import random
from typing import ClassVar, NamedTuple

import virtual
from nspkit.budget import FILES as BUDGET_FILES
from nspkit.pace import Pace
from nspkit.parts import Parts
from nsplink import airtime, frame, message, regions, seal
from nsplink.fields import ALARMS
from nsptools.bench.air import Air
from nsptools.bench.air_radio import AirRadio
from nsptools.fleet.kit import STEADY, FleetBoard, FleetKit, flash, plan

CP = 5
ADDRESS = CP << 6 | 1
KEY = bytes(range(16))
GROUP = bytes(range(16, 32))
OTHER_KEY = bytes(range(32, 48))
GATEWAY = 1
ONE_PERCENT = {"frequency_hz": 868_100_000}
# What a gateway acknowledges one by one, once it is on disk.
ACKED = ("alarm", "clear", "help", "boot", "report", "receipt", "answer", "backfill")
TOP = ("alarm", "clear", "help")
_REPLY_S = 0.3
_FEED_S = 50
_TICK_MS = 250


class Frame(NamedTuple):
    """A frame of the kit. ``at``, ``end``: s of its first and last symbol; ``boot``: how often the kit was started."""

    at: float
    end: float
    kind: str
    counter: int
    wide: bool
    values: dict
    data: bytes
    boot: int
    exercise: bool


class RigKit(FleetKit):
    """Says of itself what the rig wants, whatever its devices show. ``said``: values by name."""

    said: ClassVar[dict] = {}

    async def run(self):
        """With the panel where the board has one to press or to look at."""
        if self.panel.parts.help is None:
            await super().run()
        else:
            await asyncio.gather(super().run(), self.panel.run())

    def snapshot(self, now_ms):
        values = super().snapshot(now_ms)
        return values | self.said


class Rig:
    """The kit, its flash, its clock's memory, and the ear.

    ``frames``: all that was on the air, each opened with the kit's key; ``acks(frame)``: whether the ear
    acknowledges it; ``hears(frame)``: whether it came through at all; ``downs``: bytes of every downlink.
    """

    def __init__(self, folder, seed=1, phy=None, parts=None, **conf):
        self.folder = folder
        self.parts = parts or Parts()
        self.phy = {**regions.PHY, **(phy or {})}
        self.frames = []
        self.downs = []
        self.acks = lambda frame: frame.kind in ACKED
        self.hears = lambda _frame: True
        self.on_heard = lambda _frame: None
        self.values = dict(STEADY)
        self.said = {}
        self.kit = None
        self.starts = 0
        self.epoch = None  # as the kit told it
        self.memory = bytearray()
        self.cause = "power"
        self._conf = conf
        self._chance = random.Random(seed)
        self._key = seal.UplinkKey(KEY)
        self.down_counter = 1000
        self._narrow = frame.ReplayWindow()
        self._tasks = []
        self._running = None
        self._came = asyncio.Event()
        self._air = Air(seed=seed)
        self._air.set_path_loss("gateway", "kit", 100.0)
        self.ear = AirRadio(self._air, "gateway", self.phy, self._hear)
        flash(folder, 1, KEY)

    # The kit

    def now(self):
        """Seconds of virtual time."""
        return asyncio.get_running_loop().time()

    async def begin(self):
        """Start the ear and the kit."""
        self._tasks = [asyncio.create_task(self.ear.run()), asyncio.create_task(self._feed())]
        await asyncio.sleep(0)
        self.start()

    def start(self):
        """Switch the kit on."""
        made = plan(ADDRESS, KEY, GROUP, self.phy, GATEWAY)
        made[0].update(self._conf)
        board = FleetBoard(self.folder, self._chance, self.memory)
        board.reset_cause = self.cause
        board.parts = lambda: self.parts
        if self.parts.help is not None:  # nothing wakes a kit whose contacts move: it looks, as on a board
            board.pace = lambda: Pace(board.clock, _TICK_MS)
        self.starts += 1
        self.kit = RigKit(board, made, self._air, "kit")
        self.kit.said = self.said
        self.kit.feed(self.values)
        self._running = asyncio.create_task(self.kit.run())

    async def stop(self):
        """Cut the kit's power."""
        running, self._running = self._running, None
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.result()

    async def reboot(self, dark_s=10, cause="power"):
        """Cut the power for so long; a warm cause leaves the clock's memory, a power cut does not."""
        await self.stop()
        self.cause = cause
        if cause == "power":
            self.memory[:] = b""
        await asyncio.sleep(dark_s)
        self.start()

    async def to(self, second):
        """Let time pass until this second."""
        await asyncio.sleep(max(0, second - self.now()))
        if self._running is not None and self._running.done():
            self._running.result()

    async def after(self, seconds):
        """Let so many seconds pass."""
        await self.to(self.now() + seconds)

    async def heard(self, kind, within_s, count=1):
        """The frame of this kind that comes next, or the ``count``-th."""
        begun, end = len(self.frames), self.now() + within_s
        while True:
            found = [one for one in self.frames[begun:] if one.kind == kind]
            if len(found) >= count:
                return found[count - 1]
            assert self.now() < end, f"no {kind} within {within_s} s: {self.kinds(begun)}"
            self._came.clear()
            timer = asyncio.get_running_loop().call_at(end, self._came.set)
            await self._came.wait()
            timer.cancel()
            await asyncio.sleep(0.01)  # the kit has to learn as well that its frame has left

    def set(self, **values):
        """Let the devices show this, and have them read at once."""
        self.values.update(values)
        self._read()

    def say(self, **values):
        """Let the kit's snapshot be this, its alarm bits too."""
        self.said.update(values)
        self.kit.uplink.wake()

    def help(self, **changes):
        """Press for help; the event."""
        what = {"kind": "ambulance", "mark": "made", "text": b"", "event": None} | changes
        return self.kit.uplink.help(now_ms=self.kit.clock.ms(), **what)

    # The ear

    def of(self, *kinds, since=0.0, boot=None):
        """Frames of these kinds that began since then."""
        return [
            one
            for one in self.frames
            if one.kind in kinds and one.at >= since and (boot is None or one.boot == boot)
        ]

    def kinds(self, begun=0):
        """[(s, kind)] for messages."""
        return [(round(one.at, 1), one.kind) for one in self.frames[begun:]]

    def down(
        self, kind, values, gateway=GATEWAY, key=KEY, epoch=None, counter=None, address=ADDRESS, wide=True
    ):
        """A sealed downlink; by default the next one of the right gateway for this boot."""
        if counter is None:
            self.down_counter += 1
            counter = self.down_counter
        header = frame.Header(frame.DOWN, kind, address, 1, False, wide, counter)
        epoch = self.epoch if epoch is None else epoch
        return seal.DownlinkKey(key, gateway).seal(header, message.encode(kind, values), epoch)

    def hello(self, key=GROUP):
        """The gateway's word to all."""
        return self.down("hello", {"gateway_id": GATEWAY}, key=key, epoch=0, address=CP << 6)

    async def send(self, data, delay_s=0.0):
        """Put a downlink on the air; returns at its end."""
        await asyncio.sleep(delay_s)
        self.downs.append(data)
        await self.ear.send(data, 0)

    async def tell(self, kind, delay_s=0.0, values=None, **seal_options):
        """Seal and send; the counter that it had."""
        await self.send(self.down(kind, values or {}, **seal_options), delay_s)
        return self.down_counter

    async def ack(self, counter, **seal_options):
        """Acknowledge a counter."""
        return await self.tell("ack", 0.0, {"acked": counter, "utc_min": None}, **seal_options)

    async def command(self, command, argument=b"", **seal_options):
        """Send a command."""
        return await self.tell("command", 0.0, {"command": command, "argument": argument}, **seal_options)

    def link(self, lost=(), newest=None, utc_min=None):
        """Values of the hourly frame: ``lost`` are counters that did not arrive."""
        newest = self.frames[-1].counter if newest is None else newest
        missing = sum(1 << newest - 1 - counter for counter in lost if 1 <= newest - counter <= 32)
        return {"heard": newest & 0xFFFF, "missing": missing, "utc_min": utc_min}

    def _hear(self, _rssi, _snr, data):
        header, _ = frame.parse(data)
        counter = header.counter
        if not header.wide:
            counter = self._narrow.candidates(header)[-1]
        values = message.decode(header.kind, self._key.open(data, header, counter))
        self._narrow.accept(counter)
        end = self.now()
        one = Frame(
            end - self.air_s(data),
            end,
            header.kind,
            counter,
            header.wide,
            values,
            data,
            self.starts,
            header.exercise,
        )
        self.frames.append(one)
        self._came.set()
        if not self.hears(one):
            return
        if one.kind == "boot":
            self.epoch = values["boot_epoch"]
        self.on_heard(one)
        if self.acks(one) and self.epoch is not None:
            self._tasks.append(
                asyncio.create_task(
                    self.send(self.down("ack", {"acked": counter, "utc_min": None}), _REPLY_S)
                )
            )

    def air_s(self, data):
        """Seconds on air of a frame."""
        phy = self.phy
        return (
            airtime.time_on_air_us(phy["sf"], 125_000, phy["coding_rate"], len(data), phy["preamble"]) / 1e6
        )

    async def _feed(self):
        while True:
            await asyncio.sleep(_FEED_S)
            self._read()

    def _read(self):
        if self._running is not None:
            self.kit.feed(self.values)

    async def end(self):
        """Switch everything off; raises what anything raised."""
        if self._running is not None:
            await self.stop()
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def play(folder, story, **options):
    """Run ``story(rig)`` in virtual time; the rig, with all that was on the air."""

    async def go():
        rig = Rig(folder, **options)
        await rig.begin()
        try:
            await story(rig)
        finally:
            await rig.end()
        return rig

    return virtual.run(go())


def event(one):
    """What names the event of a frame."""
    return one.values["event_boot"], one.values["event_n"]


def forget_budget(folder):
    """Lose the record of what was on the air."""
    for name in BUDGET_FILES:
        (folder / name).unlink()


def bit(cause):
    """The bit of an alarm."""
    return 1 << ALARMS.index(cause)


def stepwise(rig, script, seconds):
    """Call ``script(rig, second)`` each second."""

    async def go():
        for second in range(seconds):
            script(rig, second)
            await rig.to(second + 1)

    return go()


def steps(folder, seconds, script, **options):
    """Play a script that is called each second, ``script(rig, second)``."""
    return play(folder, lambda rig: stepwise(rig, script, seconds), **options)
