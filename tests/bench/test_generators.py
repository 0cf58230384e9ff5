"""Simulated generator controllers as a master on the wire sees them: addresses, codes, refusals, silence.

The master (rtu_asker) is its own: raw bytes on the pseudo-terminal, its own CRC, no code of the bench.
"""

import asyncio
import struct

import pytest

from nsptools.bench import catalogue
from nsptools.bench.plant import Plant
from nsptools.bench.profiles import demo_spec, spec
from nsptools.bench.site import Site
from port_rig import until
from rtu_asker import bus, checksum, spec_with

UNITS = {model: entry.unit for model, entry in catalogue.MODELS.items() if entry.owner == "generator"}


def u32(words):
    return words[0] << 16 | words[1]


def u32_low_first(words):
    return words[1] << 16 | words[0]


# fmt: off
# Every value that a kit would want: model, address, words, function that reads them, what it must be on the
# demo's first point: an 8 kW load on a warm 10 kW set with half a tank.
RUNNING = (
    ("dse3110",           1027,   1, lambda w: w[0],             49.9),
    ("dse3110",           1029,   1, lambda w: w[0] / 10,        14.2),
    ("dse3110",           1408,   1, lambda w: w[0],             3),
    ("dse3110",           772,    1, lambda w: w[0],             1),
    ("dse3110",           1052,   6, lambda w: sum(map(u32, (w[:2], w[2:4], w[4:]))), 8000),
    ("dse3110",           1536,   2, u32,                        0x7FFFFFFF),
    ("dse3110",           1798,   2, u32,                        412 * 3600 + 60),
    ("dse4520mk2",        1536,   2, u32,                        8000),
    ("dse4520mk2",        769,    1, lambda w: w[0],             32807),
    ("comap_il4",         1004,   1, lambda w: w[0],             1500),
    ("comap_il4",         1006,   1, lambda w: w[0],             82),
    ("comap_il4",         1008,   1, lambda w: w[0] / 10,        3.78),
    ("comap_il4",         1013,   2, lambda w: u32(w) / 10,      412),
    ("comap_il4",         1020,   1, lambda w: w[0],             8),
    ("comap_il4",         1021,   3, sum,                        8),
    ("comap_il4",         1036,   1, lambda w: w[0] / 10,        50),
    ("comap_il4",         1037,   3, lambda w: sum(w) / 3,       230),
    ("comap_il4",         1043,   3, lambda w: sum(w) * 230,     8000),
    ("comap_il4",         1053,   1, lambda w: w[0] / 10,        14.2),
    ("comap_il4",         1055,   1, lambda w: w[0],             50),
    ("comap_il4",         1228,   1, lambda w: w[0],             10),
    ("comap_il4",         1298,   1, lambda w: w[0],             8),
    ("comap_il4",         1382,   1, lambda w: w[0],             2),
    ("comap_ntc",         0x000C, 1, lambda w: w[0] / 10,        14.2),
    ("comap_ntc",         0x0011, 1, lambda w: w[0],             50),
    ("comap_ntc",         0x0086, 1, lambda w: w[0],             1 << 9),
    ("comap_ntc",         0x00A2, 1, lambda w: w[0],             8),
    ("comap_ntc",         0x00F8, 3, lambda w: sum(w) / 3,       230),
    ("comap_ntc",         0x00FF, 1, lambda w: w[0] / 10,        50),
    ("comap_ntc",         0x0107, 1, lambda w: w[0],             8),
    ("comap_ntc",         0x013A, 1, lambda w: w[0],             1500),
    ("comap_ntc",         0x0BC0, 1, lambda w: w[0],             10),
    ("comap_ntc",         0x0E02, 2, u32,                        412),
    ("comap_ntc",         0x0E04, 1, lambda w: w[0],             188),
    ("smartgen_hgm4000n", 0x00,   3, sum,                        0),
    ("smartgen_hgm4000n", 0x07,   3, lambda w: sum(w) / 3,       230),
    ("smartgen_hgm4000n", 0x0A,   3, lambda w: sum(w) / 3,       398),
    ("smartgen_hgm4000n", 0x0D,   1, lambda w: w[0] / 10,        50),
    ("smartgen_hgm4000n", 0x0E,   3, lambda w: sum(w) * 23,      8000),
    ("smartgen_hgm4000n", 0x15,   1, lambda w: w[0],             50),
    ("smartgen_hgm4000n", 0x17,   1, lambda w: w[0],             1500),
    ("smartgen_hgm4000n", 0x18,   1, lambda w: w[0] / 10,        14.2),
    ("smartgen_hgm4000n", 0x1A,   1, lambda w: w[0],             8),
    ("smartgen_hgm4000n", 0x22,   1, lambda w: w[0],             8),
    ("smartgen_hgm4000n", 0x2A,   4, lambda w: u32(w) * 3600 + w[2] * 60 + w[3], 412 * 3600 + 60),
    ("smartgen_hgm4000n", 0x2E,   2, u32,                        188),
    ("smartgen_hgm4000n", 0x34,   3, sum,                        8),
    ("smartgen_hgm4000n", 0x37,   1, lambda w: w[0],             80),
    ("mebay_dc",          0x1000, 1, lambda w: w[0],             1500),
    ("mebay_dc",          0x1001, 1, lambda w: w[0] / 10,        14.2),
    ("mebay_dc",          0x1009, 1, lambda w: w[0] / 10,        50),
    ("mebay_dc",          0x100A, 3, lambda w: sum(w) / 3,       230),
    ("mebay_dc",          0x1010, 3, lambda w: sum(w) * 23,      8000),
    ("mebay_dc",          0x101B, 1, lambda w: w[0] * 100,       8000),
    ("mebay_dc",          0x1025, 3, sum,                        0),
    ("mebay_dc",          0x1036, 2, lambda w: u32(w) / 10,      412),
    ("mebay_dc",          0x103F, 1, lambda w: w[0],             153),
    ("mebay_dc",          0x1041, 1, lambda w: w[0],             18),
    ("mebay_dc",          0x1054, 1, lambda w: w[0],             82),
    ("mebay_dc",          0x1058, 1, lambda w: w[0],             50),
    ("datakom_d500",      10246,  2, lambda w: u32_low_first(w) / 10, 230),
    ("datakom_d500",      10294,  2, lambda w: u32_low_first(w) * 100, 8000),
    ("datakom_d500",      10339,  1, lambda w: w[0] / 100,       50),
    ("datakom_d500",      10341,  1, lambda w: w[0] / 100,       14.2),
    ("datakom_d500",      10363,  1, lambda w: w[0] / 10,        49.9),
    ("datakom_d500",      10376,  1, lambda w: w[0],             1500),
    ("datakom_d500",      10604,  1, lambda w: w[0],             13),
    ("datakom_d500",      10605,  1, lambda w: w[0],             4),
    ("datakom_d500",      10609,  1, lambda w: w[0],             0xD500),
    ("datakom_d500",      10622,  2, lambda w: u32_low_first(w) / 100, 412),
    ("deif_sgc400",       1,      3, lambda w: sum(w) / 30,      230),
    ("deif_sgc400",       7,      3, lambda w: sum(w) / 30,      50),
    ("deif_sgc400",       23,     3, lambda w: sum(w) * 23,      8000),
    ("deif_sgc400",       26,     3, lambda w: sum(w) * 100,     8000),
)
# What a state of the engine is on each controller: address, then the code of each state of the start sequence.
STATES = {
    "dse3110":           (1408,   {"stopped": 0, "pre_start": 1, "cranking": 1, "crank_rest": 1, "warming": 2, "running": 3, "cooling": 4}),
    "dse4520mk2":        (1408,   {"stopped": 0, "pre_start": 1, "cranking": 1, "crank_rest": 1, "warming": 2, "running": 3, "cooling": 4}),
    "comap_il4":         (1298,   {"stopped": 1, "pre_start": 3, "cranking": 4, "crank_rest": 5, "warming": 7, "running": 8, "cooling": 10}),
    "comap_ntc":         (0x00A2, {"stopped": 1, "pre_start": 3, "cranking": 4, "crank_rest": 5, "warming": 19, "running": 8, "cooling": 10}),
    "smartgen_hgm4000n": (0x22,   {"stopped": 0, "pre_start": 1, "cranking": 3, "crank_rest": 4, "warming": 7, "running": 8, "cooling": 10}),
    "mebay_dc":          (0x1041, {"stopped": 6, "pre_start": 7, "cranking": 11, "crank_rest": 4, "warming": 17, "running": 18, "cooling": 20}),
    "datakom_d500":      (10604,  {"stopped": 0, "pre_start": 1, "cranking": 5, "crank_rest": 4, "warming": 7, "running": 13, "cooling": 22}),
}
# Where the mode stands and what each is.
MODES = {
    "dse3110":           (772,    {"off": 0, "manual": 2, "auto": 1, "test": 3}),
    "dse4520mk2":        (772,    {"off": 0, "manual": 2, "auto": 1, "test": 3}),
    "comap_il4":         (1382,   {"off": 0, "manual": 1, "auto": 2, "test": 3}),
    "comap_ntc":         (0x0086, {"off": 1 << 7, "manual": 1 << 8, "auto": 1 << 9, "test": 1 << 9}),
    "mebay_dc":          (0x103F, {"off": 51, "manual": 102, "auto": 153, "test": 204}),
    "datakom_d500":      (10605,  {"off": 1, "manual": 2, "auto": 4, "test": 8}),
}
# Where a missing fuel sender shows and how.
FUEL_MISSING = (
    ("dse3110",           1027,   "sentinel",                  0xFFFF),
    ("dse3110",           1027,   "sentinel:transducer_fault", 0xFFFC),
    ("dse4520mk2",        1027,   "sentinel:over_range",       0xFFFE),
    ("comap_il4",         1055,   "sentinel",                  0x8000),
    ("comap_ntc",         0x0011, "sentinel:transducer_fault", 0x8000),
    ("smartgen_hgm4000n", 0x15,   "sentinel",                  32767),
    ("smartgen_hgm4000n", 0x15,   "sentinel:transducer_fault", 32766),
    ("mebay_dc",          0x1058, "sentinel",                  20000),
    ("mebay_dc",          0x1058, "sentinel:transducer_fault", 50000),
)
# What each controller refuses: function, address, count, exception.
REFUSALS = (
    ("dse3110",           4, 1027,   1,   1),
    ("dse3110",           3, 1024,   65,  3),
    ("dse3110",           3, 1279,   2,   2),
    ("dse3110",           3, 2048,   26,  0),
    ("dse3110",           3, 2048,   27,  2),
    ("dse3110",           3, 39424,  1,   2),
    ("dse4520mk2",        3, 2048,   1,   2),
    ("dse4520mk2",        3, 39424,  1,   2),
    ("comap_il4",         4, 1020,   4,   0),
    ("comap_il4",         3, 1020,   5,   2),  # across an address that is not there
    ("comap_il4",         3, 1019,   1,   2),
    ("comap_il4",         3, 1013,   2,   0),
    ("comap_il4",         3, 1014,   1,   2),  # starts inside a value of two registers
    ("comap_il4",         3, 1013,   1,   2),
    ("comap_il4",         3, 1307,   16,  0),
    ("comap_il4",         3, 1307,   6,   2),  # the name is read whole or not at all
    ("comap_il4",         3, 4215,   27,  0),
    ("comap_il4",         2, 4700,   1,   1),
    ("comap_il4",         1, 4701,   1,   2),
    ("comap_il4",         3, 1004,   126, 3),
    ("comap_ntc",         3, 0x0012, 1,   2),
    ("comap_ntc",         3, 0x00FA, 6,   0),
    ("comap_ntc",         3, 0x00FA, 7,   2),
    ("comap_ntc",         3, 0x00FF, 128, 3),
    ("smartgen_hgm4000n", 3, 0x00,   0x52, 0),
    ("smartgen_hgm4000n", 3, 0x00,   0x53, 2),
    ("smartgen_hgm4000n", 4, 0x00,   1,   1),
    ("smartgen_hgm4000n", 1, 0x55,   1,   2),
    ("smartgen_hgm4000n", 2, 0x00,   1,   1),
    ("datakom_d500",      3, 10341,  1,   0),
    ("datakom_d500",      3, 10341,  2,   2),
    ("datakom_d500",      4, 10341,  1,   1),
    ("deif_sgc400",       3, 0,      96,  0),
    ("deif_sgc400",       3, 0,      97,  2),
    ("deif_sgc400",       4, 0,      1,   1),
)
# fmt: on
GENERATORS = sorted(UNITS)


