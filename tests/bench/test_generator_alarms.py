"""Alarms of the simulated generator controllers: every bit, nibble, coil and code in its place."""

import struct

import pytest

from nsptools.bench import catalogue, controller
from nsptools.bench.plant import Plant
from nsptools.bench.profiles import spec
from rtu_asker import bus, spec_with


async def test_texts_of_comap():
    """Protects the name that tells a ComAp from others, and the alarm list in words."""
    async with bus("comap_il4") as (site, asker):
        ident = struct.pack(">16H", *await asker.words(1307, 16))
        assert ident.rstrip(b"\0") == b"InteliLite4-AMF25"
        assert await asker.words(4214) == [0]
        site.set("plant.estop", 1)
        site.plant.step(1)
        assert await asker.words(4214) == [1]
        assert struct.pack(">27H", *await asker.words(4215, 27)).rstrip(b"\0") == b"*Sd Emergency stop"
        assert set(await asker.words(4215 + 27, 27)) == {0}
        assert await asker.words(1298) == [12]


async def test_every_alarm_of_the_first_dse_generation():
    """Protects the order of page 8: each alarm shows in its nibble and in the status bits of its class."""
    places = {"emergency_stop": 0, "fail_to_start": 6, "starter_low": 24, "low_fuel": 26, "mains_failed": 38}
    places |= {"maintenance": 41, "mains_reverse_power": 59, "low_coolant_temperature": 79, "overload": 93}
    async with bus("dse3110") as (site, asker):
        names = [name for name in site.devices["generator"].names() if name.startswith("alarm_")]
        assert await asker.words(2048) == [100]
        rest = await asker.words(2049, 25)
        seen = {}
        for name in names:
            if name == "alarm_count":
                continue
            site.set(f"generator.{name}", 3)
            now = await asker.words(2049, 25)
            nibbles = [word >> 12 - 4 * i & 15 for word in now for i in range(4)]
            before = [word >> 12 - 4 * i & 15 for word in rest for i in range(4)]
            (seen[name.removeprefix("alarm_")],) = [i for i in range(100) if nibbles[i] != before[i]]
            assert nibbles[seen[name.removeprefix("alarm_")]] == 3
            site.set(f"generator.{name}", "auto")
        assert len(set(seen.values())) == len(seen)
        assert {name: seen[name] for name in places} == places
        site.set("generator.alarm_overload", 4)
        assert await asker.words(774) == [1 << 12]


async def test_dse_with_status_bits_only():
    """Protects the family whose alarm page is unknown: the classes of its alarms show, and nothing else."""
    async with bus("dse4520mk2") as (site, asker):
        assert await asker.words(774) == [0]
        site.set("plant.fuel_l", 5)
        assert await asker.words(774) == [1 << 11]
        site.set("generator.alarm_emergency_stop", 3)
        assert await asker.words(774) == [1 << 13 | 1 << 11]


async def test_every_coil_of_smartgen():
    """Protects the alarm coils: each in its place, with the common ones of its class."""
    places = {"emergency_stop": 8, "crank_failure": 0x11, "low_fuel_shutdown": 0x16, "low_fuel_warning": 0x1C}
    places |= {"battery_undervoltage": 0x1E, "fuel_sensor_open": 0x25, "charger_warning": 0x46}
    async with bus("smartgen_hgm4000n") as (site, asker):
        rest = await asker.coils(0, 0x55)
        assert rest[:8] == [0, 0, 0, 0, 0, 0, 0, 1]
        table = [
            bit
            for bit in site.devices["generator"].bit_table
            if bit.address >= 8 and bit.address not in range(0x28, 0x2C)
        ]
        for bit in table:
            site.set(f"generator.{bit.name}", 1)
            now = await asker.coils(0, 0x55)
            changed = [i for i in range(0x55) if now[i] != rest[i]]
            common = 2 if bit.address < 0x18 else 1
            assert changed == [0, common, bit.address]
            assert places.get(bit.name, bit.address) == bit.address
            site.set(f"generator.{bit.name}", "auto")
        site.set("generator.common_alarm", 1)
        assert await asker.coils(0, 3) == [1, 0, 0]


async def test_every_warning_of_mebay():
    """Protects the four warning words and the one alarm code."""
    places = {"warn_low_fuel_sensor": (0x1047, 12), "warn_low_fuel_switch": (0x1047, 13)}
    places |= {"warn_overpower": (0x1046, 15), "warn_fuel_sensor_open": (0x1046, 8)}
    places |= {"warn_battery_low": (0x1045, 13), "warn_charger": (0x1045, 14)}
    async with bus("mebay_dc") as (site, asker):
        for name in [name for name in site.devices["generator"].names() if name.startswith("warn_")]:
            site.set(f"generator.{name}", 1)
            words = await asker.words(0x1043, 5)
            assert words[:2] == [0, 0]
            (found,) = [(0x1043 + i, word.bit_length() - 1) for i, word in enumerate(words) if word]
            assert 1 << found[1] in words
            assert places.get(name, found) == found
            site.set(f"generator.{name}", "auto")
        site.set("generator.warnings_1", 0x1001)
        assert await asker.words(0x1047) == [0x1001]


