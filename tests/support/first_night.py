"""The first night of an outage at four points, as kits and people make it happen: heartbeats, alarms, acts, time.

Litres and charge follow from what each point burns and uses, by the plant's own formula. What stands for
hardware is the radio: frames are handed in, with the kits' own keys.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import structs

from gateway_box import Box, VirtualClock
from nspgateway.clock import Clock
from nspgateway.desk import Desk
from nspgateway.facts import OwnFacts
from nspgateway.notify import Notice
from nspgateway.people import By
from nspgateway.refuel_list import Line
from nspgateway.rule_changes import RuleChange
from nsplink import frame
from nsplink.fields import ALARMS

START = datetime.fromisoformat("2027-01-15T17:59:00+01:00")
OFFICER = By("post-1", "cp_medewerker", "page")
HEARTBEAT_S = 300.0
RULES = {
    "fuel_low": RuleChange(hours=8.0),
    "fuel_critical": RuleChange(hours=4.0),
    "battery_low": RuleChange(hours=4.0),
    "battery_critical": RuleChange(hours=2.0),
}
SITES: dict[str, dict[str, Any]] = {
    "a": {"name": "Buurthuis De Linde", "tank_litres": 60.0, "dead_litres": 5.0, "rated_w": 10_000},
    "b": {"name": "Kerk De Ark", "tank_litres": 40.0, "dead_litres": 2.0, "rated_w": 8000},
    "c": {
        "name": "Sporthal De Kuil",
        "tank_litres": 13.0,
        "dead_litres": 0.5,
        "rated_w": 3000,
        "fuel_kind": "petrol",
        "burn_idle_l_per_kwh": 0.35 / 3,
        "burn_l_per_kwh": 0.5,
        "devices": ("meter",),
        "sources": ("grid", "generator"),
    },
    "d": {
        "name": "Dorpshuis Zuid",
        "tank_litres": None,
        "rated_w": None,
        "battery_wh": 20_000,
        "devices": ("battery", "meter"),
        "sources": ("grid", "battery"),
    },
}
NO_SET = {"generator_state": "none", "generator_mode": None, "q_generator": "none", "q_tank": "none"}


@dataclass
class Site:
    """One point as it really is. ``litres`` and ``wh`` run down; ``more``: what else its kit says."""

    kit: int
    litres: float = 0.0
    wh: float = 0.0
    load_w: int = 0
    source: str = "grid"
    burn: tuple[float, float] = (0.0, 0.0)  # litres/h at rest, litres/kWh
    alarms: frozenset[str] = frozenset()
    more: dict[str, Any] = field(default_factory=dict)
    due_s: float = 0.0
    counter: int = 1


@dataclass(frozen=True)
class Seen:
    """What the page says of one point at a moment. ``refuels``: litres that were poured in."""

    hours: float | None
    width: float
    litres: float | None
    refuel: tuple[Line, ...]
    refuels: tuple[float, ...]


class Night:
    """A gateway, four kits and the people. ``said``: every notice that people heard; ``notes``: see ``note``."""

    def __init__(self, folder: Path) -> None:
        clock = VirtualClock(START.astimezone(Clock().now().tzinfo))
        self.box = box = Box(folder, linked=True, slugs=tuple(SITES), clock=clock)
        box.points = [structs.replace(p, rules=RULES, **SITES[p.slug]) for p in box.points]
        self.own = OwnFacts(supply="line")
        self.said: list[Notice] = []
        self.notes: dict[str, Seen] = {}
        self.is_jammed = False
        self.restart()
        idle = {
            p.slug: (p.burn_idle_l_per_kwh * (p.rated_w or 0) / 1000, p.burn_l_per_kwh) for p in box.points
        }
        self.sites = {
            "a": Site(65, litres=51, load_w=2400, burn=idle["a"]),
            "b": Site(66, litres=12, load_w=1600, burn=idle["b"]),
            "c": Site(
                67, load_w=0, burn=idle["c"], more={**NO_SET, "battery_permille": None, "q_battery": "none"}
            ),
            "d": Site(68, wh=18_000, load_w=800, more=NO_SET),
        }
        for number, (slug, site) in enumerate(self.sites.items()):
            assert box.boot(1, site.kit) == "accepted"
            self.report(slug, source="grid")
            site.due_s = box.clock.passed_s + 20 + 70 * number
        self.until("18:00")

    @property
    def desk(self) -> Desk:
        return Desk(self.box.ingest.situation, self.box.ingest.recorder, self.box.clock, self.box.ingest.show)

    def restart(self) -> None:
        """Kill the gateway, and begin again from what is on disk."""
        self.box.restart()
        self.box.ingest.situation.own = lambda _now: self.own
        self.box.ingest.recorder.on_notices = self.said.extend

    def until(self, clock: str) -> None:
        """Let everything go on to this time of the night."""
        begun = START.replace(second=0)
        hour, minute, second = map(int, (*clock.split(":"), "0")[:3])
        end = begun.replace(hour=hour, minute=minute, second=second)
        end += timedelta(days=end < begun)
        fine_until = self.box.clock.now() + timedelta(minutes=2)
        while (left_s := (end - self.box.clock.now()).total_seconds()) > 0:
            step_s = 5.0 if self.box.clock.now() < fine_until or self.is_jammed else 60.0
            self._live(min(step_s, left_s))

    def report(self, slug: str, *alarms: str, **changed: Any) -> None:
        """Let a kit send what has just changed; its alarms are exactly these, besides what is in ``more``."""
        site = self.sites[slug]
        source, load = changed.pop("source", site.source), changed.pop("load_w", site.load_w)
        site.source, site.load_w, site.alarms = source, load, frozenset(alarms)
        site.more |= changed
        self._beat(slug)

    def clear(self, slug: str, alarm: str) -> None:
        """Let a kit say that one of its alarms is over."""
        site = self.sites[slug]
        site.counter += 1
        site.alarms -= {alarm}
        about = {"alarm": alarm, "age_s": 0, "event_boot": 1, "event_n": site.counter % 250}
        assert self.box.say("clear", site.counter, site.kit, **about) == "accepted"

    def note(self, name: str) -> None:
        """Keep what is said now of the point that the name begins with."""
        box, slug = self.box, name.split(maxsplit=1)[0]
        situation = box.ingest.situation
        facts = situation.facts(situation.states[slug], box.clock.now())
        left = facts.fuel or facts.battery
        self.notes[name] = Seen(
            hours=None if left is None else left.likely_h,
            width=0.0 if left is None else left.high_h - left.low_h,
            litres=facts.fuel_litres,
            refuel=tuple(box.ingest.refuel_list().lines),
            refuels=tuple(one.litres for one in facts.refuels),
        )

    def _live(self, seconds: float) -> None:
        for site in self.sites.values():
            kwh = site.load_w * seconds / 3.6e6
            if site.source == "generator":
                site.litres -= site.burn[0] * seconds / 3600 + site.burn[1] * kwh
            elif site.source == "battery":
                site.wh -= 1000 * kwh
        end = self.box.clock.passed_s + seconds
        asked = [
            frame.parse(data)[0].address
            for data in self.box.run(seconds)
            if frame.parse(data)[0].kind == "command"
        ]
        if self.is_jammed:
            self.box.mast.garbled += 1
        for slug, site in self.sites.items():
            if site.due_s <= end:
                site.due_s += HEARTBEAT_S
                self._beat(slug)
            elif site.kit in asked:
                self._beat(slug)
        self.box.tick()

    def _beat(self, slug: str) -> None:
        site = self.sites[slug]
        site.counter += 1
        if self.is_jammed:
            return
        gauge = SITES[slug]["tank_litres"] if slug != "c" else None
        values: dict[str, Any] = {
            "fuel_permille": None if not gauge else round(1000 * site.litres / gauge / 5) * 5,
            "generator_state": "running" if site.source == "generator" else "stopped",
            "battery_permille": round(site.wh / 100) * 5 or None,
            "power_source": site.source,
            "load_w": site.load_w,
            "alarms": sum(1 << ALARMS.index(name) for name in site.alarms),
        }
        assert self.box.vital(site.counter, site.kit, **values | site.more) == "accepted"
