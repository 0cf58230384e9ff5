"""Eastron SDM220 single-phase energy meter, RTU, 2,400 8N1 as delivered.

Source: Eastron's registers as read alike by two public drivers (volkszaehler/
mbmd, esphome sdm_meter). Function 4; IEEE-754 singles, high word first; even
addresses and quantities. Only the registers of one phase exist, so no hole is
read along. No "not available" value; NaN is taken for one.
The delivered baud rate is from one source: a meter may come set to 9,600.
"""

SERIAL = (2400, None, 1)
UNIT = 1
BLOCK_LIMIT = 60
HOLE_LIMIT = 0
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("meter_v",              4, 0x0000, "f32",      "V",      0,      500,     "normal"),
    ("load_w",               4, 0x000C, "f32",      "W",      -30000, 30000,   "fast"),
    ("meter_dhz",            4, 0x0046, "f32",      "Hz",     0,      700,     "normal"),
)
