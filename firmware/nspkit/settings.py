"""settings.json and key.json: read once, checked field by field, then fixed."""

import json

from nspkit import models, overlay
from nspkit.files import Files
from nspkit.poll import Device
from nspkit.signs import RESERVE
from nspkit.table import TableError
from nsplink import regions

SETTINGS = overlay.SETTINGS
KEY = "key.json"
DEVICE_NAMES = ("generator", "battery", "meter", "tank", "sun")
SOURCES = ("grid", "generator", "battery", "sun")
INPUTS = ("input_1", "input_2")
_ALARM_ID = 32
PARITIES = (None, "even", "odd")


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
_TOP_OTHERS = ("radio", "buses", "devices", "sources", "tank", "generator_auto", "gateways", "inputs", "reserve", "local")
RESERVE_LETTERS = 8  # that the display has room for
# What the local page is told: name, most letters of it or of each of so many.
_LOCAL = (("point", 60, 1), ("stock", 60, 8), ("topics", 60, 31))
_MOST_GATEWAYS = 2
_RADIO = (
    ("uart", int, 1, 2),
    ("sf", int, 7, 12),
    ("bandwidth_khz", int, 125, 125),
    ("coding_rate", int, 5, 8),
    ("preamble", int, 5, 65535),
    ("power_dbm", int, 5, 22),
    ("frequency_hz", int, 863000000, 870000000),
)
_ANTENNA = (("antenna_gain_cdbi", int, -1000, 2000), ("cable_loss_cdb", int, 0, 2000))
_LINE = (("baud", int, 1200, 115200), ("stop", int, 1, 2))
_UART = (("uart", int, 1, 2),)
_TCP = (("port", int, 1, 65535),)
_DEVICE = (("bus", int, 0, 2), ("unit", int, 1, 247))
_TANK = (("empty_raw", int, -32768, 32767), ("full_raw", int, -32768, 32767))


def load(folder: str) -> dict:
    """The checked settings of ``folder`` ("" on the board), or SettingsError.

    ``devices`` are as the file has them (``device`` makes one), ``tank`` is
    (raw when empty, raw when full) or None. What was changed over the air is in
    them, unless the kit could not start with it.
    """
    files = Files(folder)
    changed = overlay.unpack(files.read(overlay.FILE), overlay.base_of(files.read(SETTINGS)))
    if changed:
        try:
            return _load(folder, changed)
        except SettingsError:
            pass
    return _load(folder, {})


def _load(folder: str, changed: dict) -> dict:
    data = _read(folder + SETTINGS)
    if changed:
        _part(data, "radio", dict)
        overlay.put(data, changed)
    _check(SETTINGS, "", data, _TOP)
    _check_names("", data, _TOP, _TOP_OTHERS)
    auto = data.setdefault("generator_auto", True)  # the set is meant to start by itself
    if not isinstance(auto, bool):
        raise SettingsError(SETTINGS, "generator_auto", "%r, expected true or false" % (auto,))
    if data["address"] & 63 == 0:
        raise SettingsError(SETTINGS, "address", "%d is a group's; a kit's low 6 bits are 1-63" % data["address"])
    _check_gateways(data.setdefault("gateways", [1]))
    _check_radio(_part(data, "radio", dict))
    _check_buses(data)
    for index, source in enumerate(_part(data, "sources", list)):
        _one_of(source, SOURCES, "sources[%d]" % index)
    tank = data.get("tank")
    if tank is not None:
        _check(SETTINGS, "tank.", tank, _TANK)
        if tank["empty_raw"] == tank["full_raw"]:
            raise SettingsError(SETTINGS, "tank.full_raw", "is the same as empty_raw")
        tank = (tank["empty_raw"], tank["full_raw"])
    data["tank"] = tank
    data["inputs"] = _inputs(data.get("inputs", {}))
    _check_reserve(data.setdefault("reserve", RESERVE))
    _check_local(data.pop("local", {}))  # its page reads it when it is opened
    _check_devices(data)
    return data


