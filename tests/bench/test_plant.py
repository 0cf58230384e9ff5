"""The physics of one simulated site, without any bus."""

import pytest

from nsptools.bench.plant import Plant
from nsptools.bench.profiles import PROFILES, demo_spec, spec


def source(plant):
    """What carries the load, as a word."""
    return plant.source.value


def run_until(plant, condition, limit_s, step_s=1.0):
    """Step until the condition holds; gives the plant seconds it took."""
    start = plant.elapsed_s
    while not condition():
        assert plant.elapsed_s - start < limit_s, f"not within {limit_s} s: {plant.engine.state}"
        plant.step(step_s)
    return plant.elapsed_s - start


def test_the_demo_point_burns_its_tank_in_the_promised_time():
    """Protects the demo's story: 20 l at 8 kW is 8.4 h, and the tank then stops the engine with a reason."""
    plant = Plant(demo_spec(0))
    assert plant.engine.state == "running"
    assert source(plant) == "generator"
    run_until(plant, lambda: plant.engine.shutdown != "none", 9 * 3600, step_s=60)
    assert plant.elapsed_s / 3600 == pytest.approx(20 / 2.39, abs=0.1)
    assert plant.engine.shutdown == "out_of_fuel"
    assert plant.engine.state == "stopped"
    assert plant.engine.fuel_l == pytest.approx(0.0, abs=1e-9)
    assert source(plant) == "battery"
    assert plant.generator_w == 0


@pytest.mark.parametrize(("load_w", "litres"), [(2500, 0.9875), (5000, 1.625), (7500, 2.2625), (10000, 2.9)])
def test_burn_follows_the_published_curve(load_w, litres):
    """Protects the fuel figures: the burn of a 10 kW diesel at the four loads of the tables."""
    plant = Plant(
        spec("diesel10k_running", load_w=load_w, load_variation=0.0, battery_wh=0.0, devices=("generator",))
    )
    plant.step(3600)
    assert plant.engine.burnt_l == pytest.approx(litres, abs=0.01)
    assert plant.engine.burn_l_per_h == pytest.approx(litres, abs=0.01)


def test_fuel_and_energy_are_conserved_through_an_eventful_day():
    """Protects every later figure: nothing is made or lost between grid, set, battery, load and tank."""
    site = spec("diesel10k_dse7320", soc=0.5, load_w=3000.0)
    plant = Plant(site, seed=3)
    for hours, grid_on, load_w in ((2, True, 3000), (3, False, 6000), (1, True, 500), (4, False, 9500)):
        plant.grid_on = grid_on
        plant.load_w = load_w
        plant.step(hours * 3600)
    plant.leak_l_per_h = 0.5
    plant.step(3600)
    energy, engine = plant.energy, plant.engine
    assert engine.fuel_l == pytest.approx(site.fuel_l - engine.burnt_l - plant.leaked_l, abs=1e-6)
    battery_ac_out = energy.battery_out_dc_wh * site.converter_efficiency
    battery_ac_in = energy.battery_in_dc_wh / site.converter_efficiency
    made = energy.grid_wh + energy.generator_wh + battery_ac_out
    assert made == pytest.approx(energy.served_wh + battery_ac_in, rel=1e-6)
    assert energy.unserved_wh == 0
    run_h = engine.run_s / 3600 - site.engine_h
    idle_l, load_l = site.idle_l_per_kwh * site.rated_w / 1000, site.slope_l_per_kwh / 1000
    assert engine.burnt_l == pytest.approx(idle_l * run_h + load_l * energy.generator_wh, rel=1e-6)


def test_battery_gives_back_what_went_in_less_its_losses():
    """Protects the hours-left figure of a battery: charge counted in ampere-hours, efficiency each way."""
    site = spec("diesel10k_dse7320", grid_on=False, mode="off", load_w=2000.0, load_variation=0.0)
    plant = Plant(site)
    plant.step(3600)
    dc_w = 2000 / site.converter_efficiency
    assert source(plant) == "battery"
    assert plant.pack.current_a == pytest.approx(-dc_w / plant.pack.voltage_v, rel=1e-3)
    drawn_ah = plant.pack.capacity_ah * (1 - plant.pack.soc)
    assert drawn_ah == pytest.approx(-plant.pack.current_a, rel=0.02)
    low = plant.pack.soc
    plant.grid_on = True
    plant.step(600)
    assert 0 < plant.pack.current_a <= site.max_charge_a
    assert plant.pack.soc > low
    plant.step(6 * 3600)
    assert plant.pack.soc == pytest.approx(1.0, abs=0.002)
    assert plant.pack.current_a < 2


