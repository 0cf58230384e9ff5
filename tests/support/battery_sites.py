"""Sites for the tests of battery managers and solar controllers, and the reader's arithmetic."""

from nsptools.bench.plant import Plant
from nsptools.bench.profiles import spec


def discharging(**changes):
    """A site on its battery for a minute."""
    plant = Plant(spec("diesel10k_dse7320", grid_on=False, mode="off", load_w=3000.0, soc=0.75, **changes))
    plant.step(60)
    assert plant.pack.current_a < -50
    return plant


def charging(**changes):
    """A site whose grid charges the battery for a minute."""
    plant = Plant(spec("diesel10k_dse7320", soc=0.5, **changes))
    plant.step(60)
    assert plant.pack.current_a > 50
    return plant


def sunny(**changes):
    """A small site at noon: panels, battery, no grid, a light load."""
    given = {"grid_on": False, "mode": "off", "load_w": 300.0, "soc": 0.6, "panels_w": 2000.0, "clouds": 0.0}
    plant = Plant(spec("diesel10k_dse7320", **(given | changes)))
    plant.step(60)
    return plant


def s16(word):
    """A signed word."""
    return word - 0x10000 if word & 0x8000 else word


def s32(high, low):
    """Two words as one signed number."""
    value = high << 16 | low
    return value - (1 << 32) if value & 1 << 31 else value
