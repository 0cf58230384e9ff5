"""settings.json and key.json: read once, checked field by field, then fixed."""

import json

from nspkit import models, regions

SETTINGS = "settings.json"
KEY = "key.json"
DEVICE_NAMES = ("generator", "battery", "meter")


class SettingsError(Exception):
    """What is wrong in which field of which file, and what was expected."""

    def __init__(self, file: str, field: str, problem: str) -> None:
        super().__init__("%s: %s: %s" % (file, field, problem))


# field, type, least, most
_TOP = (
    ("version", int, 1, 1),
    ("address", int, 65, 65535),
    ("heartbeat_s", int, 1, 3600),
    ("full_s", int, 1, 86400),
    ("change_gap_s", int, 1, 3600),
    ("change_refill_s", int, 1, 3600),
    ("rated_w", int, 0, 60000),
)
_RADIO = (
    ("uart", int, 1, 2),
    ("sf", int, 7, 12),
    ("bandwidth_khz", int, 125, 125),
    ("coding_rate", int, 5, 8),
    ("preamble", int, 5, 65535),
    ("power_dbm", int, 5, 22),
    ("frequency_hz", int, 863000000, 870000000),
)
_BUS = (("uart", int, 1, 2), ("baud", int, 1200, 115200))
_DEVICE = (("bus", int, 0, 1), ("unit", int, 1, 247))


def load(folder: str) -> dict:
    """The checked settings of ``folder`` ("" on the board), or SettingsError."""
    data = _read(folder + SETTINGS)
    _check(SETTINGS, "", data, _TOP)
    if data["address"] & 63 == 0:
        raise SettingsError(SETTINGS, "address", "%d is a group's; a kit's low 6 bits are 1-63" % data["address"])
    radio = _part(data, "radio", dict)
    _check(SETTINGS, "radio.", radio, _RADIO)
    if radio.get("driver") != "rui3":
        raise SettingsError(SETTINGS, "radio.driver", "%r is not known, expected rui3" % radio.get("driver"))
    try:
        regions.sub_band(radio["frequency_hz"], radio["bandwidth_khz"])
    except ValueError as error:
        raise SettingsError(SETTINGS, "radio.frequency_hz", str(error)) from None
    for index, bus in enumerate(_part(data, "buses", list)):
        _check(SETTINGS, "buses[%d]." % index, bus, _BUS)
    _check_devices(data)
    return data


def load_key(folder: str) -> tuple:
    """(generation 0-255, key of 16 bytes) of ``folder``, or SettingsError; never shows the key."""
    data = _read(folder + KEY)
    _check(KEY, "", data, (("generation", int, 0, 255),))
    text = data.get("key")
    try:
        key = bytes.fromhex(str(text))
    except ValueError:
        key = b""
    if len(key) != 16:
        raise SettingsError(KEY, "key", "expected 32 hex digits")
    return data["generation"], key


def _check_devices(data: dict) -> None:
    seen = []
    for index, dev in enumerate(_part(data, "devices", list)):
        where = "devices[%d]." % index
        _check(SETTINGS, where, dev, _DEVICE)
        if dev.get("name") not in DEVICE_NAMES or dev.get("name") in seen:
            raise SettingsError(SETTINGS, where + "name", "%r is unknown or used twice" % dev.get("name"))
        seen.append(dev["name"])
        if dev.get("model") not in models.NAMES:
            known = ", ".join(models.NAMES)
            raise SettingsError(SETTINGS, where + "model", "%r is not known, expected one of %s" % (dev.get("model"), known))
        if dev["bus"] >= len(data["buses"]):
            raise SettingsError(SETTINGS, where + "bus", "%d, but there are %d buses" % (dev["bus"], len(data["buses"])))


def _read(path: str) -> dict:
    try:
        with open(path) as file:
            data = json.load(file)
    except OSError:
        raise SettingsError(path, "file", "missing or unreadable: flash the kit again") from None
    except ValueError:
        raise SettingsError(path, "file", "is not JSON, perhaps cut off: flash the kit again") from None
    if not isinstance(data, dict):
        raise SettingsError(path, "file", "expected a JSON object")
    return data


def _part(data: dict, name: str, kind: type):  # noqa: ANN202 - the kind asked for
    part = data.get(name)
    if not isinstance(part, kind):
        raise SettingsError(SETTINGS, name, "missing, or not a %s" % ("list" if kind is list else "table"))
    return part


def _check(file: str, where: str, data, rows: tuple) -> None:
    if not isinstance(data, dict):
        raise SettingsError(file, where.rstrip("."), "expected a table")
    for name, kind, least, most in rows:
        value = data.get(name)
        if not isinstance(value, kind) or isinstance(value, bool) or not least <= value <= most:
            raise SettingsError(file, where + name, "%r, expected a whole number %d-%d" % (value, least, most))
