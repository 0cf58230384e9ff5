"""Datakom D-300, D-500 and D-700 generator controllers, RTU or TCP.

Source: one public driver (victronenergy/dbus-modbus-client datakom.py) and the
register list in Datakom's D-500 manual, which agree where both speak; the codes
of state and mode are the driver's. Not yet confirmed on a controller of ours.
Function 3, low word first. The driver reads no hole along, so neither do we.
The maker's alarm bits were not found: alarms are the kit's own. The default
speed is not published; 9,600 is a first guess.
"""

SERIAL = (9600, None, 1)
UNIT = 1
BLOCK_LIMIT = 64
HOLE_LIMIT = 0
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0
UNVERIFIED = ("*",)

SENTINELS = {"u16": ((0x7FFF, 0x7FFF),)}

_STATES = {0: "stopped"}
_STATES.update(dict.fromkeys(range(1, 6), "starting"))  # wait, preheat, crank, crank rest
_STATES.update(dict.fromkeys(range(6, 21), "running"))  # from idle speed to the breaker's timer
_STATES.update(dict.fromkeys(range(21, 26), "cooling"))  # cool down to engine stopping

WORDS = {
    "engine_state": _STATES,
    "generator_mode": {1: "off", 2: "manual", 4: "auto", 8: "test"},
}

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("mains_v",              3, 10240,  "u32lo",    "0.1 V",  0,      500,     "normal"),
    ("generator_v",          3, 10246,  "u32lo",    "0.1 V",  0,      500,     "normal"),
    ("generator_w",          3, 10294,  "u32lo",    "0.1 kW", 0,      60000,   "normal"),
    ("generator_dhz",        3, 10339,  "u16",      "0.01 Hz", 0,     700,     "normal"),
    ("starter_dv",           3, 10341,  "u16",      "0.01 V", 0,      400,     "normal"),
    ("fuel_permille",        3, 10363,  "u16",      "0.1 %",  0,      1300,    "normal"),
    ("engine_rpm",           3, 10376,  "u16",      "",       0,      6000,    "normal"),
    ("engine_state",         3, 10604,  "u16",      "",       0,      25,      "fast"),
    ("generator_mode",       3, 10605,  "u16",      "",       0,      8,       "fast"),
    ("engine_starts",        3, 10616,  "u16",      "",       0,      65535,   "slow"),
    ("engine_dh",            3, 10622,  "u32lo",    "0.01 h", 0,      1000000, "slow"),
)
