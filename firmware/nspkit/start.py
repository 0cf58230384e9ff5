"""Reads what a kit is made of: settings, key, device tables. Needed at the start only.

main.py runs this before it imports the kit itself, and then lets go of it: the
checks are a third of the code, and the heap must hold only what runs.
"""

from nspkit import settings
from nspkit.log import Log
from nspkit.signs import CODES


def read(folder: str) -> tuple:
    """The plan of a kit from the files in ``folder`` ("" on the board): (settings, generation, keys, devices).

    ``keys``: the kit's own and its group's or None; ``devices``: a list of poll.Device for each bus. A plain tuple, since an
    object of a class here would keep this module alive. Raises
    settings.SettingsError, which names what is wrong.
    """
    conf = settings.load(folder)
    generation, key, group = settings.load_key(folder)
    devices: list = [[] for _ in conf["buses"]]
    for entry in conf["devices"]:
        devices[entry["bus"]].append(settings.device(entry))
    return conf, generation, (key, group), devices


def plan(board) -> tuple | None:
    """The kit's plan; with files that are not in order, say so and flash a code until somebody comes."""
    log = Log(board.clock)
    try:
        made = read(board.folder)
    except settings.SettingsError as error:
        log("not started: %s" % error)
    except (KeyError, ValueError, TypeError) as error:
        # What the checks let through must end here as well, not in a loop of resets.
        log("not started: settings.json: %s %s" % (type(error).__name__, error))
    else:
        board.forget(settings.made_of())
        return made
    board.led().repeat(CODES["settings"])
    return None
