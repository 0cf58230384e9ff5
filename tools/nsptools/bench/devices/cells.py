"""What the battery managers' devices share: cells that differ a little, and the words for pack states."""

from __future__ import annotations

from nsptools.bench.plant import Plant
from nsptools.bench.spec import PlantSpec

IDLE, CHARGING, DISCHARGING = 0, 1, 2
LOW_CHARGE = 0.10
CYCLES_AT_START = 63
_IDLE_A = 0.05


def cells_mv(plant: Plant) -> list[float]:
    """Voltage of every cell, mV, with the fixed spread of a balanced pack; they add up to the pack's."""
    cells = plant.spec.cells
    mean = plant.pack.voltage_v / cells * 1000
    offsets = [((7 * i) % 9 - 4) * 0.6 for i in range(cells)]
    middle = sum(offsets) / cells
    return [mean + offset - middle for offset in offsets]


def sensors_c(plant: Plant, count: int) -> list[float]:
    """Temperatures of `count` sensors in the pack, degC."""
    return [plant.pack.temperature_c + 0.4 * (i - (count - 1) / 2) for i in range(count)]


def switch_c(plant: Plant) -> float:
    """Temperature of the pack's switches (MOSFETs), degC."""
    return plant.pack.temperature_c + abs(plant.pack.current_a) * 0.08


def direction(plant: Plant) -> int:
    """0 idle, 1 charging, 2 discharging: the same three numbers at every maker here."""
    amps = plant.pack.current_a
    if abs(amps) < _IDLE_A:
        return IDLE
    return CHARGING if amps > 0 else DISCHARGING


def cycles(plant: Plant) -> int:
    """Full cycles since the pack was made."""
    pack = plant.pack
    return CYCLES_AT_START + (int(pack.moved_ah // pack.capacity_ah) if pack.fitted else 0)


def too_cold(plant: Plant) -> bool:
    """The pack refuses to charge for its temperature, not for a fault."""
    pack = plant.pack
    return pack.fitted and not pack.charge_switch and not pack.no_charge


def full_v(spec: PlantSpec) -> float:
    """Charge limit of a LiFePO4 pack, V."""
    return 3.55 * spec.cells


def empty_v(spec: PlantSpec) -> float:
    """Discharge limit of a LiFePO4 pack, V."""
    return 2.70 * spec.cells
