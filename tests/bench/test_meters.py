"""Simulated single-phase meters and the level probe, asked byte by byte on a bus."""

import math
import struct

import pytest

from nsptools.bench import catalogue
from nsptools.bench.devices.qdy30a import LevelProbe
from nsptools.bench.devices.sdm_single import Sdm120Meter, Sdm220Meter
from nsptools.bench.plant import Plant
from nsptools.bench.profiles import demo_spec, spec
from nsptools.bench.registers import Missing
from raw_master import bus_of

METERS = (Sdm120Meter, Sdm220Meter)


def running():
    """The demo's first point after a minute of plant time."""
    plant = Plant(demo_spec(0))
    plant.step(60)
    return plant


async def f32(master, address, unit=1):
    """A float, high word first."""
    return struct.unpack(">f", struct.pack(">2H", *await master.words(unit, 4, address, 2)))[0]


def s16(word):
    """A signed word."""
    return word - 0x10000 if word & 0x8000 else word


@pytest.mark.parametrize("model", ["sdm120", "sdm220", "qdy30a"])
def test_every_name_has_a_live_value(model):
    """Protects against a table line that the physics forgot, and a door that shows nothing."""
    device = catalogue.make(model, running())
    assert set(device.names()) == set(device.values())


@pytest.mark.parametrize("meter", METERS)
async def test_the_meter_shows_the_whole_load_on_one_phase(meter):
    """Protects addresses and float order with the wire example, and that it meters the load."""
    plant = running()
    async with bus_of(meter(plant)) as master:
        reply = await master.ask(bytes.fromhex("0104 000c 0002 b1c8"))
        assert reply[:3] == bytes((1, 4, 4))
        assert struct.unpack(">f", reply[3:7])[0] == pytest.approx(plant.served_w, rel=1e-6)
        volts, amps = await f32(master, 0x00), await f32(master, 0x06)
        assert volts == pytest.approx(plant.house_v(), rel=1e-6)
        assert volts * amps == pytest.approx(plant.served_w, rel=1e-5)
        assert await f32(master, 0x46) == pytest.approx(plant.house_hz(), rel=1e-6)
        assert await f32(master, 0x12) == pytest.approx(plant.served_w, rel=1e-6)
        assert [await f32(master, address) for address in (0x18, 0x1E, 0x4A)] == [0.0, 1.0, 0.0]
        assert await f32(master, 0x156) == await f32(master, 0x48) > 318


@pytest.mark.parametrize("meter", METERS)
async def test_places_of_other_phases_read_zero(meter):
    """Protects against a reader of the three-phase meter's total: here that place is 0 W at full load."""
    async with bus_of(meter(running())) as master:
        for address in (0x02, 0x04, 0x08, 0x0E, 0x10, 0x34, 0x38):
            assert await f32(master, address) == 0.0


@pytest.mark.parametrize("meter", METERS)
async def test_the_meter_has_no_sentinel(meter):
    """Protects the zeros without power, and that nothing else stands for unknown; the floats' ends pass."""
    plant = Plant(spec("diesel10k_dse7320", grid_on=False, mode="off", battery_wh=0.0))
    plant.step(5)
    device = meter(plant)
    with pytest.raises(ValueError, match="no not-available value"):
        device.override("l1_w", Missing.UNIMPLEMENTED)
    async with bus_of(device) as master:
        for address in (0x00, 0x06, 0x0C, 0x46):
            assert await f32(master, address) == 0.0
        for value in (-2300.0, 1e9, math.inf, -0.5):
            device.override("l1_w", value)
            assert await f32(master, 0x0C) == value
        device.override("l1_w", math.nan)
        assert math.isnan(await f32(master, 0x0C))


@pytest.mark.parametrize("meter", METERS)
async def test_the_meter_refuses_halves_and_long_reads(meter):
    """Protects the meter's manners: no odd address or quantity, 30 floats at most, no other function."""
    async with bus_of(meter(running())) as master:
        assert (await master.exchange(1, 4, 0x00, 60))[0] == 4
        assert await master.exchange(1, 4, 0x00, 62) == bytes((0x84, 3))
        assert await master.exchange(1, 4, 0x01, 2) == bytes((0x84, 2))
        assert await master.exchange(1, 4, 0x00, 3) == bytes((0x84, 3))
        assert await master.exchange(1, 4, 0x58, 2) == bytes((0x84, 2))
        assert await master.exchange(1, 4, 0x158, 2) == bytes((0x84, 2))
        assert await master.exchange(1, 3, 0x00, 2) == bytes((0x83, 1))


async def test_the_probe_shows_the_height_of_the_fuel():
    """Protects the wire example, decimals and unit, and that the level follows the tank."""
    plant = Plant(spec("diesel10k_dse7320", tank_l=60.0, fuel_l=30.0, tank_height_m=0.8))
    async with bus_of(LevelProbe(plant)) as master:
        reply = await master.ask(bytes.fromhex("0103 0004 0001 c5cb"))
        assert reply[:3] == bytes((1, 3, 2))
        assert int.from_bytes(reply[3:5]) == 398
        assert await master.words(1, 3, 0, 7) == [1, 3, 16, 3, 398, 0, 5000]
        plant.engine.fuel_l = 60.0
        assert await master.words(1, 3, 4, 1) == [798]


async def test_an_empty_tank_reads_a_little_below_zero():
    """Protects the signed value: at empty the probe is slightly negative, never 65,534 mm."""
    plant = Plant(spec("diesel10k_dse7320", fuel_l=0.0))
    async with bus_of(LevelProbe(plant)) as master:
        assert s16((await master.words(1, 3, 4, 1))[0]) == -2


@pytest.mark.parametrize(
    ("unit_code", "decimals", "level", "full_scale"),
    [(16, 3, 498, 5000), (16, 2, 50, 500), (16, 0, 0, 5), (17, 0, 498, 5000), (17, 1, 4980, 32767)],
)
async def test_the_probe_follows_its_unit_and_decimals(unit_code, decimals, level, full_scale):
    """Protects the reader's arithmetic: one height in every unit and number of decimals, held at 16 bits."""
    device = LevelProbe(Plant(spec("diesel10k_dse7320", tank_l=60.0, fuel_l=30.0)))
    device.override("unit_code", unit_code)
    device.override("decimals", decimals)
    async with bus_of(device) as master:
        words = await master.words(1, 3, 2, 5)
        assert words == [unit_code, decimals, level, 0, full_scale]


async def test_diesel_weighs_less_than_water():
    """Protects the commissioning check: an uncorrected probe shows diesel a sixth too low."""
    device = LevelProbe(Plant(spec("diesel10k_dse7320", tank_l=60.0, fuel_l=60.0)))
    device.override("density_permille", 840)
    async with bus_of(device) as master:
        assert await master.words(1, 3, 4, 1) == [838]


async def test_the_probe_at_its_ends_and_what_it_refuses():
    """Protects the extremes of the signed value and the small map."""
    device = LevelProbe(running())
    async with bus_of(device) as master:
        for level in (-32768, -1, 0, 32767):
            device.override("level", level)
            assert s16((await master.words(1, 3, 4, 1))[0]) == level
        assert await master.exchange(1, 3, 4, 4) == bytes((0x83, 2))
        assert await master.exchange(1, 4, 4, 1) == bytes((0x84, 1))
    with pytest.raises(ValueError, match="expected -32768 to 32767"):
        device.override("level", 40_000)