@pytest.mark.parametrize("model", [model for model in GENERATORS if model != "dse7320mk2"])
async def test_values_of_a_running_set(model):
    """Protects addresses, word orders and scales of every value, read as the makers list them."""
    async with bus(model) as (_, asker):
        for _, address, count, value, expected in (row for row in RUNNING if row[0] == model):
            found = value(await asker.words(address, count))
            assert found == pytest.approx(expected, rel=0.04, abs=0.6), address


def at_state(model, wanted):
    """A plant in this state of the start sequence, and the controller on it."""
    standby = spec_with(spec("diesel10k_dse7320", load_w=3000.0, battery_wh=0.0), model)
    plant = Plant(standby)
    plant.engine.fail_start = wanted == "crank_rest"
    plant.grid_on = wanted == "stopped"
    for _ in range(600):
        plant.step(1)
        if plant.engine.state == "running" and wanted == "cooling":
            plant.grid_on = True
        if plant.engine.state == wanted:
            break
    assert plant.engine.state == wanted
    return catalogue.at_site(plant)["generator"]


@pytest.mark.parametrize("model", STATES)
def test_every_state_has_the_makers_code(model):
    """Protects the mapping of the whole start sequence to each maker's numbers."""
    address, codes = STATES[model]
    for state, code in codes.items():
        assert at_state(model, state).words(address, 1) == [code], state


