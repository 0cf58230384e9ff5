"""Checks of the kit's pure modules, in the dialect that every interpreter speaks.

Run under CPython and under MicroPython on 64 and 32 bits by test_pure.py.
Bytes are written out from the makers' documents and from worked examples, not
made with the code under test.
"""

from nspkit import alarms, device, kit, modbus, models
from nspkit.clock import Clock
from nsplink.fields import ALARMS


def check() -> list:
    """Names of the checks that fail."""
    failed = []
    for name, run in CHECKS:
        try:
            good = run()
        except Exception as error:  # noqa: BLE001 - any error at all is a failed check, named with it
            failed.append("%s (%s: %s)" % (name, type(error).__name__, error))
            continue
        if not good:
            failed.append(name)
    return failed


def requests() -> bool:
    """Worked examples: DSE fuel, DSE block, ComAp battery, Eastron power."""
    examples = (
        ((10, 3, 1027, 1), "0A0304030001 7441"),
        ((10, 3, 1024, 8), "0A0304000008 4447"),
        ((1, 3, 0x041D, 1), "0103041D0001 153C"),
        ((1, 4, 0x000C, 2), "0104000C0002 B1C8"),
    )
    buffer = bytearray(8)
    for arguments, expected in examples:
        modbus.read_request(buffer, *arguments)
        if bytes(buffer) != bytes.fromhex(expected.replace(" ", "")):
            return False
    return True


def writes_cannot_be_built() -> bool:
    buffer = bytearray(8)
    for function in (0, 5, 6, 7, 8, 15, 16, 22, 23, 43, 128, 131):
        try:
            modbus.read_request(buffer, 10, function, 0, 1)
        except ValueError:
            continue
        return False
    return bytes(buffer) == bytes(8)


REPLY = bytes.fromhex("010302 00F0 B800".replace(" ", ""))  # ComAp guide: 24.0 V


def replies() -> bool:
    """Found alone, after noise, after an echo, after another unit's frame; not when cut or changed."""

    def found(data: bytes) -> int:
        return modbus.match(data, len(data), 1, 3, 2)

    echo = bytes.fromhex("0103041D0001153C")
    good = found(REPLY) == 3 and found(b"\xff\x00\x01" + REPLY) == 6 and found(echo + REPLY) == 11
    good = good and found(echo) == modbus.NOT_YET
    for length in range(len(REPLY)):
        good = good and found(REPLY[:length]) == modbus.NOT_YET
    for bit in range(8 * len(REPLY)):
        changed = bytearray(REPLY)
        changed[bit // 8] ^= 1 << bit % 8
        good = good and found(bytes(changed)) == modbus.NOT_YET
    return good


def exceptions() -> bool:
    """Illegal address from unit 1, function 3 (CRC worked by hand: C0F1)."""
    data = bytes.fromhex("018302C0F1")
    return modbus.match(data, 5, 1, 3, 2) == modbus.EXCEPTION - 2


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


def _decode(model: str, name: str, words: str):
    table = models.get(model)
    for row in table.REGISTERS:
        if row[0] == name:
            return device.value_of(row, bytes.fromhex(words), 0, table.SENTINELS, table.WORDS)
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
        ("seplos_v3", "battery_cv", "14D2", 5330),
        ("seplos_v3", "battery_da", "FC18", -100),  # -10.00 A
        ("seplos_v3", "battery_permille", "03E8", 1000),
        ("seplos_v3", "battery_permille", "03E9", None),
        ("seplos_v3", "battery_c", "0B7C", 21),  # 294.0 K
        ("sdm630", "load_w", "45FA0000", 8000),
        ("sdm630", "load_w", "7FC00000", None),
        ("sdm630", "meter_dhz", "42480000", 500),
    )
    # fmt: on
    for model, name, words, value in cases:
        if _decode(model, name, words) != value:
            raise ValueError("%s %s %s gives %r" % (model, name, words, _decode(model, name, words)))
    return True


def plans() -> bool:
    """Every register is read once, in blocks within the device's limit and page."""
    for name in models.NAMES:
        table = models.get(name)
        blocks = device.plan(table.REGISTERS, table.BLOCK_LIMIT, table.HOLE_LIMIT, table.PAGE)
        rows = [row for block in blocks for row, _ in block[4]]
        if sorted(row[0] for row in rows) != sorted(row[0] for row in table.REGISTERS):
            return False
        for group, function, address, count, members in blocks:
            if count > table.BLOCK_LIMIT or (
                table.PAGE and address // table.PAGE != (address + count - 1) // table.PAGE
            ):
                return False
            for row, at in members:
                if row[9] != group or row[1] != function or address + at // 2 != row[2]:
                    return False
    return True


