"""DEIF SGC 410, 420 and 421 generator controllers, RTU.

Source: DEIF's user manuals of the SGC 410 and 420 (register map for function 3),
as far as the pages seen go; not yet confirmed on a controller of ours. The power
is the sum of the three phases of "load watts", measured where the current
transformers are: with these on the cable to the load it is the load's, also
while the grid carries it. Registers of fuel, battery and hours were not found.
The status word is 91; offset 77 in the same manual is that of the CAN broadcast.
Its bits are counted 1 to 16. Of the modes, timed ones have no word here. The
default speed is not published; 9,600 is a first guess.
"""

SERIAL = (9600, None, 1)
UNIT = 1
BLOCK_LIMIT = 64
HOLE_LIMIT = 16
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0
UNVERIFIED = ("*",)

WORDS = {"engine_state": {0: "stopped", 1: "running"}}

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("generator_v",          3, 1,      "u16",      "0.1 V",  0,      500,     "normal"),
    ("generator_dhz",        3, 7,      "u16",      "0.1 Hz", 0,      700,     "normal"),
    ("mains_v",              3, 14,     "u16",      "0.1 V",  0,      500,     "normal"),
    ("_l1_w",                3, 26,     "u16",      "0.1 kW", 0,      60000,   "normal"),
    ("_l2_w",                3, 27,     "u16",      "0.1 kW", 0,      60000,   "normal"),
    ("_l3_w",                3, 28,     "u16",      "0.1 kW", 0,      60000,   "normal"),
    ("alarm_warning",        3, 91,     "bit1",     "",       0,      1,       "fast"),
    ("alarm_trip",           3, 91,     "bit2",     "",       0,      1,       "fast"),
    ("alarm_shutdown",       3, 91,     "bit3",     "",       0,      1,       "fast"),
    ("alarm_fail_to_start",  3, 91,     "bit5",     "",       0,      1,       "fast"),
    ("engine_state",         3, 91,     "bit8",     "",       0,      1,       "fast"),
    ("_auto",                3, 91,     "bit11",    "",       0,      1,       "fast"),
    ("_timed",               3, 91,     "bit12",    "",       0,      1,       "fast"),
    ("_mode",                3, 91,     "bit13",    "",       0,      1,       "fast"),
    ("_being_set",           3, 91,     "bit15",    "",       0,      1,       "fast"),
)

DERIVED = (
    ("generator_w", "sum", ("_l1_w", "_l2_w", "_l3_w")),
    ("generator_mode", "first", (("_being_set", None), ("_timed", None), ("_auto", "auto"), ("_mode", "manual"))),
)
