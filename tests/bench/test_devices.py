"""Register images of the three devices: addresses, word orders, sentinels, refusals."""

import struct

import pytest

from nsptools.bench.dse7320 import DseGenset
from nsptools.bench.gencomm import SENTINELS
from nsptools.bench.plant import Plant
from nsptools.bench.profiles import demo_spec, spec
from nsptools.bench.registers import Kind, Missing, Register, pack
from nsptools.bench.sdm630 import Sdm630Meter
from nsptools.bench.seplos_v3 import SeplosBattery


def running():
    """The demo's first point after a minute of plant time."""
    plant = Plant(demo_spec(0))
    plant.step(60)
    return plant


def u32(device, address):
    """A 32-bit value, high word first."""
    high, low = device.words(address, 2)
    return high << 16 | low


def f32(device, address):
    """A float, high word first."""
    return struct.unpack(">f", struct.pack(">2H", *device.words(address, 2)))[0]


def test_packing_puts_the_high_word_first_and_holds_at_the_limits():
    """Protects word order and signs of every kind."""
    assert pack(Kind.U16, 47.4) == [47]
    assert pack(Kind.S16, -2) == [0xFFFE]
    assert pack(Kind.U32, 0x12345678) == [0x1234, 0x5678]
    assert pack(Kind.S32, -2) == [0xFFFF, 0xFFFE]
    assert pack(Kind.F32, 230.0) == [0x4366, 0x0000]
    assert pack(Kind.U16, 70000) == [0xFFFF]


@pytest.mark.parametrize(
    ("kind", "reason", "words"),
    [
        (Kind.U16, Missing.UNIMPLEMENTED, [0xFFFF]),
        (Kind.S16, Missing.OVER_RANGE, [0x7FFE]),
        (Kind.U32, Missing.UNDER_RANGE, [0xFFFF, 0xFFFD]),
        (Kind.S32, Missing.TRANSDUCER_FAULT, [0x7FFF, 0xFFFC]),
        (Kind.U16, Missing.RESERVED, [0xFFF8]),
    ],
)
def test_sentinels_of_each_kind(kind, reason, words):
    """Protects the not-available codes of the generator controller."""
    assert pack(kind, reason, SENTINELS) == words


def test_dse_shows_the_running_set():
    """Protects GenComm's addresses and scales, read word by word as the maker lists them."""
    plant = running()
    dse = DseGenset(plant)
    assert dse.words(768, 2) == [1, 32841]
    assert dse.words(772, 1) == [1]
    assert dse.words(774, 1) == [0]
    oil, coolant, oil_t, fuel, alternator, starter, rpm, hertz = dse.words(1024, 8)
    assert 200 < oil < 500
    assert 70 < coolant < 90
    assert oil_t == 0x7FFF
    assert fuel == round(100 * plant.engine.fuel_l / 40)
    assert (alternator, starter, rpm) == (142, 142, 1500)
    assert 495 <= hertz <= 505
    for address in (1032, 1034, 1036):
        assert 2270 < u32(dse, address) < 2330
    assert u32(dse, 1038) == pytest.approx(u32(dse, 1032) * 1.732, rel=1e-3)
    phases = [u32(dse, address) for address in (1052, 1054, 1056)]
    assert sum(phases) == pytest.approx(u32(dse, 1536), abs=2)
    assert u32(dse, 1536) == round(plant.generator_w)
    assert u32(dse, 1044) == pytest.approx(phases[0] / 230 * 10, rel=0.02)
    assert u32(dse, 1050) == 0xFFFFFFFF
    assert dse.words(1408, 1) == [3]
    assert u32(dse, 1290) == pytest.approx(239, abs=8)
    assert dse.words(1558, 1)[0] == pytest.approx(800, abs=30)
    assert u32(dse, 1798) == 412 * 3600 + 60
    assert u32(dse, 1808) == 188
    assert u32(dse, 1060) == 0
    assert dse.words(1059, 1) == [0]
    assert u32(dse, 1084) == 0x7FFFFFFF


