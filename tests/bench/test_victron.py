"""The simulated Victron box, asked byte by byte over Modbus TCP."""

import pytest

from battery_sites import discharging, s16, sunny
from nsptools.bench.devices.victron_gx import VictronGx
from nsptools.bench.plant import Plant
from nsptools.bench.profiles import spec
from nsptools.bench.registers import Missing
from nsptools.bench.site import Site
from tcp_client import adu, connected, served


async def test_the_system_shows_battery_load_and_source():
    """Protects the registers of unit 100 in use: 840 to 846 and 817 to 825, by both read functions."""
    plant = discharging()
    pack = plant.pack
    async with served(VictronGx(plant)) as (_, connect):
        client = await connect()
        volts, amps, watts, soc, state, consumed, to_go = await client.words(100, 840, 7)
        assert volts == round(pack.voltage_v * 10)
        assert s16(amps) == round(pack.current_a * 10) < -500
        assert s16(watts) == round(pack.voltage_v * pack.current_a) < -3000
        assert (soc, state) == (round(pack.soc * 100), 2)
        assert consumed == pytest.approx((pack.capacity_ah - pack.charge_ah) * 10, abs=1)
        assert to_go * 100 == pytest.approx(pack.charge_ah / -pack.current_a * 3600, abs=100)
        assert await client.words(100, 840, 7, function=4) == [
            volts,
            amps,
            watts,
            soc,
            state,
            consumed,
            to_go,
        ]
        assert sum(await client.words(100, 817, 3)) == pytest.approx(plant.served_w, abs=2)
        assert await client.words(100, 820, 7) == [0] * 6 + [240]


async def test_grid_and_set_have_their_registers():
    """Protects 820 to 826: who carries the load, and charging with its sign, state and no time to go."""
    plant = Plant(spec("diesel10k_charging"))
    plant.step(120)
    async with served(VictronGx(plant)) as (_, connect):
        client = await connect()
        assert sum(await client.words(100, 823, 3)) == pytest.approx(plant.generator_w, abs=2)
        assert await client.words(100, 820, 3) == [0, 0, 0]
        assert await client.words(100, 826, 1) == [2]
        assert s16((await client.words(100, 841, 1))[0]) > 100
        assert (await client.words(100, 844, 3))[0] == 1
        assert (await client.words(100, 846, 1)) == [0]
        plant.grid_on = True
        plant.step(5)
        assert await client.words(100, 826, 1) == [1]
        assert sum(await client.words(100, 820, 3)) == pytest.approx(plant.grid_w, abs=2)


async def test_the_battery_service_has_the_finer_steps():
    """Protects unit 225: 32 and 16-bit power, hundredths of a volt, temperature, limits, alarms as 0 or 2."""
    plant = discharging(ambient_c=-20.0)
    pack = plant.pack
    box = VictronGx(plant)
    async with served(box) as (_, connect):
        client = await connect()
        high, low, watts, volts, _, amps, celsius = await client.words(225, 256, 7)
        assert (high, low) == (0xFFFF, watts)
        assert s16(watts) == round(pack.voltage_v * pack.current_a)
        assert volts == round(pack.voltage_v * 100)
        assert s16(amps) == round(pack.current_a * 10)
        assert s16(celsius) == round(pack.temperature_c * 10) < 0
        used = (pack.capacity_ah - pack.charge_ah) * 10
        assert await client.words(225, 265, 5) == [round(used), round(pack.soc * 1000), 0, 0, 0]
        assert await client.words(225, 272, 3) == [0, 2, 0]
        assert await client.words(225, 284, 1) == [63]
        assert await client.words(225, 303, 1) == await client.words(100, 846, 1) != [0]
        assert await client.words(225, 304, 6) == [1000, 568, 432, 0, 2000, round(pack.capacity_ah * 10)]
        pack.soc = 0.01
        pack.no_charge = True
        assert await client.words(225, 267, 2) == [2, 2]
        assert await client.words(225, 272, 1) == [2]
        box.override("pack_alarm_low_soc", 1)
        assert await client.words(225, 272, 1) == [1]
        box.override("pack_power_w", -70_000)
        assert await client.words(225, 256, 2) == [0xFFFE, 0xEE90]


async def test_panels_have_their_registers():
    """Protects 850 and 851: power and current of the panels on the DC side."""
    plant = sunny()
    async with served(VictronGx(plant)) as (_, connect):
        watts, amps = await (await connect()).words(100, 850, 2)
        assert watts == round(plant.sun_w) > 1500
        assert amps == round(plant.sun_w / plant.pack.voltage_v * 10)
        assert await (await connect()).words(100, 855, 1) == [0]


