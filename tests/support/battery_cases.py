"""What batteries, solar controllers, meters and a probe show, and what the kit must make of it."""

SENTINEL = "sentinel"

_LOAD = "consumption_l1_w consumption_l2_w consumption_l3_w"
_GRID = "grid_l1_w grid_l2_w grid_l3_w"
_GENSET = "genset_l1_w genset_l2_w genset_l3_w"
_EMPTY = "voltage_dv soc_percent current_da sun_w"
_EMPTY_PACK = "pack_voltage_cv pack_soc_permille pack_current_da"

# fmt: off
# doors of the device, value there, quantity of the kit, value there
AGREE = {
    "victron_gx": (
        ("voltage_dv",          532,     "battery_cv",          5320),
        ("current_da",          -456,    "battery_da",          -456),
        ("current_da",          1000,    "battery_da",          1000),
        ("soc_percent",         67,      "battery_permille",    670),
        ("soc_percent",         100,     "battery_permille",    1000),
        ("soc_percent",         0,       "battery_permille",    None),
        ("soc_percent",         101,     "battery_permille",    None),
        ("voltage_dv",          0,       "battery_cv",          None),
        ("consumption_l1_w",    2500,    "load_w",              2500),
        ("consumption_l2_w",    40000,   "load_w",              40000),
        ("consumption_l3_w",    1,       "load_w",              1),
        ("genset_l1_w",         3000,    "generator_w",         3000),
        ("genset_l2_w",         -20,     "generator_w",         -20),
        ("genset_l3_w",         7000,    "generator_w",         7000),
        ("sun_w",               4321,    "sun_w",               4321),
        ("genset_l3_w",         -20,     "generator_w",         -20),
        (_LOAD,                 (1000, 200, 30), "load_w",      1230),
        (_GENSET,               (-10, 2000, 300), "generator_w", 2290),
        # Nothing anywhere is how a box without an AC side looks; somewhere anything is a load of 0.
        (_GRID,                 (0, 0, 0), "load_w",            None),
        (_GRID,                 (0, 0, 0), "generator_w",       None),
        (_GRID,                 (-5, 0, 0), "load_w",           0),
        (_GRID,                 (0, -5, 0), "generator_w",      0),
        (_GRID,                 (0, 0, -5), "load_w",           0),
        (_GRID + " genset_l1_w", (0, 0, 0, 900), "load_w",      0),
        (_EMPTY,                (0, 0, 0, 0), "battery_cv",     None),
        (_EMPTY,                (0, 0, 0, 0), "battery_da",     None),
        (_EMPTY,                (0, 0, 0, 0), "battery_permille", None),
        (_EMPTY,                (0, 0, 0, 0), "sun_w",          None),
        (_EMPTY,                (533, 0, 0, 0), "battery_da",   0),       # a box without battery monitor
    ),
    "victron_battery": (
        ("pack_voltage_cv",     5321,    "battery_cv",          5321),
        ("pack_current_da",     -1234,   "battery_da",          -1234),
        ("pack_current_da",     250,     "battery_da",          250),
        ("pack_temperature_dc", 215,     "battery_c",           22),
        ("pack_temperature_dc", -105,    "battery_c",           -10),
        ("pack_temperature_dc", 0,       "battery_c",           None),
        ("pack_soc_permille",   675,     "battery_permille",    675),
        ("pack_soc_permille",   0,       "battery_permille",    None),
        ("pack_alarm",          0,       "alarm_battery",       0),
        ("pack_alarm",          1,       "alarm_battery",       0),
        ("pack_alarm",          2,       "alarm_battery",       1),
        ("pack_alarm",          3,       "alarm_battery",       None),
        ("pack_alarm",          0x0102,  "alarm_battery",       None),
        (_EMPTY_PACK,           (0, 0, 0), "battery_cv",        None),
        (_EMPTY_PACK,           (0, 0, 0), "battery_da",        None),
        (_EMPTY_PACK,           (0, 0, 0), "alarm_battery",     None),
    ),
    "jk_pb": (
        ("voltage_mv",          53216,   "battery_cv",          5322),
        ("voltage_mv",          70000,   "battery_cv",          None),
        ("current_ma",          -123456, "battery_da",          -1235),
        ("current_ma",          99950,   "battery_da",          1000),
        ("temperature1_dc",     215,     "battery_c",           22),
        ("temperature1_dc",     -105,    "battery_c",           -10),
        ("temperature1_dc",     -2000,   "battery_c",           None),
        ("soc_percent",         67,      "battery_permille",    670),
        ("soc_percent",         0,       "battery_permille",    0),
        ("soc_percent",         255,     "battery_permille",    None),
        ("remaining_mah",       123456,  "battery_mah",         123456),
        ("capacity_mah",        280000,  "battery_full_mah",    280000),
        ("capacity_mah",        0,       "battery_full_mah",    None),
        ("charge_mos",          1,       "alarm_charge_off",    0),
        ("charge_mos",          0,       "alarm_charge_off",    1),
        ("discharge_mos",       1,       "alarm_discharge_off", 0),
        ("discharge_mos",       0,       "alarm_discharge_off", 1),
        ("alarms",              0,       "alarm_battery",       0),
        ("gps_gone",            1,       "alarm_battery",       0),
        ("change_password",     1,       "alarm_battery",       0),
    ),
    "daly": (
        ("voltage_dv",          532,     "battery_cv",          5320),
        ("voltage_dv",          255,     "battery_cv",          2550),
        ("current_raw",         30000,   "battery_da",          0),
        ("current_raw",         28766,   "battery_da",          -1234),
        ("current_raw",         30255,   "battery_da",          255),
        ("current_raw",         32800,   "battery_da",          2800),
        ("current_raw",         0,       "battery_da",          None),
        ("soc_permille",        675,     "battery_permille",    675),
        ("soc_permille",        255,     "battery_permille",    255),
        ("soc_permille",        1001,    "battery_permille",    None),
        ("temperature1_raw",    62,      "battery_c",           22),
        ("temperature1_raw",    30,      "battery_c",           -10),
        ("temperature1_raw",    SENTINEL, "battery_c",          None),
        ("remaining_dah",       1234,    "battery_mah",         123400),
        ("charge_mos",          1,       "alarm_charge_off",    0),
        ("charge_mos",          0,       "alarm_charge_off",    1),
        ("discharge_mos",       1,       "alarm_discharge_off", 0),
        ("discharge_mos",       0,       "alarm_discharge_off", 1),
        ("charge_mos",          0x0101,  "alarm_charge_off",    None),
        ("discharge_mos",       0x0100,  "alarm_discharge_off", None),
        ("errors_66",           0xFFFF,  "alarm_battery",       0),       # words of another family
        ("errors_71",           0xFFFF,  "alarm_battery",       0),       # without a known meaning
        ("upgrading",           1,       "alarm_battery",       0),
        ("smart_charger",       1,       "alarm_battery",       0),
        ("smart_discharger",    1,       "alarm_battery",       0),
        ("parallel",            1,       "alarm_battery",       0),
        ("fan",                 1,       "alarm_battery",       0),
        ("charge_off_by_switch", 1,      "alarm_battery",       0),
    ),
    "renogy_battery": (
        ("voltage_dv",          532,     "battery_cv",          5320),
        ("voltage_dv",          132,     "battery_cv",          1320),
        ("current_ca",          -1234,   "battery_da",          -123),
        ("current_ca",          1250,    "battery_da",          125),
        ("remaining_mah",       123456,  "battery_mah",         123456),
        ("capacity_mah",        280000,  "battery_full_mah",    280000),
        ("remaining_mah",       97656,   "battery_permille",    250),     # of 390,625
        ("remaining_mah",       0,       "battery_permille",    0),
        ("remaining_mah",       394000,  "battery_permille",    1000),    # a little more than full
        ("remaining_mah",       450000,  "battery_permille",    None),
        ("capacity_mah",        0,       "battery_permille",    None),
        ("temperature1_dc",     215,     "battery_c",           22),
        ("temperature1_dc",     -105,    "battery_c",           -10),
        ("sensors",             0,       "battery_c",           None),
    ),
    "srne_controller": (
        ("soc_percent",         67,      "battery_permille",    670),
        ("voltage_dv",          266,     "battery_cv",          2660),
        ("battery_c",           25,      "battery_c",           25),
        ("battery_c",           -12,     "battery_c",           -12),
        ("sun_w",               987,     "sun_w",               987),
        ("sun_w",               65000,   "sun_w",               None),
        ("faults",              0,       "alarm_battery",       0),
        ("faults",              1 << 16, "alarm_battery",       1),
        ("faults",              1 << 17, "alarm_battery",       1),
        ("faults",              1 << 18, "alarm_battery",       1),
        ("faults",              0xFFF8FFFF, "alarm_battery",    0),       # load, heat, panels
    ),
    "epever_tracer": (
        ("voltage_cv",          2664,    "battery_cv",          2664),
        ("soc_percent",         67,      "battery_permille",    670),
        ("battery_cc",          2150,    "battery_c",           22),
        ("battery_cc",          -1050,   "battery_c",           -10),
        ("net_ca",              -1234,   "battery_da",          -123),
        ("net_ca",              70000,   "battery_da",          None),
        ("net_ca",              4000,    "battery_da",          400),
        ("panel_cw",            123456,  "sun_w",               1235),    # needs both words
        ("panel_cw",            65536,   "sun_w",               655),
        ("battery_status",      0x00,    "alarm_battery",       0),
        ("battery_status",      0x01,    "alarm_battery",       1),
        ("battery_status",      0x02,    "alarm_battery",       1),
        ("battery_status",      0x03,    "alarm_battery",       1),
        ("battery_status",      0x04,    "alarm_battery",       1),
        ("battery_status",      0x10,    "alarm_battery",       1),
        ("battery_status",      0x20,    "alarm_battery",       1),
        ("battery_status",      0x09,    "alarm_battery",       None),
    ),
    "qdy30a": (
        ("level",               1234,    "tank_raw",            1234),
        ("level",               -12,     "tank_raw",            -12),
        ("level",               0,       "tank_raw",            0),
        ("level",               -32768,  "tank_raw",            None),
    ),
}
_METER = (
    ("l1_w",         2412.6,       "load_w",    2413),
    ("l1_w",         0,            "load_w",    0),
    ("l1_w",         -350.4,       "load_w",    -350),
    ("l1_w",         31000,        "load_w",    None),
    ("l1_v",         229.6,        "meter_v",   230),
    ("frequency_hz", 50.04,        "meter_dhz", 500),
)
AGREE["sdm120"] = AGREE["sdm220"] = _METER
# fmt: on

