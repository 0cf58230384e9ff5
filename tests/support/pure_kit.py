"""Checks of the kit's pure modules, in the dialect that every interpreter speaks.

Run under CPython and under MicroPython on 64 and 32 bits by test_pure.py.
Bytes are written out from the makers' documents and from worked examples, not
made with the code under test. Device tables are checked by pure_tables.py.
"""

from nspkit import alarms, kit, modbus
from nspkit.clock import Clock
from nsplink.fields import ALARMS


def check() -> list:
    """Names of the checks that fail."""
    return failures(CHECKS)


def failures(checks: tuple) -> list:
    """Names of those of ``checks``, pairs of a name and a function, that are not true."""
    failed = []
    for name, run in checks:
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
    all_three = ("grid", "generator", "battery")
    known = {"mains_v": 0, "generator_w": 0, "generator_state": "stopped", "battery_da": 0, "load_w": 0}

    def source(has: tuple = all_three, **changes) -> str | None:
        values = dict(known)
        values.update(changes)
        return kit.power_source(values, has)

    return (
        source() == "none"
        and source(mains_v=231, load_w=2000) == "grid"
        and source(generator_state="running", generator_w=8000, load_w=8000) == "generator"
        and source(generator_state="starting") is None
        and source(battery_da=-400, load_w=2000) == "battery"
        and source(mains_v=None) is None
        and source(battery_da=None) is None
        and source(load_w=None) == "none"  # a meter falls silent with its line
        and source(load_w=None, mains_v=None) is None
        and source(load_w=None, mains_v=None, meter_v=0) == "none"
        and source(load_w=900, battery_da=None) is None
        and source(generator_w=None) is None
        and source(("generator",), meter_v=229, load_w=900, mains_v=None) == "generator"
        and source(("battery", "sun"), mains_v=None, sun_w=900, load_w=500) == "sun"
    )


def load_without_a_meter() -> bool:
    """A site without a meter: the generator's own figure while it carries the load, else unknown, never 0."""
    state = kit.KitState(("grid", "generator"))
    for name, value in (("engine_state", "stopped"), ("generator_w", 0), ("mains_v", 231)):
        state.expect(name, "normal")
        state.update(name, value, 0)
    on_grid = state.snapshot(1)
    for name, value in (("engine_state", "running"), ("generator_w", 2400), ("mains_v", 0)):
        state.update(name, value, 2)
    on_generator = state.snapshot(3)
    return (
        on_grid["load_w"] is None
        and on_grid["power_source"] == "grid"
        and on_grid["q_meter"] == "none"
        and on_generator["load_w"] == 2400
    )


FINE = {
    "engine_state": "stopped",
    "generator_state": "stopped",
    "generator_mode": "auto",
    "starter_dv": 128,
    "alarm_emergency_stop": 0,
    "alarm_fail_to_start": 0,
    "alarm_fuel_low": 0,
    "alarm_fuel_switch": 0,
    "alarm_overload": 0,
    "battery_permille": 900,
    "battery_da": 0,
    "load_w": 2000,
    "power_source": "grid",
}


def _alarms_after(
    changes: dict, hold_ms: int = 120000, lost: bool = False, before: dict | None = None, **site
) -> tuple:
    """Names that are active once these values have held for ``hold_ms``."""
    local = alarms.LocalAlarms(site.get("rated_w", 10000), site.get("auto", True))
    now = 0
    for values in (before, changes):
        if values is not None:
            merged = dict(FINE)
            merged.update(values)
            local.update(merged, False, now)
            now += hold_ms
            local.update(merged, lost, now)
    return tuple([name for bit, name in enumerate(ALARMS) if local.bits >> bit & 1])


def local_alarms() -> bool:
    """Raised by what is true for long enough, cleared by what is false, left alone by what is unknown."""
    unknown = dict.fromkeys(FINE)
    dead = {"power_source": "none", "alarm_fuel_low": 1}
    cases = (
        (_alarms_after({}), ()),
        (_alarms_after(unknown), ()),
        (_alarms_after(unknown, before=dead), ("power_lost", "fuel_low")),
        (_alarms_after({}, before=dead), ()),
        (_alarms_after({"generator_mode": "off"}), ("generator_not_ready",)),
        (_alarms_after({"generator_mode": "off"}, auto=False), ()),
        (_alarms_after({"generator_mode": "off", "generator_state": "running"}), ()),
        (_alarms_after({"starter_dv": 119}), ("generator_not_ready",)),
        (_alarms_after({"starter_dv": 98}, hold_ms=10000), ()),  # the dip of cranking
        (_alarms_after({"starter_dv": 121}, before={"starter_dv": 119}), ("generator_not_ready",)),
        (_alarms_after({"starter_dv": 235}), ("generator_not_ready",)),  # a 24 V system
        (_alarms_after({"starter_dv": 256}), ()),
        (_alarms_after({"alarm_emergency_stop": 1}), ("generator_not_ready", "emergency_stop")),
        (_alarms_after({"generator_state": "fault"}), ("generator_failed",)),
        (_alarms_after({"power_source": "none"}), ("power_lost",)),
        (_alarms_after({"power_source": "none"}, hold_ms=40000), ()),  # a set that is starting
        (_alarms_after({"alarm_fuel_switch": 1}), ("fuel_low",)),
        (_alarms_after({"battery_permille": 199}), ("battery_low",)),
        (_alarms_after({"battery_permille": 199, "battery_da": 400}), ()),  # it charges
        (_alarms_after({"load_w": 10001}), ()),  # the grid carries it
        (
            _alarms_after({"load_w": 10001, "power_source": "generator", "generator_state": "running"}),
            ("overload",),
        ),
        (
            _alarms_after(
                {"load_w": 300, "power_source": "generator", "generator_state": "running"}, rated_w=0
            ),
            (),
        ),
        (_alarms_after({}, lost=True), ("device_lost",)),
        (_alarms_after({"test_input": True}, hold_ms=0), ("alarm_test",)),
        (_alarms_after({"test_input": False}, hold_ms=0, before={"test_input": True}), ()),
    )
    for index, (got, expected) in enumerate(cases):
        if got != expected:
            raise ValueError("case %d: %r, not %r" % (index, got, expected))
    return True


def clock_wrap() -> bool:
    """64-bit milliseconds go on over the wrap of a 2**30 counter."""
    period = 1 << 30
    ticks = [period - 5000]

    def difference(a: int, b: int) -> int:
        return ((a - b + period // 2) & (period - 1)) - period // 2

    clock = Clock(lambda: ticks[0], difference, None)
    before = -1
    for step in range(1, 400):
        ticks[0] = (ticks[0] + 300110) & (period - 1)
        now = clock.ms()
        if now != step * 300110 or now <= before:
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
    ("quality", quality),
    ("sources", sources),
    ("load without a meter", load_without_a_meter),
    ("local alarms", local_alarms),
    ("clock over the wrap", clock_wrap),
)
