"""Panels and tank height of the simulated site."""

import pytest

from nsptools.bench import doors
from nsptools.bench.plant import Plant
from nsptools.bench.profiles import spec

HOUR_S = 3600.0


def panels(**changes):
    """A site with panels, without grid or running set."""
    given = {"grid_on": False, "mode": "off", "panels_w": 4000.0, "start_h": 0.0, "load_w": 500.0, "soc": 0.5}
    return Plant(spec("diesel10k_dse7320", **(given | changes)))


def test_the_sun_rises_peaks_and_sets():
    """Protects the day: dark until sunrise, the peak at noon under a clear sky, dark again after sunset."""
    plant = panels(clouds=0.0)
    powers = []
    for _ in range(24):
        powers.append(plant.sun.power_w(plant.elapsed_s, plant.clouds))
        plant.step(HOUR_S)
    assert powers[:7] == [0.0] * 7
    assert powers[12] == pytest.approx(4000.0)
    assert powers[9] == pytest.approx(powers[15]) == pytest.approx(4000 * 0.7071, rel=1e-3)
    assert powers[18:] == [0.0] * 6
    assert plant.sun.panel_v(12 * HOUR_S) == pytest.approx(86.0)
    assert plant.sun.panel_v(0.0) == 0.0


def test_clouds_take_and_a_seed_repeats_them():
    """Protects repeatability: the same seed the same clouds, whatever the step; another seed another sky."""

    def sky(seed, step_s):
        plant = Plant(spec("diesel10k_dse7320", panels_w=4000.0, clouds=0.8), seed)
        plant.step(2 * step_s)
        plant.step(3600 - 2 * step_s)
        return plant.sun.power_w(plant.elapsed_s, plant.clouds)

    assert sky(1, 60) == pytest.approx(sky(1, 7), rel=1e-9)
    assert sky(1, 60) != sky(2, 60)
    assert 0.15 * 4000 < sky(1, 60) < 4000


def test_energy_is_conserved_without_the_grid():
    """Protects every figure of a site with panels: what they and the pack give is served or stored."""
    plant = panels(load_w=900.0, clouds=0.5)
    plant.step(24 * HOUR_S)
    energy = plant.energy
    served_dc_wh = energy.served_wh / plant.spec.converter_efficiency
    assert energy.unserved_wh == 0
    assert energy.sun_dc_wh > 5000
    assert energy.battery_in_dc_wh > 1000
    assert energy.sun_dc_wh + energy.battery_out_dc_wh == pytest.approx(
        served_dc_wh + energy.battery_in_dc_wh, rel=1e-9
    )


@pytest.mark.parametrize("changes", [{"grid_on": True}, {"running": True, "mode": "auto"}])
def test_energy_is_conserved_beside_grid_or_set(changes):
    """Protects the shared charging: panels first, the charger adds what the pack still takes."""
    plant = panels(start_h=8.0, clouds=0.3, soc=0.2, **changes)
    plant.step(6 * HOUR_S)
    energy, efficiency = plant.energy, plant.spec.converter_efficiency
    made_wh = energy.grid_wh + energy.generator_wh
    assert energy.sun_dc_wh > 5000
    assert made_wh > energy.served_wh
    assert energy.sun_dc_wh + (made_wh - energy.served_wh) * efficiency == pytest.approx(
        energy.battery_in_dc_wh, rel=1e-9
    )
    assert energy.battery_out_dc_wh == 0


def test_a_full_pack_takes_no_more_sun():
    """Protects against energy from nowhere: at a full pack the panels give what the load takes, no more."""
    plant = panels(start_h=12.0, clouds=0.0, soc=1.0, load_variation=0.0)
    plant.step(60)
    assert plant.sun_w == pytest.approx(500 / plant.spec.converter_efficiency, rel=0.02)
    assert plant.pack.current_a == pytest.approx(0.0, abs=0.5)


def test_the_sun_wakes_an_empty_pack():
    """Protects the dead small site: dark at night, charging by day, its load back once the pack allows it."""
    plant = panels(soc=0.021, start_h=0.0, clouds=0.0)
    plant.step(2 * HOUR_S)
    assert plant.source.value == "none"
    assert plant.sun_w == 0.0
    plant.step(7 * HOUR_S)
    assert plant.pack.current_a > 10
    plant.step(2 * HOUR_S)
    assert plant.source.value == "battery"


def test_a_site_without_panels_knows_no_sun():
    """Protects the sites that were there before: nothing of the sun without panels or without a battery."""
    plant = Plant(spec("diesel10k_dse7320", start_h=12.0))
    plant.step(600)
    assert plant.sun_w == plant.energy.sun_dc_wh == plant.sun.panel_v(0.0) == 0.0
    bare = Plant(spec("diesel10k_dse7320", panels_w=4000.0, battery_wh=0.0))
    bare.step(600)
    assert bare.sun_w == bare.energy.sun_dc_wh == 0.0


def test_doors_of_sun_and_tank():
    """Protects the scenario's words: clouds can be turned, sun and height are for reading."""
    plant = panels(start_h=12.0, fuel_l=30.0, tank_l=60.0, tank_height_m=0.8)
    plant.step(60)
    assert doors.read_variable(plant, "fuel_height_m") == "0.4"
    bright = float(doors.read_variable(plant, "sun_w"))
    doors.write_variable(plant, "clouds", "1")
    plant.step(60)
    assert float(doors.read_variable(plant, "sun_w")) < bright
    with pytest.raises(ValueError, match="clouds: 2 is out of range"):
        doors.write_variable(plant, "clouds", "2")
    with pytest.raises(ValueError, match="follows from the physics"):
        doors.write_variable(plant, "sun_w", "1")
    with pytest.raises(ValueError, match="sunset_h is 5"):
        spec("diesel10k_dse7320", sunset_h=5.0)
