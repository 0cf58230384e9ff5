"""Checks of the kit's device tables, in the dialect that every interpreter speaks.

Words are written out from the makers' documents. Run like pure_kit.py.
"""

import sys

from nspkit import device, models, table
from pure_kit import failures


def check() -> list:
    """Names of the checks that fail."""
    return failures(CHECKS)


def floats() -> bool:
    """IEEE-754 words of known numbers, scaled without a float."""
    # fmt: off
    cases = (
        (0x43664CCD, 10, 1, 2303),  # 230.3
        (0x45FA0000, 1, 1, 8000),  # 8000.0
        (0x00000000, 1, 1, 0),
        (0xC5FA0000, 1, 1, -8000),
        (0x3F000000, 10, 1, 5),  # 0.5
        (0x7FC00000, 1, 1, None),  # NaN
        (0x7F800000, 1, 1, None),  # infinity
        (0x00000001, 1000, 1, 0),  # smallest denormal
        (0x5F000000, 1, 1, 1 << 63),
    )
    # fmt: on
    return all(device.f32_scaled(bits, mul, div) == value for bits, mul, div, value in cases)


def _decode(checked, name: str, words: str):
    """What a table makes of these words where the register of ``name`` stands."""
    data = bytes.fromhex(words)
    for block in checked.blocks:
        for row in block[4]:
            if row[0] == name:
                return device.value_of(row, bytes(row[2]) + data)
    raise KeyError(name)


def registers() -> bool:
    """Words as the device sends them, and what they must mean."""
    # fmt: off
    cases = (
        ("dse7320mk2", "fuel_permille", "0032", 500),
        ("dse7320mk2", "fuel_permille", "0082", 1300),
        ("dse7320mk2", "fuel_permille", "FFFF", None),  # not fitted
        ("dse7320mk2", "fuel_permille", "FFF8", None),
        ("dse7320mk2", "fuel_permille", "0083", None),  # 131 %: implausible
        ("dse7320mk2", "starter_dv", "008E", 142),
        ("dse7320mk2", "generator_v", "000008FC", 230),
        ("dse7320mk2", "generator_v", "FFFFFFFF", None),
        ("dse7320mk2", "generator_w", "00001F40", 8000),
        ("dse7320mk2", "generator_w", "FFFFFF9C", -100),
        ("dse7320mk2", "generator_w", "7FFFFFFA", None),
        ("dse7320mk2", "engine_dh", "00000E10", 10),  # one hour in s
        ("dse7320mk2", "engine_state", "0003", "running"),
        ("dse7320mk2", "engine_state", "000F", None),
        ("dse7320mk2", "generator_mode", "0001", "auto"),
        ("dse7320mk2", "alarm_emergency_stop", "3111", 1),
        ("dse7320mk2", "alarm_emergency_stop", "1311", 0),
        ("dse7320mk2", "alarm_emergency_stop", "FFFF", None),
        ("dse7320mk2", "alarm_fuel_low", "1121", 1),
        ("dse7320mk2", "alarm_fail_to_start", "1311", 1),
        ("dse3110", "alarm_fuel_low", "1121", 1),
        ("comap_il4", "engine_state", "000C", "stopped"),
        ("comap_il4", "alarm_shutdown", "000C", 1),
        ("comap_il4", "engine_dh", "80000000", None),
        ("comap_ntc", "alarm_fuel_low", "0602", 1),
        ("comap_ntc", "alarm_fuel_low", "0302", 0),  # held back
        ("comap_ntc", "alarm_fuel_low", "4002", None),  # its sensor has failed
        ("mebay_dc", "alarm_fail_to_start", "002F", 1),
        ("mebay_dc", "alarm_shutdown", "002F", 1),
        ("mebay_dc", "fuel_permille", "C350", None),  # 50,000: open sensor
        ("datakom_d500", "generator_w", "00500000", 8000),  # 8.0 kW, low word first
        ("datakom_d500", "engine_dh", "A0FA0000", 4121),  # 412.10 h
        ("deif_sgc400", "_l1_w", "0050", 8000),
        ("seplos_v3", "battery_cv", "14D2", 5330),
        ("seplos_v3", "battery_da", "FC18", -100),  # -10.00 A
        ("seplos_v3", "battery_permille", "03E8", 1000),
        ("seplos_v3", "battery_permille", "03E9", None),
        ("seplos_v3", "battery_c", "0B7C", 21),  # 294.0 K
        ("jk_pb", "battery_da", "FFFE1DC0", -1235),  # -123.456 A
        ("jk_pb", "battery_permille", "0264", 1000),  # balancing, 100 %
        ("jk_pb", "alarm_charge_off", "0100", 0),
        ("jk_pb", "alarm_discharge_off", "0100", 1),
        ("jk_pb", "alarm_discharge_off", "0102", None),
        ("daly", "battery_da", "7530", 0),  # 30,000
        ("daly", "battery_da", "705E", -1234),
        ("daly", "battery_c", "0028", 0),  # 40
        ("daly", "battery_c", "00FF", None),  # no sensor
        ("renogy_battery", "battery_mah", "000186A0", 100000),
        ("srne_controller", "battery_c", "1985", -5),  # controller 25, battery minus 5
        ("srne_controller", "battery_c", "9905", 5),
        ("epever_tracer", "battery_da", "FC18FFFF", -100),  # -10.00 A, low word first
        ("epever_tracer", "sun_w", "86A00001", 1000),  # 1,000.00 W
        ("victron_gx", "battery_permille", "0000", None),  # a box without battery monitor
        ("victron_battery", "alarm_battery", "0001", 0),  # warning
        ("victron_battery", "alarm_battery", "0002", 1),
        ("sdm120", "load_w", "C3AF3333", -350),  # -350.4
        ("sdm220", "meter_v", "43664CCD", 230),
        ("qdy30a", "tank_raw", "FFF4", -12),
        ("qdy30a", "tank_raw", "8000", None),
        ("sdm630", "load_w", "45FA0000", 8000),
        ("sdm630", "load_w", "7FC00000", None),
        ("sdm630", "meter_dhz", "42480000", 500),
    )
    # fmt: on
    checked = None
    for model, name, words, value in cases:
        if checked is None or checked.name != model:
            checked = models.get(model)  # once for the cases that stand together: it takes its heap
        got = _decode(checked, name, words)
        if got != value:
            raise ValueError("%s %s %s gives %r" % (model, name, words, got))
    return True


