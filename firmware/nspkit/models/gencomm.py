"""What all Deep Sea Electronics controllers share over GenComm, RTU; no device by itself.

Source: GenComm register list (page * 256 + offset, function 3, high word
first), as read alike by two public drivers (victronenergy/dbus-modbus-client
dse.py, russss/dsemon). Block limit: no official figure; 64 is what working
readers use. The controllers want 100 ms between requests and may answer late.
"""

SERIAL = (19200, None, 1)
UNIT = 10
BLOCK_LIMIT = 64
HOLE_LIMIT = 16
PAGE = 256
TIMEOUT_MS = 1000
LATE_MS = 2000
GAP_MS = 100

SENTINELS = {
    "u16": ((0xFFF8, 0xFFFF),),
    "s16": ((0x7FF8, 0x7FFF),),
    "u32": ((0xFFFFFFF8, 0xFFFFFFFF),),
    "s32": ((0x7FFFFFF8, 0x7FFFFFFF),),
    "bits": ((0xFFFF, 0xFFFF),),
}

# Nibble of a named alarm: 2 warning, 3 shutdown, 4 electrical trip, 5 controlled shutdown, 10 active indication.
ACTIVE: dict = {0: 0, 1: 0, 2: 1, 3: 1, 4: 1, 5: 1, 8: 0, 9: 0, 10: 1}

WORDS: dict = {
    "engine_state": {0: "stopped", 1: "starting", 2: "starting", 3: "running", 4: "cooling", 5: "stopped", 6: "stopped"},
    "generator_mode": {0: "off", 1: "auto", 2: "manual", 3: "test", 4: "auto", 6: "test", 7: "off"},
}

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("generator_mode",       3, 772,    "u16",      "",       0,      7,       "fast"),
    ("alarm_shutdown",       3, 774,    "bit13",    "",       0,      1,       "fast"),
    ("alarm_trip",           3, 774,    "bit12",    "",       0,      1,       "fast"),
    ("alarm_controlled",     3, 774,    "bit7",     "",       0,      1,       "fast"),
    ("alarm_warning",        3, 774,    "bit11",    "",       0,      1,       "fast"),
    ("fuel_permille",        3, 1027,   "u16",      "%",      0,      1300,    "normal"),
    ("starter_dv",           3, 1029,   "u16",      "0.1 V",  0,      400,     "normal"),
    ("generator_dhz",        3, 1031,   "u16",      "0.1 Hz", 0,      700,     "normal"),
    ("generator_v",          3, 1032,   "u32",      "0.1 V",  0,      500,     "normal"),
    ("mains_v",              3, 1060,   "u32",      "0.1 V",  0,      500,     "normal"),
    ("engine_state",         3, 1408,   "u16",      "",       0,      15,      "fast"),
    ("engine_dh",            3, 1798,   "u32",      "s",      0,      1000000, "slow"),    # s to 0.1 h
    ("engine_starts",        3, 1808,   "u32",      "",       0,      1000000, "slow"),
)
