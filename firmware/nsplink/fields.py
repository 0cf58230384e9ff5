"""Every quantity that may leave a kit: the one table behind all messages.

Append only: an id, a name, its bits and its scale never change once a kit has
flown with them. Values are scaled integers (the unit is in the name) or words;
``None`` means *unknown* and owns the all-ones code of every field, so a failed
read can never travel as 0.

Codecs: ``LINEAR`` (lo, hi, step), ``WORDS`` (a tuple of words, code = index),
``STEPS`` (segments (first value, last value, step), finer near zero) and
``BITSET`` (names, bit = index; all ones = unknown, hence the top bit is never
given away).
"""

LINEAR = 0
WORDS = 1
STEPS = 2
BITSET = 3

GENERATOR_STATES = ("stopped", "starting", "running", "cooling", "fault", "none")
GENERATOR_MODES = ("off", "manual", "auto", "test")
POWER_SOURCES = ("grid", "generator", "battery", "sun", "none")
# "none": the site has no such device, which raises nothing. Unknown is None.
QUALITIES = ("good", "stale", "none")
RESET_CAUSES = ("power", "watchdog", "software", "sleep")

# Local alarms, bit 0 first. Bit 15 stays free: all ones means unknown.
ALARMS = (
    "generator_failed",
    "generator_not_ready",
    "power_lost",
    "fuel_low",
    "battery_low",
    "overload",
    "device_lost",
    "kit_on_cell",
    "kit_cell_low",
    "input_1",
    "input_2",
    "emergency_stop",
    "alarm_test",
)

# 0-60 kW in 127 codes: half a step is at most 2.5 % between 4 and 20 kW.
LOAD_STEPS = (
    (0, 2000, 50),
    (2100, 4000, 100),
    (4200, 10000, 200),
    (10500, 20000, 500),
    (22500, 60000, 2500),
)

# id, name, bits, codec, parameters, unit of the value
FIELDS = (
    (1,  "fuel_permille",     8,  LINEAR, (0, 1000, 5),        "0.1 %"),
    (2,  "generator_state",   3,  WORDS,  GENERATOR_STATES,    ""),
    (3,  "generator_mode",    3,  WORDS,  GENERATOR_MODES,     ""),
    (4,  "power_source",      3,  WORDS,  POWER_SOURCES,       ""),
    (5,  "battery_permille",  8,  LINEAR, (0, 1000, 5),        "0.1 %"),
    (6,  "load_w",            7,  STEPS,  LOAD_STEPS,          "W, AC out"),
    (7,  "alarms",            16, BITSET, ALARMS,              ""),
    (8,  "q_generator",       2,  WORDS,  QUALITIES,           ""),
    (9,  "q_battery",         2,  WORDS,  QUALITIES,           ""),
    (10, "q_meter",           2,  WORDS,  QUALITIES,           ""),
    (11, "q_tank",            2,  WORDS,  QUALITIES,           ""),
    (12, "kit_cell_permille", 4,  LINEAR, (0, 980, 70),        "0.1 %"),
    (13, "generator_w",       13, LINEAR, (0, 60000, 10),      "W"),
    (14, "generator_v",       9,  LINEAR, (0, 300, 1),         "V, L1-N"),
    (15, "generator_dhz",     8,  LINEAR, (400, 650, 1),       "0.1 Hz"),
    (16, "engine_dh",         20, LINEAR, (0, 1000000, 1),     "0.1 h"),
    (17, "starter_dv",        9,  LINEAR, (0, 320, 1),         "0.1 V"),
    (18, "battery_cv",        11, LINEAR, (0, 6400, 5),        "0.01 V"),
    (19, "battery_da",        13, LINEAR, (-3000, 3000, 1),    "0.1 A, + charges"),
    (20, "battery_c",         7,  LINEAR, (-30, 90, 1),        "degC"),
    (21, "engine_starts",     16, LINEAR, (0, 65534, 1),       ""),
    (22, "uptime_min",        20, LINEAR, (0, 1048574, 1),     "min"),
    (23, "reset_cause",       3,  WORDS,  RESET_CAUSES,        ""),
    (24, "boots",             8,  LINEAR, (0, 254, 1),         "boots since the last ack"),
    (25, "budget_permille",   5,  LINEAR, (0, 1000, 40),       "0.1 % of the lawful hour left"),
    (26, "queue_depth",       6,  LINEAR, (0, 62, 1),          "frames waiting"),
    (27, "bus_errors",        8,  LINEAR, (0, 254, 1),         "failed reads in the last hour"),
    (28, "config_hash",       16, LINEAR, (0, 65534, 1),       ""),
    (29, "downlink_snr_db",   6,  LINEAR, (-30, 32, 1),        "dB"),
    (30, "supply_dv",         8,  LINEAR, (0, 400, 2),         "0.1 V"),
    (31, "on_own_cell",       2,  WORDS,  ("no", "yes"),       ""),
    (32, "enclosure_c",       7,  LINEAR, (-40, 86, 1),        "degC"),
    (33, "event_boot",        16, LINEAR, (0, 65534, 1),       "block number of the boot epoch"),
    (34, "event_n",           8,  LINEAR, (0, 254, 1),         "event of that boot"),
    (35, "alarm",             5,  WORDS,  ALARMS,              ""),
    (36, "age_s",             11, STEPS,  ((0, 120, 1), (130, 3600, 10), (3660, 86400, 60)), "s since the event"),
)

# Content of each message, in order on the wire. Names as in frame.KINDS.
_VITAL = (
    "fuel_permille", "generator_state", "generator_mode", "power_source",
    "battery_permille", "load_w", "alarms",
    "q_generator", "q_battery", "q_meter", "q_tank",
)
MESSAGES = {
    "vital": _VITAL,
    # kit_cell_permille would have been the 60th bit of vital's 56; its alarms
    # (kit_on_cell, kit_cell_low) are in every vital frame.
    "full": _VITAL + (
        "kit_cell_permille", "generator_w", "generator_v", "generator_dhz",
        "engine_dh", "starter_dv", "battery_cv", "battery_da", "battery_c",
    ),
    "status": (
        "engine_starts", "uptime_min", "reset_cause", "boots", "budget_permille",
        "queue_depth", "bus_errors", "config_hash", "downlink_snr_db",
        "supply_dv", "on_own_cell", "enclosure_c",
    ),
    "alarm": ("event_boot", "event_n", "alarm", "age_s"),
    # Ends the alarm of the same cause; a tag of 8 bytes, which heartbeats have not.
    "clear": ("event_boot", "event_n", "alarm", "age_s"),
}
