"""Simulated solar controllers, asked byte by byte on a bus."""

import pytest

from battery_sites import s16, s32, sunny
from nsptools.bench.devices.epever_tracer import EpeverTracer
from nsptools.bench.devices.srne_controller import SrneController
from raw_master import bus_of


async def test_srne_shows_the_panels():
    """Protects the block that is read at once: 34 registers from 0100h, with charge and load apart."""
    plant = sunny()
    device = SrneController(plant)
    async with bus_of(device) as master:
        words = await master.words(1, 3, 0x0100, 34)
        soc, volts, charge, _, load_v, load_a, load_w, panel_v, panel_a, sun = words[:10]
        assert soc == round(plant.pack.soc * 100)
        assert volts == load_v == round(plant.pack.voltage_v * 10)
        assert charge == pytest.approx(plant.sun_w / plant.pack.voltage_v * 100, abs=1)
        assert sun == round(plant.sun_w) > 1500
        assert panel_v * panel_a / 1000 == pytest.approx(sun, rel=0.01)
        assert load_w == pytest.approx(300 / 0.93, rel=0.04)
        assert load_a * volts / 1000 == pytest.approx(load_w, rel=0.01)
        assert words[0x20] == 0x80 << 8 | 2
        assert words[0x21] == 0
        device.override("load_on_terminals", 0)
        assert (await master.words(1, 3, 0x0104, 3)) == [0, 0, 0]
        assert await master.words(1, 3, 0xE004, 1) == [4]
        assert await master.words(1, 3, 0x001A, 1) == [1]


@pytest.mark.parametrize(
    ("controller", "battery", "word"),
    [(25, 15, 0x190F), (25, -3, 0x1983), (-10, -10, 0x8A8A), (0, 0, 0), (127, -127, 0x7FFF)],
)
async def test_srne_temperatures_are_sign_and_magnitude(controller, battery, word):
    """Protects the two bytes of one word: controller high, battery low, the top bit is the minus."""
    device = SrneController(sunny())
    device.override("controller_c", controller)
    device.override("battery_c", battery)
    async with bus_of(device) as master:
        assert await master.words(1, 3, 0x0103, 1) == [word]


async def test_srne_states_by_day_and_night():
    """Protects the charge states: off in the dark, tracking by day, floating when full; and what it refuses."""
    dark = SrneController(sunny(start_h=23.0))
    full = SrneController(sunny(soc=1.0), 2)
    async with bus_of(dark, full) as master:
        assert await master.words(1, 3, 0x0107, 3) == [0, 0, 0]
        assert (await master.words(1, 3, 0x0120, 1))[0] & 0xFF == 0
        assert (await master.words(2, 3, 0x0120, 1))[0] & 0xFF == 5
        dark.override("charge_state", 6)
        assert (await master.words(1, 3, 0x0120, 1))[0] & 0xFF == 6
        assert await master.exchange(1, 3, 0x0122, 2) == bytes((0x83, 2))
        assert await master.exchange(1, 4, 0x0100, 1) == bytes((0x84, 1))


async def test_epever_puts_the_low_word_first():
    """Protects the 32-bit order and the hundredths, with the wire example for the charge."""
    plant = sunny()
    device = EpeverTracer(plant)
    async with bus_of(device) as master:
        reply = await master.ask(bytes.fromhex("0104 311a 0001 1ef1"))
        assert reply[:5] == bytes((1, 4, 2, 0, round(plant.pack.soc * 100)))
        panel_v, panel_a, low, high, volts, amps, charge_low, charge_high = await master.words(
            1, 4, 0x3100, 8
        )
        assert (high << 16 | low) == pytest.approx(plant.sun_w * 100, abs=1)
        assert high > 0
        assert panel_v * panel_a / 10_000 == pytest.approx(plant.sun_w, rel=0.01)
        assert volts * amps / 10_000 == pytest.approx(plant.sun_w, rel=0.01)
        assert (charge_high << 16 | charge_low) == pytest.approx(plant.sun_w * 100, rel=0.001)
        load_low, load_high = await master.words(1, 4, 0x310E, 2)
        assert (load_high << 16 | load_low) / 100 == pytest.approx(300 / 0.93, rel=0.04)
        device.override("net_ca", -3)
        assert await master.words(1, 4, 0x331A, 3) == [volts, 0xFFFD, 0xFFFF]
        device.override("panel_cw", 0x0004_93E0)
        assert await master.words(1, 4, 0x3102, 2) == [0x93E0, 0x0004]


