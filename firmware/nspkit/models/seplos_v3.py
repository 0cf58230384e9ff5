"""Seplos V3 battery management system, RTU, 19,200 8N1, unit 0-15.

Source: one public driver (mr-manuel/venus-os_dbus-serialbattery, seplosv3.py),
not yet confirmed on a battery of ours. Function 4; block 0x1000 of 18 words,
block 0x1100 of 26. No sentinel is known: implausible is unknown. Function 1;
alarm bits at 0x1400 are 0 while active, in pairs (warning, protection), of which
the protections and the battery's own failures are read; switches at 0x1278.
0x1407 is so by that pattern: the driver reads its warning, 0x1406, for both.
"""

SERIAL = (19200, None, 1)
UNIT = 1
BLOCK_LIMIT = 80
HOLE_LIMIT = 40
PAGE = 256
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0
UNVERIFIED = ("*",)  # one source, not yet compared with a battery

_ACTIVE_LOW = {0: 1, 1: 0}
WORDS = {
    "alarm_charge_off": _ACTIVE_LOW,
    "alarm_discharge_off": _ACTIVE_LOW,
    "_cell_high": _ACTIVE_LOW,
    "_cell_low": _ACTIVE_LOW,
    "_pack_high": _ACTIVE_LOW,
    "_pack_low": _ACTIVE_LOW,
    "_charge_hot": _ACTIVE_LOW,
    "_charge_cold": _ACTIVE_LOW,
    "_discharge_hot": _ACTIVE_LOW,
    "_discharge_cold": _ACTIVE_LOW,
    "_switch_hot": _ACTIVE_LOW,
    "_charge_current": _ACTIVE_LOW,
    "_discharge_current": _ACTIVE_LOW,
    "_failure_48": _ACTIVE_LOW,
    "_failure_49": _ACTIVE_LOW,
    "_failure_4a": _ACTIVE_LOW,
    "_failure_4b": _ACTIVE_LOW,
    "_failure_4d": _ACTIVE_LOW,
}

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("battery_cv",           4, 0x1000, "u16",      "0.01 V", 1000,   6400,    "normal"),
    ("battery_da",           4, 0x1001, "s16",      "0.01 A", -3000,  3000,    "normal"),
    ("battery_permille",     4, 0x1005, "u16",      "0.1 %",  0,      1000,    "normal"),
    ("battery_c",            4, 0x1110, "u16",      "0.1 K",  -40,    100,     "slow"),
    ("alarm_discharge_off",  1, 0x1278, "bit",      "",       0,      1,       "normal"),
    ("alarm_charge_off",     1, 0x1279, "bit",      "",       0,      1,       "normal"),
    ("_cell_high",           1, 0x1401, "bit",      "",       0,      1,       "normal"),
    ("_cell_low",            1, 0x1403, "bit",      "",       0,      1,       "normal"),
    ("_pack_high",           1, 0x1405, "bit",      "",       0,      1,       "normal"),
    ("_pack_low",            1, 0x1407, "bit",      "",       0,      1,       "normal"),
    ("_charge_hot",          1, 0x1409, "bit",      "",       0,      1,       "normal"),
    ("_charge_cold",         1, 0x140B, "bit",      "",       0,      1,       "normal"),
    ("_discharge_hot",       1, 0x140D, "bit",      "",       0,      1,       "normal"),
    ("_discharge_cold",      1, 0x140F, "bit",      "",       0,      1,       "normal"),
    ("_switch_hot",          1, 0x1415, "bit",      "",       0,      1,       "normal"),
    ("_charge_current",      1, 0x1421, "bit",      "",       0,      1,       "normal"),
    ("_discharge_current",   1, 0x1424, "bit",      "",       0,      1,       "normal"),
    ("_failure_48",          1, 0x1448, "bit",      "",       0,      1,       "normal"),
    ("_failure_49",          1, 0x1449, "bit",      "",       0,      1,       "normal"),
    ("_failure_4a",          1, 0x144A, "bit",      "",       0,      1,       "normal"),
    ("_failure_4b",          1, 0x144B, "bit",      "",       0,      1,       "normal"),
    ("_failure_4d",          1, 0x144D, "bit",      "",       0,      1,       "normal"),
)

DERIVED = (
    ("alarm_battery", "any", (
        "_cell_high", "_cell_low", "_pack_high", "_pack_low", "_charge_hot", "_charge_cold", "_discharge_hot",
        "_discharge_cold", "_switch_hot", "_charge_current", "_discharge_current",
        "_failure_48", "_failure_49", "_failure_4a", "_failure_4b", "_failure_4d",
    )),
)
