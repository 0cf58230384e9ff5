"""Every quantity that may leave a kit: the one table behind all messages.

Append only: an id, a name, its bits and its scale never change once a kit has
flown with them. Values are scaled integers (the unit is in the name) or words;
``None`` means *unknown* and owns the all-ones code of every field, so a failed
read can never travel as 0.

Codecs: ``LINEAR`` (lo, hi, step), ``WORDS`` (a tuple of words, code = index),
``STEPS`` (segments (first value, last value, step), finer near zero),
``BITSET`` (names, bit = index; all ones = unknown, hence the top bit is never
given away) and ``RAW`` (every code is a value: numbers of the link itself, which
its sender always knows).
"""

LINEAR = 0
WORDS = 1
STEPS = 2
BITSET = 3
RAW = 4

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

# What the self-test of a kit looks at; a bit is set where it failed. Bit 15 stays free.
SELF_TESTS = ("flash", "counter", "clock", "heap", "bus", "radio", "led", "button", "supply", "cell")
DEPLOYMENTS = ("stored", "activated", "setting_up", "open", "partly_open", "closed", "wound_down")
VISITORS = ("none", "below_10", "below_50", "below_200", "more")

# A call for help. "security": the team itself is not safe; never a sound at the point.
HELP_KINDS = ("fire_brigade", "ambulance", "police", "not_known", "security")
HELP_MARKS = ("made", "withdrawn", "details")
# A machine may only say "stored"; the others are a person's.
HELP_STAGES = ("stored", "read", "passed_on", "answered", "closed", "call_back")
HELP_ANSWERS = ("none", "help_comes", "no_unit")
STATUS_112 = ("works", "doubtful", "off")

RECEIPT_STAGES = ("incomplete", "mismatch", "received", "displayed", "removed")
COMMANDS = ("ping", "status", "read", "stage", "confirm", "roll_back", "exercise_on", "exercise_off", "backfill", "announce", "alarm_test")
RESULTS = ("done", "refused", "not_known", "out_of_range", "nothing_staged", "mismatch")

# 0-60 kW in 127 codes: half a step is at most 2.5 % between 4 and 20 kW.
LOAD_STEPS = (
    (0, 2000, 50),
    (2100, 4000, 100),
    (4200, 10000, 200),
    (10500, 20000, 500),
    (22500, 60000, 2500),
)