async def test_epever_net_current_has_both_signs():
    """Protects the sign: charging by day, discharging at night, and blind to an inverter on the battery."""
    day, night = EpeverTracer(sunny()), EpeverTracer(sunny(start_h=23.0), 2)
    async with bus_of(day, night) as master:

        async def net(unit):
            low, high = await master.words(unit, 4, 0x331B, 2)
            return s32(high, low)

        assert await net(1) == pytest.approx(day.plant.pack.current_a * 100, abs=2)
        assert await net(1) > 1000
        assert await net(2) == pytest.approx(night.plant.pack.current_a * 100 - 3, abs=2)
        assert await net(2) < -300
        night.override("load_on_terminals", 0)
        assert await net(2) == -3


async def test_epever_flags_and_states():
    """Protects flags and status words: night, heat, the load switch, low voltage, charge states."""
    plant = sunny()
    day, night = EpeverTracer(plant), EpeverTracer(sunny(start_h=23.0), 2)
    async with bus_of(day, night) as master:
        assert await master.bits(1, 2, 0x2000, 1) == [False]
        assert await master.bits(1, 2, 0x200C, 1) == [False]
        assert await master.bits(2, 2, 0x200C, 1) == [True]
        assert await master.bits(1, 1, 2, 1) == [True]
        assert await master.words(1, 4, 0x3200, 2) == [0, 1 | 2 << 2]
        assert await master.words(2, 4, 0x3201, 1) == [1]
        plant.pack.soc = 0.01
        assert await master.words(1, 4, 0x3200, 1) == [3]
        day.override("over_temperature", 1)
        day.override("battery_cc", -1250)
        assert await master.bits(1, 2, 0x2000, 1) == [True]
        assert s16((await master.words(1, 4, 0x3110, 1))[0]) == -1250
        assert await master.words(1, 4, 0x311D, 1) == [4800]


async def test_epever_refuses_between_its_blocks():
    """Protects the gaps: places between two blocks do not exist, those within the first read 0."""
    async with bus_of(EpeverTracer(sunny())) as master:
        assert (await master.words(1, 4, 0x3100, 16))[8:12] == [0, 0, 0, 0]
        assert await master.exchange(1, 4, 0x3110, 11) == bytes((0x84, 2))
        assert await master.exchange(1, 4, 0x331A, 4) == bytes((0x84, 2))
        assert await master.exchange(1, 3, 0x3100, 1) == bytes((0x83, 1))
        assert await master.exchange(1, 2, 0x2001, 1) == bytes((0x82, 2))


async def test_the_rest_of_both_controllers():
    """Protects load switch and faults of the one, load terminals and temperatures of the other."""
    plant = sunny()
    srne, epever = SrneController(plant), EpeverTracer(plant, 2)
    volts = plant.pack.voltage_v
    async with bus_of(srne, epever) as master:
        assert await master.words(1, 3, 0x010A, 1) == [1]
        assert await master.words(1, 3, 0x0121, 2) == [0, 0]
        text = b"".join(word.to_bytes(2) for word in await master.words(1, 3, 0x000C, 8))
        assert text.strip() == b"RNG-CTRL-RVR40"
        load_v, load_a = await master.words(2, 4, 0x310C, 2)
        assert load_v == round(volts * 100)
        assert load_a == pytest.approx(300 / 0.93 / volts * 100, rel=0.04)
        battery, case, switch = await master.words(2, 4, 0x3110, 3)
        assert battery == round(plant.pack.temperature_c * 100)
        assert case == switch == pytest.approx(2800, abs=300)
        assert await master.words(2, 4, 0x311B, 1) == [battery]
        assert await master.words(2, 4, 0x3202, 1) == [1]