def _inputs(given) -> dict:
    """What is wired to the two inputs -> the level at which each is an alarm: 0 for a contact that closes then.

    A value is the id of an alarm (its wording is the gateway's), or a table of ``alarm`` and ``rest``:
    "closed" for a loop that opens in alarm, or when it is cut.
    """
    if not isinstance(given, dict):
        raise SettingsError(SETTINGS, "inputs", "expected a table")
    levels = {}
    for name in given:
        _one_of(name, INPUTS, "inputs.name of an input")
        value = given[name] if isinstance(given[name], dict) else {"alarm": given[name]}
        for key in value:
            _one_of(key, ("alarm", "rest"), "inputs.%s.name of a setting" % name)
        alarm = value.get("alarm")
        if not isinstance(alarm, str) or not 0 < len(alarm) <= _ALARM_ID or alarm.strip("abcdefghijklmnopqrstuvwxyz0123456789_"):
            problem = "%r, expected the id of an alarm: at most %d small letters, digits and _" % (alarm, _ALARM_ID)
            raise SettingsError(SETTINGS, "inputs." + name, problem)
        rest = value.get("rest", "open")
        _one_of(rest, ("open", "closed"), "inputs.%s.rest" % name)
        levels[name] = 1 if rest == "closed" else 0
    return levels


def _check_reserve(word) -> None:
    """The word for the path to take when the radio fails, as it stands behind "GEBRUIK" on the display."""
    if not isinstance(word, str) or not 0 < len(word) <= RESERVE_LETTERS or [one for one in word if not " " <= one <= "~"]:
        problem = "%r, expected one word of at most %d plain letters, such as PORTO" % (word, RESERVE_LETTERS)
        raise SettingsError(SETTINGS, "reserve", problem)


def _check_local(given) -> None:
    """What the local page says of the point, and the region's words for stock and topics, by their numbers on air."""
    if not isinstance(given, dict):
        raise SettingsError(SETTINGS, "local", "expected a table")
    for name in given:
        _one_of(name, tuple([row[0] for row in _LOCAL]), "local.name of a setting")
    for name, letters, most in _LOCAL:
        words = given.get(name, [])
        words = [words] if most == 1 and name in given else words
        if not isinstance(words, list) or len(words) > most:
            raise SettingsError(SETTINGS, "local." + name, "expected a list of at most %d words" % most)
        for word in words:
            if not isinstance(word, str) or not 0 < len(word) <= letters:
                raise SettingsError(SETTINGS, "local." + name, "%r, expected 1 to %d letters" % (word, letters))


def made_of() -> tuple:
    """Modules that nothing needs any more once the plan is made."""
    names = tuple(["nspkit.models." + name for name in models.NAMES])
    return names + ("nspkit.models.gencomm", "nspkit.models", "nspkit.table", "nspkit.quantities", "nspkit.settings", "nspkit.start")


def device(entry: dict) -> Device:
    """The device of one checked entry of ``devices``."""
    line = entry.get("line")
    made = Device(entry["name"], entry["unit"], models.get(entry["model"]), None if line is None else _line(line))
    made.without = tuple(entry.get("without", ()))
    return made


def load_key(folder: str) -> tuple:
    """(generation 0-255, key of 16 bytes, group's key or None) of ``folder``, or SettingsError; never shows a key."""
    data = _read(folder + KEY)
    _check(KEY, "", data, (("generation", int, 0, 255),))
    return data["generation"], _key(data, "key"), _key(data, "group") if "group" in data else None


def _key(data: dict, name: str) -> bytes:
    try:
        key = bytes.fromhex(str(data.get(name)))
    except ValueError:
        key = b""
    if len(key) != 16:
        raise SettingsError(KEY, name, "expected 32 hex digits")
    return key


def _check_gateways(ids: list) -> None:
    """Whose answers the kit takes: its own coordinating point's and at most one that may take over."""
    if not isinstance(ids, list) or not 1 <= len(ids) <= _MOST_GATEWAYS:
        raise SettingsError(SETTINGS, "gateways", "%r, expected one or two gateway ids" % (ids,))
    for one in ids:
        if not isinstance(one, int) or isinstance(one, bool) or not 0 <= one <= 255:
            raise SettingsError(SETTINGS, "gateways", "%r, expected a whole number 0-255" % (one,))


def _check_radio(radio: dict) -> None:
    _check(SETTINGS, "radio.", radio, _RADIO)
    _check_names("radio.", radio, _RADIO, ("driver", "sync_word", "antenna_gain_cdbi", "cable_loss_cdb"))
    _check(SETTINGS, "radio.", _with_antenna(radio), _ANTENNA)
    _one_of(radio.get("driver"), ("rui3",), "radio.driver")
    word = radio.get("sync_word")
    if not isinstance(word, str) or len(word) != 4 or word.strip("0123456789abcdefABCDEF"):
        raise SettingsError(SETTINGS, "radio.sync_word", "%r, expected four hex digits" % (word,))
    try:
        band = regions.sub_band(radio["frequency_hz"], radio["bandwidth_khz"])
    except ValueError as error:
        raise SettingsError(SETTINGS, "radio.frequency_hz", str(error)) from None
    most = regions.legal_dbm(band[3], radio["antenna_gain_cdbi"], radio["cable_loss_cdb"])
    if radio["power_dbm"] > most:
        problem = "%d, but this sub-band allows %d with this antenna and cable" % (radio["power_dbm"], most)
        raise SettingsError(SETTINGS, "radio.power_dbm", problem)


