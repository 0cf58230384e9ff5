"""Local alarms: what the kit itself can tell is wrong. Pure; time is an argument.

Each rule answers True, False, or None when its inputs are unknown; then the
alarm keeps the state it had, since not knowing neither raises nor clears. An
answer counts when it has held for the alarm's delay.
"""

from nsplink.fields import ALARMS

# 12 V system at rest; the dip while cranking is shorter than the delay. 24 V has twice that.
_STARTER_LOW_DV = 120
_STARTER_FINE_DV = 123
_STARTER_24_V_DV = 160
_BATTERY_LOW_PERMILLE = 200
_BATTERY_FINE_PERMILLE = 230
# Of the kit's own cell: some five hours are left.
_CELL_LOW_PERMILLE, _CELL_FINE_PERMILLE = 200, 300


def _any(values: dict, names: tuple) -> bool | None:
    """Whether one of these flags is set; those that the site's tables do not have do not count."""
    known = [values[name] for name in names if name in values]
    if any(known):
        return True
    return None if None in known else False


def _generator_failed(values: dict, alarms) -> bool | None:
    state = values.get("generator_state")
    if state == "fault":
        return True
    return None if state is None else _any(values, ("alarm_fail_to_start",))


def _generator_not_ready(values: dict, alarms) -> bool | None:
    state, mode = values.get("generator_state"), values.get("generator_mode")
    if values.get("alarm_emergency_stop"):
        return True
    if state is None or mode is None:
        return None
    if state != "stopped":
        return False
    if (mode != "auto" and alarms.generator_auto) or values.get("alarm_starter_low") or values.get("alarm_charger"):
        return True
    starter = values.get("starter_dv")
    if starter is None:
        return None if "starter_dv" in values else False
    limit = _STARTER_FINE_DV if alarms.is_active("generator_not_ready") else _STARTER_LOW_DV
    return bool(starter < (2 * limit if starter > _STARTER_24_V_DV else limit))


def _power_lost(values: dict, alarms) -> bool | None:
    source = values.get("power_source")
    return None if source is None else source == "none"


def _fuel_low(values: dict, alarms) -> bool | None:
    return _any(values, ("alarm_fuel_low", "alarm_fuel_switch"))


def _battery_low(values: dict, alarms) -> bool | None:
    charge = values.get("battery_permille")
    if charge is None:
        return None
    if alarms.is_active("battery_low"):
        return bool(charge < _BATTERY_FINE_PERMILLE)
    return bool(charge < _BATTERY_LOW_PERMILLE and (values.get("battery_da") or 0) <= 0)


def _overload(values: dict, alarms) -> bool | None:
    if values.get("alarm_overload"):
        return True
    # The grid carries what it likes; without a rating there is nothing to exceed.
    if not alarms.rated_w or values.get("power_source") != "generator":
        return None if values.get("power_source") is None else False
    load = values.get("load_w")
    return None if load is None else bool(load > alarms.rated_w)


def _kit_on_cell(values: dict, alarms) -> bool | None:
    own = values.get("on_own_cell")
    return None if own is None else own == "yes"


def _kit_cell_low(values: dict, alarms) -> bool | None:
    charge = values.get("kit_cell_permille")
    if charge is None:
        return None
    return bool(charge < (_CELL_FINE_PERMILLE if alarms.is_active("kit_cell_low") else _CELL_LOW_PERMILLE))


def _input_1(values: dict, alarms) -> bool | None:
    return _any(values, ("input_1",))


def _input_2(values: dict, alarms) -> bool | None:
    return _any(values, ("input_2",))


def _emergency_stop(values: dict, alarms) -> bool | None:
    return _any(values, ("alarm_emergency_stop",))


def _alarm_test(values: dict, alarms) -> bool | None:
    return values.get("test_input")


# rule, the quantity without which a site does not have it, on and off delay in s
_RULES = {
    "generator_failed": (_generator_failed, "engine_state", 2, 10),
    "generator_not_ready": (_generator_not_ready, "generator_mode", 15, 15),
    "power_lost": (_power_lost, "power_source", 60, 10),
    "fuel_low": (_fuel_low, "alarm_fuel_low", 10, 60),
    "battery_low": (_battery_low, "battery_permille", 30, 60),
    "overload": (_overload, "load_w", 30, 30),
    "kit_on_cell": (_kit_on_cell, "on_own_cell", 60, 30),
    "kit_cell_low": (_kit_cell_low, "kit_cell_permille", 60, 300),
    "input_1": (_input_1, "input_1", 1, 5),
    "input_2": (_input_2, "input_2", 1, 5),
    "emergency_stop": (_emergency_stop, "alarm_emergency_stop", 2, 10),
    # The input that the gateway's test of the alarm path switches on for a moment.
    "alarm_test": (_alarm_test, "test_input", 0, 0),
}
_DEVICE_LOST_S = (0, 10)


class LocalAlarms:
    """The active alarms as a bit set (bits as in ``fields.ALARMS``).

    ``rated_w``: of the generator, 0 = not known; ``generator_auto``: it is
    meant to start by itself; ``bits``: alarms that an earlier boot has told of
    and not yet ended: they last until their rule says that they are over.
    """

    def __init__(self, rated_w: int, generator_auto: bool, bits: int = 0) -> None:
        self.rated_w = rated_w
        self.generator_auto = generator_auto
        self.bits = bits
        self._since: list = [None] * len(ALARMS)  # ms since when the opposite of the bit has held

    def is_active(self, name: str) -> bool:
        """Whether this alarm is raised now."""
        return bool(self.bits >> ALARMS.index(name) & 1)

    def update(self, values: dict, device_lost: bool, now_ms: int) -> int:
        """Take a snapshot; a quantity that the site has is in it, None while unknown. Returns ``bits``."""
        for bit, name in enumerate(ALARMS):
            if name == "device_lost":
                self._hold(bit, device_lost, _DEVICE_LOST_S[0], _DEVICE_LOST_S[1], now_ms)
            elif name in _RULES and _RULES[name][1] in values:
                rule, _, on_s, off_s = _RULES[name]
                self._hold(bit, rule(values, self), on_s, off_s, now_ms)
        return self.bits

    def _hold(self, bit: int, state: bool | None, on_s: int, off_s: int, now_ms: int) -> None:
        active = bool(self.bits >> bit & 1)
        if state is None or state == active:
            self._since[bit] = None
            return
        since = self._since[bit]
        if since is None:
            self._since[bit] = since = now_ms
        if now_ms - since >= 1000 * (on_s if state else off_s):
            self.bits ^= 1 << bit
            self._since[bit] = None
