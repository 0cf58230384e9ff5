"""Daly battery management system, H, K, M and S series, RTU, 9,600 8N1.

Source: one public driver (patagonaa/esphome-daly-hkms-bms), not yet compared
with a pack. Battery n is asked at 0x80 + n and answers from 0x50 + n: set
``unit`` to 129 for the first. Other firmware answers from 0xD2 and is not read.
A sensor that is not there reads 255, which the limits of battery_c turn into
unknown. The error words hold levels of three bits (1 warns; from 2 it protects)
and single bits; levels of low charge and health are no faults.
"""

SERIAL = (9600, None, 1)
UNIT = 0x81
BLOCK_LIMIT = 64
HOLE_LIMIT = 16
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0
REPLY_OFFSET = 0x50 - 0x80
UNVERIFIED = ("*",)  # one source, not yet compared with a battery

# 1 is a switch that conducts.
_OPEN = {0: 1, 1: 0}
WORDS = {"alarm_charge_off": _OPEN, "alarm_discharge_off": _OPEN}

# quantity               fc address type        unit          lo      hi       group
REGISTERS = (
    ("battery_c",            3, 0x30,   "u16",      "degC-40",    -40,    100,     "normal"),
    ("battery_cv",           3, 0x38,   "u16",      "0.1 V",      800,    6400,    "normal"),
    ("battery_da",           3, 0x39,   "u16",      "0.1 A-3000", -3000,  3000,    "normal"),
    ("battery_permille",     3, 0x3A,   "u16",      "0.1 %",      0,      1000,    "normal"),
    ("battery_mah",          3, 0x4B,   "u16",      "0.1 Ah",     0,      5000000, "normal"),
    ("alarm_charge_off",     3, 0x52,   "u16",      "",           0,      1,       "normal"),
    ("alarm_discharge_off",  3, 0x53,   "u16",      "",           0,      1,       "normal"),
    ("_cells",               3, 0x6D,   "anyB6B6",  "",           0,      1,       "normal"),
    ("_temperatures",        3, 0x6E,   "anyF6F6",  "",           0,      1,       "normal"),
    ("_pack",                3, 0x6F,   "anyF676",  "",           0,      1,       "normal"),
    ("_hot",                 3, 0x70,   "any3680",  "",           0,      1,       "normal"),
    ("_sensors",             3, 0x72,   "anyFF00",  "",           0,      1,       "normal"),
    ("_switches",            3, 0x73,   "any80FF",  "",           0,      1,       "normal"),
)

DERIVED = (("alarm_battery", "any", ("_cells", "_temperatures", "_pack", "_hot", "_sensors", "_switches")),)
