"""The simulated JK-BMS of the PB series, asked byte by byte on a bus."""

import pytest

from battery_sites import charging, discharging, s16, s32
from nsptools.bench.devices.jk_pb import JkBattery
from raw_master import bus_of, request


async def test_jk_counts_bytes_and_registers_as_measured():
    """Protects the measured example: 10 registers from 1200h are the ten cells at 1200h, 1202h, ... 1212h."""
    plant = discharging()
    device = JkBattery(plant)
    device.override("warm", 1)
    device.override("loss_permille", 0)
    for cell in range(1, 17):
        device.override(f"cell{cell}_mv", 3300 + cell)
    async with bus_of(device) as master:
        reply = await master.ask(bytes.fromhex("0103 1200 000a c0b5"))
        assert reply[:3] == bytes.fromhex("010314")
        assert await master.words(1, 3, 0x1200, 10) == list(range(3301, 3311))
        assert await master.words(1, 3, 0x1202, 1) == [3302]
        assert await master.words(1, 3, 0x1212, 2) == [3310, 3311]
        assert await master.words(1, 3, 0x1220, 1) == [0]


async def test_jk_shows_the_pack_in_both_directions():
    """Protects places, word order and signs: voltage, current, unsigned power, charge, and half words."""
    for plant, sign in ((discharging(), -1), (charging(), 1)):
        device = JkBattery(plant)
        device.override("warm", 1)
        device.override("loss_permille", 0)
        pack = plant.pack
        async with bus_of(device) as master:
            reply = await master.ask(bytes.fromhex("0103 1290 0002 c15e"))
            assert int.from_bytes(reply[3:7]) == pytest.approx(pack.voltage_v * 1000, abs=1)
            words = await master.words(1, 3, 0x1290, 40)
            # One read of 80 bytes: registers lie two addresses apart.
            at = {0x1290 + 2 * i: word for i, word in enumerate(words)}
            assert s32(at[0x1298], at[0x129A]) == pytest.approx(pack.current_a * 1000, abs=1)
            assert s32(at[0x1298], at[0x129A]) * sign > 50_000
            assert s32(at[0x1294], at[0x1296]) == pytest.approx(
                abs(pack.voltage_v * pack.current_a) * 1000, abs=2
            )
            assert s16(at[0x129C]) == pytest.approx(pack.temperature_c * 10, abs=5)
            assert at[0x12A6] == round(pack.soc * 100)
            assert s32(at[0x12A8], at[0x12AA]) == pytest.approx(pack.charge_ah * 1000, abs=1)
            assert s32(at[0x12AC], at[0x12AE]) == pytest.approx(pack.capacity_ah * 1000, abs=1)
            assert at[0x12B8] == 100 << 8
            assert at[0x12C0] == 0x0101
            about = await master.words(1, 3, 0x1400, 8)
            assert b"".join(word.to_bytes(2) for word in about).rstrip(b"\0") == b"JK_PB2A16S20P"


async def test_jk_alarms_and_switches_follow_the_pack():
    """Protects the alarm bits: an open charge switch, an empty pack and every bit by name."""
    plant = discharging()
    device = JkBattery(plant)
    device.override("warm", 1)
    device.override("loss_permille", 0)
    async with bus_of(device) as master:
        assert await master.words(1, 3, 0x12A0, 2) == [0, 0]
        plant.pack.no_charge = True
        assert await master.words(1, 3, 0x12A0, 2) == [1, 0]
        assert await master.words(1, 3, 0x12C0, 1) == [0x0001]
        plant.pack.soc = 0.01
        assert await master.words(1, 3, 0x12A0, 2) == [1, 1 << 12 | 1 << 11]
        assert await master.words(1, 3, 0x12C0, 1) == [0]
        plant.pack.no_charge = False
        plant.pack.soc = 0.5
        bits = {"alarm_wire_resistance": 0, "alarm_charge_under_temperature": 9, "alarm_discharge_mos": 17}
        for name, bit in bits.items():
            device.override(name, 1)
            assert s32(*await master.words(1, 3, 0x12A0, 2)) == 1 << bit
            device.release(name)
        device.override("soc_percent", 7)
        device.override("balance_state", 2)
        assert await master.words(1, 3, 0x12A6, 1) == [0x0207]
        device.override("temperature1_dc", -105)
        assert s16((await master.words(1, 3, 0x129C, 1))[0]) == -105


async def test_jk_says_nothing_beyond_its_limits():
    """Protects what a reader must survive: more than 40 registers, odd or unknown addresses get no answer."""
    device = JkBattery(discharging())
    device.override("warm", 1)
    device.override("loss_permille", 0)
    async with bus_of(device) as master:
        assert await master.exchange(1, 3, 0x1200, 40) is not None
        assert await master.exchange(1, 3, 0x1200, 41) is None
        assert await master.exchange(1, 3, 0x1291, 1) is None
        assert await master.exchange(1, 3, 0x1300, 1) is None
        assert await master.exchange(1, 4, 0x1200, 1) is None


def test_jk_goes_deaf_on_a_cold_bus():
    """Protects the measured fault: the first read fails, some seconds later all do, and only a write wakes it."""
    device = JkBattery(discharging())
    read = request(1, 3, 0x1200, 10)[1:-2]
    assert not device.hears(read, 100.0)
    assert all(device.hears(read, 100.0 + 0.5 * i) for i in range(1, 10))
    assert not any(device.hears(read, 105.0 + 10.0 * i) for i in range(100))
    assert device.writes == 0
    assert device.hears(bytes.fromhex("10162000010200 00"), 2000.0)
    assert device.writes == 1
    assert device.hears(read, 2001.0)
    assert not device.hears(read, 2006.0)


def test_jk_on_a_warm_bus_answers_half():
    """Protects the other measured fault: about half of the reads stay without an answer, the same by seed."""

    def answers():
        device = JkBattery(discharging())
        device.override("warm", 1)
        return [device.hears(b"\x03", float(i)) for i in range(1000)]

    assert 430 < sum(answers()) < 570
    assert answers() == answers()


async def test_the_rest_of_the_jk():
    """Protects the registers that a technician compares with the maker's app."""
    plant = discharging()
    device = JkBattery(plant)
    device.override("warm", 1)
    device.override("loss_permille", 0)
    cells = device.words(0x1200, 16)
    async with bus_of(device) as master:

        async def u32(address):
            high, low = await master.words(1, 3, address, 2)
            return high << 16 | low

        assert await u32(0x1004) == 2700
        assert await u32(0x100C) == 3600
        assert await u32(0x106C) == 16
        assert await u32(0x1240) == 0xFFFF
        mean, difference, numbers = await master.words(1, 3, 0x1244, 3)
        assert mean == pytest.approx(sum(cells) / 16, abs=1)
        assert difference == pytest.approx(max(cells) - min(cells), abs=1)
        assert cells[numbers >> 8] == max(cells)
        assert cells[numbers & 0xFF] == min(cells)
        pack_c = plant.pack.temperature_c
        assert (await master.words(1, 3, 0x128A, 1))[0] / 10 == pytest.approx(pack_c + 5, abs=3)
        assert (await master.words(1, 3, 0x129E, 1))[0] / 10 == pytest.approx(pack_c + 0.2, abs=0.1)
        assert await master.words(1, 3, 0x12A4, 1) == [0]
        assert await u32(0x12B0) == 63
        assert await u32(0x12BC) == 60
