"""Deep Sea Electronics 7320 MkII generator controller, GenComm over RTU.

Source: GenComm register list (page * 256 + offset, function 3, high word
first), as read alike by two public drivers (victronenergy/dbus-modbus-client
dse.py, russss/dsemon); alarm order of page 154 for 72xx/73xx MkII from the
first. Block limit: no official figure; 64 is what working readers use.
The controller wants 100 ms between requests and may answer late.
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
    ("alarm_emergency_stop", "alarm_fail_to_start", "alarm_starter_low", "alarm_fuel_low", "alarm_fuel_switch", "alarm_overload"),
    gencomm.ACTIVE,
))

# quantity               fc address type        unit      lo      hi       group
REGISTERS = gencomm.REGISTERS + (
    ("generator_w",          3, 1536,   "s32",      "W",      -60000, 60000,   "normal"),
    ("alarm_emergency_stop", 3, 39425,  "nibble12", "",       0,      15,      "normal"),
    ("alarm_starter_low",    3, 39427,  "nibble4",  "",       0,      15,      "normal"),
    ("alarm_fail_to_start",  3, 39428,  "nibble8",  "",       0,      15,      "normal"),
    ("alarm_fuel_low",       3, 39430,  "nibble4",  "",       0,      15,      "normal"),
    ("alarm_fuel_switch",    3, 39432,  "nibble12", "",       0,      15,      "normal"),
    ("alarm_overload",       3, 39432,  "nibble4",  "",       0,      15,      "normal"),
)