def test_voltage_is_flat_in_the_middle_and_the_empty_pack_lets_go():
    """Protects the point that voltage tells no state of charge, and that an empty pack means no power."""
    plant = Plant(spec("diesel10k_dse7320", grid_on=False, mode="off", load_w=3000.0, soc=0.8))
    run_until(plant, lambda: plant.pack.soc < 0.75, 3600, 10)
    upper = plant.pack.voltage_v
    run_until(plant, lambda: plant.pack.soc < 0.3, 6 * 3600, 10)
    assert upper - plant.pack.voltage_v < 1.5
    run_until(plant, lambda: source(plant) == "none", 4 * 3600, 10)
    assert plant.served_w == 0
    assert plant.house_v() == 0
    assert 0 < plant.pack.soc <= 0.021
    plant.step(60)
    assert plant.energy.unserved_wh > 0


def test_automatic_start_and_return():
    """Protects the start sequence: each state in its order and time, the battery bridging, one start counted."""
    plant = Plant(spec("diesel10k_dse7320"))
    starts = plant.engine.starts
    plant.step(60)
    assert source(plant) == "grid"
    assert plant.engine.starter_v == pytest.approx(12.8)
    plant.grid_on = False
    seen: list[str] = []
    volts: dict[str, float] = {}
    for _ in range(60):
        plant.step(1)
        if not seen or seen[-1] != plant.engine.state.value:
            seen.append(plant.engine.state.value)
            volts[plant.engine.state.value] = plant.engine.starter_v
            if plant.engine.state != "running":
                assert source(plant) == "battery"
    assert seen == ["stopped", "pre_start", "cranking", "warming", "running"]
    assert volts["cranking"] == pytest.approx(12.2, abs=0.01)
    assert volts["running"] == pytest.approx(14.2)
    assert source(plant) == "generator"
    assert plant.engine.starts == starts + 1
    plant.grid_on = True
    plant.step(1)
    assert source(plant) == "grid"
    run_until(plant, lambda: plant.engine.state == "cooling", 60)
    assert run_until(plant, lambda: plant.engine.state == "stopped", 120) == pytest.approx(60, abs=2)
    assert plant.engine.shutdown == "none"


def test_failed_start_gives_up_after_three_attempts():
    """Protects the failed-start story: three cranks, a latched alarm, cleared only when someone resets it."""
    plant = Plant(spec("diesel10k_dse7320"))
    plant.engine.fail_start = True
    plant.grid_on = False
    cranks = 0
    was = ""
    while plant.engine.shutdown == "none":
        plant.step(1)
        cranks += plant.engine.state == "cranking" and was != "cranking"
        was = plant.engine.state.value
        assert plant.elapsed_s < 120
    assert cranks == 3
    assert plant.engine.shutdown == "fail_to_start"
    assert plant.engine.starter_charge < 1
    plant.engine.fail_start = False
    plant.step(300)
    assert plant.engine.state == "stopped"
    plant.engine.mode = "auto"
    run_until(plant, lambda: plant.engine.state == "running", 60)


def test_a_flat_starter_battery_does_not_crank():
    """Protects the weak-battery story: the starter only clicks, the attempts run out, rpm stays zero."""
    plant = Plant(spec("diesel10k_dse7320", grid_on=False))
    plant.engine.starter_charge = 0.05
    run_until(plant, lambda: plant.engine.state == "cranking", 60)
    assert plant.engine.rpm == 0
    run_until(plant, lambda: plant.engine.shutdown == "fail_to_start", 120)


def test_emergency_stop_holds_until_released_and_reset():
    """Protects the red button: stops at once, nothing clears it while it is in."""
    plant = Plant(demo_spec(0))
    plant.engine.estop = True
    plant.step(1)
    assert (plant.engine.state, plant.engine.shutdown) == ("stopped", "emergency_stop")
    plant.engine.mode = "auto"
    plant.step(60)
    assert plant.engine.shutdown == "emergency_stop"
    plant.engine.estop = False
    plant.step(60)
    assert plant.engine.state == "stopped"
    plant.engine.mode = "auto"
    run_until(plant, lambda: source(plant) == "generator", 60)


