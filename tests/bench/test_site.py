"""A whole simulated point: its doors, its time, its start and stop."""

import asyncio

import pytest

from nsptools.bench.profiles import demo_spec, spec
from nsptools.bench.site import Site
from patience import PATIENCE_S


async def test_plant_time_runs_at_the_given_speed():
    """Protects the demo's clock: plant seconds follow the wall, times the speed."""
    site = Site("A", demo_spec(0), speed=600)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await site.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while float(site.get("plant.elapsed_s")) < 300:  # noqa: ASYNC110 - a plant wakes nobody
                await asyncio.sleep(0.05)
        assert site.plant.elapsed_s <= (loop.time() - started) * 600 + 1
        assert site.plant.engine.fuel_l < 20
    finally:
        await site.stop()
        await site.stop()


async def test_a_site_starts_again_after_a_stop():
    """Protects tests and trainers that restart a point: the bus comes back, possibly elsewhere."""
    site = Site("A", demo_spec(0))
    for _ in range(2):
        await site.start()
        assert site.bus_path.startswith("/dev/")
        await site.stop()
    with pytest.raises(RuntimeError, match="not open"):
        _ = site.bus_path


def test_plant_doors():
    """Protects the words of scenario files: what is set shows, and the physics follows."""
    site = Site("A", spec("diesel10k_dse7320"))
    site.set("plant.fuel_l", "30")
    site.set("plant.load_w", 5000)
    site.set("plant.grid_on", False)
    site.set("plant.fail_start", 1)
    assert [site.get(f"plant.{name}") for name in ("fuel_l", "load_w", "grid_on", "mode")] == [
        "30",
        "5000",
        "0",
        "auto",
    ]
    site.plant.step(120)
    assert site.get("plant.shutdown") == "fail_to_start"
    assert site.get("plant.source") == "battery"
    site.set("plant.fail_start", 0)
    site.set("plant.mode", "auto")
    site.plant.step(120)
    assert site.get("plant.source") == "generator"
    site.set("plant.estop", "on")
    site.plant.step(1)
    assert site.get("plant.state") == "stopped"


def test_register_doors():
    """Protects the trainer's overrides: force, sentinel, release, and the device's own switches."""
    site = Site("A", demo_spec(0))
    assert site.get("generator.fuel_percent") == "50"
    site.set("generator.fuel_percent", "47")
    assert site.get("generator.fuel_percent") == "47"
    site.set("generator.oil_pressure_kpa", "sentinel:transducer_fault")
    assert site.get("generator.oil_pressure_kpa") == "sentinel:transducer_fault"
    assert site.devices["generator"].words(1024, 1) == [0xFFFC]
    site.set("generator.fuel_percent", "sentinel")
    assert site.devices["generator"].words(1027, 1) == [0xFFFF]
    site.set("generator.fuel_percent", "auto")
    assert site.get("generator.fuel_percent") == "50"
    site.set("battery.soc_permille", 312)
    assert site.devices["battery"].words(0x1005, 1) == [312]
    site.set("meter.total_w", 1234.5)
    assert site.get("meter.total_w") == "1234.5"
    site.set("meter.mute", True)
    assert site.get("meter.mute") == "1"
    site.set("bus.fault", "crc")
    assert site.get("bus.fault") == "crc"
    site.set("bus.fault", "none")
    assert site.get("bus.fault") == "none"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("fuel_l", "1", "is no door; expected OWNER.NAME"),
        ("tank.fuel_l", "1", "A has no 'tank'; it has plant, bus, generator, battery, meter"),
        ("plant.fuel", "1", r"no variable 'fuel'; it has fuel_l"),
        ("plant.fuel_l", "41", r"plant\.fuel_l: 41 is out of range; expected 0 to 40"),
        ("plant.fuel_l", "nan", "out of range"),
        ("plant.source", "grid", r"plant\.source follows from the physics; changeable are fuel_l"),
        ("plant.grid_on", "maybe", "expected 1 or 0"),
        ("plant.mode", "automatic", "off, manual, auto, test"),
        ("generator.fuel", "1", r"no register 'fuel'; it has .*fuel_percent"),
        (
            "generator.fuel_percent",
            "half",
            r"generator\.fuel_percent: 'half' is not a number; expected a number, auto",
        ),
        ("generator.mute", "2", "expected 1 or 0"),
        ("battery.soc_permille", "sentinel", "the battery has no not-available value"),
        ("bus.fault", "fire", "no line fault 'fire'; there are silence"),
        ("bus.baud", "9600", "the bus has no 'baud'; it has unplug, fault"),
    ],
)
def test_wrong_doors_say_what_there_is(name, value, message):
    """Protects the person at the door: every mistake is answered with the possibilities."""
    site = Site("A", demo_spec(0))
    with pytest.raises(ValueError, match=message):
        site.set(name, value)


def test_every_door_can_be_read():
    """Protects the list of doors against names that lead nowhere."""
    site = Site("A", demo_spec(0))
    for name in site.names():
        assert isinstance(site.get(name), str)


def test_a_point_has_only_its_devices():
    """Protects points without a generator or meter: a device that is not there has no door."""
    site = Site("D", spec("diesel10k_dse7320", rated_w=0.0, devices=("battery",)))
    assert list(site.devices) == ["battery"]
    with pytest.raises(ValueError, match="it has plant, bus, battery"):
        site.get("generator.fuel_percent")
    site.set("plant.grid_on", 0)
    site.plant.step(600)
    assert site.get("plant.source") == "battery"
