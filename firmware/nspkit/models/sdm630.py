"""Eastron SDM630 three-phase energy meter, RTU.

Source: Eastron protocol document as read alike by two public drivers
(volkszaehler/mbmd, esphome sdm_meter). Function 4; IEEE-754 singles, high word
first; even addresses and quantities; at most 80 registers a read. The meter
has no "not available" value; NaN is taken for one.
"""

BLOCK_LIMIT = 80
HOLE_LIMIT = 16
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0
SENTINELS: dict = {}
WORDS: dict = {}

# name        fc  address type   off  mul  div  lo      hi      group
REGISTERS = (
    ("meter_v",   4, 0x0000, "f32",  0,   1,   1,   0,      500,    "normal"),
    ("load_w",    4, 0x0034, "f32",  0,   1,   1,   -60000, 100000, "fast"),
    ("meter_dhz", 4, 0x0046, "f32",  0,   10,  1,   0,      700,    "normal"),
)
