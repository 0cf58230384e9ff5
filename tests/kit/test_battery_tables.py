"""Two readings of batteries, solar controllers, meters and a probe must agree: the kit's tables, the bench's devices."""

from contextlib import AsyncExitStack, asynccontextmanager

import pytest

import mutate_tables
from battery_cases import AGREE, alarm_cases
from nspkit import models
from nspkit.bus import Bus
from nspkit.bus_tcp import TcpBus
from nspkit.kit import KitState
from nspkit.poll import Device, Poller
from nsptools.bench import catalogue
from nsptools.bench.hostkit import HostBoard
from nsptools.bench.site import Site
from nsptools.bench.spec import PlantSpec
from read_surely import TRIES, read_surely

BAUD = 115_200
# Tables whose device stands behind another's box on the bench.
BOX = {"victron_battery": "victron_gx"}
UNIT = {"victron_battery": 225}


@asynccontextmanager
async def bench(model, tmp_path):
    """A site with only this device, set with its factory's address, and the kit's poller on its wire."""
    box = BOX.get(model, model)
    owner = catalogue.entry(box).owner
    site = Site(
        model, PlantSpec(devices=(owner,), models={owner: box}), speed=0, baud=BAUD, pace_requests=True
    )
    async with AsyncExitStack() as stack:
        await site.start()
        stack.push_async_callback(site.stop)
        site.set(f"{owner}.reply_ms", 1)
        board = HostBoard(tmp_path, {1: site.bus_path})
        stack.callback(board.close)
        if site.tcp is None:
            bus = Bus(board.bus({"uart": 1})[0], None, board.clock, (BAUD, None, 1), collect=board.collect)
        else:
            bus = TcpBus("127.0.0.1", site.tcp.port, board.clock)
            stack.push_async_callback(bus.close)
        yield Bench(model, site, owner, bus, board.clock)


class Bench:
    """One device on its wire. `show` sets a door, `read` reads what the kit makes of it."""

    def __init__(self, model, site, owner, bus, clock):
        self.model, self.site, self.owner, self.bus, self.clock = model, site, owner, bus, clock
        self.poller = self.poller_for(models.get(model))
        self.device = self.poller.devices[0]
        self.state = self.poller._state
        self.set_up()

    def poller_for(self, table):
        """A poller with its own state for this device.Model."""
        table.gap_ms = min(table.gap_ms, 5)  # the bench's devices need no rest, the test no wait
        unit = UNIT.get(self.model) or catalogue.entry(self.model).unit
        device = Device(self.owner, unit, table)
        return Poller(self.bus, [device], KitState(("grid",)), self.clock, print, lambda: None)

    def set_up(self):
        """What stands on the bench from the start, so that one door decides what is read."""
        start = {}
        if self.model == "victron_gx":
            start = dict.fromkeys(
                [f"{of}_l{phase}_w" for of in ("consumption", "genset") for phase in "123"], 0
            )
        if self.model == "jk_pb":
            start = {"warm": 1, "loss_permille": 0}
        for door, value in start.items():
            self.show(door, value)

    def show(self, door, value):
        self.site.set(f"{self.owner}.{door}", value)

    async def read(self, quantity, poller=None):
        """The quantity's value, its block read now; "failed" when nothing came."""
        poller = poller or self.poller
        index = next(i for i, names in enumerate(poller.devices[0].model.names) if quantity in names)
        # A table with a mistake in it may ask what no device answers.
        came = await read_surely(poller, index, TRIES if poller is self.poller else 1)
        return poller._state.value(quantity, self.clock.ms()) if came else "failed"

    async def disagreements(self, cases, poller=None, *, enough=1_000):
        """Of (doors, values there, quantity, value it must be): those that are not, up to ``enough`` of them."""
        wrong = []
        for door, shown, quantity, expected in cases:
            doors, values = door.split(), shown if isinstance(shown, tuple) else (shown,)
            for name, value in zip(doors, values, strict=True):
                self.show(name, value)
            got = await self.read(quantity, poller)
            for name in doors:
                self.show(name, "auto")
            self.set_up()
            if got != expected:
                wrong.append(f"{self.model}: {door} = {shown}: {quantity} is {got!r}, not {expected!r}")
            if len(wrong) == enough:
                break
        return wrong


@pytest.mark.parametrize("model", AGREE)
async def test_kit_reads_what_the_device_shows(model, tmp_path):
    """Every quantity, sign, extreme, alarm bit and code for no value mean the same at both ends of the wire."""
    async with bench(model, tmp_path) as at:
        assert await at.disagreements([*AGREE[model], *alarm_cases(model)]) == []


