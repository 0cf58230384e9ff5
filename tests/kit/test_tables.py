"""Two readings of the makers' documents must agree: the kit's tables against the bench's devices."""

import asyncio

import pytest

from nspkit import models
from nspkit.bus import Bus
from nspkit.kit import KitState
from nspkit.poll import Device, Poller
from nsptools.bench import profiles
from nsptools.bench.hostkit import HostBoard
from nsptools.bench.site import Site
from patience import PATIENCE_S
from read_surely import TRIES, read_surely

UNITS = {"generator": ("dse7320mk2", 10), "battery": ("seplos_v3", 1), "meter": ("sdm630", 2)}

# fmt: off
# door of the bench, value there, quantity of the kit, value there
AGREE = (
    ("generator.fuel_percent",          0,       "fuel_permille",        0),
    ("generator.fuel_percent",          47,      "fuel_permille",        470),
    ("generator.fuel_percent",          100,     "fuel_permille",        1000),
    ("generator.fuel_percent",          "sentinel", "fuel_permille",     None),
    ("generator.fuel_percent",          "sentinel:transducer_fault", "fuel_permille", None),
    ("generator.mode",                  0,       "generator_mode",       "off"),
    ("generator.mode",                  1,       "generator_mode",       "auto"),
    ("generator.mode",                  2,       "generator_mode",       "manual"),
    ("generator.mode",                  3,       "generator_mode",       "test"),
    ("generator.mode",                  5,       "generator_mode",       None),
    ("generator.mode",                  7,       "generator_mode",       "off"),
    ("generator.engine_state",          0,       "engine_state",         "stopped"),
    ("generator.engine_state",          1,       "engine_state",         "starting"),
    ("generator.engine_state",          2,       "engine_state",         "starting"),
    ("generator.engine_state",          3,       "engine_state",         "running"),
    ("generator.engine_state",          4,       "engine_state",         "cooling"),
    ("generator.engine_state",          6,       "engine_state",         "stopped"),
    ("generator.engine_state",          15,      "engine_state",         None),
    ("generator.status_bits",           0x2000,  "alarm_shutdown",       1),
    ("generator.status_bits",           0xDFFF,  "alarm_shutdown",       0),
    ("generator.status_bits",           0x1000,  "alarm_trip",           1),
    ("generator.status_bits",           0x0800,  "alarm_warning",        1),
    ("generator.status_bits",           0x0080,  "alarm_controlled",     1),
    ("generator.starter_dv",            127,     "starter_dv",           127),
    ("generator.starter_dv",            "sentinel", "starter_dv",        None),
    ("generator.frequency_dhz",         499,     "generator_dhz",        499),
    ("generator.l1_dv",                 2304,    "generator_v",          230),
    ("generator.l1_dv",                 "sentinel", "generator_v",       None),
    ("generator.mains_l1_dv",           2296,    "mains_v",              230),
    ("generator.mains_l1_dv",           0,       "mains_v",              0),
    ("generator.total_w",               8040,    "generator_w",          8040),
    ("generator.total_w",               -120,    "generator_w",          -120),
    ("generator.total_w",               "sentinel", "generator_w",       None),
    ("generator.run_s",                 1483560, "engine_dh",            4121),
    ("generator.starts",                188,     "engine_starts",        188),
    ("generator.alarm_emergency_stop",  3,       "alarm_emergency_stop", 1),
    ("generator.alarm_emergency_stop",  1,       "alarm_emergency_stop", 0),
    ("generator.alarm_emergency_stop",  15,      "alarm_emergency_stop", None),
    ("generator.alarm_fail_to_start",   3,       "alarm_fail_to_start",  1),
    ("generator.alarm_starter_low",     2,       "alarm_starter_low",    1),
    ("generator.alarm_low_fuel",        2,       "alarm_fuel_low",       1),
    ("generator.alarm_low_fuel_switch", 10,      "alarm_fuel_switch",    1),
    ("generator.alarm_overload",        4,       "alarm_overload",       1),
    ("battery.voltage_cv",              5330,    "battery_cv",           5330),
    ("battery.current_ca",              -1234,   "battery_da",           -123),
    ("battery.current_ca",              1250,    "battery_da",           125),
    ("battery.soc_permille",            685,     "battery_permille",     685),
    ("battery.temperature1_dk",         2940,    "battery_c",            21),
    ("battery.temperature1_dk",         2630,    "battery_c",            -10),
    # The bench's Seplos is never ill: its bits, inverted, are all tried in pure_tables.py.
    ("battery.soh_permille",            1000,    "alarm_battery",        0),
    ("battery.soh_permille",            1000,    "alarm_charge_off",     0),
    ("battery.soh_permille",            1000,    "alarm_discharge_off",  0),
    ("meter.total_w",                   2412.6,  "load_w",               2413),
    ("meter.total_w",                   0,       "load_w",               0),
    ("meter.l1_v",                      229.6,   "meter_v",              230),
    ("meter.frequency_hz",              50.04,   "meter_dhz",            500),
)
# fmt: on