@pytest.mark.parametrize(("model", "address"), [(model, row[0]) for model, row in STATES.items()])
async def test_every_code_can_be_shown(model, address):
    """Protects the door to codes that the bench's engine never reaches: each goes out as it was set."""
    async with bus(model) as (site, asker):
        for code in (*range(26), 255):
            site.set("generator.engine_state", code)
            assert await asker.words(address) == [code]
        site.set("generator.engine_state", "auto")
        assert await asker.words(address) == [STATES[model][1]["running"]]


@pytest.mark.parametrize("model", MODES)
def test_every_mode_has_the_makers_code(model):
    """Protects the selector's numbers, bits and words."""
    plant = Plant(spec_with(spec("diesel10k_dse7320"), model))
    device = catalogue.at_site(plant)["generator"]
    address, codes = MODES[model]
    for mode, code in codes.items():
        plant.engine.mode = mode
        assert device.words(address, 1) == [code], mode


async def test_smartgen_mode_is_a_coil():
    """Protects the four mode coils: exactly one is on."""
    async with bus("smartgen_hgm4000n") as (site, asker):
        for place, mode in enumerate(("test", "auto", "manual", "off")):
            site.set("plant.mode", mode)
            assert await asker.coils(0x28, 4) == [int(place == i) for i in range(4)]