def plans() -> bool:
    """Every register is read once, in blocks within the device's limit and page."""
    for name in models.NAMES:
        checked = models.get(name)
        source = getattr(__import__("nspkit.models." + name).models, name)
        rows = [row for block in checked.blocks for row in block[4]]
        if sorted([row[0] for row in rows]) != sorted([row[0] for row in source.REGISTERS]):
            return False
        addresses = {row[0]: row[2] for row in source.REGISTERS}
        for _, function, address, count, members in checked.blocks:
            last = address + count * checked.step - 1
            if count > checked.block_limit or (
                checked.page and address // checked.page != last // checked.page
            ):
                return False
            for row in members:
                offset = row[2] if function <= 2 else row[2] // 2
                if address + offset * checked.step != addresses[row[0]]:
                    return False
        checked = source = rows = addresses = None
        _forget(name)
    return True


def _forget(name: str) -> None:
    """Let go of a table's module, as a kit does: all of them together are more than a board holds."""
    sys.modules.pop("nspkit.models." + name, None)
    if hasattr(models, name):
        delattr(models, name)


class _Bad:
    """A table with one fault, beside a good row."""

    __name__ = "bad"

    def __init__(self, row: tuple, **others) -> None:
        self.REGISTERS = (("fuel_permille", 3, 100, "u16", "%", 0, 1000, "normal"), row)
        for name, value in others.items():
            setattr(self, name, value)


