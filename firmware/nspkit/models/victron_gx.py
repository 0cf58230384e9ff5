"""Victron GX (Cerbo, Venus): its system service, Modbus TCP port 502, unit 100.

Source: the maker's own server (victronenergy/dbus_modbustcp attributes.csv,
mappings.cpp). Functions 3 and 4, at most 125 registers, a read over registers
that an older firmware lacks is refused whole. There is no "not available"
code: a value that the box does not know reads 0. So 0 % is taken for unknown (a
box without battery monitor says so of a full battery), with 0 V as well there
is no battery, and where neither load nor grid nor generator have any power the
AC side is unknown. A panel without sun and one that is lost both read 0.
The battery is the one that the box has chosen; temperature and alarms are only
in the battery's own service, see victron_battery.
"""

UNIT = 100
BLOCK_LIMIT = 125
HOLE_LIMIT = 6
PAGE = 0
TIMEOUT_MS = 1000
LATE_MS = 2000
GAP_MS = 0
NO_DATA = (
    "battery_cv", "battery_permille",
    "_load_l1", "_load_l2", "_load_l3", "_grid_l1", "_grid_l2", "_grid_l3",
    "_generator_l1", "_generator_l2", "_generator_l3",
)

# quantity               fc address type        unit      lo      hi       group
REGISTERS = (
    ("_load_l1",             3, 817,    "u16",      "W",      0,      60000,   "fast"),
    ("_load_l2",             3, 818,    "u16",      "W",      0,      60000,   "fast"),
    ("_load_l3",             3, 819,    "u16",      "W",      0,      60000,   "fast"),
    ("_grid_l1",             3, 820,    "s16",      "W",      -32768, 32767,   "fast"),
    ("_grid_l2",             3, 821,    "s16",      "W",      -32768, 32767,   "fast"),
    ("_grid_l3",             3, 822,    "s16",      "W",      -32768, 32767,   "fast"),
    ("_generator_l1",        3, 823,    "s16",      "W",      -32767, 32766,   "fast"),
    ("_generator_l2",        3, 824,    "s16",      "W",      -32767, 32766,   "fast"),
    ("_generator_l3",        3, 825,    "s16",      "W",      -32767, 32766,   "fast"),
    ("battery_cv",           3, 840,    "u16",      "0.1 V",  800,    6400,    "normal"),
    ("battery_da",           3, 841,    "s16",      "0.1 A",  -3000,  3000,    "normal"),
    ("battery_permille",     3, 843,    "u16",      "%",      1,      1000,    "normal"),
    ("sun_w",                3, 850,    "u16",      "W",      0,      60000,   "normal"),
)

DERIVED = (
    ("load_w", "sum", ("_load_l1", "_load_l2", "_load_l3")),
    ("generator_w", "sum", ("_generator_l1", "_generator_l2", "_generator_l3")),
)
