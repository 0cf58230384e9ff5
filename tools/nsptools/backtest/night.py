"""One site from its first heartbeat until it is dry, through the gateway's own state, forecasts and rules.

Virtual time: the plant is stepped, a kit's heartbeats are made of it with the noise of a gauge and of a
radio, people dip and refuel, and the gateway's code sees nothing else.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from nspgateway import alarms, standing, state
from nspgateway.alarms import AlarmState
from nspgateway.facts import Facts
from nspgateway.forecast import BATTERY_RESERVE
from nspgateway.people import Action, By, FuelEntry, PlannedStop
from nspgateway.records import Frame, Value
from nspgateway.standing import Standing
from nspgateway.state import PointState
from nsptools.backtest.sites import Site
from nsptools.bench.engine import State
from nsptools.bench.plant import Plant, Source

START = datetime(2027, 1, 15, 17, 0, tzinfo=UTC)
LOSS = 0.2
# Of the full tank: how far the fuel swings, and how often the sender says anything at all.
SLOSH = 0.03
SPIKES = 0.05
SETTLED = 8
# A person with a dipstick, litres; how often, hours.
DIP_ERROR = 0.3
DIP_EVERY_H = 4.0
# A portable set is filled when so much is left.
REFUEL_AT = 0.3
STOP_MIN = 15
LOAD_STEP_H = 3.0
# Hours of fuel do not hang on the seconds of a start.
PLANT_STEP_S = 10.0
LONGEST_H = 60.0
_HAND = By("oefenaar", "cp_medewerker", "page")


@dataclass
class Night:
    """What came of it. ``seen``: the facts at each heartbeat. ``raised``: alarms by name, when each was raised.

    ``loads``: moment and W of each step of the load. ``filled``: end of each refuelling. ``dry``: the end.
    """

    site: Site
    seen: list[Facts] = field(default_factory=list)
    raised: dict[str, list[datetime]] = field(default_factory=dict)
    loads: list[tuple[datetime, float]] = field(default_factory=list)
    filled: list[datetime] = field(default_factory=list)
    dry: datetime = START


def run(site: Site, seed: int, *, loss: float = LOSS, leak_l_per_h: float = 0.0) -> Night:
    """Run the site until it is dry. Raises RuntimeError when that takes over 60 hours."""
    return _Story(site, seed, loss, leak_l_per_h).run()


class _Story:
    def __init__(self, site: Site, seed: int, loss: float, leak_l_per_h: float) -> None:
        self._rng = random.Random(f"night {site.kind} {seed}")
        self._site = site
        self._loss = loss
        self._plant = Plant(site.spec, seed, PLANT_STEP_S)
        self._plant.leak_l_per_h = leak_l_per_h
        self._now = START
        self._state = PointState(site.point)
        self._standing = Standing(site.point.deployment)
        self._kept: dict[str, AlarmState] = {}
        self._counter = 0
        self._night = Night(site)
        self._rules = alarms.load_rules()
        self._left = site.refuels
        self._step_at = self._dip_at = START
        self._actions = 0
        self._was_wild = False

    def run(self) -> Night:
        night = self._night
        while not self._is_dry():
            if self._now - START > timedelta(hours=LONGEST_H):
                raise RuntimeError(f"{self._site.kind} is not dry after {LONGEST_H:g} h")
            self._people()
            self._heartbeat()
            self._pass(self._site.point.interval_s * self._rng.uniform(0.95, 1.05))
        night.dry = self._now
        return night

    def _is_dry(self) -> bool:
        plant = self._plant
        if not self._site.spec.rated_w:
            return plant.pack.soc <= BATTERY_RESERVE
        return plant.engine.fuel_l <= self._site.spec.dead_l + 1e-6

    def _pass(self, seconds: float) -> None:
        """Let time pass, in pieces that find the dry moment to two minutes."""
        while seconds > 0 and not self._is_dry():
            piece = min(120.0, seconds)
            self._plant.step(piece)
            self._now += timedelta(seconds=piece)
            seconds -= piece
            self._judge()

    def _people(self) -> None:
        """The load steps, somebody dips, and a planned stop for refuelling."""
        site, rng = self._site, self._rng
        if self._now >= self._step_at:
            low, high = site.steps
            self._plant.load_w = site.spec.load_w * (1.0 if self._now == START else rng.uniform(low, high))
            self._night.loads.append((self._now, self._plant.load_w))
            self._step_at = self._now + timedelta(hours=LOAD_STEP_H * rng.uniform(0.6, 1.4))
        if self._left and self._plant.engine.fuel_l < REFUEL_AT * site.spec.tank_l:
            self._left -= 1
            self._refuel()
        if not site.is_gauged and self._now >= self._dip_at:
            self._dip_at = self._now + timedelta(hours=DIP_EVERY_H)
            litres = self._plant.engine.fuel_l + rng.uniform(-DIP_ERROR, DIP_ERROR)
            self._enter(FuelEntry("dip", round(min(site.spec.tank_l, max(0.0, litres)), 1), self._now))

    def _refuel(self) -> None:
        """Stop as announced, fill up, start again."""
        plant, spec = self._plant, self._site.spec
        self._act(PlannedStop(self._now + timedelta(minutes=STOP_MIN)))
        plant.engine.mode = "off"
        self._heartbeat()
        self._pass(STOP_MIN * 30)
        added = spec.tank_l - plant.engine.fuel_l
        plant.engine.fuel_l = spec.tank_l
        self._heartbeat()
        self._pass(STOP_MIN * 30 - 60)
        plant.engine.mode = "auto"
        self._pass(60)
        if not self._site.is_gauged:
            self._enter(FuelEntry("refuel", round(added, 1), self._now))
        self._night.filled.append(self._now)

    def _enter(self, entry: FuelEntry) -> None:
        self._act(entry)
        self._state = state.enter(self._state, entry)

    def _act(self, entry: FuelEntry | PlannedStop) -> None:
        self._actions += 1
        action = Action(self._now, _HAND, "test", self._site.kind, entry=entry, id=self._actions)
        self._standing = standing.after(self._standing, action)

    def _heartbeat(self) -> None:
        self._counter += 1
        if self._rng.random() < self._loss:
            return
        kind = "full" if self._counter % 12 == 1 else "vital"
        frame = Frame(
            65, 1, self._counter, self._site.kind, self._now, kind, False, self._fields(kind), b"", -90, 7.0
        )
        changed = state.changes(self._state, frame)
        self._state = state.after(self._state, frame, changed)
        self._night.seen.append(self._facts())

    def _facts(self) -> Facts:
        return state.facts(self._state, self._now, standing=self._standing)

    def _judge(self) -> None:
        for decision in alarms.evaluate(self._rules, self._facts(), self._kept):
            if decision.action == "raise":
                self._night.raised.setdefault(decision.alarm.id, []).append(self._now)
            self._kept[decision.alarm.id] = decision.alarm

    def _fields(self, kind: str) -> dict[str, Value]:
        """What the kit says of the plant at this moment."""
        plant, site = self._plant, self._site
        has_set = bool(site.spec.rated_w)
        source = {Source.GENERATOR: "generator", Source.BATTERY: "battery", Source.NONE: "none"}
        running = plant.engine.state is State.RUNNING
        values: dict[str, Value] = {
            "fuel_permille": self._gauge() if site.is_gauged and has_set else None,
            "generator_state": ("running" if running else "stopped") if site.is_gauged and has_set else None,
            "generator_mode": plant.engine.mode if site.is_gauged and has_set else None,
            "power_source": source.get(plant.source),
            "battery_permille": None if has_set else round(200 * plant.pack.soc) * 5,
            "load_w": round(plant.served_w / 50) * 50,
            "alarms": 0,
            "q_generator": "good" if site.is_gauged and has_set else "none",
            "q_battery": "none" if has_set else "good",
            "q_meter": "good",
            "q_tank": "good" if site.is_gauged and has_set else "none",
        }
        if kind == "full" and not has_set:
            values["battery_cv"] = round(plant.pack.voltage_v * 20) * 5
            values["battery_da"] = round(plant.pack.current_a * 10)
        return values

    def _gauge(self) -> int:
        share = self._plant.fuel_fraction + self._rng.uniform(-SLOSH, SLOSH)
        # Wild now and then, never twice in a row, and not before there is a past to hold it against.
        self._was_wild = not self._was_wild and self._counter > SETTLED and self._rng.random() < SPIKES
        if self._was_wild:
            share = self._rng.random()
        return round(100 * min(1.0, max(0.0, share))) * 10
