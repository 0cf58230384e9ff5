"""The vocabulary of device tables: every quantity a device may give, and every unit a maker may use.

A table names a quantity and the unit of its register; the conversion between
the two is made here, once, so that no table computes. Values are scaled
integers in the quantity's unit, or words.
"""

# unit -> (dimension, offset, mul, div): in the dimension's base unit = (raw + offset) * mul / div
UNITS = {
    "":           ("",     0,      1,    1),
    "%":          ("%",    0,      1,    1),
    "0.1 %":      ("%",    0,      1,    10),
    "0.01 %":     ("%",    0,      1,    100),
    "V":          ("V",    0,      1,    1),
    "0.1 V":      ("V",    0,      1,    10),
    "0.01 V":     ("V",    0,      1,    100),
    "mV":         ("V",    0,      1,    1000),
    "A":          ("A",    0,      1,    1),
    "0.1 A":      ("A",    0,      1,    10),
    "0.1 A-3000": ("A",    -30000, 1,    10),    # 30,000 is no current
    "0.01 A":     ("A",    0,      1,    100),
    "mA":         ("A",    0,      1,    1000),
    "W":          ("W",    0,      1,    1),
    "0.01 W":     ("W",    0,      1,    100),
    "10 W":       ("W",    0,      10,   1),
    "0.1 kW":     ("W",    0,      100,  1),
    "kW":         ("W",    0,      1000, 1),
    "Hz":         ("Hz",   0,      1,    1),
    "0.1 Hz":     ("Hz",   0,      1,    10),
    "0.01 Hz":    ("Hz",   0,      1,    100),
    "s":          ("h",    0,      1,    3600),
    "0.1 h":      ("h",    0,      1,    10),
    "0.01 h":     ("h",    0,      1,    100),
    "h":          ("h",    0,      1,    1),
    "degC":       ("degC", 0,      1,    1),
    "degC-40":    ("degC", -40,    1,    1),     # 40 is 0 degC
    "0.1 degC":   ("degC", 0,      1,    10),
    "0.01 degC":  ("degC", 0,      1,    100),
    "0.1 K":      ("degC", -2730,  1,    10),
    "mAh":        ("Ah",   0,      1,    1000),
    "0.1 Ah":     ("Ah",   0,      1,    10),
    "0.01 Ah":    ("Ah",   0,      1,    100),
}

ENGINE_STATES = ("stopped", "starting", "running", "cooling")
MODES = ("off", "manual", "auto", "test")

# quantity -> its unit, or the words it takes; "" = a count, a flag (0 or 1) or a bare number
QUANTITIES: dict[str, str | tuple[str, ...]] = {
    "engine_state": ENGINE_STATES,
    "generator_mode": MODES,
    "alarm_shutdown": "",
    "alarm_trip": "",
    "alarm_controlled": "",
    "alarm_warning": "",
    "alarm_emergency_stop": "",
    "alarm_fail_to_start": "",
    "alarm_starter_low": "",
    "alarm_fuel_low": "",
    "alarm_fuel_switch": "",
    "alarm_overload": "",
    "alarm_charger": "",
    "fuel_permille": "0.1 %",
    "starter_dv": "0.1 V",
    "generator_dhz": "0.1 Hz",
    "generator_v": "V",
    "generator_w": "W",
    "mains_v": "V",
    "engine_dh": "0.1 h",
    "engine_starts": "",
    "engine_rpm": "",
    "battery_permille": "0.1 %",
    "battery_cv": "0.01 V",
    "battery_da": "0.1 A",
    "battery_c": "degC",
    "battery_mah": "mAh",
    "battery_full_mah": "mAh",
    "alarm_battery": "",
    "alarm_charge_off": "",
    "alarm_discharge_off": "",
    "sun_w": "W",
    "load_w": "W",
    "meter_v": "V",
    "meter_dhz": "0.1 Hz",
    "tank_raw": "",
}


def conversion(unit: str, quantity: str) -> tuple:
    """(offset, mul, div) from a register's unit to the quantity's; KeyError or ValueError when there is none."""
    dimension, offset, mul, div = UNITS[unit]
    wanted = QUANTITIES[quantity]
    target, _, target_mul, target_div = UNITS[wanted if isinstance(wanted, str) else ""]
    if target != dimension:
        raise ValueError("%s is no unit of %s" % (unit or "a bare number", quantity))
    return offset, mul * target_div, div * target_mul