def bad_tables() -> bool:
    """Each kind of mistake is refused with the entry's name."""
    good = ("starter_dv", 3, 101, "u16", "0.1 V", 0, 400, "normal")
    table.load(_Bad(good))

    def but(column: int, value) -> tuple:
        row = list(good)
        row[column] = value
        return tuple(row)

    faults = (
        _Bad(("fuel_permille", 3, 200, "u16", "%", 0, 1000, "normal")),  # twice
        _Bad(but(0, "fuel_level")),
        _Bad(but(1, 6)),
        _Bad(but(2, 100)),  # overlap
        _Bad(("starter_dv", 3, 99, "u32", "0.1 V", 0, 400, "normal")),  # overlap of two registers
        _Bad(but(2, 65536)),
        _Bad(but(3, "u24")),
        _Bad(but(3, "bit16")),
        _Bad(but(3, "any1")),
        _Bad(but(3, "any0000")),
        _Bad(but(3, "any00fg")),
        _Bad(but(3, "bit")),  # a coil's type with function 3
        _Bad(but(4, "V/10")),
        _Bad(but(4, "0.1 A")),
        _Bad(but(5, 500)),  # limits the wrong way round
        _Bad(but(7, "often")),
        _Bad(good[:7]),
        _Bad(("engine_state", 3, 101, "u16", "", 0, 9, "fast")),  # no words
        # Two rows of one register are two meanings of its codes only where both have words.
        _Bad(("engine_state", 3, 100, "u16", "", 0, 9, "fast"), WORDS={"engine_state": {1: "running"}}),
        _Bad(("_private", 3, 101, "u16", "V/10", 0, 9, "fast")),
        _Bad(("engine_state", 3, 101, "u16", "", 0, 9, "fast"), WORDS={"engine_state": {1: "turning"}}),
        _Bad(good, WORDS={"generator_mode": {1: "auto"}}),
        _Bad(good, NO_DATA=("battery_cv",)),
        _Bad(good, UNVERIFIED=("starter",)),
        _Bad(good, DERIVED=(("load_w", "sum", ("_a", "_b")),)),
        _Bad(good, DERIVED=(("load_w", "product", ("starter_dv",)),)),
        _Bad(good, DERIVED=(("fuel_permille", "sum", ("starter_dv",)),)),
        _Bad(("_a", 3, 500, "u16", "", 0, 9, "slow"), DERIVED=(("load_w", "sum", ("_a", "fuel_permille")),)),
    )
    for index, fault in enumerate(faults):
        try:
            table.load(fault)
        except table.TableError as error:
            if "bad: " not in str(error):
                raise ValueError("fault %d is not named: %s" % (index, error)) from None
            continue
        raise ValueError("fault %d loads" % index)
    return True


class _Odd:
    """A made-up device with every kind of row and rule."""

    __name__ = "odd"
    HOLE_LIMIT = 4
    REGISTERS = (
        ("battery_c", 3, 0, "m8lo", "degC", -90, 90, "slow"),
        ("sun_w", 3, 10, "u32lo", "0.01 W", 0, 60000, "fast"),
        ("battery_da", 3, 12, "s32lo", "0.01 A", -3000, 3000, "fast"),
        ("_l1", 3, 20, "u16", "", 0, 9999, "normal"),
        ("_l2", 3, 21, "u16", "", 0, 9999, "normal"),
        ("_mah", 3, 22, "u32", "", 0, 999999, "normal"),
        ("_full", 3, 24, "u32", "", 0, 999999, "normal"),
        ("alarm_charger", 3, 26, "bit0", "", 0, 1, "normal"),
        ("alarm_overload", 3, 26, "bit15", "", 0, 1, "normal"),
        ("_marks", 3, 26, "any0300", "", 0, 1, "normal"),
        ("_voltage", 3, 30, "u16", "", 100, 9999, "slow"),
        ("starter_dv", 3, 31, "u16", "0.1 V", 0, 400, "slow"),
        ("_auto", 1, 40, "bit", "", 0, 1, "fast"),
        ("_manual", 1, 41, "bit", "", 0, 1, "fast"),
        ("alarm_warning", 1, 50, "bit", "", 0, 1, "fast"),
        ("alarm_fuel_low", 1, 53, "bit", "", 0, 1, "fast"),
    )
    DERIVED = (
        ("load_w", "sum", ("_l1", "_l2")),
        ("alarm_battery", "any", ("_marks",)),
        ("battery_permille", "ratio", ("_mah", "_full")),
        ("generator_mode", "first", (("_auto", "auto"), ("_manual", "manual"))),
    )
    BLOCK_LIMIT = 20
    NO_DATA = ("_voltage",)

    def __init__(self) -> None:
        self.SENTINELS = {"bits": ((0xFFFF, 0xFFFF),), "u16": ((0x7FFF, 0x7FFF),)}


