"""EPEver (EPsolar) Tracer solar charge controller, RTU, 115,200 8N1, unit 1.

Source: public driver kasbert/epsolar-tracer (registers.py, client.py, the maker's
LS-B register list). Function 4, low word first; only registers that the list
has are read, in one request where they are neighbours. State of charge is the
controller's guess. Current is charging minus the load on its own terminals;
an inverter on the battery itself passes it by: then list battery_da under
"without". Load figures are those of the terminals, and are not read.
"""

SERIAL = (115200, None, 1)
UNIT = 1
BLOCK_LIMIT = 16
HOLE_LIMIT = 0
PAGE = 0
TIMEOUT_MS = 500
LATE_MS = 2000
GAP_MS = 0

WORDS = {
    "_voltage_state": {0: 0, 1: 1, 2: 1, 3: 1, 4: 1},  # over, under, disconnected, fault
    "_temperature_state": {0: 0, 1: 1, 2: 1},  # over, under
}

# quantity               fc address type        unit          lo      hi       group
REGISTERS = (
    ("sun_w",                4, 0x3102, "u32lo",    "0.01 W",     0,      20000,   "normal"),
    ("battery_cv",           4, 0x3104, "u16",      "0.01 V",     800,    6400,    "normal"),
    ("battery_c",            4, 0x3110, "s16",      "0.01 degC",  -40,    100,     "slow"),
    ("battery_permille",     4, 0x311A, "u16",      "%",          0,      1000,    "normal"),
    ("_voltage_state",       4, 0x3200, "nibble0",  "",           0,      15,      "normal"),
    ("_temperature_state",   4, 0x3200, "nibble4",  "",           0,      15,      "normal"),
    ("battery_da",           4, 0x331B, "s32lo",    "0.01 A",     -3000,  3000,    "normal"),
)

DERIVED = (("alarm_battery", "any", ("_voltage_state", "_temperature_state")),)
