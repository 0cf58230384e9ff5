"""Mebay DC40 to DC92 generator controllers, RTU, 19,200 8N1.

Source: Mebay's protocol document for DC9xD of 2023 and two public readers
(jgyates/genmon MEBAY_DCxx.json; a Victron driver for the DC40, which also gives
the state "waiting"). Function 3, high word first, at most 125 registers a read.
An answer takes 500 ms and more, and a request that is not understood gets none:
everything is in one read. 20,000 is not available, 50,000 an open sensor. The
alarm code holds what has stopped the set, one at a time; warnings are bits.
The factory's address is not published; 1 is a first guess, one site has 16.
"""

SERIAL = (19200, None, 1)
UNIT = 1
BLOCK_LIMIT = 125
HOLE_LIMIT = 64
PAGE = 0
TIMEOUT_MS = 1500
LATE_MS = 3000
GAP_MS = 0
UNVERIFIED = ("engine_state",)

SENTINELS = {"u16": ((20000, 20000), (50000, 50000))}

# 3 (crank cancel), 21 and 23 (changing over) do not say what the engine does.
_STATES = {
    0: "cooling", 1: "cooling", 2: "stopped", 4: "starting", 5: "stopped", 6: "stopped", 7: "starting", 8: "starting",
    9: "starting", 10: "starting", 11: "starting", 12: "starting", 13: "starting", 14: "starting", 15: "starting",
    16: "starting", 17: "starting", 18: "running", 19: "running", 20: "cooling", 22: "cooling",
}


def _code(*codes: int) -> dict:
    """Alarm codes 0x00-0x34: 1 for these, 0 for the others."""
    return {code: int(code in codes) for code in range(0x35)}


WORDS = {
    "generator_mode": {51: "off", 102: "manual", 153: "auto", 204: "test"},
    "engine_state": _STATES,
    "alarm_fail_to_start": _code(0x2F),
    "_fuel_stop": _code(0x0D),
    "_fuel_switch_stop": _code(0x0E),
    "_overpower_stop": _code(0x20),
    "_emergency_stop": _code(0x2E),
    "alarm_shutdown": {code: int(code > 0) for code in range(0x35)},
}

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("engine_rpm",           3, 0x1000, "u16",      "",       0,      6000,    "normal"),
    ("starter_dv",           3, 0x1001, "u16",      "0.1 V",  0,      400,     "normal"),
    ("generator_dhz",        3, 0x1009, "u16",      "0.1 Hz", 0,      700,     "normal"),
    ("generator_v",          3, 0x100A, "u16",      "V",      0,      500,     "normal"),
    ("generator_w",          3, 0x101B, "u16",      "0.1 kW", 0,      60000,   "normal"),
    ("mains_v",              3, 0x1025, "u16",      "V",      0,      500,     "normal"),
    ("_emergency_input",     3, 0x1032, "bit0",     "",       0,      1,       "normal"),
    ("engine_dh",            3, 0x1036, "u32",      "0.1 h",  0,      1000000, "normal"),
    ("generator_mode",       3, 0x103F, "u16",      "",       0,      204,     "normal"),
    ("engine_state",         3, 0x1041, "u16",      "",       0,      23,      "normal"),
    ("alarm_shutdown",       3, 0x1043, "u16",      "",       0,      52,      "normal"),
    ("alarm_fail_to_start",  3, 0x1043, "u16",      "",       0,      52,      "normal"),
    ("_fuel_stop",           3, 0x1043, "u16",      "",       0,      52,      "normal"),
    ("_fuel_switch_stop",    3, 0x1043, "u16",      "",       0,      52,      "normal"),
    ("_overpower_stop",      3, 0x1043, "u16",      "",       0,      52,      "normal"),
    ("_emergency_stop",      3, 0x1043, "u16",      "",       0,      52,      "normal"),
    ("_warnings_3",          3, 0x1045, "anyFFFF",  "",       0,      1,       "normal"),
    ("alarm_starter_low",    3, 0x1045, "bit13",    "",       0,      1,       "normal"),
    ("_charger",             3, 0x1045, "bit14",    "",       0,      1,       "normal"),
    ("_battery_charger",     3, 0x1045, "bit15",    "",       0,      1,       "normal"),
    ("_warnings_2",          3, 0x1046, "anyFFFF",  "",       0,      1,       "normal"),
    ("_overpower",           3, 0x1046, "bit15",    "",       0,      1,       "normal"),
    ("_warnings_1",          3, 0x1047, "anyFFFF",  "",       0,      1,       "normal"),
    ("_fuel_low",            3, 0x1047, "bit12",    "",       0,      1,       "normal"),
    ("_fuel_switch",         3, 0x1047, "bit13",    "",       0,      1,       "normal"),
    ("fuel_permille",        3, 0x1058, "u16",      "%",      0,      1300,    "normal"),
)

DERIVED = (
    ("alarm_warning", "any", ("_warnings_1", "_warnings_2", "_warnings_3")),
    ("alarm_emergency_stop", "any", ("_emergency_input", "_emergency_stop")),
    ("alarm_fuel_low", "any", ("_fuel_low", "_fuel_stop")),
    ("alarm_fuel_switch", "any", ("_fuel_switch", "_fuel_switch_stop")),
    ("alarm_overload", "any", ("_overpower", "_overpower_stop")),
    ("alarm_charger", "any", ("_charger", "_battery_charger")),
)
