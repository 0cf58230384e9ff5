"""Kit state: the latest value, age and quality of each quantity, and what is sent of it. No I/O.

Quality: good while the last good read is at most 3 poll periods old, then stale
until 60 s (slow group 5 min), then unknown. A read that succeeded but gave no
value (a sentinel, an implausible figure) is unknown at once.
"""

from nspkit.device import GROUPS_MS

_GOOD_PERIODS = 3
_UNKNOWN_MS = {"fast": 60_000, "normal": 60_000, "slow": 300_000}
_MAINS_PRESENT_V = 180
# Below this a generator or battery carries nothing worth naming.
_CARRIES_W = 50
_DISCHARGE_DA = -5
# Bits of GenComm register 774: shutdown alarm, electrical trip.
_FAULT_BITS = 0x3000

# quality field -> (the quantity that stands for its source, the device it needs)
SOURCES = (
    ("q_generator", "engine_state", "generator"),
    ("q_battery", "battery_permille", "battery"),
    ("q_meter", "load_w", "meter"),
    ("q_tank", "fuel_permille", "generator"),
)


class KitState:
    """Latest readings by name. ``devices``: names of the site's devices, a subset of SOURCES'."""

    def __init__(self, devices: tuple) -> None:
        self.devices = devices
        self.revision = 0  # rises with every reading
        self._readings: dict = {}  # name -> [value or None, ms of the last good read, group]

    def expect(self, name: str, group: str) -> None:
        """Announce a quantity that the site's tables will read: unknown until then."""
        self._readings[name] = [None, None, group]

    def update(self, name: str, value: int | str | None, now_ms: int) -> None:
        """A read that succeeded; ``value`` None when the device had none to give."""
        reading = self._readings[name]
        reading[0] = value
        if value is not None:
            reading[1] = now_ms
        self.revision += 1

    def quality(self, name: str, now_ms: int) -> str:
        """good, stale, unknown, or none when no device of the site gives it."""
        reading = self._readings.get(name)
        if reading is None:
            return "none"
        if reading[0] is None or reading[1] is None:
            return "unknown"
        age = now_ms - reading[1]
        if age <= _GOOD_PERIODS * GROUPS_MS[reading[2]]:
            return "good"
        return "stale" if age <= _UNKNOWN_MS[reading[2]] else "unknown"

    def value(self, name: str, now_ms: int) -> int | str | None:
        """The value while it is good or stale, else None."""
        reading = self._readings.get(name)
        return None if reading is None or self.quality(name, now_ms) == "unknown" else reading[0]

    def age_ms(self, name: str, now_ms: int) -> int | None:
        """Since the last good read, None when there was none; goes on while unknown."""
        reading = self._readings.get(name)
        return None if reading is None or reading[1] is None else now_ms - reading[1]

    def snapshot(self, now_ms: int, alarms: int | None = None) -> dict:
        """All that a heartbeat may carry, by the names of ``nsplink.fields``."""
        values = {name: self.value(name, now_ms) for name in self._readings}
        fuel = values.get("fuel_permille")
        if isinstance(fuel, int):
            values["fuel_permille"] = min(fuel, 1000)
        values["generator_state"] = self._generator_state(values)
        if values.get("load_w") is None and "meter" not in self.devices:
            values["load_w"] = values.get("generator_w")
        load = values.get("load_w")
        if isinstance(load, int):
            values["load_w"] = max(load, 0)
        values["power_source"] = power_source(values, self.devices)
        for field, name, device in SOURCES:
            quality = self.quality(name, now_ms) if device in self.devices else "none"
            values[field] = None if quality == "unknown" else quality
        values["alarms"] = alarms
        return values

    def _generator_state(self, values: dict) -> str | None:
        if "generator" not in self.devices:
            return "none"
        status = values.get("generator_status")
        state = values.get("engine_state")
        if state == "stopped" and status is not None and status & _FAULT_BITS:
            return "fault"
        return state


def power_source(values: dict, devices: tuple) -> str | None:
    """Which source carries the load: grid, generator, battery, none; None when it cannot be told.

    "none" is claimed only when every source that the site has is known not to deliver.
    """
    mains = values.get("mains_v")
    generator = values.get("generator_w")
    current = values.get("battery_da")
    discharging = current is not None and current <= _DISCHARGE_DA
    turning = values.get("generator_state") in ("running", "cooling")
    if turning and generator is not None and (generator >= _CARRIES_W or (not discharging and mains == 0)):
        return "generator"
    if mains is not None and mains >= _MAINS_PRESENT_V:
        return "grid"
    if discharging:
        return "battery"
    dead = (
        ("generator" not in devices or (mains is not None and generator is not None))
        and ("battery" not in devices or current is not None)
        and values.get("load_w") == 0
    )
    return "none" if dead else None
