"""A battery behind a Victron GX, by its own service: Modbus TCP port 502.

The unit is the service's: 225 a BMS on CAN, 223, 224 or 226 one on VE.Direct,
239 on USB. Source: the maker's own server (victronenergy/dbus_modbustcp
attributes.csv, mappings.cpp, unitid2di.csv). No "not available" code: what the
battery does not say reads 0, so 0 % and 0 degC are taken for unknown (nobody
tells them from a missing sensor), and with 0 V as well there are no data at all.
Alarm: 0 none, 2 alarm; drivers also give 1, a warning. Beside victron_gx one of
the two lists the battery's quantities under "without".
"""

UNIT = 225
BLOCK_LIMIT = 125
HOLE_LIMIT = 4
PAGE = 0
TIMEOUT_MS = 1000
LATE_MS = 2000
GAP_MS = 0
NO_DATA = ("battery_cv", "battery_permille", "battery_c")

WORDS = {"alarm_battery": {0: 0, 1: 0, 2: 1}}

# quantity               fc address type        unit          lo      hi       group
REGISTERS = (
    ("battery_cv",           3, 259,    "u16",      "0.01 V",     800,    6400,    "normal"),
    ("battery_da",           3, 261,    "s16",      "0.1 A",      -3000,  3000,    "normal"),
    ("battery_c",            3, 262,    "s16",      "0.1 degC",   -40,    100,     "slow"),
    ("battery_permille",     3, 266,    "u16",      "0.1 %",      1,      1000,    "normal"),
    ("alarm_battery",        3, 267,    "u16",      "",           0,      2,       "normal"),
)