@pytest.mark.parametrize(("model", "address", "door", "word"), FUEL_MISSING)
async def test_sentinels(model, address, door, word):
    """Protects every number that means *no value*, where a table would else read a full tank."""
    async with bus(model) as (site, asker):
        site.set("generator.fuel_percent", door)
        assert await asker.words(address) == [word]
        site.set("generator.fuel_percent", "auto")
        assert (await asker.words(address))[0] < 101


async def test_two_word_sentinels():
    """Protects ComAp's 80000000h, and refuses a sentinel that a maker does not have."""
    async with bus("comap_il4") as (site, asker):
        site.set("generator.run_dh", "sentinel")
        site.set("generator.coolant_c", "sentinel")
        assert await asker.words(1013, 2) == [0x8000, 0]
        assert await asker.words(1006) == [0x8000]
        with pytest.raises(
            ValueError, match="has no not-available value over_range for fuel_percent; it has unimpl"
        ):
            site.set("generator.fuel_percent", "sentinel:over_range")
    async with bus("deif_sgc400") as (site, _):
        with pytest.raises(ValueError, match="it has none"):
            site.set("generator.l1_dv", "sentinel")


@pytest.mark.parametrize("model", sorted({row[0] for row in REFUSALS}))
async def test_refusals(model):
    """Protects what each controller does not give: wrong functions, holes, halves of values, long blocks."""
    async with bus(model) as (_, asker):
        for _, function, address, count, code in (row for row in REFUSALS if row[0] == model):
            assert await asker.refused(function, address, count) == code, (function, address, count)
        assert await asker.pdu(bytes((6, 0, 1, 0, 1)), 5) == bytes((0x86, 1))
        assert await asker.pdu(bytes((16, 0, 1, 0, 1, 2, 0, 0)), 5) == bytes((0x90, 1))


