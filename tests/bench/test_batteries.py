"""Simulated battery managers, asked byte by byte on a bus."""

import pytest

from battery_sites import charging, discharging, s16, s32
from nsptools.bench import catalogue
from nsptools.bench.devices.daly import DalyBattery
from nsptools.bench.devices.renogy_battery import RenogyBattery
from nsptools.bench.registers import Missing
from raw_master import bus_of, request

MODELS = ("jk_pb", "daly", "renogy_battery", "victron_gx", "srne_controller", "epever_tracer")


@pytest.mark.parametrize("model", MODELS)
def test_every_name_has_a_live_value(model):
    """Protects against a table line that the physics forgot, and a door that shows nothing."""
    device = catalogue.make(model, charging())
    assert set(device.names()) == set(device.values())


# Daly.


async def test_daly_answers_under_another_address():
    """Protects the wire example: asked at 81h it answers as 51h, or as its setting says."""
    plant = discharging()
    device = DalyBattery(plant)
    async with bus_of(device) as master:
        reply = await master.ask(bytes.fromhex("8103 0038 0003 9bc6"))
        assert reply[:3] == bytes.fromhex("510306")
        volts, amps, soc = await master.words(0x81, 3, 0x38, 3, answers_as=0x51)
        assert volts == round(plant.pack.voltage_v * 10)
        assert amps - 30_000 == round(plant.pack.current_a * 10) < -500
        assert soc == round(plant.pack.soc * 1000)
        assert await master.ask(request(0x51, 3, 0x38, 1)) == b""
        device.override("reply_address", 0xD2)
        await master.words(0x81, 3, 0x38, 1, answers_as=0xD2)
    assert DalyBattery(plant, 0x83).reply_unit == 0x53


async def test_daly_shows_the_pack():
    """Protects places and offsets: cells, temperatures with 255 for none, direction, switches, unsigned power."""
    plant = charging()
    device = DalyBattery(plant)
    pack = plant.pack
    async with bus_of(device) as master:

        async def at(address, count=1):
            return await master.words(0x81, 3, address, count, answers_as=0x51)

        cells = await at(0, 48)
        assert sum(cells[:16]) == pytest.approx(pack.voltage_v * 1000, abs=16)
        assert cells[16:] == [0] * 32
        temperatures = await at(0x30, 8)
        assert temperatures[0] - 40 == pytest.approx(pack.temperature_c, abs=2)
        assert temperatures[4:] == [255] * 4
        assert (await at(0x39))[0] - 30_000 == round(pack.current_a * 10) > 500
        assert await at(0x3B, 3) == [1000, 16, 4]
        assert await at(0x48) == [1]
        assert (await at(0x4B))[0] == pytest.approx(pack.charge_ah * 10, abs=1)
        assert await at(0x52, 2) == [1, 1]
        assert (await at(0x58))[0] == pytest.approx(pack.voltage_v * pack.current_a, abs=1)
        assert await at(0x66, 4) + await at(0x6D, 7) == [0] * 11
        plant.pack.soc = 0.05
        plant.pack.no_charge = True
        assert await at(0x6D, 7) == [0, 0, 0, 1, 0, 0, 1 << 4]
        assert await at(0x52, 2) == [0, 1]
        device.override("heating", 1)
        assert (await at(0x73)) == [1 << 13 | 1 << 4]
    device.plant.grid_on = False
    plant.engine.mode = "off"
    plant.pack.soc = 0.5
    plant.step(5)
    assert device.words(0x48, 1) == [2]


async def test_daly_extremes_and_missing_sensors():
    """Protects the ends of the range: 0 and 65535 as current, frost, and 255 for temperatures only."""
    device = DalyBattery(discharging())
    async with bus_of(device) as master:
        for raw in (0, 29_999, 30_000, 30_001, 65_535):
            device.override("current_raw", raw)
            assert await master.words(0x81, 3, 0x39, 1, answers_as=0x51) == [raw]
        device.override("temperature1_raw", 20)
        device.override("temperature2_raw", Missing.UNIMPLEMENTED)
        assert await master.words(0x81, 3, 0x30, 2, answers_as=0x51) == [20, 255]
        with pytest.raises(ValueError, match="only temperatures have"):
            device.override("soc_permille", Missing.UNIMPLEMENTED)
        assert await master.exchange(0x81, 3, 0x74, 1, answers_as=0x51) == bytes((0x83, 2))
        assert await master.exchange(0x81, 3, 0x00, 126, answers_as=0x51) == bytes((0x83, 3))
        assert await master.exchange(0x81, 4, 0x38, 1, answers_as=0x51) == bytes((0x84, 1))


