"""Deep Sea Electronics 3110, 4620, 7310 and 7320 (first generation) generator controllers, GenComm over RTU.

Source: GenComm register list (page * 256 + offset, function 3, high word
first), as read alike by two public drivers (victronenergy/dbus-modbus-client
dse.py, russss/dsemon); order of the alarms on page 8 from
victronenergy/dse-modbus-simulator. Alarm i: register 2049 + i / 4, the first in
the top four bits. Block limit: no official figure; 64 is what working readers
use. These models have no total of the power, so it is the sum of the phases;
smaller ones show no engine state, which is unknown then.
"""

from nspkit.models import gencomm

SERIAL = gencomm.SERIAL
UNIT = gencomm.UNIT
BLOCK_LIMIT = gencomm.BLOCK_LIMIT
HOLE_LIMIT = gencomm.HOLE_LIMIT
PAGE = gencomm.PAGE
TIMEOUT_MS = gencomm.TIMEOUT_MS
LATE_MS = gencomm.LATE_MS
GAP_MS = gencomm.GAP_MS
SENTINELS = gencomm.SENTINELS

WORDS = dict(gencomm.WORDS)
WORDS.update(dict.fromkeys(
    ("alarm_emergency_stop", "alarm_fail_to_start", "alarm_charger", "alarm_starter_low", "alarm_fuel_low", "alarm_overload"),
    gencomm.ACTIVE,
))

# quantity               fc address type        unit      lo      hi       group
REGISTERS = gencomm.REGISTERS + (
    ("engine_rpm",           3, 1030,   "u16",      "",       0,      6000,    "normal"),
    ("_l1_w",                3, 1052,   "s32",      "W",      -60000, 60000,   "normal"),
    ("_l2_w",                3, 1054,   "s32",      "W",      -60000, 60000,   "normal"),
    ("_l3_w",                3, 1056,   "s32",      "W",      -60000, 60000,   "normal"),
    ("alarm_emergency_stop", 3, 2049,   "nibble12", "",       0,      15,      "normal"),  # alarm 0
    ("alarm_fail_to_start",  3, 2050,   "nibble4",  "",       0,      15,      "normal"),  # 6
    ("alarm_charger",        3, 2054,   "nibble0",  "",       0,      15,      "normal"),  # 23, charge alternator
    ("alarm_starter_low",    3, 2055,   "nibble12", "",       0,      15,      "normal"),  # 24
    ("alarm_fuel_low",       3, 2055,   "nibble4",  "",       0,      15,      "normal"),  # 26
    ("alarm_overload",       3, 2072,   "nibble8",  "",       0,      15,      "normal"),  # 93
)

DERIVED = (("generator_w", "sum", ("_l1_w", "_l2_w", "_l3_w")),)
