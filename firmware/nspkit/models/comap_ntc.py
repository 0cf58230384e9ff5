"""ComAp InteliGen NTC generator controller, one site's configuration, RTU.

Source: one public reader (jgyates/genmon ComAp.json), not yet confirmed on a
controller of ours; limits of a read from ComAp's communication guide for the
same family. Function 3, high word first. The map follows the loaded
configuration: compare with the controller's own export before use. A register
of protections holds two, a byte each: bits 0-2 are level 1, 3-5 level 2, 6-7 a
failed sensor; of a level's codes 2 and 6 are active, the others over or held
back. The default speed is not published; 9,600 is a first guess.
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

SENTINELS = {
    "u16": ((0x8000, 0x8000),),
    "s16": ((0x8000, 0x8000),),
    "u32": ((0x80000000, 0x80000000),),
}

_STATES = {
    1: "stopped", 2: "stopped", 3: "starting", 4: "starting", 5: "starting", 6: "starting", 7: "running", 8: "running",
    9: "running", 10: "cooling", 11: "cooling", 12: "stopped", 15: "cooling", 16: "running", 17: "running",
    18: "cooling", 19: "starting", 20: "stopped",
}


def _protection() -> dict:
    """Every byte of a protection: 1 active, 0 not, None when only its sensor has failed."""
    words = {}
    for byte in range(256):
        active = byte & 7 in (2, 6) or byte >> 3 & 7 in (2, 6)
        words[byte] = 1 if active else (None if byte >> 6 else 0)
    return words


_ACTIVE = _protection()

WORDS = {
    "engine_state": _STATES,
    "alarm_shutdown": {code: int(code in (12, 20)) for code in range(21)},
    "alarm_charger": _ACTIVE,
    "alarm_fuel_low": _ACTIVE,
    "alarm_starter_low": _ACTIVE,
    "alarm_emergency_stop": _ACTIVE,
    "alarm_fail_to_start": _ACTIVE,
    "alarm_overload": _ACTIVE,
}

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("starter_dv",           3, 0x000C, "u16",      "0.1 V",  0,      400,     "normal"),
    ("fuel_permille",        3, 0x0011, "u16",      "%",      0,      1300,    "normal"),
    ("_off",                 3, 0x0086, "bit7",     "",       0,      1,       "fast"),
    ("_manual",              3, 0x0086, "bit8",     "",       0,      1,       "fast"),
    ("_auto",                3, 0x0086, "bit9",     "",       0,      1,       "fast"),
    ("engine_state",         3, 0x00A2, "u16",      "",       0,      20,      "fast"),
    ("alarm_shutdown",       3, 0x00A2, "u16",      "",       0,      20,      "fast"),
    ("generator_v",          3, 0x00F8, "u16",      "V",      0,      500,     "normal"),
    ("generator_dhz",        3, 0x00FF, "u16",      "0.1 Hz", 0,      700,     "normal"),
    ("generator_w",          3, 0x0107, "s16",      "kW",     -60000, 60000,   "normal"),
    ("engine_rpm",           3, 0x013A, "u16",      "",       0,      6000,    "normal"),
    ("engine_dh",            3, 0x0E02, "u32",      "h",      0,      1000000, "slow"),
    ("engine_starts",        3, 0x0E04, "u16",      "",       0,      65535,   "slow"),
    ("alarm_charger",        3, 0x1679, "u8hi",     "",       0,      255,     "normal"),  # of the starter battery
    ("alarm_fuel_low",       3, 0x16E7, "u8hi",     "",       0,      255,     "normal"),
    ("alarm_starter_low",    3, 0x1742, "u8hi",     "",       0,      255,     "normal"),
    ("alarm_emergency_stop", 3, 0x174A, "u8hi",     "",       0,      255,     "normal"),
    ("alarm_fail_to_start",  3, 0x1750, "u8hi",     "",       0,      255,     "normal"),
    ("alarm_overload",       3, 0x1846, "u8lo",     "",       0,      255,     "normal"),
)

DERIVED = (("generator_mode", "first", (("_off", "off"), ("_manual", "manual"), ("_auto", "auto"))),)