def test_dse_shows_the_grid_and_the_standing_set():
    """Protects the mains registers and the resting ones."""
    plant = Plant(spec("diesel10k_dse7320"))
    plant.step(60)
    dse = DseGenset(plant)
    assert 2270 < u32(dse, 1060) < 2360
    assert 3900 < u32(dse, 1066) < 4100
    assert 498 <= dse.words(1059, 1)[0] <= 502
    assert dse.words(1408, 1) == [0]
    assert dse.words(1028, 4) == [0, 128, 0, 0]
    assert u32(dse, 1032) == 0
    assert u32(dse, 1536) == 0
    assert dse.words(1200, 4) == [0xFFFF] * 4


@pytest.mark.parametrize(("mode", "code"), [("off", 0), ("auto", 1), ("manual", 2), ("test", 3)])
def test_dse_modes(mode, code):
    """Protects the numbers of the mode selector."""
    plant = running()
    plant.engine.mode = mode
    assert DseGenset(plant).words(772, 1) == [code]


def test_dse_alarms_sit_in_their_nibbles():
    """Protects the alarm page: first alarm in the top nibble, and the class bits of 774 follow."""
    plant = running()
    dse = DseGenset(plant)
    assert len(dse.words(39425, 20)) == 20
    assert dse.words(39425, 4) == [0x1111, 0x1111, 0x1111, 0x1111]
    plant.engine.fuel_l = 7.0
    assert dse.words(39430, 1)[0] >> 4 & 0xF == 2
    assert dse.words(774, 1) == [1 << 11]
    plant.engine.estop = True
    assert dse.words(39425, 1) == [0x3111]
    assert dse.words(774, 1) == [1 << 13 | 1 << 11]
    plant.engine.estop = False
    plant.engine.fuel_l = 0.0
    plant.step(2)
    assert dse.words(39426, 1) == [0x3111]
    assert dse.words(1408, 1) == [0]
    plant.engine.mode = "auto"
    plant.step(120)
    assert dse.words(39428, 1) == [0x1311]
    dse.override("alarm_high_coolant", 4)
    assert dse.words(39425, 1) == [0x1141]
    assert dse.words(774, 1)[0] & 1 << 12
    with pytest.raises(ValueError, match="expected 0 to 15"):
        dse.override("alarm_high_coolant", 16)


def test_dse_refuses_as_a_controller():
    """Protects the block rules: page ends, 64 registers, missing pages and every other function."""
    dse = DseGenset(running())
    assert dse.refusal(3, 1024, 64) == 0
    assert dse.refusal(3, 1024, 65) == 3
    assert dse.refusal(3, 1024, 0) == 3
    assert dse.refusal(3, 1279, 2) == 2
    assert dse.refusal(3, 2048, 1) == 2
    assert dse.refusal(3, 39424, 20) == 0
    assert dse.refusal(3, 39425, 20) == 0
    assert dse.refusal(3, 39425, 21) == 2
    for function in (1, 2, 4, 5, 6, 15, 16, 23):
        assert dse.refusal(function, 1024, 1) == 1


def test_seplos_shows_the_pack():
    """Protects the battery's addresses, scales and signs."""
    plant = Plant(spec("diesel10k_dse7320", grid_on=False, mode="off", load_w=3000.0, soc=0.75))
    plant.step(30)
    bms = SeplosBattery(plant)
    words = bms.words(0x1000, 18)
    assert words[0] == pytest.approx(plant.pack.voltage_v * 100, abs=1)
    assert words[1] - 0x10000 == round(plant.pack.current_a * 100) < 0
    assert words[2] == pytest.approx(390.6 * 0.75 * 100, rel=0.01)
    assert words[5] == pytest.approx(748, abs=3)
    assert words[0x0F] == 200
    cells = bms.words(0x1100, 26)
    assert sum(cells[:16]) == pytest.approx(words[0] * 10, abs=20)
    assert cells[0x10] / 10 - 273.0 == pytest.approx(plant.pack.temperature_c, abs=1)
    assert bms.bits(0x1278, 2) == [True, True]
    assert bms.bits(0x1430, 1) == [True]
    plant.pack.soc = 0.01
    plant.pack.no_charge = True
    assert bms.bits(0x1278, 2) == [False, False]
    assert bms.bits(0x1430, 1) == [False]