@pytest.fixture
async def bench(tmp_path):
    """A site on its bus, and the kit's poller at the other end of the wire."""
    site = Site("de-linde", profiles.demo_spec(0), speed=0, pace_requests=True)
    await site.start()
    board = HostBoard(tmp_path, {1: site.bus_path})
    uart, _ = board.bus({"uart": 1})
    devices = [Device(name, unit, models.get(model)) for name, (model, unit) in UNITS.items()]
    state = KitState(("grid", "generator", "battery"))
    bus = Bus(uart, None, board.clock, (19200, None, 1), collect=board.collect)
    yield site, Poller(bus, devices, state, board.clock, print, lambda: None), board.clock
    board.close()
    await site.stop()


async def read(poller, clock, owner, quantity):
    """What the kit makes of the block that holds the quantity, read now."""
    device = next(dev for dev in poller.devices if dev.name == owner)
    index = next(i for i, names in enumerate(device.model.names) if quantity in names)
    assert await read_surely(poller, index, device=device)
    return poller._state.value(quantity, clock.ms())


async def test_kit_reads_what_the_device_shows(bench):
    """Every quantity, its not-available codes and each alarm nibble mean the same at both ends of the wire."""
    site, poller, clock = bench
    wrong = []
    for door, shown, quantity, expected in AGREE:
        site.set(door, shown)
        got = await read(poller, clock, door.partition(".")[0], quantity)
        if got != expected:
            wrong.append(f"{door} = {shown}: {quantity} is {got!r}, not {expected!r}")
        site.set(door, "auto")
    assert wrong == []


async def test_every_register_of_the_tables_is_tried(bench):
    """A row that nobody compares could be wrong for years."""
    _, poller, _ = bench
    rows = {name for dev in poller.devices for names in dev.model.names for name in names}
    assert rows == {quantity for _, _, quantity, _ in AGREE}


async def test_three_devices_share_one_bus(bench):
    """A whole schedule runs over one wire without one failed read."""
    _, poller, clock = bench
    for _ in range(TRIES):
        for dev in poller.devices:
            dev.errors, dev.failures, dev.due_ms, dev.last_good_ms = 0, 0, [0] * len(dev.blocks), None
        task = asyncio.create_task(poller.run())
        async with asyncio.timeout(PATIENCE_S):
            while not all(min(dev.due_ms) > 0 for dev in poller.devices):
                await clock.sleep_ms(50)
        task.cancel()
        await asyncio.wait([task])
        errors = {dev.name: dev.errors for dev in poller.devices}
        if not any(errors.values()):
            break  # else again: a pause of this machine makes any reply late
        await clock.sleep_ms(max(dev.model.late_ms for dev in poller.devices))
    assert errors == {"generator": 0, "battery": 0, "meter": 0}
    assert all(dev.last_good_ms for dev in poller.devices)
