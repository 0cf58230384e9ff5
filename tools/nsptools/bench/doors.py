"""The plant's variables by name, for tests, trainers and scenario files: text in, text out.

One line a variable: how it is read and, when it may be changed, how.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nsptools.bench.plant import Plant

_ON = frozenset({"1", "on", "true", "yes"})
_OFF = frozenset({"0", "off", "false", "no"})


@dataclass(frozen=True)
class Variable:
    """`read` gives the text; `write` is None for what only the physics may change."""

    read: Callable[[Plant], str]
    write: Callable[[Plant, str], None] | None = None


def flag(text: str) -> bool:
    """1, on, true, yes or 0, off, false, no; ValueError otherwise."""
    word = text.strip().lower()
    if word not in _ON | _OFF:
        raise ValueError(f"{text!r} is not a switch position; expected 1 or 0")
    return word in _ON


def number(text: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number within limits; ValueError naming them."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{value:g} is out of range; expected {low:g} to {high:g}")
    return value


def show(value: float) -> str:
    """A number or switch as short text: 1, 47, 49.98."""
    return str(int(value)) if value == int(value) else f"{value:.3f}".rstrip("0")


def _set_fuel(plant: Plant, text: str) -> None:
    plant.engine.fuel_l = number(text, 0.0, plant.spec.tank_l)


def _set_load(plant: Plant, text: str) -> None:
    plant.load_w = number(text, 0.0, 1e6)


def _set_grid(plant: Plant, text: str) -> None:
    plant.grid_on = flag(text) and plant.spec.has_grid


def _set_clouds(plant: Plant, text: str) -> None:
    plant.clouds = number(text, 0.0, 1.0)


def _set_leak(plant: Plant, text: str) -> None:
    plant.leak_l_per_h = number(text, 0.0, 1e4)


def _set_estop(plant: Plant, text: str) -> None:
    plant.engine.estop = flag(text)


def _set_fail_start(plant: Plant, text: str) -> None:
    plant.engine.fail_start = flag(text)


def _set_start(plant: Plant, text: str) -> None:
    plant.engine.start_button = flag(text)


def _set_mode(plant: Plant, text: str) -> None:
    plant.engine.mode = text


def _set_starter(plant: Plant, text: str) -> None:
    plant.engine.starter_charge = number(text, 0.0, 1000.0) / 1000


def _set_soc(plant: Plant, text: str) -> None:
    plant.pack.soc = number(text, 0.0, 1000.0) / 1000


def _set_no_charge(plant: Plant, text: str) -> None:
    plant.pack.no_charge = flag(text)


VARIABLES: Mapping[str, Variable] = MappingProxyType(
    {
        "fuel_l": Variable(lambda plant: show(plant.engine.fuel_l), _set_fuel),
        "leak_l_per_h": Variable(lambda plant: show(plant.leak_l_per_h), _set_leak),
        "fuel_height_m": Variable(lambda plant: show(plant.fuel_height_m)),
        "load_w": Variable(lambda plant: show(plant.load_w), _set_load),
        "grid_on": Variable(lambda plant: show(plant.grid_on), _set_grid),
        "mode": Variable(lambda plant: plant.engine.mode, _set_mode),
        "start": Variable(lambda plant: show(plant.engine.start_button), _set_start),
        "estop": Variable(lambda plant: show(plant.engine.estop), _set_estop),
        "fail_start": Variable(lambda plant: show(plant.engine.fail_start), _set_fail_start),
        "starter_permille": Variable(lambda plant: show(plant.engine.starter_charge * 1000), _set_starter),
        "soc_permille": Variable(lambda plant: show(plant.pack.soc * 1000), _set_soc),
        "no_charge": Variable(lambda plant: show(plant.pack.no_charge), _set_no_charge),
        "clouds": Variable(lambda plant: show(plant.clouds), _set_clouds),
        "sun_w": Variable(lambda plant: show(plant.sun_w)),
        "state": Variable(lambda plant: plant.engine.state.value),
        "shutdown": Variable(lambda plant: plant.engine.shutdown.value),
        "source": Variable(lambda plant: plant.source.value),
        "served_w": Variable(lambda plant: show(plant.served_w)),
        "generator_w": Variable(lambda plant: show(plant.generator_w)),
        "burn_l_per_h": Variable(lambda plant: show(plant.engine.burn_l_per_h)),
        "starter_v": Variable(lambda plant: show(plant.engine.starter_v)),
        "battery_v": Variable(lambda plant: show(plant.pack.voltage_v)),
        "battery_a": Variable(lambda plant: show(plant.pack.current_a)),
        "engine_h": Variable(lambda plant: show(plant.engine.run_s / 3600)),
        "starts": Variable(lambda plant: show(plant.engine.starts)),
        "elapsed_s": Variable(lambda plant: show(plant.elapsed_s)),
    }
)


def read_variable(plant: Plant, name: str) -> str:
    """Text of one variable; ValueError listing the names when there is none."""
    return _variable(name).read(plant)


def write_variable(plant: Plant, name: str, text: str) -> None:
    """Change one variable; ValueError when it is unknown, only for reading, or the value cannot be."""
    variable = _variable(name)
    if variable.write is None:
        changeable = ", ".join(key for key, entry in VARIABLES.items() if entry.write)
        raise ValueError(f"plant.{name} follows from the physics; changeable are {changeable}")
    try:
        variable.write(plant, text)
    except ValueError as error:
        raise ValueError(f"plant.{name}: {error}") from None


def _variable(name: str) -> Variable:
    if name not in VARIABLES:
        raise ValueError(f"the plant has no variable {name!r}; it has {', '.join(VARIABLES)}")
    return VARIABLES[name]
