"""SRNE solar charge controller, also sold as Renogy Rover; RTU, 9,600 8N1.

Unit 1, or 16, 17, 96, 97, 255 by model. Source: public driver cyrils/renogy-bt
RoverClient.py, its map confirmed by others; fault bits mickwheelz/NodeRenogy.
Function 3, 34 registers from 0x0100. The temperature is sign and magnitude.
State of charge is the controller's guess from the voltage. Its current is
that of charging only, and its load figures are those of its own terminals: what
hangs on the battery itself passes both by, so neither is read.
"""

SERIAL = (9600, None, 1)
UNIT = 1
BLOCK_LIMIT = 34
HOLE_LIMIT = 16
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0
UNVERIFIED = ("alarm_battery",)  # over-discharge, over-voltage, under-voltage: bits 16-18 of 0x0121-0122

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("battery_permille",     3, 0x0100, "u16",      "%",      0,      1000,    "normal"),
    ("battery_cv",           3, 0x0101, "u16",      "0.1 V",  800,    6400,    "normal"),
    ("battery_c",            3, 0x0103, "m8lo",     "degC",   -40,    100,     "normal"),
    ("sun_w",                3, 0x0109, "u16",      "W",      0,      20000,   "normal"),
    ("alarm_battery",        3, 0x0121, "any0007",  "",       0,      1,       "normal"),
)
