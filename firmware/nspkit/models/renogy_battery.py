"""Renogy smart lithium battery, RTU, 9,600 8N1, unit 0x30-0x32 or 0xF7.

Source: two public drivers (cyrils/renogy-bt BatteryClient.py, mr-manuel/
venus-os_dbus-serialbattery renogy.py). Function 3; readers take at most 17
registers. State of charge is not given: it is what remains of the full charge.
Temperature is that of the first cell's sensor; a pack that counts no sensors
has none. Alarms are in no public driver.
"""

SERIAL = (9600, None, 1)
UNIT = 0x30
BLOCK_LIMIT = 17
HOLE_LIMIT = 0
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0
NO_DATA = ("_sensors",)

# quantity               fc address type        unit          lo      hi       group
REGISTERS = (
    ("_sensors",             3, 5017,   "u16",      "",           0,      16,      "slow"),
    ("battery_c",            3, 5018,   "s16",      "0.1 degC",   -40,    100,     "slow"),
    ("battery_da",           3, 5042,   "s16",      "0.01 A",     -3000,  3000,    "normal"),
    ("battery_cv",           3, 5043,   "u16",      "0.1 V",      800,    6400,    "normal"),
    ("battery_mah",          3, 5044,   "u32",      "mAh",        0,      5000000, "normal"),
    ("battery_full_mah",     3, 5046,   "u32",      "mAh",        1,      5000000, "normal"),
)

DERIVED = (("battery_permille", "ratio", ("battery_mah", "battery_full_mah")),)
