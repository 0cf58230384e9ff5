"""Local alarms: what the kit itself can tell is wrong. Pure.

Each rule answers True, False, or None when its inputs are unknown; then the
alarm keeps the state it had, since not knowing neither raises nor clears.
"""

from nsplink.fields import ALARMS

_STARTER_LOW_DV = 120  # 12 V system at rest; the dip while cranking does not count
_BATTERY_LOW_PERMILLE = 200


def _any(values: dict, names: tuple) -> bool | None:
    known = [values.get(name) for name in names]
    if any(known):
        return True
    return None if None in known else False


def _generator_failed(values: dict, _rated_w: int) -> bool | None:
    state = values.get("generator_state")
    if state == "fault":
        return True
    return _any(values, ("alarm_fail_to_start",)) if state is not None else None


def _generator_not_ready(values: dict, _rated_w: int) -> bool | None:
    state, mode = values.get("generator_state"), values.get("generator_mode")
    if state is None or mode is None:
        return None
    if values.get("alarm_emergency_stop"):
        return True
    if state != "stopped":
        return False
    starter = values.get("starter_dv")
    if mode != "auto" or (starter is not None and starter < _STARTER_LOW_DV):
        return True
    return None if starter is None else False


def _power_lost(values: dict, _rated_w: int) -> bool | None:
    source = values.get("power_source")
    return None if source is None else source == "none"


def _fuel_low(values: dict, _rated_w: int) -> bool | None:
    return _any(values, ("alarm_fuel_low", "alarm_fuel_switch"))


def _battery_low(values: dict, _rated_w: int) -> bool | None:
    charge = values.get("battery_permille")
    return None if charge is None else charge < _BATTERY_LOW_PERMILLE


def _overload(values: dict, rated_w: int) -> bool | None:
    load = values.get("load_w")
    if values.get("alarm_overload"):
        return True
    return None if load is None else load > rated_w


def _emergency_stop(values: dict, _rated_w: int) -> bool | None:
    return _any(values, ("alarm_emergency_stop",))


# rule, device it needs
_RULES = {
    "generator_failed": (_generator_failed, "generator"),
    "generator_not_ready": (_generator_not_ready, "generator"),
    "power_lost": (_power_lost, None),
    "fuel_low": (_fuel_low, "generator"),
    "battery_low": (_battery_low, "battery"),
    "overload": (_overload, "meter"),
    "emergency_stop": (_emergency_stop, "generator"),
}


def evaluate(values: dict, before: int, devices: tuple, rated_w: int, device_lost: bool) -> int:
    """Bit set of active alarms (bits as in ``fields.ALARMS``), given the one before."""
    active = 0
    for bit, name in enumerate(ALARMS):
        state: bool | None
        if name == "device_lost":
            state = device_lost
        elif name in _RULES and (_RULES[name][1] is None or _RULES[name][1] in devices):
            state = _RULES[name][0](values, rated_w)
        else:
            continue
        if state or (state is None and before >> bit & 1):
            active |= 1 << bit
    return active
