"""What any generator controller notices of the plant, before each maker writes it in its own codes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from nsptools.bench.engine import Shutdown, State
from nsptools.bench.plant import Plant

LOW_FUEL = 0.20  # share of the tank
STARTER_LOW_V = 11.9


class Level(IntEnum):
    """How serious an alarm is."""

    WARNING = 1
    SHUTDOWN = 2


# Every alarm that `alarms` can give.
CAUSES = ("emergency_stop", "fail_to_start", "under_speed", "low_fuel", "starter_low", "overload")


def alarms(plant: Plant) -> Mapping[str, Level]:
    """The alarms that are present, by cause."""
    engine = plant.engine
    found: dict[str, Level] = {}
    if engine.estop or engine.shutdown is Shutdown.EMERGENCY_STOP:
        found["emergency_stop"] = Level.SHUTDOWN
    if engine.shutdown is Shutdown.FAIL_TO_START:
        found["fail_to_start"] = Level.SHUTDOWN
    if engine.shutdown is Shutdown.OUT_OF_FUEL:
        found["under_speed"] = Level.SHUTDOWN  # a starved engine dies: that is what the unit sees
    if plant.fuel_fraction < LOW_FUEL:
        found["low_fuel"] = Level.WARNING
    if engine.starter_v < STARTER_LOW_V and engine.state is State.STOPPED:
        found["starter_low"] = Level.WARNING
    if plant.generator_w > plant.spec.rated_w:
        found["overload"] = Level.WARNING
    return found


def load_fraction(plant: Plant) -> float:
    """Load over rating; 0 without a generator."""
    return plant.generator_w / plant.spec.rated_w if plant.spec.rated_w else 0.0


def phase_amps(plant: Plant) -> tuple[float, float, float]:
    """Current of each phase of the alternator, A."""
    volts = plant.generator_v()
    first, second, third = (watts / volts if volts else 0.0 for watts in plant.phases_w(plant.generator_w))
    return first, second, third
