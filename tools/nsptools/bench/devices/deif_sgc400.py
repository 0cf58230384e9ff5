"""DEIF SGC 410 and 420 on the bus: function 3, unit 1.

Modelled are the electrical values and the status word, as the maker lists them. Of the addresses between
them (engine, fuel) no list was found: they exist and show all ones. The status word is register 91 of the map
for function 3; the manual's offset 77 is of the frame that the controller broadcasts on CAN.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsptools.bench import controller
from nsptools.bench.controller import Level
from nsptools.bench.engine import Shutdown, State
from nsptools.bench.registers import READ_HOLDING, Device, Flag, Kind, Register, Value

_STATUS = "status_bits"
# Three bits from here on; this controller has no *off* and no *test*.
_MODE_BIT = 11
_MODES = {"manual": 0b100, "off": 0b100, "auto": 0b101, "test": 0b110}


def _row(address: int, *names: str) -> tuple[Register, ...]:
    return tuple(Register(address + i, name, Kind.U16) for i, name in enumerate(names))


_LINES = ("l1_dv", "l2_dv", "l3_dv", "l1_l2_dv", "l2_l3_dv", "l3_l1_dv")
_HERTZ = ("l1_dhz", "l2_dhz", "l3_dhz")
_TABLE = (
    *_row(0, "protocol", *_LINES, *_HERTZ),
    *_row(10, "l1_pf_percent", "l2_pf_percent", "l3_pf_percent", "pf_percent"),
    *_row(14, *(f"mains_{name}" for name in (*_LINES, *_HERTZ))),
    *_row(23, "l1_da", "l2_da", "l3_da"),
    *_row(26, "l1_hw", "l2_hw", "l3_hw"),
    Register(91, _STATUS, Kind.U16),
)
# The maker counts the bits of the word from 1.
_FLAGS = (
    Flag(_STATUS, 15, "config_mode"),
    Flag(_STATUS, 14, "mains_healthy"),
    Flag(_STATUS, 10, "generator_on_load"),
    Flag(_STATUS, 9, "mains_on_load"),
    Flag(_STATUS, 8, "running"),
    Flag(_STATUS, 7, "stopped_normally"),
    Flag(_STATUS, 6, "stopped_with_fault"),
    Flag(_STATUS, 5, "fail_to_start"),
    Flag(_STATUS, 4, "generator_available"),
    Flag(_STATUS, 3, "common_shutdown"),
    Flag(_STATUS, 2, "common_trip"),
    Flag(_STATUS, 1, "common_warning"),
    Flag(_STATUS, 0, "common_notification"),
)


class DeifSgc400(Device):
    """An SGC 410 or 420. `operation_mode` is what its three mode bits show."""

    name = "generator"
    unit = 1
    function = READ_HOLDING
    table = _TABLE
    flags = _FLAGS
    spans = (range(96),)
    block_limit = 125
    default_word = 0xFFFF
    reply_ms = (15.0, 40.0)

    def live(self) -> Mapping[str, Value]:
        """Values of the moment, one for each register, and the flags that are set."""
        plant = self.plant
        values: dict[str, Value] = {"protocol": 1, "pf_percent": 100 if plant.generator_w else 0}
        phases = zip(plant.phases_w(plant.generator_w), controller.phase_amps(plant), strict=True)
        for number, (watts, amps) in enumerate(phases, start=1):
            values[f"l{number}_dhz"] = plant.generator_hz() * 10
            values[f"mains_l{number}_dhz"] = plant.grid_hz() * 10
            values[f"l{number}_pf_percent"] = 100 if watts else 0
            values[f"l{number}_da"] = amps * 10
            values[f"l{number}_hw"] = watts / 100
        for name in _LINES:
            factor = 10 * 3**0.5 if name.count("l") > 1 else 10
            values[name] = plant.generator_v() * factor
            values[f"mains_{name}"] = plant.grid_v() * factor
        values.update(self._status())
        return values

    def _status(self) -> Mapping[str, Value]:
        plant, engine = self.plant, self.plant.engine
        levels = set(controller.alarms(plant).values())
        stopped = engine.state is State.STOPPED
        return {
            _STATUS: _MODES[engine.mode] << _MODE_BIT,
            "mains_healthy": plant.grid_on,
            "mains_on_load": plant.grid_on,
            "generator_on_load": plant.generator_w > 0,
            "running": engine.turning,
            "stopped_normally": stopped and engine.shutdown is Shutdown.NONE,
            "stopped_with_fault": stopped and engine.shutdown is not Shutdown.NONE,
            "fail_to_start": engine.shutdown is Shutdown.FAIL_TO_START,
            "generator_available": engine.state in (State.RUNNING, State.COOLING),
            "common_shutdown": Level.SHUTDOWN in levels,
            "common_warning": Level.WARNING in levels,
        }