async def test_every_protection_bit_of_ntc():
    """Protects two protections to a word: level 1, level 2 and the sensor, high byte and low."""
    async with bus("comap_ntc") as (site, asker):
        for flag in site.devices["generator"].flags:
            if not flag.register.startswith("protections_"):
                continue
            address = int(flag.register.removeprefix("protections_"), 16)
            site.set(f"generator.{flag.name}", 1)
            assert await asker.words(address) == [1 << flag.bit], flag.name
            site.set(f"generator.{flag.name}", "auto")
        site.set("plant.estop", 1)
        site.plant.step(1)
        assert await asker.words(0x174A) == [6 << 3 << 8]  # level 2 active, in the high byte
        assert await asker.words(0x0196, 2) == [0, 0b1010]


async def test_every_status_bit_of_deif():
    """Protects the one status word: what the maker counts as bit n is bit n - 1, and three bits are the mode."""
    async with bus("deif_sgc400") as (site, asker):
        assert await asker.words(91) == [0b101 << 11 | 1 << 10 | 1 << 8 | 1 << 4]
        assert await asker.words(30) == [0xFFFF]
        site.set("plant.mode", "manual")
        site.plant.step(1)
        assert (await asker.words(91))[0] >> 11 & 7 == 0b100
        for flag in site.devices["generator"].flags:
            for state in (0, 1):
                site.set(f"generator.{flag.name}", state)
                assert (await asker.words(91))[0] >> flag.bit & 1 == state, flag.name


# Where each controller tells of each cause that the plant can raise: model, cause, address, bit.
# fmt: off
CAUSES = (
    ("dse3110", "emergency_stop", 2049, 0x3000), ("dse3110", "fail_to_start", 2050, 0x0030),
    ("dse3110", "under_speed", 2050, 0x3000), ("dse3110", "low_fuel", 2055, 0x0020),
    ("dse3110", "starter_low", 2055, 0x2000), ("dse3110", "overload", 2072, 0x0200),
    ("mebay_dc", "emergency_stop", 0x1043, 0x2E), ("mebay_dc", "fail_to_start", 0x1043, 0x2F),
    ("mebay_dc", "under_speed", 0x1043, 0x02), ("mebay_dc", "low_fuel", 0x1047, 1 << 12),
    ("mebay_dc", "starter_low", 0x1045, 1 << 13), ("mebay_dc", "overload", 0x1046, 1 << 15),
    ("comap_ntc", "emergency_stop", 0x174A, 0x3000), ("comap_ntc", "fail_to_start", 0x1750, 0x3000),
    ("comap_ntc", "under_speed", 0x174D, 0x3000), ("comap_ntc", "low_fuel", 0x16E7, 0x0600),
    ("comap_ntc", "starter_low", 0x1742, 0x0600), ("comap_ntc", "overload", 0x1846, 0x0006),
)
COILS = {"emergency_stop": 0x08, "fail_to_start": 0x11, "under_speed": 0x0A, "low_fuel": 0x1C,
         "starter_low": 0x1E, "overload": 0x47}
# fmt: on


def with_cause(model, cause):
    """A controller on a plant in which exactly this went wrong."""
    standing = {"battery_wh": 0.0, "load_w": 2000.0, "load_variation": 0.0}
    if cause == "overload":
        standing |= {"load_w": 11_000.0, "running": True, "grid_on": False}
    plant = Plant(spec_with(spec("diesel10k_dse7320", dead_l=0.0), model, **standing))
    if cause == "emergency_stop":
        plant.engine.estop = True
    elif cause == "fail_to_start":
        plant.engine.fail_start, plant.grid_on = True, False
    elif cause == "under_speed":
        plant.grid_on = False
        plant.step(60)
        plant.engine.fuel_l = 0.0
        plant.step(2)
        plant.engine.fuel_l = 40.0
    elif cause == "low_fuel":
        plant.engine.fuel_l = 6.0
    elif cause == "starter_low":
        plant.engine.starter_charge = 0.05
    plant.step(120)
    assert list(controller.alarms(plant)) == [cause]
    return catalogue.at_site(plant)["generator"]


@pytest.mark.parametrize(("model", "cause", "address", "mask"), CAUSES)
def test_what_the_plant_raises_reaches_its_word(model, cause, address, mask):
    """Protects the way from a fault of the plant to the maker's alarm."""
    word = with_cause(model, cause).words(address, 1)[0]
    assert word & mask == mask


@pytest.mark.parametrize("cause", controller.CAUSES)
def test_what_the_plant_raises_reaches_coils_and_status(cause):
    """Protects the same for SmartGen's coils, ComAp's count and the class bits of DEIF and DSE."""
    coils = with_cause("smartgen_hgm4000n", cause).bits(0, 0x55)
    assert [i for i in range(8, 0x28) if coils[i]] == [COILS[cause]] * (COILS[cause] < 0x28)
    assert coils[COILS[cause]]
    assert coils[0]
    assert with_cause("comap_il4", cause).words(4214, 1) == [1]
    shutdown = cause in ("emergency_stop", "fail_to_start", "under_speed")
    assert with_cause("deif_sgc400", cause).words(91, 1)[0] & 0b1010 == (0b1000 if shutdown else 0b0010)
    assert with_cause("dse4520mk2", cause).words(774, 1) == [1 << 13 if shutdown else 1 << 11]