def _with_antenna(radio: dict) -> dict:
    """The radio's settings with what is assumed of an antenna that nobody described."""
    radio.setdefault("antenna_gain_cdbi", regions.ASSUMED_GAIN_CDBI)
    radio.setdefault("cable_loss_cdb", 0)
    return radio


def _check_buses(data: dict) -> None:
    uarts = [data["radio"]["uart"]]
    for index, bus in enumerate(_part(data, "buses", list)):
        where = "buses[%d]." % index
        if isinstance(bus, dict) and "tcp" in bus:
            _check(SETTINGS, where, bus, _TCP)
            _check_names(where, bus, _TCP, ("tcp",))
            if not isinstance(bus["tcp"], str) or not bus["tcp"]:
                raise SettingsError(SETTINGS, where + "tcp", "%r, expected a host" % (bus["tcp"],))
            continue
        _check(SETTINGS, where, bus, _UART)
        _check_line(bus, where)
        _check_names(where, bus, _UART, ("baud", "bits", "parity", "stop"))
        _one_of(bus.get("bits", 8), (8,), where + "bits")
        if bus["uart"] in uarts:
            raise SettingsError(SETTINGS, where + "uart", "%d is used already" % bus["uart"])
        uarts.append(bus["uart"])


def _check_line(line: dict, where: str) -> None:
    _check(SETTINGS, where, line, _LINE)
    _one_of(line.get("parity"), PARITIES, where + "parity")


def _line(line: dict) -> tuple:
    return (line["baud"], line["parity"], line["stop"])


def _check_devices(data: dict) -> None:
    names: list = []
    addresses: list = []
    given: dict = {}
    if not _part(data, "devices", list):
        raise SettingsError(SETTINGS, "devices", "is empty: a kit reads at least one device")
    for index, entry in enumerate(data["devices"]):
        where = "devices[%d]." % index
        _check(SETTINGS, where, entry, _DEVICE)
        _check_names(where, entry, _DEVICE, ("name", "model", "line", "without"))
        _one_of(entry.get("name"), DEVICE_NAMES, where + "name")
        _one_of(entry.get("model"), models.NAMES, where + "model")
        if "line" in entry:
            _check_line(entry["line"], where + "line.")
        if entry["bus"] >= len(data["buses"]):
            raise SettingsError(SETTINGS, where + "bus", "%d, but there are %d buses" % (entry["bus"], len(data["buses"])))
        if entry["name"] in names or (entry["bus"], entry["unit"]) in addresses:
            raise SettingsError(SETTINGS, where + "name", "%r, or its unit on this bus, is used twice" % entry["name"])
        names.append(entry["name"])
        addresses.append((entry["bus"], entry["unit"]))
        _check_quantities(entry, where, given)


def _check_quantities(entry: dict, where: str, given: dict) -> None:
    """Each quantity comes from one device; ``without`` lists what a device's table has and the site has not."""
    try:
        names = [name for block in models.get(entry["model"]).names for name in block]
    except TableError as error:
        raise SettingsError(SETTINGS, where + "model", "bad table: %s" % error) from None
    without = entry.get("without", [])
    if not isinstance(without, list):
        raise SettingsError(SETTINGS, where + "without", "expected a list of quantities")
    for name in without:
        _one_of(name, tuple(names), where + "without")
    for name in names:
        if name in without:
            continue
        if name in given:
            raise SettingsError(
                SETTINGS, where + "without", "%s comes from the %s already: list it here or there" % (name, given[name])
            )
        given[name] = entry["name"]


def _check_names(where: str, data: dict, rows: tuple, others: tuple) -> None:
    """A misspelt name would silently leave its setting at a default."""
    known = tuple([row[0] for row in rows]) + others
    for name in data:
        _one_of(name, known, where + "name of a setting")


def _one_of(value, known: tuple, field: str) -> None:
    if value not in known:
        words = ", ".join([str(word) for word in known])
        raise SettingsError(SETTINGS, field, "%r is not known, expected one of %s" % (value, words))


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
