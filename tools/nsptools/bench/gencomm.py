"""What DSE controllers of every generation share: GenComm pages 3 to 7, function 3, and a page of named alarms.

Written from the maker's page description. Not fitted on this set, hence shown as not available: oil
temperature, earth current, mains current and power, the built-in charger's meter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from nsptools.bench import controller, dse_alarms
from nsptools.bench.controller import CAUSES, Level
from nsptools.bench.dse_alarms import AlarmPage
from nsptools.bench.engine import State
from nsptools.bench.plant import Plant
from nsptools.bench.registers import READ_HOLDING, Device, Kind, Missing, Register, Sentinels, Value

_PAGE = 256
_MANUFACTURER, _SERIAL = 1, 2_190_417
_CLOCK_START_S = 1_768_500_000  # the unit's clock when the story starts; nobody set it by the real time

_ALL_ONES = {Kind.U16: 0xFFFF, Kind.S16: 0x7FFF, Kind.U32: 0xFFFFFFFF, Kind.S32: 0x7FFFFFFF}
# The reasons count down from the largest number of the kind.
SENTINELS: Sentinels = MappingProxyType(
    {why: {kind: top - why for kind, top in _ALL_ONES.items()} for why in Missing}
)

_MODES = {"off": 0, "auto": 1, "manual": 2, "test": 3}
_STATES = {
    State.STOPPED: 0,
    State.PRE_START: 1,
    State.CRANKING: 1,
    State.CRANK_REST: 1,
    State.WARMING: 2,
    State.RUNNING: 3,
    State.COOLING: 4,
}
_NOT_FITTED = (
    "oil_temperature_c",
    "earth_da",
    "mains_l1_da",
    "mains_l2_da",
    "mains_l3_da",
    "mains_l1_w",
    "mains_l2_w",
    "mains_l3_w",
    "charger_status",
    "charger_ma",
    "charger_mv",
)


def _three(address: int, pattern: str, kind: Kind) -> tuple[Register, ...]:
    """Three phases in a row, two words each: `{}` becomes l1, l2, l3."""
    return tuple(Register(address + 2 * i, pattern.format(f"l{i + 1}"), kind) for i in range(3))


def _line_to_line(address: int, prefix: str) -> tuple[Register, ...]:
    pairs = ("l1_l2", "l2_l3", "l3_l1")
    return tuple(Register(address + 2 * i, f"{prefix}{pair}_dv", Kind.U32) for i, pair in enumerate(pairs))


PAGES_3_TO_7 = (
    # Page 3: what it is, mode and alarm classes.
    Register(768, "manufacturer", Kind.U16),
    Register(769, "model", Kind.U16),
    Register(770, "serial", Kind.U32),
    Register(772, "mode", Kind.U16),
    Register(774, "status_bits", Kind.U16),
    Register(795, "charger_status", Kind.U16),
    # Page 4: basic instruments.
    Register(1024, "oil_pressure_kpa", Kind.U16),
    Register(1025, "coolant_c", Kind.S16),
    Register(1026, "oil_temperature_c", Kind.S16),
    Register(1027, "fuel_percent", Kind.U16),
    Register(1028, "charge_alternator_dv", Kind.U16),
    Register(1029, "starter_dv", Kind.U16),
    Register(1030, "engine_rpm", Kind.U16),
    Register(1031, "frequency_dhz", Kind.U16),
    *_three(1032, "{}_dv", Kind.U32),
    *_line_to_line(1038, ""),
    *_three(1044, "{}_da", Kind.U32),
    Register(1050, "earth_da", Kind.U32),
    *_three(1052, "{}_w", Kind.S32),
    Register(1058, "lag_lead_deg", Kind.S16),
    Register(1059, "mains_dhz", Kind.U16),
    *_three(1060, "mains_{}_dv", Kind.U32),
    *_line_to_line(1066, "mains_"),
    Register(1072, "mains_lag_lead_deg", Kind.S16),
    Register(1073, "rotation", Kind.U16),
    Register(1074, "mains_rotation", Kind.U16),
    *_three(1076, "mains_{}_da", Kind.U32),
    *_three(1084, "mains_{}_w", Kind.S32),
    Register(1256, "charger_ma", Kind.S32),
    Register(1258, "charger_mv", Kind.S32),
    # Page 5: the rest of the engine.
    Register(1290, "burn_cl_per_h", Kind.U32),
    Register(1408, "engine_state", Kind.U16),
    # Page 6: derived values.
    Register(1536, "total_w", Kind.S32),
    *_three(1538, "{}_va", Kind.U32),
    Register(1544, "total_va", Kind.U32),
    *_three(1546, "{}_var", Kind.S32),
    Register(1552, "total_var", Kind.S32),
    Register(1554, "l1_pf_percent", Kind.S16),
    Register(1555, "l2_pf_percent", Kind.S16),
    Register(1556, "l3_pf_percent", Kind.S16),
    Register(1557, "pf_percent", Kind.S16),
    Register(1558, "load_permille", Kind.S16),
    # Page 7: totals.
    Register(1792, "clock_s", Kind.U32),
    Register(1798, "run_s", Kind.U32),
    Register(1800, "energy_hwh", Kind.U32),
    Register(1808, "starts", Kind.U32),
)


class GenCommGenset(Device):
    """Registers of a generator controller, from the plant of the moment.

    A read of more than 64 registers is refused as a bad value, one that leaves its page as a bad address;
    every other function than 3, so also every write, as a bad function. `alarms` is None for a family whose
    alarm page is not modelled: then only the status bits tell of alarms. Alarm nibbles are overridden as
    alarm_NAME.
    """

    name = "generator"
    unit = 10
    model: int
    alarms: AlarmPage | None
    lacks: frozenset[str] = frozenset()  # registers that this model does not implement
    function = READ_HOLDING
    block_limit = 64
    sentinels = SENTINELS
    default_word = 0xFFFF  # unimplemented

    def __init__(self, plant: Plant, unit: int | None = None) -> None:
        page = self.alarms
        self._causes: Sequence[str] = page.names if page else CAUSES
        self.table = PAGES_3_TO_7
        self.spans = tuple(range(number * _PAGE, (number + 1) * _PAGE) for number in (3, 4, 5, 6, 7))
        if page:
            self.table += (Register(page.address, "alarm_count", Kind.U16),)
            self.spans += (range(page.address, page.first + page.registers),)
        super().__init__(plant, unit)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each name, the alarm nibbles as alarm_NAME."""
        values: dict[str, Value] = dict.fromkeys(_NOT_FITTED, Missing.UNIMPLEMENTED)
        values.update(self._unit())
        values.update(self._engine())
        values.update(_phases("", self.plant.generator_v()))
        values.update(_phases("mains_", self.plant.grid_v()))
        values.update(self._power())
        values.update(self._mains())
        values.update({f"alarm_{name}": nibble for name, nibble in self._alarms().items()})
        values.update(dict.fromkeys(self.lacks, Missing.UNIMPLEMENTED))
        return values

    def values(self) -> dict[str, Value]:
        """As in Device; the status bits follow overridden alarms."""
        values = super().values()
        if "status_bits" not in self.overrides:
            values["status_bits"] = _status_bits(values[f"alarm_{name}"] for name in self._causes)
        return values

    def words(self, address: int, count: int) -> list[int]:
        """As in Device; alarm registers are packed four to a word."""
        words = super().words(address, count)
        page = self.alarms
        if page is None or not page.address <= address < page.first + page.registers:
            return words
        values = self.values()
        nibbles = page.pack({name: _nibble(values[f"alarm_{name}"]) for name in page.names})
        for i in range(count):
            if address + i >= page.first:
                words[i] = nibbles[address + i - page.first]
        return words

    def names(self) -> tuple[str, ...]:
        """Names that can be read and overridden."""
        return super().names() + tuple(f"alarm_{name}" for name in self._causes)

    def kind(self, name: str) -> Kind:
        """As in Device; an alarm nibble counts as a word."""
        if name.startswith("alarm_") and name.removeprefix("alarm_") in self._causes:
            return Kind.U16
        return super().kind(name)

    def override(self, name: str, value: Value) -> None:
        """As in Device; an alarm nibble is 0 to 15."""
        is_nibble = self.kind(name) is Kind.U16 and name not in super().names()
        if is_nibble and not isinstance(value, Missing) and not 0 <= value <= dse_alarms.UNIMPLEMENTED:
            raise ValueError(f"{self.name}.{name} is {value:g}; expected 0 to {dse_alarms.UNIMPLEMENTED}")
        super().override(name, value)

    def _unit(self) -> dict[str, Value]:
        return {
            "manufacturer": _MANUFACTURER,
            "model": self.model,
            "serial": _SERIAL,
            "mode": _MODES[self.plant.engine.mode],
            "clock_s": _CLOCK_START_S + self.plant.elapsed_s,
            "rotation": 0,
            "mains_rotation": 0,
            **({"alarm_count": len(self.alarms.places)} if self.alarms else {}),
        }

    def _engine(self) -> dict[str, Value]:
        engine = self.plant.engine
        return {
            "engine_state": _STATES[engine.state],
            "oil_pressure_kpa": engine.oil_kpa,
            "coolant_c": engine.coolant_c,
            "fuel_percent": 100.0 * self.plant.fuel_fraction,
            "charge_alternator_dv": engine.starter_v * 10 if engine.turning else 0,
            "starter_dv": engine.starter_v * 10,
            "engine_rpm": engine.rpm,
            "burn_cl_per_h": engine.burn_l_per_h * 100,
            "run_s": engine.run_s,
            "starts": engine.starts,
        }

    def _power(self) -> dict[str, Value]:
        plant = self.plant
        volts, watts = plant.generator_v(), plant.generator_w
        values: dict[str, Value] = {
            "frequency_dhz": plant.generator_hz() * 10,
            "lag_lead_deg": 0,
            "mains_lag_lead_deg": 0,
            "total_w": watts,
            "total_va": watts,
            "total_var": 0,
            "pf_percent": 100 if watts else 0,
            "load_permille": 1000 * controller.load_fraction(plant),
            "energy_hwh": plant.energy.generator_wh / 100,
        }
        for number, phase_w in enumerate(plant.phases_w(watts), start=1):
            phase = f"l{number}"
            values[f"{phase}_w"] = values[f"{phase}_va"] = phase_w
            values[f"{phase}_var"] = 0
            values[f"{phase}_pf_percent"] = 100 if watts else 0
            values[f"{phase}_da"] = phase_w / volts * 10 if volts else 0
        return values

    def _mains(self) -> dict[str, Value]:
        return {"mains_dhz": self.plant.grid_hz() * 10}

    def _alarms(self) -> dict[str, int]:
        nibbles = self.alarms.resting() if self.alarms else dict.fromkeys(CAUSES, dse_alarms.INACTIVE)
        for name, level in controller.alarms(self.plant).items():
            nibbles[name] = dse_alarms.SHUTDOWN if level is Level.SHUTDOWN else dse_alarms.WARNING
        return nibbles


def _phases(prefix: str, volts: float) -> dict[str, Value]:
    """Phase and line voltages of a balanced three-phase source, 0.1 V."""
    values: dict[str, Value] = {f"{prefix}l{number}_dv": volts * 10 for number in (1, 2, 3)}
    values.update({f"{prefix}{pair}_dv": volts * 10 * 3**0.5 for pair in ("l1_l2", "l2_l3", "l3_l1")})
    return values


def _nibble(value: Value) -> int:
    return dse_alarms.UNIMPLEMENTED if isinstance(value, Missing) else round(value)


def _status_bits(alarms: Iterable[Value]) -> int:
    """Register 774: one bit for each class of alarm that is present."""
    present = {_nibble(value) for value in alarms}
    bits = {dse_alarms.SHUTDOWN: 13, dse_alarms.TRIP: 12, dse_alarms.WARNING: 11}
    return sum(1 << bit for level, bit in bits.items() if level in present)