def quality() -> bool:
    """Good for 3 periods, stale until 60 s, then unknown with its age growing; a sentinel at once."""
    state = kit.KitState(("generator",))
    state.expect("fuel_permille", "normal")
    seen = [state.quality("fuel_permille", 0), state.quality("load_w", 0)]
    state.update("fuel_permille", 475, 1000)
    for now in (16000, 16001, 61000, 61001):
        seen.append(state.quality("fuel_permille", now))
        seen.append(state.value("fuel_permille", now))
    seen.append(state.age_ms("fuel_permille", 500000))
    state.update("fuel_permille", None, 2000)
    seen.append(state.quality("fuel_permille", 2000))
    seen.append(state.age_ms("fuel_permille", 5000))
    return seen == [
        "unknown",
        "none",
        "good",
        475,
        "stale",
        475,
        "stale",
        475,
        "unknown",
        None,
        499000,
        "unknown",
        4000,
    ]


def sources() -> bool:
    """Which source carries the load, and silence where it cannot be told."""
    all_three = ("generator", "battery", "meter")
    known = {"mains_v": 0, "generator_w": 0, "generator_state": "stopped", "battery_da": 0, "load_w": 0}

    def source(**changes) -> str | None:
        values = dict(known)
        values.update(changes)
        return kit.power_source(values, all_three)

    return (
        source() == "none"
        and source(mains_v=231, load_w=2000) == "grid"
        and source(generator_state="running", generator_w=8000, load_w=8000) == "generator"
        and source(battery_da=-400, load_w=2000) == "battery"
        and source(mains_v=None) is None
        and source(battery_da=None) is None
        and source(load_w=None) is None
        and source(generator_w=None) is None
    )


def local_alarms() -> bool:
    """Raised by what is true, cleared by what is false, left alone by what is unknown."""
    names = ("generator", "battery", "meter")

    def bits(values: dict, before: int = 0, lost: bool = False) -> tuple:
        active = alarms.evaluate(values, before, names, 10000, lost)
        return tuple([name for bit, name in enumerate(ALARMS) if active >> bit & 1])

    fine = {
        "generator_state": "stopped",
        "generator_mode": "auto",
        "starter_dv": 128,
        "alarm_emergency_stop": 0,
        "alarm_fail_to_start": 0,
        "alarm_fuel_low": 0,
        "alarm_fuel_switch": 0,
        "alarm_overload": 0,
        "battery_permille": 900,
        "load_w": 2000,
        "power_source": "grid",
    }

    def but(**changes) -> dict:
        values = dict(fine)
        values.update(changes)
        return values

    everything = (1 << len(ALARMS)) - 1
    kept = bits({}, everything)
    return (
        bits(fine) == ()
        and bits(fine, everything) == ()
        and bits({}) == ()
        and "power_lost" in kept
        and "fuel_low" in kept
        and bits(but(generator_mode="off")) == ("generator_not_ready",)
        and bits(but(generator_mode="off", generator_state="running")) == ()
        and bits(but(starter_dv=119)) == ("generator_not_ready",)
        and bits(but(alarm_emergency_stop=1)) == ("generator_not_ready", "emergency_stop")
        and bits(but(generator_state="fault")) == ("generator_failed",)
        and bits(but(power_source="none")) == ("power_lost",)
        and bits(but(alarm_fuel_switch=1)) == ("fuel_low",)
        and bits(but(battery_permille=199)) == ("battery_low",)
        and bits(but(load_w=10001)) == ("overload",)
        and bits(fine, 0, True) == ("device_lost",)
    )


def clock_wrap() -> bool:
    """64-bit milliseconds go on over the wrap of a 2**30 counter."""
    period = 1 << 30
    ticks = [period - 5000]

    def difference(a: int, b: int) -> int:
        return ((a - b + period // 2) & (period - 1)) - period // 2

    clock = Clock(lambda: ticks[0], difference, None)
    before = -1
    for step in range(1, 4000):
        ticks[0] = (ticks[0] + 30011) & (period - 1)
        now = clock.ms()
        if now != step * 30011 or now <= before:
            return False
        before = now
    for _ in range(40):  # thirteen days in steps of a third of the period: several more wraps
        ticks[0] = (ticks[0] + period // 3) & (period - 1)
        now = clock.ms()
        if now != before + period // 3:
            return False
        before = now
    return before > 8 * period


CHECKS = (
    ("requests", requests),
    ("writes cannot be built", writes_cannot_be_built),
    ("replies", replies),
    ("exceptions", exceptions),
    ("floats", floats),
    ("registers", registers),
    ("plans", plans),
    ("quality", quality),
    ("sources", sources),
    ("local alarms", local_alarms),
    ("clock over the wrap", clock_wrap),
)