async def test_mebay_is_slow_and_silent():
    """Protects the two manners of this maker: half a second to think, and no exception ever."""
    async with bus("mebay_dc", quick=False) as (site, asker):
        loop = asyncio.get_running_loop()
        asked = loop.time()
        assert await asker.words(0x103F) == [153]
        assert loop.time() - asked >= 0.5
        site.set("generator.reply_ms", 0)
        wrong = (
            (4, 0x1000, 1),
            (3, 0x0FFF, 1),
            (3, 0x1069, 2),
            (3, 0x1000, 126),
            (3, 0x1000, 0),
            (6, 0x2001, 0x1111),
        )
        for number, (function, address, count) in enumerate(wrong, 1):
            assert await asker.pdu(struct.pack(">BHH", function, address, count), 5, wait_s=0.12) is None
            await until(lambda n=number: site.station.counters.ignored == n)
        assert await asker.words(0x1000, 106) != []
        assert site.station.counters.refused == 0
        assert site.station.counters.ignored == len(wrong)


async def test_wire_examples():
    """Protects the bytes that makers print: requests as they stand there get the printed answers."""
    async with bus("comap_il4") as (site, asker):
        site.set("generator.starter_dv", 240)
        site.set("generator.nominal_kw", 200)
        assert await asker.raw(bytes.fromhex("01 03 04 1D 00 01 15 3C"), 7) == bytes.fromhex(
            "01 03 02 00 F0 B8 00"
        )
        assert await asker.raw(bytes.fromhex("01 03 04 CC 00 01 45 05"), 7) == bytes.fromhex(
            "01 03 02 00 C8 B9 D2"
        )
    for model in ("dse3110", "dse4520mk2"):
        async with bus(model) as (site, asker):
            site.set("generator.fuel_percent", 47)
            answer = bytes.fromhex("0A 03 02 00 2F")
            assert await asker.raw(bytes.fromhex("0A 03 04 03 00 01 74 41"), 7) == answer + checksum(answer)


@pytest.mark.parametrize("model", catalogue.MODELS)
def test_every_model_of_the_catalogue_can_be_made(model):
    """Protects the catalogue: each entry makes its device, at a unit of choice, with a value for every name."""
    device = catalogue.make(model, Plant(demo_spec(0)), 77)
    assert device.unit == 77
    assert set(device.names()) == set(device.values())


def test_the_catalogue_says_what_there_is():
    """Protects the person who picks a model: wrong ids, owners and addresses are answered with the choices."""
    plant = Plant(demo_spec(0))
    with pytest.raises(ValueError, match="no device model 'dse'; there are dse3110"):
        catalogue.make("dse", plant)
    with pytest.raises(ValueError, match="unit is 0; expected 1 to 255"):
        catalogue.make("comap_il4", plant, 0)
    with pytest.raises(ValueError, match="sdm630 is no generator; there are dse3110"):
        Site("A", spec_with(demo_spec(0), "sdm630"))
    with pytest.raises(ValueError, match="which tank"):
        Site("A", spec_with(demo_spec(0), "comap_il4", devices=("tank",)))
    with pytest.raises(ValueError, match="same unit address"):
        Site("A", spec_with(demo_spec(0), "comap_il4", devices=("generator", "battery")))
    changed = spec_with(demo_spec(0), "comap_il4", devices=("generator", "battery"), units={"generator": 5})
    assert Site("A", changed).devices["generator"].unit == 5