def test_seplos_refuses_outside_its_blocks():
    """Protects the battery's map: two word blocks, two bit blocks, nothing between."""
    bms = SeplosBattery(running())
    assert bms.refusal(4, 0x1000, 18) == 0
    assert bms.refusal(4, 0x1000, 19) == 2
    assert bms.refusal(4, 0x1100, 26) == 0
    assert bms.refusal(4, 0x1012, 1) == 2
    assert bms.refusal(1, 0x1200, 0x90) == 0
    assert bms.refusal(1, 0x1290, 1) == 2
    assert bms.refusal(1, 0x1200, 2001) == 3
    assert bms.refusal(3, 0x1000, 1) == 1


def test_sdm630_shows_the_load():
    """Protects the meter's addresses and float order, and that it meters the load and not the charger."""
    plant = Plant(spec("diesel10k_charging"))
    plant.step(120)
    meter = Sdm630Meter(plant)
    assert f32(meter, 0x34) == pytest.approx(plant.served_w)
    assert plant.generator_w > plant.served_w + 500
    assert sum(f32(meter, address) for address in (0x0C, 0x0E, 0x10)) == pytest.approx(
        plant.served_w, rel=1e-5
    )
    assert f32(meter, 0x00) == pytest.approx(plant.generator_v(), rel=1e-5)
    assert f32(meter, 0x06) == pytest.approx(f32(meter, 0x0C) / f32(meter, 0x00), rel=1e-5)
    assert f32(meter, 0x46) == pytest.approx(plant.generator_hz(), rel=1e-5)
    assert f32(meter, 0x156) == f32(meter, 0x48) == pytest.approx(5214 + plant.energy.served_wh / 1000)


def test_sdm630_has_no_sentinel_and_refuses_halves():
    """Protects the meter's manners: zeros without power, no odd address or quantity, at most 80 registers."""
    plant = Plant(spec("diesel10k_dse7320", grid_on=False, mode="off", battery_wh=0.0))
    plant.step(5)
    meter = Sdm630Meter(plant)
    assert [f32(meter, address) for address in (0x00, 0x34, 0x46)] == [0.0, 0.0, 0.0]
    assert meter.refusal(4, 0x00, 80) == 0
    assert meter.refusal(4, 0x00, 82) == 3
    assert meter.refusal(4, 0x01, 2) == 2
    assert meter.refusal(4, 0x00, 3) == 3
    assert meter.refusal(4, 0x58, 2) == 2
    assert meter.refusal(3, 0x00, 2) == 1
    with pytest.raises(ValueError, match="the meter has no not-available value"):
        meter.override("total_w", Missing.UNIMPLEMENTED)


def test_overrides_come_and_go():
    """Protects the trainer's door: a forced value shows until it is released."""
    plant = running()
    dse = DseGenset(plant)
    dse.override("fuel_percent", 47)
    assert dse.words(1027, 1) == [47]
    dse.override("fuel_percent", Missing.TRANSDUCER_FAULT)
    assert dse.words(1027, 1) == [0xFFFC]
    dse.release("fuel_percent")
    assert dse.words(1027, 1) == [round(plant.fuel_fraction * 100)]
    with pytest.raises(ValueError, match=r"no register 'fuel'; it has .*fuel_percent"):
        dse.override("fuel", 1)
    with pytest.raises(ValueError, match="expected 0 to 65535"):
        dse.override("fuel_percent", -1)


def test_a_bad_table_cannot_load():
    """Protects the tables: overlapping, doubled or stray registers are refused with their name."""

    def device_with(*table):
        return type("Broken", (Sdm630Meter,), {"table": table})

    plant = running()
    with pytest.raises(ValueError, match=r"meter\.b overlaps"):
        device_with(Register(0, "a", Kind.F32), Register(1, "b", Kind.U16))(plant)
    with pytest.raises(ValueError, match="two registers are named a"):
        device_with(Register(0, "a", Kind.F32), Register(2, "a", Kind.F32))(plant)
    with pytest.raises(ValueError, match=r"meter\.far .*outside"):
        device_with(Register(0x200, "far", Kind.F32))(plant)


def test_every_named_register_has_a_live_value():
    """Protects against a table line that the physics forgot."""
    plant = running()
    for device in (DseGenset(plant), SeplosBattery(plant), Sdm630Meter(plant)):
        assert set(device.names()) == set(device.values())
