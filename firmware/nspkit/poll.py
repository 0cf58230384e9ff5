"""Which block is due, and what becomes of it.

Each device has its own schedule. A device that stays silent twice in a row is
dead: it is asked once per probe interval, which keeps it under 5 % of the bus,
and goes back to its schedule with the first answer. An exception is an answer:
it only makes its own block wait.
"""

from nspkit import device
from nspkit.bus import BusError
from nspkit.kit import GROUPS_MS

_DEAD_AFTER = 2
_PROBE_MAX_MS = 60_000
_REFUSED_MS = 20_000
_BUSY = 6  # exception code: ask again later


class Device:
    """One slave on the bus: its table's blocks with the time each is due.

    ``name``: the site's name for it (generator, battery, meter, tank); ``unit``:
    its Modbus address; ``model``: a device.Model; ``line``: (baud, parity, stop)
    where it differs from the bus's own, else None.
    """

    def __init__(self, name: str, unit: int, model: device.Model, line: tuple | None = None) -> None:
        self.name = name
        self.unit = unit
        self.reply_unit = unit + model.reply_offset
        self.model = model
        self.line = line
        self.without: tuple = ()  # quantities of the table that this site has not
        self.blocks = model.blocks
        self.due_ms = [0] * len(self.blocks)
        self.failures = 0
        self.last_good_ms: int | None = None
        self.errors = 0

    @property
    def dead(self) -> bool:
        return self.failures >= _DEAD_AFTER

    def first_due(self) -> int:
        """Index of the block that comes first."""
        first = 0
        for index in range(1, len(self.due_ms)):
            if self.due_ms[index] < self.due_ms[first]:
                first = index
        return first

    def succeeded(self, index: int, now_ms: int) -> None:
        """The block was read: it is due again one period later."""
        if self.dead:
            self.due_ms = [now_ms] * len(self.blocks)
        self.failures = 0
        self.last_good_ms = now_ms
        period = GROUPS_MS[self.blocks[index][0]]
        due = self.due_ms[index] + period
        self.due_ms[index] = due if due > now_ms else now_ms + period

    def failed(self, index: int, now_ms: int) -> None:
        """The read gave nothing."""
        self.failures += 1
        self.errors += 1
        period = GROUPS_MS[self.blocks[index][0]]
        self.due_ms[index] = now_ms + period
        if self.dead:
            probe = now_ms + min(max(2 * period, 20 * self.model.timeout_ms), _PROBE_MAX_MS)
            self.due_ms = [max(due, probe) for due in self.due_ms]

    def refused(self, index: int, code: int, now_ms: int) -> None:
        """It answers, but not this block now: the device lives, the block waits."""
        if self.dead:
            self.due_ms = [now_ms] * len(self.blocks)
        self.failures = 0
        self.errors += 1
        period = GROUPS_MS[self.blocks[index][0]]
        self.due_ms[index] = now_ms + (period if code == _BUSY else max(2 * period, _REFUSED_MS))

    def wider(self, index: int) -> int:
        """Another length for a block, by which its late reply can be told apart; the same where the device allows none."""
        _, function, address, count, _ = self.blocks[index]
        model = self.model
        more = count + (16 if function <= 2 else 2)
        last = address + more * model.step - 1
        if model.hole_limit < 2 or more > model.block_limit or last > 0xFFFF:
            return count
        return count if model.page and address // model.page != last // model.page else more

    def postponed(self, index: int, now_ms: int) -> None:
        """The read could not be tried now."""
        self.due_ms[index] = now_ms + GROUPS_MS["fast"]


class Poller:
    """Reads the devices of one bus for ever, into the kit's state.

    ``alive``: called after every turn, so that the supervisor sees progress.
    """

    def __init__(self, bus, devices: list, state, clock, log, alive) -> None:
        self._bus = bus
        self.devices = devices
        self._state = state
        self._clock = clock
        self._log = log
        self._alive = alive
        for dev in devices:
            for index, block in enumerate(dev.blocks):
                for name in dev.model.names[index]:
                    if name not in dev.without:
                        state.expect(name, block[0])

    async def run(self) -> None:
        while True:
            self._alive()
            dev = self._next()
            index = dev.first_due()
            wait = dev.due_ms[index] - self._clock.ms()
            if wait > 0:
                await self._clock.sleep_ms(min(wait, 1000))
                continue
            # As read() does, but without the coroutine that a call of it makes: heap on every poll.
            block = dev.blocks[index]
            try:
                self._succeeded(dev, index, await self._bus.read(dev, block[1], block[2], block[3]))
            except BusError as error:
                await self._missed(dev, index, error)

    def _next(self) -> Device:
        """The device whose block comes first; there is at least one device."""
        first = self.devices[0]
        due = first.due_ms[first.first_due()]
        for dev in self.devices:
            other = dev.due_ms[dev.first_due()]
            if other < due:
                due, first = other, dev
        return first

    async def read(self, dev: Device, index: int) -> None:
        """One read of one block, decoded into the state, or counted against its device."""
        block = dev.blocks[index]
        try:
            self._succeeded(dev, index, await self._bus.read(dev, block[1], block[2], block[3]))
        except BusError as error:
            await self._missed(dev, index, error)

    async def _missed(self, dev: Device, index: int, error: BusError) -> None:
        block = dev.blocks[index]
        wider = dev.wider(index)
        if error.kind == "closed" and wider != block[3]:
            # An earlier reply of this length may still come: ask for another length.
            try:
                self._succeeded(dev, index, await self._bus.read(dev, block[1], block[2], wider))
            except BusError as second:
                self._failed(dev, index, second)
        else:
            self._failed(dev, index, error)

    def _succeeded(self, dev: Device, index: int, data) -> None:
        now = self._clock.ms()
        if dev.dead:
            self._log("%s (unit %d) answers again" % (dev.name, dev.unit))
        dev.succeeded(index, now)
        model = dev.model
        model.decode(index, data)
        for name in model.names[index]:
            if name not in dev.without:
                self._state.update(name, model.found[name], now)

    def _failed(self, dev: Device, index: int, error: BusError) -> None:
        now = self._clock.ms()
        self._state.count_error(dev.name, error.kind)
        was_dead = dev.dead
        if error.kind == "closed":
            # Nothing was asked, which says nothing of the device.
            dev.postponed(index, now)
        elif error.kind == "exception":
            if was_dead:
                self._log("%s (unit %d) answers again" % (dev.name, dev.unit))
            dev.refused(index, error.code, now)
        else:
            dev.failed(index, now)
            if dev.dead and not was_dead:
                self._log("%s (unit %d) does not answer: %s" % (dev.name, dev.unit, error))