async def test_nothing_known_reads_zero():
    """Protects the missing sentinel: a lost battery is 0 V and 0 % at the system, and no service at unit 225."""
    plant = discharging()
    box = VictronGx(plant)
    async with served(box) as (_, connect):
        client = await connect()
        box.override("battery_service", 0)
        assert await client.words(100, 840, 7) == [0] * 7
        assert sum(await client.words(100, 817, 3)) > 2500
        assert await client.pdu(225, 3, 259, 1) == bytes((0x83, 0x0A))
        box.release("battery_service")
        assert (await client.words(225, 259, 1))[0] > 5000
        with pytest.raises(ValueError, match="no not-available value"):
            box.override("soc_percent", Missing.UNIMPLEMENTED)
    plain = VictronGx(Plant(spec("diesel10k_dse7320", battery_wh=0.0)))
    assert plain.words(840, 7) == [0] * 7


async def test_gaps_and_strangers():
    """Protects what is not there: reserved words, registers past the end, other units and other services."""
    async with served(VictronGx(discharging())) as (_, connect):
        client = await connect()
        assert await client.words(100, 847, 3) == [0xFFFF] * 3
        assert (await client.words(100, 826, 5))[1:4] == [0xFFFF] * 3
        assert await client.words(100, 808, 3) == [0, 0, 0]
        assert await client.pdu(100, 3, 919, 2) == bytes((0x83, 2))
        assert await client.pdu(100, 3, 799, 1) == bytes((0x83, 2))
        assert await client.pdu(100, 3, 259, 1) == bytes((0x83, 0x0A))
        assert await client.pdu(42, 3, 840, 1) == bytes((0x83, 0x0A))
        assert await client.pdu(42, 3, 60_000, 1) == bytes((0x83, 2))
        assert await client.pdu(100, 3, 840, 0) == bytes((0x83, 3))
        assert await client.pdu(100, 3, 800, 126) == bytes((0x83, 3))
        assert await client.pdu(100, 1, 840, 1) == bytes((0x81, 1))
        assert await client.pdu(100, 6, 840, 1) == bytes((0x86, 1))


async def test_the_box_has_the_names_of_both_services():
    """Protects the doors: one box, one list of names, and each override reaches its own service."""
    box = VictronGx(discharging())
    box.override("soc_percent", 33)
    box.override("pack_soc_permille", 331)
    async with served(box) as (_, connect):
        client = await connect()
        assert await client.words(100, 843, 1) == [33]
        assert await client.words(225, 266, 1) == [331]
        assert (box.values()["soc_percent"], box.values()["pack_soc_permille"]) == (33, 331)
        box.release("pack_soc_permille")
        assert await client.words(225, 266, 1) != [331]
        with pytest.raises(ValueError, match="has no register 'soc'"):
            box.override("soc", 1)
        with pytest.raises(ValueError, match="expected 0 to 65535"):
            box.override("pack_soc_permille", -1)


async def test_a_site_of_battery_panels_and_probe_has_its_doors():
    """Protects the trainer's words: the box on its port, the rest on the bus, every value turned by name."""
    site = Site(
        "Dorpshuis Zuid",
        spec(
            "diesel10k_dse7320",
            devices=("battery", "meter", "tank", "solar"),
            models={
                "battery": "victron_gx",
                "meter": "sdm120",
                "tank": "qdy30a",
                "solar": "srne_controller",
            },
            units={"meter": 2, "tank": 3, "solar": 4},
        ),
        speed=0.0,
    )
    site.set("battery.reply_ms", 0)
    await site.start()
    try:
        async with connected(site.tcp.port) as client:
            site.set("battery.soc_percent", 12)
            site.set("battery.pack_alarm", 2)
            assert await client.words(100, 843, 1) == [12]
            assert await client.words(225, 267, 1) == [2]
            site.set("battery.soc_percent", "auto")
            assert await client.words(100, 843, 1) == [100]
            site.set("battery.mute", 1)
            client.writer.write(adu(225, 3, 266, 1, transaction=1))
            client.writer.write(adu(100, 3, 843, 1, transaction=2) + adu(9, 3, 843, 1, transaction=3))
            assert (await client.reply())[0] == 3
        site.set("solar.battery_c", -7)
        site.set("tank.decimals", 1)
        assert [site.get(name) for name in ("solar.battery_c", "tank.decimals", "meter.l1_pf")] == [
            "-7",
            "1",
            "1",
        ]
        with pytest.raises(ValueError, match="no not-available value"):
            site.set("battery.soc_percent", "sentinel")
    finally:
        await site.stop()
