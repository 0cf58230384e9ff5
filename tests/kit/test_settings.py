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
    "buses": [{"uart": 1, "baud": 19200}],
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


BAD = [
    (("version",), 2, r"version: 2, expected a whole number 1-1"),
    (("address",), 64 * 5, r"address: 320 is a group's"),
    (("address",), "65", r"address: '65', expected"),
    (("heartbeat_s",), 0, r"heartbeat_s: 0, expected a whole number 1-3600"),
    (("heartbeat_s",), True, r"heartbeat_s: True"),
    (("rated_w",), None, r"rated_w: None"),
    (("radio",), [], r"radio: missing, or not a table"),
    (("radio", "driver"), "sx", r"radio.driver: 'sx' is not known, expected rui3"),
    (("radio", "sf"), 13, r"radio.sf: 13, expected a whole number 7-12"),
    (("radio", "frequency_hz"), 869000000, r"radio.frequency_hz: no sub-band allows 869000000 Hz"),
    (("buses",), None, r"buses: missing, or not a list"),
    (("buses", 0, "baud"), 300, r"buses\[0\].baud: 300"),
    (("devices", 0, "model"), "dse", r"devices\[0\].model: 'dse' is not known, expected one of dse7320mk2"),
    (("devices", 1, "name"), "generator", r"devices\[1\].name: 'generator' is unknown or used twice"),
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
