import copy
import json

import pytest

from nspkit import settings

GOOD = {
    "version": 1,
    "address": 65,
    "heartbeat_s": 5,
    "full_s": 60,
    "change_gap_s": 1,
    "change_refill_s": 5,
    "rated_w": 10000,
    "radio": {
        "driver": "rui3",
        "uart": 2,
        "frequency_hz": 869475000,
        "sf": 9,
        "bandwidth_khz": 125,
        "coding_rate": 5,
        "preamble": 8,
        "power_dbm": 14,
        "sync_word": "3444",
    },
    "buses": [{"uart": 1, "baud": 19200, "bits": 8, "parity": None, "stop": 1}],
    "sources": ["grid", "generator"],
    "tank": None,
    "devices": [
        {"name": "generator", "model": "dse7320mk2", "bus": 0, "unit": 10},
        {"name": "meter", "model": "sdm630", "bus": 0, "unit": 2},
    ],
}


def load(tmp_path, data):
    text = data if isinstance(data, str) else json.dumps(data)
    (tmp_path / "settings.json").write_text(text)
    return settings.load(f"{tmp_path}/")


def test_good_settings_load(tmp_path):
    """A site without a battery is a site like any other."""
    assert load(tmp_path, GOOD)["devices"][1]["name"] == "meter"


def test_inputs_load_as_the_level_that_is_an_alarm(tmp_path):
    """A contact that closes and a loop that is cut are told apart from the first look on."""
    wired = {"input_1": "co_alarm", "input_2": {"alarm": "smoke", "rest": "closed"}}
    assert load(tmp_path, GOOD | {"inputs": wired})["inputs"] == {"input_1": 0, "input_2": 1}
    assert load(tmp_path, GOOD)["inputs"] == {}


BAD = [
    (("inputs",), [], r"inputs: expected a table"),
    (
        ("inputs",),
        {"input_3": "co_alarm"},
        r"inputs.name of an input: 'input_3' is not known, expected one of input_1",
    ),
    (
        ("inputs",),
        {"input_1": "CO alarm"},
        r"inputs.input_1: 'CO alarm', expected the id of an alarm: at most 32",
    ),
    (("inputs",), {"input_1": ""}, r"inputs.input_1: ''"),
    (("inputs",), {"input_1": None}, r"inputs.input_1: None"),
    (
        ("inputs",),
        {"input_2": {"alarm": "smoke", "rest": "shut"}},
        r"inputs.input_2.rest: 'shut' is not known",
    ),
    (
        ("inputs",),
        {"input_2": {"alarm": "smoke", "Rest": "open"}},
        r"inputs.input_2.name of a setting: 'Rest'",
    ),
    (("version",), 2, r"version: 2, expected a whole number 1-1"),
    (("address",), 64 * 5, r"address: 320 is a group's"),
    (("address",), "65", r"address: '65', expected"),
    (("heartbeat_s",), 0, r"heartbeat_s: 0, expected a whole number 1-3600"),
    (("heartbeat_s",), True, r"heartbeat_s: True"),
    (("rated_w",), None, r"rated_w: None"),
    (("radio",), [], r"radio: missing, or not a table"),
    (("radio", "driver"), "sx", r"radio.driver: 'sx' is not known, expected one of rui3"),
    (("radio", "sync_word"), None, r"radio.sync_word: None, expected four hex digits"),
    (("radio", "sync_word"), "34G4", r"radio.sync_word: '34G4', expected four hex digits"),
    (("radio", "power_dbm"), 23, r"radio.power_dbm: 23, expected a whole number 5-22"),
    (("radio", "frequency"), 1, r"radio.name of a setting: 'frequency' is not known"),
    (("radio", "sf"), 13, r"radio.sf: 13, expected a whole number 7-12"),
    (("radio", "frequency_hz"), 869300000, r"radio.frequency_hz: no sub-band allows 869300000 Hz"),
    (("buses",), None, r"buses: missing, or not a list"),
    (("buses", 0, "baud"), 300, r"buses\[0\].baud: 300"),
    (("devices", 0, "model"), "dse", r"devices\[0\].model: 'dse' is not known, expected one of .*dse7320mk2"),
    (
        ("buses", 0, "parity"),
        "none",
        r"buses\[0\].parity: 'none' is not known, expected one of None, even, odd",
    ),
    (("buses", 0, "stop"), 3, r"buses\[0\].stop: 3, expected"),
    (("buses", 0, "bits"), 7, r"buses\[0\].bits: 7 is not known"),
    (("buses", 0, "uart"), 2, r"buses\[0\].uart: 2 is used already"),
    (("buses", 0, "parety"), "even", r"buses\[0\].name of a setting: 'parety' is not known"),
    (("buses", 0), {"tcp": "", "port": 502}, r"buses\[0\].tcp: '', expected a host"),
    (("sources", 0), "gird", r"sources\[0\]: 'gird' is not known"),
    (("tank",), {"empty_raw": 5, "full_raw": 5}, r"tank.full_raw: is the same as empty_raw"),
    (("generator_auto",), "yes", r"generator_auto: 'yes', expected true or false"),
    (("devices",), [], r"devices: is empty"),
    (("devices", 1, "name"), "pump", r"devices\[1\].name: 'pump' is not known"),
    (
        ("devices", 1, "name"),
        "generator",
        r"devices\[1\].name: 'generator', or its unit on this bus, is used twice",
    ),
    (("devices", 1, "unit"), 10, r"devices\[1\].name: 'meter', or its unit on this bus, is used twice"),
    (("devices", 1, "without"), ["soc"], r"devices\[1\].without: 'soc' is not known"),
    (
        ("devices", 1, "line"),
        {"baud": 9600, "stop": 1, "parity": 0},
        r"devices\[1\].line.parity: 0 is not known",
    ),
    (("devices", 1, "bus"), 1, r"devices\[1\].bus: 1, but there are 1 buses"),
    (("devices", 0, "unit"), 0, r"devices\[0\].unit: 0, expected a whole number 1-247"),
    (("devices", 0), "generator", r"devices\[0\]: expected a table"),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD)
