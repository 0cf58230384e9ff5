"""ComAp InteliLite 4 generator controller, map of its default configuration, RTU or TCP.

Source: one public driver (victronenergy/dbus-modbus-client comap.py) and ComAp's
InteliLite Global Guide, which agree; the guide reserves 4214, the number of
lines in the alarm list. Function 3, high word first. The map follows the loaded
configuration: compare with the export of InteliConfig before use. A read across
an address without an object fails, so no hole is read along. The default speed
on RS485 is not published; 9,600 is a first guess. Power comes in whole kW.
State 0 (start of the controller), 13 (ventilation) and 14 (emergency manual) do
not say whether the engine turns.
"""

SERIAL = (9600, None, 1)
UNIT = 1
BLOCK_LIMIT = 64
HOLE_LIMIT = 0
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0

SENTINELS = {
    "u16": ((0x8000, 0x8000),),
    "s16": ((0x8000, 0x8000),),
    "u32": ((0x80000000, 0x80000000),),
}

_STATES = {
    1: "stopped", 2: "stopped", 3: "starting", 4: "starting", 5: "starting", 6: "starting", 7: "running", 8: "running",
    9: "running", 10: "cooling", 11: "cooling", 12: "stopped", 15: "running", 16: "cooling", 17: "stopped",
}

WORDS = {
    "engine_state": _STATES,
    # 12 is shutdown, 17 the ventilation after one.
    "alarm_shutdown": {code: int(code in (12, 17)) for code in range(18)},
    "generator_mode": {0: "off", 1: "manual", 2: "auto", 3: "test"},
}

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("engine_rpm",           3, 1004,   "u16",      "",       0,      6000,    "normal"),
    ("engine_dh",            3, 1013,   "u32",      "0.1 h",  0,      1000000, "slow"),
    ("generator_w",          3, 1020,   "s16",      "kW",     -60000, 60000,   "normal"),
    ("generator_dhz",        3, 1036,   "u16",      "0.1 Hz", 0,      700,     "normal"),
    ("generator_v",          3, 1037,   "u16",      "V",      0,      500,     "normal"),
    ("starter_dv",           3, 1053,   "u16",      "0.1 V",  0,      400,     "normal"),
    ("fuel_permille",        3, 1055,   "u16",      "%",      0,      1300,    "normal"),
    ("engine_state",         3, 1298,   "u16",      "",       0,      17,      "fast"),
    ("alarm_shutdown",       3, 1298,   "u16",      "",       0,      17,      "fast"),
    ("generator_mode",       3, 1382,   "u16",      "",       0,      3,       "fast"),
    ("_alarm_lines",         3, 4214,   "u16",      "",       0,      999,     "normal"),
)

DERIVED = (("alarm_warning", "any", ("_alarm_lines",)),)  # a line of any class