@pytest.mark.parametrize("model", AGREE)
def test_every_quantity_of_the_tables_is_tried(model):
    """A row that nobody compares could be wrong for years."""
    given = {name for names in models.get(model).names for name in names}
    assert given == {quantity for _, _, quantity, _ in AGREE[model]}


async def test_no_alarm_of_the_bench_is_forgotten(tmp_path):
    """Each alarm that the bench's pack can raise by name is a fault to the kit, but for Daly's warnings."""
    for model, warnings in (("jk_pb", 0), ("daly", 16)):
        (tmp_path / model).mkdir()
        async with bench(model, tmp_path / model) as at:
            doors = [name.partition(".")[2] for name in at.site.names() if ".alarm_" in name]
            quiet = await at.disagreements([(door, 1, "alarm_battery", 1) for door in doors])
            assert len(doors) > 20
            assert len(quiet) == warnings, quiet


# Mistakes that change nothing: every raw value with the sign bit is out of the limits either way.
SAME = {"daly: battery_c: sign"}


@pytest.mark.soak
@pytest.mark.parametrize("model", AGREE)
async def test_a_mistake_in_a_row_is_noticed(model, tmp_path):
    """One mistake in one row of a table (address, word order, sign, scale, byte, code, bit) fails a case above."""
    cases = [*AGREE[model], *alarm_cases(model)]
    async with bench(model, tmp_path) as at:
        made, alive = await mutate_tables.survivors(at, cases)
        for what, source in wrong_masks(model):
            made += 1
            poller = at.poller_for(mutate_tables.planned(source, model))
            if not await at.disagreements(
                [case for case in cases if case[2] == "alarm_battery"], poller, enough=1
            ):
                alive.append(f"{model}: {what}")
    assert made > 2
    assert sorted(set(alive) - SAME) == []


def wrong_masks(model):
    """(what is wrong, table with it): each bit of each mask the other way, and the table's settings left out."""
    source = mutate_tables.source_of(model)
    for index, row in enumerate(source.REGISTERS):
        for bit in range(16 if row[3].startswith("any") else 0):
            rows = list(source.REGISTERS)
            rows[index] = (*row[:3], f"any{int(row[3][3:], 16) ^ 1 << bit:04X}", *row[4:])
            yield f"{row[0]}: bit {bit}", mutate_tables._changed(source, REGISTERS=tuple(rows))


async def test_daly_answers_from_another_address(tmp_path):
    """Asked at 0x81 a Daly answers from 0x51; a frame from any other address is not its answer."""
    async with bench("daly", tmp_path) as at:
        assert (at.device.unit, at.device.reply_unit) == (0x81, 0x51)
        assert await at.read("battery_permille") == 1000
        at.show("reply_address", 0xD2)
        at.device.model.timeout_ms = 60
        errors = at.poller._bus.errors
        for count in range(1, TRIES):
            await at.poller.read(at.device, 0)
            assert at.device.failures == count
            if errors["garbled"]:
                return
            assert errors["timeout"] == count  # a pause of this machine, and it was late as well
        pytest.fail("never found out by its address")


async def test_a_cold_jk_goes_stale_and_then_unknown_never_zero(tmp_path):
    """A pack that falls silent, since nobody may wake it, is unknown after its time and is never read as 0."""
    async with bench("jk_pb", tmp_path) as at:
        assert await at.read("battery_permille") == 1000
        at.device.model.timeout_ms = at.device.model.late_ms = 30
        at.show("warm", 0)
        read_ms = at.device.last_good_ms
        await at.poller.read(at.device, 0)
        assert at.device.failures == 1  # the first read on a quiet bus is lost; then it answers for a while
        at.show("warm", 1)
        at.show("loss_permille", 1000)
        while not at.device.dead:
            await at.poller.read(at.device, 0)
            await at.clock.sleep_ms(at.device.model.late_ms)
        assert at.device.last_good_ms == read_ms
        names = [name for block in at.device.model.names for name in block]
        for name in names:
            assert at.state.quality(name, read_ms + 15_000) == "good"
            assert at.state.quality(name, read_ms + 15_001) == "stale"
            assert at.state.value(name, read_ms + 60_000) is not None
            assert at.state.quality(name, read_ms + 60_001) == "unknown"
            assert at.state.value(name, read_ms + 60_001) is None


async def test_a_jk_address_counts_bytes(tmp_path):
    """One request of 25 registers spans 50 addresses, and each value is found where it lies."""
    async with bench("jk_pb", tmp_path) as at:
        assert [block[2:4] for block in at.device.model.blocks] == [(0x1290, 25)]
        at.show("voltage_mv", 53120)
        at.show("discharge_mos", 0)
        assert await at.read("battery_cv") == 5312
        assert at.state.value("alarm_discharge_off", at.clock.ms()) == 1
        assert at.state.value("alarm_charge_off", at.clock.ms()) == 0
