"""Victron GX box on Modbus TCP: the system at unit 100 and a battery manager on its CAN bus at unit 225.

It has no not-available value. What the box does not know reads 0, so a system without its battery shows 0 V
and 0 % together; reserved places read FFFFh. Both read functions give the same registers. Requests for a
unit, service or register that is not there get an exception; which one was read in the box's own source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nsptools.bench.devices import cells
from nsptools.bench.devices.composed import Composed
from nsptools.bench.plant import Plant, Source
from nsptools.bench.registers import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    READ_HOLDING,
    READ_INPUT,
    Device,
    Kind,
    Register,
    Value,
)

SYSTEM_UNIT, BATTERY_UNIT = 100, 225
NO_PATH = 0x0A  # exception: no such service at this unit
_MOST = 125
_RESERVED = (range(827, 830), range(836, 840), range(847, 850), range(852, 855), range(856, 860))
_RESERVED_WORD = 0xFFFF
_SYSTEM_SPAN, _BATTERY_SPAN = range(800, 920), range(256, 330)
_FROM_GRID, _FROM_GENERATOR, _FROM_NOTHING = 1, 2, 240
_ALARM = 2
_SERVICE = "battery_service"

_SYSTEM = (
    *(Register(817 + i, f"consumption_l{i + 1}_w", Kind.U16) for i in range(3)),
    *(Register(820 + i, f"grid_l{i + 1}_w", Kind.S16) for i in range(3)),
    *(Register(823 + i, f"genset_l{i + 1}_w", Kind.S16) for i in range(3)),
    Register(826, "active_source", Kind.S16),
    Register(840, "voltage_dv", Kind.U16),
    Register(841, "current_da", Kind.S16),
    Register(842, "power_w", Kind.S16),
    Register(843, "soc_percent", Kind.U16),
    Register(844, "direction", Kind.U16),
    Register(845, "consumed_dah", Kind.U16),
    Register(846, "time_to_go_hs", Kind.U16),  # steps of 100 s
    Register(850, "sun_w", Kind.U16),
    Register(851, "sun_da", Kind.S16),
    Register(855, "charger_w", Kind.U16),
)
_OF_BATTERY = tuple(register.name for register in _SYSTEM if 840 <= register.address <= 846)

_BATTERY = (
    Register(256, "pack_power_w", Kind.S32),
    Register(258, "pack_power_short_w", Kind.S16),
    Register(259, "pack_voltage_cv", Kind.U16),
    Register(261, "pack_current_da", Kind.S16),
    Register(262, "pack_temperature_dc", Kind.S16),
    Register(265, "pack_consumed_dah", Kind.U16),
    Register(266, "pack_soc_permille", Kind.U16),
    Register(267, "pack_alarm", Kind.U16),
    Register(268, "pack_alarm_low_voltage", Kind.U16),
    Register(269, "pack_alarm_high_voltage", Kind.U16),
    Register(272, "pack_alarm_low_soc", Kind.U16),
    Register(273, "pack_alarm_low_temperature", Kind.U16),
    Register(274, "pack_alarm_high_temperature", Kind.U16),
    Register(284, "pack_cycles", Kind.U16),
    Register(303, "pack_time_to_go_hs", Kind.U16),
    Register(304, "pack_soh_permille", Kind.U16),
    Register(305, "pack_charge_limit_dv", Kind.U16),
    Register(306, "pack_low_limit_dv", Kind.U16),
    Register(307, "pack_charge_limit_da", Kind.U16),
    Register(308, "pack_discharge_limit_da", Kind.U16),
    Register(309, "pack_capacity_dah", Kind.U16),
)


def misplaced(address: int, count: int) -> int:
    """Exception for a read at a unit that has no such service: 0Ah, or 2 where no service has the register."""
    if not 1 <= count <= _MOST:
        return ILLEGAL_VALUE
    known = any(address in span for span in (_SYSTEM_SPAN, _BATTERY_SPAN))
    return NO_PATH if known else ILLEGAL_ADDRESS


class _Service(Composed):
    """What system and battery have in common."""

    function = READ_HOLDING
    also = (READ_INPUT,)
    block_limit = _MOST
    reply_ms = (2.0, 15.0)

    def refusal(self, function: int, address: int, count: int) -> int:
        """As in Device; another service's register is another exception than no register at all."""
        if function not in (READ_HOLDING, READ_INPUT):
            return ILLEGAL_FUNCTION
        if not any(address in span for span in self.spans):
            return misplaced(address, count)
        return super().refusal(function, address, count)