def test_modes():
    """Protects the selector: off stops at once, manual waits for its button, test runs with the grid on."""
    plant = Plant(demo_spec(0))
    plant.engine.mode = "off"
    plant.step(1)
    assert plant.engine.state == "stopped"
    plant.engine.mode = "manual"
    plant.step(60)
    assert plant.engine.state == "stopped"
    plant.engine.start_button = True
    run_until(plant, lambda: plant.engine.state == "running", 60)
    plant.grid_on = True
    plant.engine.mode = "test"
    plant.step(600)
    assert plant.engine.state == "running"
    assert source(plant) == "grid"
    with pytest.raises(ValueError, match="off, manual, auto, test"):
        plant.engine.mode = "automatic"


def test_dead_volume_stays_in_the_tank():
    """Protects the difference between what the gauge shows and what can be burnt."""
    plant = Plant(spec("diesel10k_running", tank_l=60.0, fuel_l=6.0, dead_l=5.0, load_w=8000.0))
    run_until(plant, lambda: plant.engine.shutdown == "out_of_fuel", 3600)
    assert plant.engine.fuel_l == pytest.approx(5.0)
    assert plant.fuel_fraction == pytest.approx(5 / 60)


def test_too_much_load_opens_the_breaker():
    """Protects the overload case: above 120 % the set carries nothing and the load goes dark."""
    plant = Plant(spec("diesel10k_running", battery_wh=0.0))
    plant.load_w = 13_000
    plant.step(1)
    assert source(plant) == "none"
    assert plant.generator_w == 0
    plant.load_w = 10_500
    plant.step(1)
    assert source(plant) == "generator"


def test_a_seed_repeats_and_the_step_size_does_not_matter():
    """Protects repeatability: the same seed gives the same day, slow or fast; another seed another day."""

    def day(seed, step_s):
        plant = Plant(demo_spec(0), seed)
        for _ in range(round(7200 / step_s)):
            plant.step(step_s)
        return plant.engine.fuel_l, plant.wanted_w, plant.generator_hz(), plant.generator_v()

    assert day(1, 60) == day(1, 60)
    assert day(1, 15) == pytest.approx(day(1, 60), rel=1e-9)
    assert day(2, 60) != day(1, 60)


def test_figures_stay_believable_for_hours():
    """Protects against a plant that a plausibility check would reject."""
    plant = Plant(demo_spec(0))
    for _ in range(240):
        plant.step(60)
        assert 49.5 < plant.generator_hz() < 50.5
        assert 227 < plant.generator_v() < 233
        assert 0.96 * 8000 < plant.wanted_w < 1.04 * 8000
        assert 40 < plant.pack.voltage_v < 58
        assert 5 <= plant.pack.temperature_c < 40


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_lives_for_an_hour(name):
    """Protects the profiles: each is a possible site that has power from its first moment, or when people start its set."""
    plant = Plant(spec(name))
    if not plant.spec.has_grid:
        plant.engine.mode, plant.engine.start_button = "manual", True
        plant.step(60)
        plant.energy.unserved_wh = 0
    assert source(plant) != "none"
    plant.step(3600)
    assert plant.energy.unserved_wh == 0


def test_healthy_demo_points_last_a_day():
    """Protects the demo: only its first point may run low."""
    for index in (1, 2, 3, 4):
        plant = Plant(demo_spec(index))
        plant.step(1)
        burn = plant.engine.burn_l_per_h
        assert not burn or (plant.engine.fuel_l - plant.spec.dead_l) / burn > 24


def test_wrong_figures_are_named():
    """Protects who writes a profile: the field, the value and what was expected are in the message."""
    with pytest.raises(ValueError, match=r"fuel_l is 50; expected 0 to 40"):
        spec("diesel10k_low_fuel", fuel_l=50.0)
    with pytest.raises(ValueError, match="no plant profile 'diesel'; there are diesel10k_dse7320"):
        spec("diesel")
    with pytest.raises(ValueError, match="no field tank"):
        spec("diesel10k_dse7320", tank=3)
    with pytest.raises(ValueError, match="0 s or more"):
        Plant(demo_spec(0)).step(-1)
