"""What Deep Sea Electronics' panels show and what it must mean, written out from GenComm."""

# 2 warning, 3 shutdown, 4 electrical trip, 5 controlled shutdown, 10 active indication; 6, 7, 11-14
# have no meaning, 15 is not implemented.
NIBBLES = (0, 0, 1, 1, 1, 1, None, None, 0, 0, 1, None, None, None, None, None)
NOT_AVAILABLE = (
    "unimplemented",
    "over_range",
    "under_range",
    "transducer_fault",
    "bad_data",
    "high_input",
    "low_input",
    "reserved",
)


def codes(door, quantity, meanings):
    """One case for each code that the door can show."""
    return tuple((door, code, quantity, meaning) for code, meaning in meanings.items())


def nibbles(door, quantity):
    """Every one of an alarm's sixteen codes."""
    return tuple((door, code, quantity, meaning) for code, meaning in enumerate(NIBBLES))


def flag(door, quantity):
    """A bit that is set, and one that is not."""
    return ((door, 1, quantity, 1), (door, 0, quantity, 0))


def nothing(door, quantity):
    """Every way in which GenComm says that there is no value."""
    return tuple((door, f"sentinel:{name}", quantity, None) for name in NOT_AVAILABLE)


# fmt: off
INSTRUMENTS = (
    *codes("mode", "generator_mode", {
        0: "off", 1: "auto", 2: "manual", 3: "test", 4: "auto", 5: None, 6: "test", 7: "off", 8: None, 0x0101: None}),
    *codes("engine_state", "engine_state", {
        0: "stopped", 1: "starting", 2: "starting", 3: "running", 4: "cooling", 5: "stopped", 6: "stopped",
        7: None, 15: None, 0x0103: None}),
    ("status_bits",     0x2000,      "alarm_shutdown",   1),
    ("status_bits",     0xDFFE,      "alarm_shutdown",   0),
    ("status_bits",     0x1000,      "alarm_trip",       1),
    ("status_bits",     0xEFFF,      "alarm_trip",       0),
    ("status_bits",     0x0800,      "alarm_warning",    1),
    ("status_bits",     0xF7FF,      "alarm_warning",    0),
    ("status_bits",     0x0080,      "alarm_controlled", 1),
    ("status_bits",     0xFF7F,      "alarm_controlled", 0),
    ("status_bits",     0xFFFF,      "alarm_shutdown",   None),
    ("fuel_percent",    0,           "fuel_permille",    0),
    ("fuel_percent",    47,          "fuel_permille",    470),
    ("fuel_percent",    130,         "fuel_permille",    1300),
    ("fuel_percent",    131,         "fuel_permille",    None),
    *nothing("fuel_percent", "fuel_permille"),
    ("starter_dv",      0,           "starter_dv",       0),
    ("starter_dv",      127,         "starter_dv",       127),
    ("starter_dv",      400,         "starter_dv",       400),
    *nothing("starter_dv", "starter_dv"),
    ("engine_rpm",      0,           "engine_rpm",       0),
    ("engine_rpm",      1503,        "engine_rpm",       1503),
    ("engine_rpm",      6000,        "engine_rpm",       6000),
    ("frequency_dhz",   0,           "generator_dhz",    0),
    ("frequency_dhz",   499,         "generator_dhz",    499),
    ("frequency_dhz",   "sentinel",  "generator_dhz",    None),
    ("l1_dv",           0,           "generator_v",      0),
    ("l1_dv",           2304,        "generator_v",      230),
    ("l1_dv",           5000,        "generator_v",      500),
    *nothing("l1_dv", "generator_v"),
    ("mains_l1_dv",     2296,        "mains_v",          230),
    ("mains_l1_dv",     0,           "mains_v",          0),
    ("mains_l1_dv",     "sentinel",  "mains_v",          None),
    ("run_s",           0,           "engine_dh",        0),
    ("run_s",           1483560,     "engine_dh",        4121),
    ("run_s",           360_000_000, "engine_dh",        1_000_000),
    ("run_s",           "sentinel",  "engine_dh",        None),
    ("starts",          188,         "engine_starts",    188),
    ("starts",          70_000,      "engine_starts",    70_000),
    ("starts",          "sentinel",  "engine_starts",    None),
)

TOTAL = (
    ("total_w",         8040,        "generator_w",      8040),
    ("total_w",         0,           "generator_w",      0),
    ("total_w",         -120,        "generator_w",      -120),
    ("total_w",         60000,       "generator_w",      60000),
    *nothing("total_w", "generator_w"),
)

CASES = {
    "dse4520mk2": (
        *INSTRUMENTS,
        *TOTAL,
    ),
    "dse7320mk2": (
        *(case for case in INSTRUMENTS if case[2] != "engine_rpm"),
        *TOTAL,
        *nibbles("alarm_emergency_stop",   "alarm_emergency_stop"),
        *nibbles("alarm_starter_low",      "alarm_starter_low"),
        *nibbles("alarm_fail_to_start",    "alarm_fail_to_start"),
        *nibbles("alarm_low_fuel",         "alarm_fuel_low"),
        *nibbles("alarm_low_fuel_switch",  "alarm_fuel_switch"),
        *nibbles("alarm_overload",         "alarm_overload"),
    ),
    "dse3110": (
        *INSTRUMENTS,
        ("l1_w l2_w l3_w", (2700, 2600, 2740),     "generator_w", 8040),
        ("l1_w l2_w l3_w", (0, 0, 0),              "generator_w", 0),
        ("l1_w l2_w l3_w", (-90, -20, -10),        "generator_w", -120),
        ("l1_w l2_w l3_w", (60000, 0, 0),          "generator_w", 60000),
        *nothing("l1_w", "generator_w"),
        *nothing("l2_w", "generator_w"),
        *nothing("l3_w", "generator_w"),
        *nibbles("alarm_emergency_stop",   "alarm_emergency_stop"),
        *nibbles("alarm_fail_to_start",    "alarm_fail_to_start"),
        *nibbles("alarm_charge_alternator", "alarm_charger"),
        *nibbles("alarm_starter_low",      "alarm_starter_low"),
        *nibbles("alarm_low_fuel",         "alarm_fuel_low"),
        *nibbles("alarm_overload",         "alarm_overload"),
    ),
}
# fmt: on