def test_each_mistake_is_named_with_its_field(tmp_path, path, value, message):
    """A technician reads which field is wrong and what was expected."""
    data = copy.deepcopy(GOOD)
    at = data
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(settings.SettingsError, match=r"settings\.json: " + message):
        load(tmp_path, data)


def test_power_beyond_the_sub_band_is_refused(tmp_path):
    """On 868.1 MHz 14 dBm ERP is the law, and settings cannot ask for more."""
    data = copy.deepcopy(GOOD)
    data["radio"] |= {"frequency_hz": 868100000, "power_dbm": 20}
    with pytest.raises(settings.SettingsError, match=r"radio\.power_dbm: 20, but this sub-band allows 10"):
        load(tmp_path, data)


def test_a_quantity_comes_from_one_device(tmp_path):
    """Two devices that both give the battery must be told apart, or the last one read would win."""
    data = copy.deepcopy(GOOD)
    data["devices"].append({"name": "battery", "model": "seplos_v3", "bus": 0, "unit": 1})
    data["devices"].append({"name": "sun", "model": "seplos_v3", "bus": 0, "unit": 3})
    with pytest.raises(
        settings.SettingsError, match=r"devices\[3\]\.without: \w+ comes from the battery already"
    ):
        load(tmp_path, data)
    alarms = ["alarm_battery", "alarm_charge_off", "alarm_discharge_off"]
    data["devices"][3]["without"] = ["battery_cv", "battery_da", "battery_permille", "battery_c", *alarms]
    assert len(load(tmp_path, data)["devices"]) == 4


def test_a_device_has_what_its_entry_says(tmp_path):
    """Line settings of its own and what the site has not reach the device."""
    data = copy.deepcopy(GOOD)
    data["devices"][1] |= {"line": {"baud": 9600, "parity": "even", "stop": 1}, "without": ["meter_dhz"]}
    made = settings.device(load(tmp_path, data)["devices"][1])
    assert made.line == (9600, "even", 1)
    assert made.without == ("meter_dhz",)


@pytest.mark.parametrize("text", ["", "{", '{"version": 1', "[]", "null"])
def test_a_broken_file_is_named(tmp_path, text):
    """A file that was cut off or is no settings says so."""
    with pytest.raises(settings.SettingsError, match=r"settings\.json: file: "):
        load(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    """A kit that was never provisioned says what to do."""
    with pytest.raises(settings.SettingsError, match="missing or unreadable: flash the kit again"):
        settings.load(f"{tmp_path}/")


@pytest.mark.parametrize("key", ["", "00" * 15, "zz" * 16, None, 5])
def test_a_bad_key_is_refused_and_not_shown(tmp_path, key):
    """The message about a key never contains it."""
    (tmp_path / "key.json").write_text(json.dumps({"generation": 1, "key": key}))
    with pytest.raises(settings.SettingsError) as caught:
        settings.load_key(f"{tmp_path}/")
    assert str(caught.value) == "key.json: key: expected 32 hex digits"
