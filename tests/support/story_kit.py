"""A point of the story: what its building really does, its kit on the air, and hands on the kit's two buttons."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nspkit.parts import Parts
from nsptools.fleet.kit import FleetBoard, FleetKit

LOOK_S = 0.025
# The display turns its pages every four seconds.
PAGES_S = 13.0
GENERATOR = (
    "engine_state", "generator_mode", "fuel_permille", "generator_w", "starter_dv", "mains_v",
    "alarm_emergency_stop", "alarm_fail_to_start", "alarm_fuel_low", "alarm_overload",
)  # fmt: skip
METER = ("load_w", "meter_v")
BATTERY = ("battery_permille", "battery_cv", "battery_da", "mains_v")


class Front:
    """The buttons and the display of a kit, as its parts see them: 0 while pressed."""

    def __init__(self) -> None:
        self.lines: tuple[str, ...] = ()
        self.is_help = self.is_silence = False

    def show(self, lines: tuple[str, ...], _now: int) -> None:
        """Take what the display is to show."""
        self.lines = lines

    def parts(self) -> Parts:
        """What the kit is given."""
        return Parts(
            help=lambda: int(not self.is_help), silence=lambda: int(not self.is_silence), display=self
        )


class Board(FleetBoard):
    """A board with two buttons and a display. ``front`` outlives a boot."""

    front: Front

    def parts(self) -> Parts:
        """Two buttons and a display."""
        return self.front.parts()


@dataclass
class Wire:
    """The bus of a point, as far as the kit asks whether its devices answer."""

    last_good_ms: int | None = None

    @property
    def devices(self) -> tuple[Wire, ...]:
        """The one device that is asked."""
        return (self,)


class StoryKit(FleetKit):
    """A kit whose devices give ``quantities``; ``feed`` is a good read of all of them."""

    def __init__(self, *args: Any, quantities: tuple[str, ...]) -> None:
        super().__init__(*args, quantities=quantities)
        self.wire = Wire(self.clock.ms())
        self.pollers.append(self.wire)

    def feed(self, values: Mapping[str, int | str]) -> None:
        """Take values as if every device had just been read."""
        self.wire.last_good_ms = self.clock.ms()
        super().feed(values)


@dataclass
class Plant:
    """What a building really has and uses: litres, Wh, W; ``burn``: litres/h at rest, litres/kWh.

    ``stands``: what else its devices say. ``is_plugged``: whether the kit's bus is. ``starts``: whether its set does,
    when the grid goes.
    """

    quantities: tuple[str, ...]
    source: str
    load_w: int = 0
    litres: float = 0.0
    tank: float = 0.0
    wh: float = 0.0
    battery_wh: float = 0.0
    burn: tuple[float, float] = (0.0, 0.0)
    is_plugged: bool = True
    starts: bool = True
    stands: dict[str, int | str] = field(default_factory=dict)

    def live(self, seconds: float) -> None:
        """Let time pass."""
        kwh = self.load_w * seconds / 3.6e6
        if self.source == "generator":
            self.litres -= self.burn[0] * seconds / 3600 + self.burn[1] * kwh
        elif self.source == "battery":
            self.wh -= 1000 * kwh

    def shows(self) -> dict[str, int | str]:
        """What its devices say now."""
        running, battery = self.source == "generator", self.source == "battery"
        has_power = self.source != "none"
        values: dict[str, int | str] = {
            "engine_state": "running" if running else "stopped",
            "generator_mode": "auto",
            "fuel_permille": round(1000 * self.litres / self.tank) if self.tank else 0,
            "generator_w": self.load_w if running else 0,
            "starter_dv": 138 if running else 127,
            "mains_v": 230 if self.source == "grid" else 0,
            "alarm_emergency_stop": 0,
            "alarm_fail_to_start": 0,
            "alarm_fuel_low": 0,
            "alarm_overload": 0,
            "load_w": self.load_w if has_power else 0,
            "meter_v": 230 if has_power else 0,
            "battery_permille": round(1000 * self.wh / self.battery_wh) if self.battery_wh else 0,
            "battery_cv": 5200,
            "battery_da": -round(self.load_w * 10 / 52) if battery else 0,
        }
        return {name: value for name, value in (values | self.stands).items() if name in self.quantities}


class Hands:
    """A volunteer at a kit: presses its buttons and reads its display."""

    def __init__(self, front: Front, kit: StoryKit) -> None:
        self._front = front
        self._kit = kit

    async def call(self) -> None:
        """Hold the button for help as long as the card says."""
        await self._hold(3.2, is_help=True)

    async def withdraw(self) -> None:
        """Hold both buttons."""
        await self._hold(3.2, is_help=True, is_silence=True)

    async def tap_silence(self) -> None:
        """Press the other button for a moment."""
        await self._hold(0.3, is_silence=True)

    async def tap_help(self) -> None:
        """Press the button for help for a moment."""
        await self._hold(0.3, is_help=True)

    async def reads(self, seconds: float = PAGES_S) -> list[str]:
        """Return every line that the display shows in this time, its pages one after the other."""
        seen: dict[str, None] = {}
        for _ in range(round(seconds / LOOK_S)):
            await self._look()
            seen.update(dict.fromkeys(self._front.lines))
        return list(seen)

    async def _hold(self, seconds: float, *, is_help: bool = False, is_silence: bool = False) -> None:
        await self._wait(0.3)
        self._front.is_help, self._front.is_silence = is_help, is_silence
        await self._wait(seconds)
        self._front.is_help = self._front.is_silence = False
        await self._wait(0.6)

    async def _wait(self, seconds: float) -> None:
        for _ in range(round(seconds / LOOK_S)):
            await self._look()

    async def _look(self) -> None:
        await asyncio.sleep(LOOK_S)
        self._kit.panel.turn(self._kit.clock.ms())
