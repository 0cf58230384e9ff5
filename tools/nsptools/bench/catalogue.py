"""Every simulated device model by its id: who makes it, how its serial port is set at the factory, its unit.

To add one: import its class and give it one line in `_ENTRIES`. The class is a `registers.Device` that is
made from a plant and a unit address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from nsptools.bench.devices.comap_il4 import ComApIl4
from nsptools.bench.devices.comap_ntc import ComApNtc
from nsptools.bench.devices.daly import DalyBattery
from nsptools.bench.devices.datakom_d500 import DatakomD500
from nsptools.bench.devices.deif_sgc400 import DeifSgc400
from nsptools.bench.devices.dse3110 import Dse3110
from nsptools.bench.devices.dse4520mk2 import Dse4520Mk2
from nsptools.bench.devices.epever_tracer import EpeverTracer
from nsptools.bench.devices.jk_pb import JkBattery
from nsptools.bench.devices.mebay_dc import MebayDc
from nsptools.bench.devices.qdy30a import LevelProbe
from nsptools.bench.devices.renogy_battery import RenogyBattery
from nsptools.bench.devices.sdm_single import Sdm120Meter, Sdm220Meter
from nsptools.bench.devices.smartgen_hgm4000n import SmartGenHgm4000n
from nsptools.bench.devices.srne_controller import SrneController
from nsptools.bench.devices.victron_gx import VictronGx
from nsptools.bench.dse7320 import DseGenset
from nsptools.bench.plant import Plant
from nsptools.bench.registers import Device
from nsptools.bench.sdm630 import Sdm630Meter
from nsptools.bench.seplos_v3 import SeplosBattery
from nsptools.bench.spec import PlantSpec

Owner = Literal["generator", "battery", "meter", "tank", "solar"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model. `owner` is the name of its door at a site; baud, parity (N, E or O) and stop bits as delivered.

    `tcp`: it speaks Modbus TCP only, so it never lies on the RS485 line.
    """

    owner: Owner
    make: Callable[[Plant, int], Device]
    unit: int
    baud: int
    parity: Literal["N", "E", "O"] = "N"
    stop: int = 1
    tcp: bool = False


# fmt: off
_ENTRIES = {
    # Generator controllers.
    "dse3110": Entry(owner="generator", make=Dse3110, unit=10, baud=19_200),
    "dse4520mk2": Entry(owner="generator", make=Dse4520Mk2, unit=10, baud=19_200),
    "dse7320mk2": Entry(owner="generator", make=DseGenset, unit=10, baud=19_200),
    "comap_il4": Entry(owner="generator", make=ComApIl4, unit=1, baud=9_600),
    "comap_ntc": Entry(owner="generator", make=ComApNtc, unit=1, baud=9_600),
    "smartgen_hgm4000n": Entry(owner="generator", make=SmartGenHgm4000n, unit=1, baud=9_600),
    "mebay_dc": Entry(owner="generator", make=MebayDc, unit=1, baud=19_200),
    "datakom_d500": Entry(owner="generator", make=DatakomD500, unit=1, baud=9_600),
    "deif_sgc400": Entry(owner="generator", make=DeifSgc400, unit=1, baud=9_600),
    # Batteries and solar controllers.
    "seplos_v3": Entry(owner="battery", make=SeplosBattery, unit=1, baud=19_200),
    "jk_pb": Entry(owner="battery", make=JkBattery, unit=1, baud=115_200),
    "daly": Entry(owner="battery", make=DalyBattery, unit=0x81, baud=9_600),
    "renogy_battery": Entry(owner="battery", make=RenogyBattery, unit=0x30, baud=9_600),
    "victron_gx": Entry(owner="battery", make=VictronGx, unit=100, baud=9_600, tcp=True),
    "srne_controller": Entry(owner="solar", make=SrneController, unit=1, baud=9_600),
    "epever_tracer": Entry(owner="solar", make=EpeverTracer, unit=1, baud=115_200),
    # Meters and level probes.
    "sdm630": Entry(owner="meter", make=Sdm630Meter, unit=2, baud=9_600),
    "sdm120": Entry(owner="meter", make=Sdm120Meter, unit=1, baud=2_400),
    "sdm220": Entry(owner="meter", make=Sdm220Meter, unit=1, baud=2_400),
    "qdy30a": Entry(owner="tank", make=LevelProbe, unit=1, baud=9_600),
}
# fmt: on
MODELS: Mapping[str, Entry] = MappingProxyType(_ENTRIES)

# What a site has when nobody says otherwise.
DEFAULT_MODELS: Mapping[str, str] = MappingProxyType(
    {"generator": "dse7320mk2", "battery": "seplos_v3", "meter": "sdm630"}
)


def entry(model: str) -> Entry:
    """The model's entry; ValueError listing the models when there is none."""
    if model not in MODELS:
        raise ValueError(f"no device model {model!r}; there are {', '.join(MODELS)}")
    return MODELS[model]


def at_site(plant: Plant) -> dict[str, Device]:
    """The devices of the plant's site by owner, as its spec names them.

    Raises ValueError for a model that does not exist or belongs to another owner, or an owner without a model.
    """
    spec = plant.spec
    devices: dict[str, Device] = {}
    for owner in spec.devices:
        model = model_at(spec, owner)
        if entry(model).owner != owner:
            raise ValueError(f"{model} is no {owner}; there are {_of(owner)}")
        devices[owner] = make(model, plant, spec.units.get(owner))
    return devices


def model_at(spec: PlantSpec, owner: str) -> str:
    """Id of an owner's model at a site; ValueError when nobody says which."""
    model = spec.models.get(owner) or DEFAULT_MODELS.get(owner)
    if model is None:
        raise ValueError(f"which {owner}? models names none; there are {_of(owner)}")
    return model


def _of(owner: str) -> str:
    return ", ".join(model for model, found in MODELS.items() if found.owner == owner) or "none"


def make(model: str, plant: Plant, unit: int | None = None) -> Device:
    """A device of that model on that plant. `unit`: its address (1 to 255), default the factory's.

    Raises ValueError for a model or an address that cannot be.
    """
    found = entry(model)
    address = found.unit if unit is None else unit
    if not 1 <= address <= 255:
        raise ValueError(f"unit is {address}; expected 1 to 255")
    return found.make(plant, address)
