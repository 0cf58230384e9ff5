"""Eastron SDM630 three-phase energy meter, RTU.

Source: Eastron protocol document as read alike by two public drivers
(volkszaehler/mbmd, esphome sdm_meter). Function 4; IEEE-754 singles, high word
first; even addresses and quantities; at most 80 registers a read. The meter
has no "not available" value; NaN is taken for one.
"""

SERIAL = (9600, None, 1)
UNIT = 1
BLOCK_LIMIT = 80
HOLE_LIMIT = 16
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("meter_v",              4, 0x0000, "f32",      "V",      0,      500,     "normal"),
    ("load_w",               4, 0x0034, "f32",      "W",      -60000, 100000,  "fast"),
    ("meter_dhz",            4, 0x0046, "f32",      "Hz",     0,      700,     "normal"),
)