# Renogy battery.


async def test_renogy_battery_shows_charge_and_no_percentage():
    """Protects decimal addresses, the high word first, signs, and that the share is the reader's division."""
    for plant, sign in ((discharging(), -1), (charging(), 1)):
        device = RenogyBattery(plant)
        pack = plant.pack
        async with bus_of(device) as master:
            amps, volts, *charge = await master.words(0x30, 3, 5042, 6)
            assert s16(amps) == round(pack.current_a * 100)
            assert s16(amps) * sign > 5000
            assert volts == round(pack.voltage_v * 10)
            remaining, capacity = s32(*charge[:2]), s32(*charge[2:])
            assert remaining / capacity == pytest.approx(pack.soc, abs=1e-4)
            assert capacity == round(pack.capacity_ah * 1000) > 0xFFFF
            count, *cells = await master.words(0x30, 3, 5000, 17)
            assert count == 16
            assert sum(cells) == pytest.approx(volts, abs=8)
            sensors, *temperatures = await master.words(0x30, 3, 5017, 17)
            assert sensors == 4
            assert temperatures[0] / 10 == pytest.approx(pack.temperature_c, abs=1)
            assert temperatures[4:] == [0] * 12


async def test_renogy_battery_extremes_and_refusals():
    """Protects frost, full and empty charge, other addresses, and what it refuses."""
    device = RenogyBattery(discharging(), 0xF7)
    async with bus_of(device) as master:
        device.override("temperature1_dc", -200)
        device.override("current_ca", -32768)
        device.override("remaining_mah", 0)
        device.override("capacity_mah", 0xFFFFFFFF)
        assert s16((await master.words(0xF7, 3, 5018, 1))[0]) == -200
        assert await master.words(0xF7, 3, 5042, 1) == [0x8000]
        assert await master.words(0xF7, 3, 5044, 4) == [0, 0, 0xFFFF, 0xFFFF]
        assert await master.exchange(0xF7, 3, 5040, 9) == bytes((0x83, 2))
        assert await master.exchange(0xF7, 3, 4999, 1) == bytes((0x83, 2))
        assert await master.exchange(0xF7, 4, 5042, 1) == bytes((0x84, 1))
        assert await master.exchange(0x30, 3, 5042, 1) is None
        text = b"".join(word.to_bytes(2) for word in await master.words(0xF7, 3, 5122, 8))
        assert text.startswith(b"RBT100LFP12S")


async def test_the_rest_of_the_daly():
    """Protects extremes of cells, cycles and switch temperature, with their numbers counted from 1."""
    plant = discharging()
    pack_c = plant.pack.temperature_c
    async with bus_of(DalyBattery(plant)) as master:
        cells = await master.words(0x81, 3, 0, 16, answers_as=0x51)
        high, high_at, low, low_at, difference = await master.words(0x81, 3, 0x3E, 5, answers_as=0x51)
        assert (high, low) == (max(cells), min(cells))
        assert (cells[high_at - 1], cells[low_at - 1]) == (high, low)
        assert difference == pytest.approx(high - low, abs=1)
        temperatures = await master.words(0x81, 3, 0x30, 4, answers_as=0x51)
        assert temperatures == [pytest.approx(40 + pack_c, abs=1.2)] * 4
        assert await master.words(0x81, 3, 0x4C, 1, answers_as=0x51) == [63]
        mos = await master.words(0x81, 3, 0x5A, 1, answers_as=0x51)
        assert mos[0] - 40 == pytest.approx(pack_c + 5, abs=3)


async def test_the_rest_of_the_renogy_battery():
    """Protects every sensor and the address register."""
    plant = discharging()
    async with bus_of(RenogyBattery(plant)) as master:
        temperatures = await master.words(0x30, 3, 5018, 4)
        assert temperatures == [pytest.approx(plant.pack.temperature_c * 10, abs=7)] * 4
        assert await master.words(0x30, 3, 5223, 1) == [0x30]