def odd_rows() -> bool:
    """Low word first, sign and magnitude, bits, coils, and quantities made of others."""
    model = table.load(_Odd())

    def block(function: int, address: int, words: str) -> dict:
        for index, item in enumerate(model.blocks):
            if item[1] == function and item[2] == address:
                model.decode(index, bytes.fromhex(words))
                return {name: model.found[name] for name in model.names[index]}
        raise ValueError("no block %d at %d in %r" % (function, address, [b[:4] for b in model.blocks]))

    seen = (
        block(3, 0, "0085") == {"battery_c": -5},
        block(3, 10, "86A00001FC18FFFF") == {"sun_w": 1000, "battery_da": -100},
        block(3, 20, "03E807D0000030D40000C3508001")
        == {
            "alarm_charger": 1,
            "alarm_overload": 1,
            "load_w": 3000,
            "battery_permille": 250,
            "alarm_battery": 0,
        },
        block(3, 20, "7FFF07D0000030D400000000FFFF")
        == dict.fromkeys(("alarm_charger", "alarm_overload", "load_w", "battery_permille", "alarm_battery")),
        block(3, 20, "0000000000030D4000030C220100")  # 0.1 % over full
        == {
            "alarm_charger": 0,
            "alarm_overload": 0,
            "load_w": 0,
            "battery_permille": 1000,
            "alarm_battery": 1,
        },
        block(3, 20, "0000000000030D40000186A00400")["battery_permille"] is None,  # twice what goes in
        block(3, 30, "03E8008E") == {"starter_dv": 142},
        block(3, 30, "0000008E") == {"starter_dv": None},  # without a voltage there are no data
        block(1, 40, "02") == {"generator_mode": "manual"},
        block(1, 40, "00") == {"generator_mode": None},
        block(1, 50, "08") == {"alarm_warning": 0, "alarm_fuel_low": 1},
    )
    if not all(seen):
        raise ValueError(repr(seen))
    return True


def inverted_bits() -> bool:
    """A Seplos raises each of its protections with a 0, and says with 0 that a switch is open."""
    model = models.get("seplos_v3")

    def block(address: int, data: bytes) -> dict:
        for index, item in enumerate(model.blocks):
            if item[1] == 1 and item[2] == address:
                model.decode(index, data)
                return {name: model.found[name] for name in model.names[index]}
        raise ValueError("no bits at %d" % address)

    if block(0x1278, bytes((0x03,))) != {"alarm_discharge_off": 0, "alarm_charge_off": 0}:
        return False
    if block(0x1278, bytes((0x02,))) != {"alarm_discharge_off": 1, "alarm_charge_off": 0}:
        return False
    protections = (1, 3, 5, 7, 9, 11, 13, 15, 0x15, 0x21, 0x24, 0x48, 0x49, 0x4A, 0x4B, 0x4D)
    for bit in range(1, 0x4E):
        data = bytearray(b"\xff" * 10)
        data[(bit - 1) >> 3] &= ~(1 << ((bit - 1) & 7))
        if block(0x1401, data) != {"alarm_battery": 1 if bit in protections else 0}:
            raise ValueError("bit 0x%02x" % bit)
    return True


CHECKS = (
    ("inverted bits", inverted_bits),
    ("floats", floats),
    ("registers", registers),
    ("plans", plans),
    ("bad tables", bad_tables),
    ("odd rows", odd_rows),
)