# Of each level of three bits 1 warns and 2 and more protect; flags are one bit; the rest says how the pack is set.
DALY_LEVELS = {
    "errors_6d": (0, 3, 8, 11),
    "errors_6e": (0, 3, 8, 11),
    "errors_6f": (0, 3, 8, 11),
    "errors_70": (8, 11),
}
DALY_FLAGS = {
    "errors_6d": (7, 15),
    "errors_6e": (6, 7, 14, 15),
    "errors_6f": (6, 14, 15),
    "errors_70": (7,),
    "errors_72": tuple(range(8, 16)),
    "errors_73": (*range(8), 15),
}
JK_REMARKS = (18, 19)  # no GPS, change the password


def alarm_cases(model):
    """Every bit of every alarm word by itself, and what it must make of the battery's fault."""
    cases = []
    if model == "jk_pb":
        cases = [
            ("alarms", 1 << bit, "alarm_battery", int(bit < 24 and bit not in JK_REMARKS))
            for bit in range(32)
        ]
    if model == "daly":
        for door, flags in DALY_FLAGS.items():
            faults = set(flags)
            for shift in DALY_LEVELS.get(door, ()):
                faults |= {shift + 1, shift + 2}
            cases += [(door, 1 << bit, "alarm_battery", int(bit in faults)) for bit in range(16)]
    return cases