class VictronBattery(_Service):
    """The battery service. While `battery_service` of the box is 0 it is not there."""

    name = "battery service"
    unit = BATTERY_UNIT
    table = _BATTERY
    spans = (_BATTERY_SPAN,)

    def __init__(self, plant: Plant, box: VictronGx) -> None:
        self._box = box
        super().__init__(plant)

    def hears(self, _request: bytes, _at_s: float) -> bool:
        """It is silent when the box is."""
        return not self._box.mute

    def refusal(self, function: int, address: int, count: int) -> int:
        """As in Device, and 0Ah for everything when the service is gone."""
        if function in (READ_HOLDING, READ_INPUT) and not self._box.has_battery:
            return misplaced(address, count)
        return super().refusal(function, address, count)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name."""
        plant, pack, spec = self.plant, self.plant.pack, self.plant.spec
        watts = pack.voltage_v * pack.current_a
        cold = _ALARM * cells.too_cold(plant)
        empty = _ALARM * (pack.fitted and not pack.discharge_switch)
        return {
            "pack_power_w": watts,
            "pack_power_short_w": watts,
            "pack_voltage_cv": pack.voltage_v * 100,
            "pack_current_da": pack.current_a * 10,
            "pack_temperature_dc": pack.temperature_c * 10,
            "pack_consumed_dah": (pack.capacity_ah - pack.charge_ah) * 10,
            "pack_soc_permille": pack.soc * 1000,
            "pack_alarm": _ALARM * pack.no_charge,
            "pack_alarm_low_voltage": empty,
            "pack_alarm_high_voltage": 0,
            "pack_alarm_low_soc": _ALARM * (pack.soc < cells.LOW_CHARGE),
            "pack_alarm_low_temperature": cold,
            "pack_alarm_high_temperature": 0,
            "pack_cycles": cells.cycles(plant),
            "pack_time_to_go_hs": _time_to_go(plant),
            "pack_soh_permille": 1000,
            "pack_charge_limit_dv": cells.full_v(spec) * 10,
            "pack_low_limit_dv": cells.empty_v(spec) * 10,
            "pack_charge_limit_da": spec.max_charge_a * 10 if pack.charge_switch else 0,
            "pack_discharge_limit_da": spec.max_discharge_a * 10 if pack.discharge_switch else 0,
            "pack_capacity_dah": pack.capacity_ah * 10,
        }


class VictronGx(_Service):
    """The box: system service and, as a part, the battery service. Names of both are this device's.

    `battery_service` 0 takes the battery away: the system then shows 0 for all that it knew from it.
    """

    name = "battery"
    unit = SYSTEM_UNIT
    table = _SYSTEM
    spans = (_SYSTEM_SPAN,)
    inner = (_SERVICE,)

    def __init__(self, plant: Plant, unit: int | None = None) -> None:
        super().__init__(plant, unit)
        self._battery = VictronBattery(plant, self)

    @property
    def parts(self) -> Sequence[Device]:
        """System and battery."""
        return (self, self._battery)

    @property
    def has_battery(self) -> bool:
        """The battery manager talks to the box."""
        return bool(self.overrides.get(_SERVICE, self.plant.pack.fitted))

    def stray(self, address: int, count: int) -> int:
        """Exception for a read at a unit that is none of the box's."""
        return misplaced(address, count)

    def words(self, address: int, count: int) -> list[int]:
        """As in Device; reserved places read FFFFh."""
        places = range(address, address + count)
        return [
            _RESERVED_WORD if any(place in gap for gap in _RESERVED) else word
            for place, word in zip(places, super().words(address, count), strict=True)
        ]

    def names(self) -> tuple[str, ...]:
        """Names of both services."""
        return (*super().names(), *self._battery.names())

    def kind(self, name: str) -> Kind:
        """As in Device, for both services."""
        return self._battery.kind(name) if name in self._battery.names() else super().kind(name)

    def values(self) -> dict[str, Value]:
        """As in Device, for both services."""
        return {**super().values(), **self._battery.values()}

    def override(self, name: str, value: Value) -> None:
        """As in Device, for both services."""
        super().override(name, value)
        if name in self._battery.names():
            self._battery.overrides[name] = self.overrides.pop(name)

    def release(self, name: str) -> None:
        """As in Device, for both services."""
        super().release(name)
        self._battery.overrides.pop(name, None)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name of the system."""
        plant, pack = self.plant, self.plant.pack
        watts = pack.voltage_v * pack.current_a
        values: dict[str, Value] = {
            "active_source": {Source.GRID: _FROM_GRID, Source.GENERATOR: _FROM_GENERATOR}.get(
                plant.source, _FROM_NOTHING
            ),
            "voltage_dv": pack.voltage_v * 10,
            "current_da": pack.current_a * 10,
            "power_w": watts,
            "soc_percent": pack.soc * 100,
            "direction": cells.direction(plant),
            "consumed_dah": (pack.capacity_ah - pack.charge_ah) * 10,
            "time_to_go_hs": _time_to_go(plant),
            "sun_w": plant.sun_w,
            "sun_da": plant.sun_w / pack.voltage_v * 10 if pack.voltage_v else 0,
            "charger_w": 0,  # a charger of its own on the DC side; here the inverter charges
            _SERVICE: int(pack.fitted),
        }
        for name, total in (
            ("consumption", plant.served_w),
            ("grid", plant.grid_w),
            ("genset", plant.generator_w),
        ):
            phases = plant.phases_w(total)
            values.update({f"{name}_l{i + 1}_w": phase for i, phase in enumerate(phases)})
        return values

    def composed(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Zeros for what comes from a battery that is not there."""
        return {} if values[_SERVICE] else dict.fromkeys(_OF_BATTERY, 0)


def _time_to_go(plant: Plant) -> float:
    """Time until empty in steps of 100 s; empty, so 0, while it does not discharge."""
    if cells.direction(plant) != cells.DISCHARGING:
        return 0.0
    return plant.pack.charge_ah / -plant.pack.current_a * 36.0
