"""Which block is due, and what becomes of it.

Each device has its own schedule. A device that fails twice in a row is dead: it
is asked once per probe interval, which keeps it under 5 % of the bus, and goes
back to its schedule with the first answer.
"""

from nspkit import device
from nspkit.bus import BusError

_DEAD_AFTER = 2
_PROBE_MAX_MS = 60_000


class Device:
    """One slave on the bus: its table's blocks with the time each is due.

    ``name``: the site's name for it (generator, battery, meter); ``unit``: its
    Modbus address; ``model``: a module of ``models``.
    """

    def __init__(self, name: str, unit: int, model) -> None:
        self.name = name
        self.unit = unit
        self.model = model
        self.blocks = device.plan(model.REGISTERS, model.BLOCK_LIMIT, model.HOLE_LIMIT, model.PAGE)
        self.due_ms = [0] * len(self.blocks)
        self.failures = 0
        self.last_good_ms: int | None = None
        self.errors = 0

    @property
    def dead(self) -> bool:
        return self.failures >= _DEAD_AFTER

    def next_due(self) -> tuple:
        """(ms, index of the block) that comes first."""
        index = min(range(len(self.due_ms)), key=self._due)
        return self.due_ms[index], index

    def succeeded(self, index: int, now_ms: int) -> None:
        """The block was read: it is due again one period later."""
        if self.dead:
            self.due_ms = [now_ms] * len(self.blocks)
        self.failures = 0
        self.last_good_ms = now_ms
        period = device.GROUPS_MS[self.blocks[index][0]]
        due = self.due_ms[index] + period
        self.due_ms[index] = due if due > now_ms else now_ms + period

    def failed(self, index: int, now_ms: int) -> None:
        """The read gave nothing."""
        self.failures += 1
        self.errors += 1
        period = device.GROUPS_MS[self.blocks[index][0]]
        self.due_ms[index] = now_ms + period
        if self.dead:
            probe = now_ms + min(max(2 * period, 20 * self.model.TIMEOUT_MS), _PROBE_MAX_MS)
            self.due_ms = [max(due, probe) for due in self.due_ms]

    def postponed(self, index: int, now_ms: int) -> None:
        """The read could not be tried now."""
        self.due_ms[index] = now_ms + device.GROUPS_MS["fast"]

    def _due(self, index: int) -> int:
        return self.due_ms[index]


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
            for block in dev.blocks:
                for row, _ in block[4]:
                    state.expect(row[0], block[0])

    async def run(self) -> None:
        while True:
            self._alive()
            due, dev, index = self._next()
            wait = due - self._clock.ms()
            if wait > 0:
                await self._clock.sleep_ms(min(wait, 1000))
            else:
                await self.read(dev, index)

    def _next(self) -> tuple:
        """(ms, device, index of the block) that comes first; there is at least one device."""
        first = self.devices[0]
        due, index = first.next_due()
        for dev in self.devices[1:]:
            other, other_index = dev.next_due()
            if other < due:
                due, first, index = other, dev, other_index
        return due, first, index

    async def read(self, dev: Device, index: int) -> None:
        """One read of one block, decoded into the state, or counted against its device."""
        _, function, address, count, rows = dev.blocks[index]
        model = dev.model
        try:
            data = await self._bus.read(
                dev.unit, function, address, count, model.TIMEOUT_MS, model.LATE_MS, model.GAP_MS
            )
        except BusError as error:
            if error.kind == "closed":
                # Nothing was asked: an earlier reply may still come. That says nothing of the device.
                dev.postponed(index, self._clock.ms())
                return
            was_dead = dev.dead
            dev.failed(index, self._clock.ms())
            if dev.dead and not was_dead:
                self._log("%s (unit %d) does not answer: %s" % (dev.name, dev.unit, error))
            return
        now = self._clock.ms()
        if dev.dead:
            self._log("%s (unit %d) answers again" % (dev.name, dev.unit))
        dev.succeeded(index, now)
        for row, at in rows:
            self._state.update(row[0], device.value_of(row, data, at, model.SENTINELS, model.WORDS), now)
