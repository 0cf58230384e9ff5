"""SmartGen HGM4010N and HGM4020N generator controllers, RTU, 9,600 8N1, unit 1.

Source: one public reader (jgyates/genmon SmartGen_HGM4000.json), not yet
confirmed on a controller of ours. Coils by function 1, registers by function 3;
32,766 is an open sensor, 32,767 an engine control unit that says nothing. Power
comes in whole kW. Run hours are two registers, taken as one number with the
high word first; the minutes beside them are left out. How much one read may
hold is not published: both areas are read as far as they are listed.
"""

SERIAL = (9600, None, 1)
UNIT = 1
BLOCK_LIMIT = 64
HOLE_LIMIT = 40
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0
UNVERIFIED = ("*",)

SENTINELS = {"u16": ((0x7FFE, 0x7FFF),), "s16": ((0x7FFE, 0x7FFF),)}

# 5-7 run up and warm, 11-13 run down; 14, a failure to stop, may mean either.
_STATES = {
    0: "stopped", 1: "starting", 2: "starting", 3: "starting", 4: "starting", 5: "starting", 6: "starting",
    7: "starting", 8: "running", 9: "running", 10: "cooling", 11: "cooling", 12: "cooling", 13: "cooling",
}

WORDS = {"engine_state": _STATES}

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("alarm_warning",        1, 0x0001, "bit",      "",       0,      1,       "fast"),
    ("alarm_shutdown",       1, 0x0002, "bit",      "",       0,      1,       "fast"),
    ("_test",                1, 0x0028, "bit",      "",       0,      1,       "fast"),
    ("_auto",                1, 0x0029, "bit",      "",       0,      1,       "fast"),
    ("_manual",              1, 0x002A, "bit",      "",       0,      1,       "fast"),
    ("_stop",                1, 0x002B, "bit",      "",       0,      1,       "fast"),
    ("alarm_emergency_stop", 1, 0x0008, "bit",      "",       0,      1,       "normal"),
    ("alarm_fail_to_start",  1, 0x0011, "bit",      "",       0,      1,       "normal"),
    ("_fuel_shutdown",       1, 0x0016, "bit",      "",       0,      1,       "normal"),
    ("_fuel_warning",        1, 0x001C, "bit",      "",       0,      1,       "normal"),
    ("_charge_warning",      1, 0x001D, "bit",      "",       0,      1,       "normal"),  # charge alternator
    ("alarm_starter_low",    1, 0x001E, "bit",      "",       0,      1,       "normal"),
    ("_charger_warning",     1, 0x0046, "bit",      "",       0,      1,       "normal"),  # charger on the mains
    ("alarm_overload",       1, 0x0047, "bit",      "",       0,      1,       "normal"),
    ("mains_v",              3, 0x0000, "u16",      "V",      0,      500,     "normal"),
    ("generator_v",          3, 0x0007, "u16",      "V",      0,      500,     "normal"),
    ("generator_dhz",        3, 0x000D, "u16",      "0.1 Hz", 0,      700,     "normal"),
    ("fuel_permille",        3, 0x0015, "u16",      "%",      0,      1300,    "normal"),
    ("engine_rpm",           3, 0x0017, "u16",      "",       0,      6000,    "normal"),
    ("starter_dv",           3, 0x0018, "u16",      "0.1 V",  0,      400,     "normal"),
    ("generator_w",          3, 0x001A, "u16",      "kW",     0,      60000,   "normal"),
    ("engine_state",         3, 0x0022, "u16",      "",       0,      14,      "fast"),
    ("engine_dh",            3, 0x002A, "u32",      "h",      0,      1000000, "slow"),
    ("engine_starts",        3, 0x002E, "u32",      "",       0,      1000000, "slow"),
)

DERIVED = (
    ("generator_mode", "first", (("_test", "test"), ("_auto", "auto"), ("_manual", "manual"), ("_stop", "off"))),
    ("alarm_fuel_low", "any", ("_fuel_shutdown", "_fuel_warning")),
    ("alarm_charger", "any", ("_charge_warning", "_charger_warning")),
)
