"""One register table a device. ``get`` imports and checks only the one that the settings name."""

from nspkit import table
from nspkit.device import Model

NAMES = ("dse7320mk2", "sdm630", "seplos_v3")


def get(name: str) -> Model:
    """The checked table of a device; KeyError when there is none of that name, TableError for a bad one."""
    if name not in NAMES:
        raise KeyError(name)
    return table.load(getattr(__import__("nspkit.models." + name).models, name))
