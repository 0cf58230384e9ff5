"""Kit state: the latest value, age and quality of each quantity, and what is sent of it. No I/O.

Quality: good while the last good read is at most 3 poll periods old, then stale
until 60 s (slow group 5 min), then unknown. A read that succeeded but gave no
value (a not-available code, an implausible figure) is unknown at once. A
quantity that no device of the site gives is none, which raises nothing.
"""

# Poll groups and their periods.
GROUPS_MS = {"fast": 1000, "normal": 5000, "slow": 60000}
_GOOD_PERIODS = 3
_UNKNOWN_MS = {"fast": 60_000, "normal": 60_000, "slow": 300_000}
_VOLTAGE_PRESENT_V = 180
_VOLTAGE_GONE_V = 50
# Below this a source carries nothing worth naming.
_CARRIES_W = 50
_DISCHARGE_DA = -5
_FAULTS = ("alarm_shutdown", "alarm_trip", "alarm_controlled")

# quality field -> the quantities that can stand for its source; the first that the site has does
SOURCES = (
    ("q_generator", ("engine_state", "generator_w")),
    ("q_battery", ("battery_permille", "battery_cv")),
    ("q_meter", ("load_w",)),
    ("q_tank", ("fuel_permille", "tank_raw")),
)


class KitState:
    """Latest readings by name.

    ``sources``: what can power the site (grid, generator, battery, sun);
    ``tank``: (raw value when empty, when full) of a level probe, or None.
    """

    def __init__(self, sources: tuple, tank: tuple | None = None) -> None:
        self.sources = sources
        self.tank = tank
        self.revision = 0  # rises with every reading
        self.errors: dict = {}  # device -> {kind of bus error: how often}
        self._readings: dict = {}  # name -> [value or None, ms of the last good read, group]

    def expect(self, name: str, group: str) -> None:
        """Announce a quantity that the site's tables will read: unknown until then."""
        self._readings[name] = [None, None, group]

    def expects(self, name: str) -> bool:
        """Whether a device of the site gives this quantity."""
        return name in self._readings

    def update(self, name: str, value: int | str | None, now_ms: int) -> None:
        """A read that succeeded; ``value`` None when the device had none to give."""
        reading = self._readings.get(name)
        if reading is None:
            return  # the table has it, the site has not
        reading[0] = value
        if value is not None:
            reading[1] = now_ms
        self.revision += 1

    def count_error(self, device: str, kind: str) -> None:
        """A read of a device that gave nothing, by its kind (``bus.ERRORS``)."""
        kinds = self.errors.setdefault(device, {})
        kinds[kind] = kinds.get(kind, 0) + 1

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

    def snapshot(self, now_ms: int) -> dict:
        """All that a heartbeat may carry, by the names of ``nsplink.fields``; expected names are always there."""
        values = {name: self.value(name, now_ms) for name in self._readings}
        if "tank_raw" in values and self.tank is not None:
            values["fuel_permille"] = level_permille(values["tank_raw"], self.tank)
        fuel = values.get("fuel_permille")
        if isinstance(fuel, int):
            values["fuel_permille"] = min(fuel, 1000)
        values["generator_state"] = _generator_state(values)
        values["power_source"] = power_source(values, self.sources)
        if "load_w" not in values:
            # Without a meter only a generator's own figure is the load, and only while it carries it.
            values["load_w"] = values.get("generator_w") if values["power_source"] == "generator" else None
        for name in ("load_w", "generator_w"):
            power = values.get(name)
            if isinstance(power, int):
                values[name] = max(power, 0)  # a few watts below 0 are a meter's own error
        for field, names in SOURCES:
            quality = "none"
            for name in names:
                if name in self._readings:
                    quality = self.quality(name, now_ms)
                    break
            values[field] = None if quality == "unknown" else quality
        return values


def level_permille(raw: int | str | None, tank: tuple) -> int | None:
    """Level of a probe between its readings when empty and full, 0.1 %; a probe may read a little beyond both."""
    if not isinstance(raw, int):
        return None
    empty, full = tank
    return min(1000, max(0, (raw - empty) * 1000 // (full - empty)))


def _generator_state(values: dict) -> str | None:
    if "engine_state" in values:
        state = values["engine_state"]
        if state == "stopped" and any(values.get(name) for name in _FAULTS):
            return "fault"
        return state
    if "generator_w" in values:  # seen by its power only
        power = values["generator_w"]
        return None if power is None else ("running" if power >= _CARRIES_W else "stopped")
    return "none"


def power_source(values: dict, sources: tuple) -> str | None:
    """Which source carries the load: grid, generator, battery, sun, none; None when it cannot be told.

    "none" is claimed only when the load has no voltage, or when every source
    that the site has is known not to deliver.
    """
    mains = values.get("mains_v")
    generator = values.get("generator_w")
    current = values.get("battery_da")
    voltage = values.get("meter_v")
    discharging = current is not None and current <= _DISCHARGE_DA
    turning = values.get("generator_state") in ("running", "cooling")
    if turning and generator is not None and (generator >= _CARRIES_W or (not discharging and mains == 0)):
        return "generator"
    if mains is not None and mains >= _VOLTAGE_PRESENT_V:
        return "grid"
    if discharging:
        return "battery"
    if "sun" in sources and (values.get("sun_w") or 0) >= _CARRIES_W:
        return "sun"
    if voltage is not None and voltage >= _VOLTAGE_PRESENT_V and len(sources) == 1:
        return sources[0]
    load = values.get("load_w")
    if load:
        return None
    if voltage is not None and voltage < _VOLTAGE_GONE_V:
        return "none"
    # A meter fed by the line that it measures falls silent with it: an unknown load does not contradict.
    dead = (
        ("grid" not in sources or mains is not None)
        and ("generator" not in sources or (generator is not None and values.get("generator_state") != "starting"))
        and ("battery" not in sources or current is not None)
        and ("sun" not in sources or values.get("sun_w") == 0)
    )
    return "none" if dead else None
