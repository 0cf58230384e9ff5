"""What the solar controllers' devices share: where the site's powers lie on a controller's terminals."""

from __future__ import annotations

from dataclasses import dataclass

from nsptools.bench.devices import cells
from nsptools.bench.plant import Plant, Source

ON_TERMINALS = "load_on_terminals"
_OWN_USE_A = 0.03  # of the controller itself, from the battery


@dataclass(frozen=True)
class Terminals:
    """Panels, battery and load as a controller measures them, in V, A and W. `net_a` > 0 charges."""

    panel_v: float
    panel_a: float
    panel_w: float
    charge_a: float
    load_v: float
    load_a: float
    load_w: float
    net_a: float


def terminals(plant: Plant, *, on_terminals: bool) -> Terminals:
    """The site's powers of now.

    `on_terminals`: what the site takes from the battery runs over the controller's load terminals, as in a
    small kit. Otherwise an inverter hangs on the battery and the controller knows nothing of it.
    """
    volts = plant.pack.voltage_v
    panel_v = plant.sun.panel_v(plant.elapsed_s)
    charge_a = plant.sun_w / volts if volts else 0.0
    load_w = 0.0
    if on_terminals and plant.source is Source.BATTERY:
        load_w = plant.served_w / plant.spec.converter_efficiency
    load_a = load_w / volts if volts else 0.0
    return Terminals(
        panel_v=panel_v,
        panel_a=plant.sun_w / panel_v if panel_v else 0.0,
        panel_w=plant.sun_w,
        charge_a=charge_a,
        load_v=volts if on_terminals else 0.0,
        load_a=load_a,
        load_w=load_w,
        net_a=charge_a - load_a - (_OWN_USE_A if volts and not charge_a else 0.0),
    )


def charges(plant: Plant) -> bool:
    """The panels give something that the battery's side takes."""
    return plant.sun_w > 0


def low(plant: Plant) -> bool:
    """The battery is nearly empty."""
    return plant.pack.fitted and plant.pack.soc < cells.LOW_CHARGE
