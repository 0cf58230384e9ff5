"""One register table a device. ``get`` imports and checks only the one that the settings name."""

from nspkit import table
from nspkit.device import Model

NAMES = (
    "comap_il4",
    "comap_ntc",
    "daly",
    "datakom_d500",
    "deif_sgc400",
    "dse3110",
    "dse4520mk2",
    "dse7320mk2",
    "epever_tracer",
    "jk_pb",
    "mebay_dc",
    "qdy30a",
    "renogy_battery",
    "sdm120",
    "sdm220",
    "sdm630",
    "seplos_v3",
    "smartgen_hgm4000n",
    "srne_controller",
    "victron_battery",
    "victron_gx",
)


def get(name: str) -> Model:
    """The checked table of a device; KeyError when there is none of that name, TableError for a bad one."""
    if name not in NAMES:
        raise KeyError(name)
    return table.load(getattr(__import__("nspkit.models." + name).models, name))