# id, name, bits, codec, parameters; units are in units.py, which no kit has to hold
FIELDS = (
    (1,  "fuel_permille",     8,  LINEAR, (0, 1000, 5)),
    (2,  "generator_state",   3,  WORDS,  GENERATOR_STATES),
    (3,  "generator_mode",    3,  WORDS,  GENERATOR_MODES),
    (4,  "power_source",      3,  WORDS,  POWER_SOURCES),
    (5,  "battery_permille",  8,  LINEAR, (0, 1000, 5)),
    (6,  "load_w",            7,  STEPS,  LOAD_STEPS),
    (7,  "alarms",            16, BITSET, ALARMS),
    (8,  "q_generator",       2,  WORDS,  QUALITIES),
    (9,  "q_battery",         2,  WORDS,  QUALITIES),
    (10, "q_meter",           2,  WORDS,  QUALITIES),
    (11, "q_tank",            2,  WORDS,  QUALITIES),
    (12, "kit_cell_permille", 4,  LINEAR, (0, 980, 70)),
    (13, "generator_w",       13, LINEAR, (0, 60000, 10)),
    (14, "generator_v",       9,  LINEAR, (0, 300, 1)),
    (15, "generator_dhz",     8,  LINEAR, (400, 650, 1)),
    (16, "engine_dh",         20, LINEAR, (0, 1000000, 1)),
    (17, "starter_dv",        9,  LINEAR, (0, 320, 1)),
    (18, "battery_cv",        11, LINEAR, (0, 6400, 5)),
    (19, "battery_da",        13, LINEAR, (-3000, 3000, 1)),
    (20, "battery_c",         7,  LINEAR, (-30, 90, 1)),
    (21, "engine_starts",     16, LINEAR, (0, 65534, 1)),
    (22, "uptime_min",        20, LINEAR, (0, 1048574, 1)),
    (23, "reset_cause",       3,  WORDS,  RESET_CAUSES),
    (24, "boots",             8,  LINEAR, (0, 254, 1)),
    (25, "budget_permille",   5,  LINEAR, (0, 1000, 40)),
    (26, "queue_depth",       6,  LINEAR, (0, 62, 1)),
    (27, "bus_errors",        8,  LINEAR, (0, 254, 1)),
    (28, "config_hash",       16, LINEAR, (0, 65534, 1)),
    (29, "downlink_snr_db",   6,  LINEAR, (-30, 32, 1)),
    (30, "supply_dv",         8,  LINEAR, (0, 400, 2)),
    (31, "on_own_cell",       2,  WORDS,  ("no", "yes")),
    (32, "enclosure_c",       7,  LINEAR, (-40, 86, 1)),
    (33, "event_boot",        16, LINEAR, (0, 65534, 1)),
    (34, "event_n",           8,  LINEAR, (0, 254, 1)),
    (35, "alarm",             5,  WORDS,  ALARMS),
    (36, "age_s",             11, STEPS,  ((0, 120, 1), (130, 3600, 10), (3660, 86400, 60))),
    (37, "boot_epoch",        32, RAW,    None),
    (38, "firmware",          16, LINEAR, (0, 65534, 1)),
    (39, "micropython",       16, LINEAR, (0, 65534, 1)),
    (40, "self_test",         16, BITSET, SELF_TESTS),
    (41, "help_kind",         3,  WORDS,  HELP_KINDS),
    (42, "help_mark",         3,  WORDS,  HELP_MARKS),
    (43, "acked",             32, RAW,    None),
    (44, "utc_min",           16, LINEAR, (0, 65534, 1)),
    (45, "heard",             16, RAW,    None),
    (46, "missing",           32, RAW,    None),
    (47, "help_stage",        3,  WORDS,  HELP_STAGES),
    (48, "help_answer",       2,  WORDS,  HELP_ANSWERS),
    (49, "status112",         2,  WORDS,  STATUS_112),
    (50, "bulletin",          8,  RAW,    None),
    (51, "revision",          4,  RAW,    None),
    (52, "fragment",          4,  RAW,    None),
    (53, "last_fragment",     4,  RAW,    None),
    (54, "bulletin_bytes",    11, RAW,    None),
    (55, "digest",            64, RAW,    None),
    (56, "expires_min",       16, LINEAR, (0, 65534, 1)),
    (57, "replaces",          8,  LINEAR, (0, 254, 1)),
    (58, "receipt_stage",     3,  WORDS,  RECEIPT_STAGES),
    (59, "lacking",           16, RAW,    None),
    (60, "command",           4,  WORDS,  COMMANDS),
    (61, "answers",           32, RAW,    None),
    (62, "result",            4,  WORDS,  RESULTS),
    (63, "base_counter",      32, RAW,    None),
    (64, "base_age_s",        20, LINEAR, (0, 1048574, 1)),
    (65, "gateway_id",        8,  RAW,    None),
    (66, "deployment",        4,  WORDS,  DEPLOYMENTS),
    (67, "staff",             6,  LINEAR, (0, 62, 1)),
    (68, "staff_needed",      6,  LINEAR, (0, 62, 1)),
    (69, "relief_quarters",   8,  LINEAR, (0, 254, 1)),
    (70, "visitors",          3,  WORDS,  VISITORS),
    (71, "stock_low",         8,  RAW,    None),
    (72, "displayed",         8,  LINEAR, (0, 254, 1)),
    (73, "displayed_rev",     4,  RAW,    None),
    (74, "topic_1",           5,  LINEAR, (0, 30, 1)),
    (75, "count_1",           6,  LINEAR, (0, 62, 1)),
    (76, "topic_2",           5,  LINEAR, (0, 30, 1)),
    (77, "count_2",           6,  LINEAR, (0, 62, 1)),
    (78, "topic_3",           5,  LINEAR, (0, 30, 1)),
    (79, "count_3",           6,  LINEAR, (0, 62, 1)),
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
    "boot": ("boot_epoch", "reset_cause", "boots", "firmware", "micropython", "config_hash", "self_test"),
    "help": ("event_boot", "event_n", "help_kind", "help_mark", "age_s"),
    "report": (
        "event_boot", "event_n", "deployment", "staff", "staff_needed", "relief_quarters", "visitors",
        "stock_low", "displayed", "displayed_rev",
        "topic_1", "count_1", "topic_2", "count_2", "topic_3", "count_3", "age_s",
    ),
    "receipt": ("bulletin", "revision", "receipt_stage", "lacking"),
    "backfill": ("base_counter", "base_age_s"),
    "answer": ("answers", "result"),
    "ack": ("acked", "utc_min"),
    "link": ("heard", "missing", "utc_min"),
    "help_stage": ("event_boot", "event_n", "help_stage", "help_answer", "utc_min"),
    "command": ("command",),
    "fragment": ("bulletin", "revision", "fragment", "last_fragment"),
    "release": ("bulletin", "revision", "bulletin_bytes", "digest", "expires_min", "replaces"),
    "status112": ("status112", "utc_min"),
    "hello": ("gateway_id",),
}

# Kinds whose fields are followed by bytes of their own: their name, and how many at most.
TAILS = {
    "help": ("text", 48),        # UTF-8: what a volunteer typed, or a part of it
    "report": ("text", 40),      # UTF-8
    "backfill": ("records", 90), # as in backfill.py
    "answer": ("value", 16),     # as in commands.py
    "help_stage": ("text", 60),  # UTF-8: what a person answered
    "command": ("argument", 16), # as in commands.py
    "fragment": ("data", 96),    # part of a UTF-8 text
}
