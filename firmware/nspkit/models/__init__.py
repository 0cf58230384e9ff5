"""One register table a device. ``get`` imports only the one that the settings name."""

NAMES = ("dse7320mk2", "sdm630", "seplos_v3")


def get(name: str):  # noqa: ANN201 - a module: a table with its limits and timing
    """The module of a device model; KeyError when there is none of that name."""
    if name not in NAMES:
        raise KeyError(name)
    return getattr(__import__("nspkit.models." + name).models, name)
