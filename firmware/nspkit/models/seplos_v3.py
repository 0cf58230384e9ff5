"""Seplos V3 battery management system, RTU, 19,200 8N1, unit 0-15.

Source: one public driver (mr-manuel/venus-os_dbus-serialbattery, seplosv3.py),
not yet confirmed on a battery of ours. Function 4; block 0x1000 of 18 words,
block 0x1100 of 26. No sentinel is known: implausible is unknown.
"""

SERIAL = (19200, None, 1)
UNIT = 1
BLOCK_LIMIT = 26
HOLE_LIMIT = 16
PAGE = 256
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0
UNVERIFIED = ("*",)  # one source, not yet compared with a battery

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("battery_cv",           4, 0x1000, "u16",      "0.01 V", 1000,   6400,    "normal"),  # 0.01 V
    ("battery_da",           4, 0x1001, "s16",      "0.01 A", -3000,  3000,    "normal"),  # 0.01 A, + charges
    ("battery_permille",     4, 0x1005, "u16",      "0.1 %",  0,      1000,    "normal"),  # 0.1 %
    ("battery_c",            4, 0x1110, "u16",      "0.1 K",  -40,    100,     "slow"),    # 0.1 K
)
