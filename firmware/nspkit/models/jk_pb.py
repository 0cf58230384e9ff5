"""JK-BMS PB series, Modbus RTU, 115,200 8N1, unit as its switches say (1-15).

Source: two public drivers (syssi/esphome-jk-bms, mr-manuel/venus-os_dbus-
serialbattery bms-docs/JKBMS-PB.md); alarm bits from the second only. Addresses
count bytes (a register takes two), quantities count registers, data come
packed. About 40 registers a read; 50-120 ms between requests.

Cold bus only, and that may be too little: tests of the second source saw these
packs fall silent on function 3 within seconds, and answer about every second
read at best, unless something on the bus keeps writing to them. The wake-up is
a write, and this kit cannot write. Where the pack falls silent its values go
stale, then unknown: take its figures from a shunt or a GX instead.
"""

SERIAL = (115200, None, 1)
UNIT = 1
BLOCK_LIMIT = 40
HOLE_LIMIT = 16
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 120
ADDRESS_STEP = 2
UNVERIFIED = ("alarm_battery",)  # one source

# 1 is a switch that conducts.
_OPEN = {0: 1, 1: 0}
WORDS = {"alarm_charge_off": _OPEN, "alarm_discharge_off": _OPEN}

# quantity               fc address type        unit          lo      hi       group
REGISTERS = (
    ("battery_cv",           3, 0x1290, "u32",      "mV",         800,    6400,    "normal"),
    ("battery_da",           3, 0x1298, "s32",      "mA",         -3000,  3000,    "normal"),
    ("battery_c",            3, 0x129C, "s16",      "0.1 degC",   -40,    100,     "normal"),
    ("_alarms_hi",           3, 0x12A0, "any00F3",  "",           0,      1,       "normal"),
    ("_alarms_lo",           3, 0x12A2, "anyFFFF",  "",           0,      1,       "normal"),
    ("battery_permille",     3, 0x12A6, "u8lo",     "%",          0,      1000,    "normal"),
    ("battery_mah",          3, 0x12A8, "s32",      "mAh",        0,      5000000, "normal"),
    ("battery_full_mah",     3, 0x12AC, "u32",      "mAh",        1,      5000000, "normal"),
    ("alarm_charge_off",     3, 0x12C0, "u8hi",     "",           0,      1,       "normal"),
    ("alarm_discharge_off",  3, 0x12C0, "u8lo",     "",           0,      1,       "normal"),
)

# Bits 18 (no GPS) and 19 (change the password) are no faults of a battery.
DERIVED = (("alarm_battery", "any", ("_alarms_hi", "_alarms_lo")),)
