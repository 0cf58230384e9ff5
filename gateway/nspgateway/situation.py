"""What is true of every point and of the coordinating point itself, and what was said of it.

Judging looks and changes nothing; ``keep`` lets a judgement be what was said. All in memory:
what has to survive is written by the ``recorder``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from msgspec import structs

from nspgateway import help_notice, judge, overview, restore, standing, state
from nspgateway.alarms import AlarmState, Decision, to_json
from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.facts import Facts, LinkFacts, OwnFacts
from nspgateway.judge import Judgement
from nspgateway.overview import Box
from nspgateway.payloads import Demo
from nspgateway.people import Action
from nspgateway.records import AlarmChange
from nspgateway.rules import Rule
from nspgateway.standing import Standing
from nspgateway.state import PointState
from nspgateway.store import Store
from nspgateway.view import Overview

LinkView = Callable[[PointState], LinkFacts | None]


class Situation:
    """The state of one coordinating point's points. Raises StoreError when it cannot be taken up.

    ``states``, ``alarms`` and ``standings`` by slug; ``calls``: for help, that sound; ``cp``: the coordinating point as a place of its own.
    ``link``: what the radio link knows of a point. ``own``: what is true of the coordinating point
    itself; whoever wires the gateway together puts it there.
    """

    def __init__(
        self,
        config: GatewayConfig,
        points: Sequence[PointConfig],
        store: Store,
        clock: Clock,
        rules: Sequence[Rule],
        link: LinkView,
        *,
        demo: Demo | None = None,
    ) -> None:
        now = clock.now()
        self.own: Callable[[datetime], OwnFacts] = lambda _now: OwnFacts()
        self.cp = PointState(restore.own_place(config, points))
        self.standings = standing.restored([*points, self.cp.point], store.entries())
        deployed = [_deployed(p, self.standings[p.slug]) for p in points]
        self.states = {p.slug: restore.point_state(p, store, now) for p in deployed}
        self.alarms = restore.kept_alarms([*points, self.cp.point], store)
        self.calls = help_notice.restored(store.memory(help_notice.MEMORY))
        self._rules = [rule for rule in rules if rule.scope != "gateway"]
        self._own_rules = [rule for rule in rules if rule.scope != "points"]
        self._clock = clock
        self._sf = config.radio.sf
        self._link = link
        self._demo = demo

    def place(self, slug: str) -> PointState | None:
        """Return a point, or the coordinating point, by its slug."""
        return self.cp if slug == self.cp.point.slug else self.states.get(slug)

    def judge(self, point: PointState, now: datetime) -> tuple[Judgement, ...]:
        """Judge a point as ``point`` says it is; its own judgement first, then those that follow from it."""
        return (self._judge(point, now),)

    def judge_all(self, now: datetime) -> tuple[Judgement, ...]:
        """Judge every point and the coordinating point as they are."""
        return tuple(self._judge(point, now) for point in (*self.states.values(), self.cp))

    def keep(self, judged: Iterable[Judgement], point: PointState | None = None) -> None:
        """Let these be what was said; ``point``: the new state of one of them."""
        if point is not None:
            self.states[point.point.slug] = point
        for one in judged:
            self.alarms[one.facts.point.slug] = dict(one.kept)

    def enter(self, action: Action) -> None:
        """Let a written action count from now on."""
        before = self.standings.get(action.point)
        if before is None or action.entry is None:
            return
        self.standings[action.point] = after = standing.after(before, action)
        point = self.states.get(action.point)
        if point is not None:
            self.states[action.point] = replace(point, point=_deployed(point.point, after))

    def step(self, step: Step) -> tuple[AlarmChange, ...]:
        """Follow a step of the clock: ages stay, and no delay begins anew. Return the alarms as they now stand."""
        self.states.update(
            {slug: state.settled(step.moved(one), step.to) for slug, one in self.states.items()}
        )
        self.standings.update({slug: step.moved_standing(one) for slug, one in self.standings.items()})
        changes = []
        for slug, kept in self.alarms.items():
            after = {name: step.moved_alarm(alarm) for name, alarm in kept.items()}
            changes += [
                AlarmChange(slug, name, "update", to_json(new), is_kept=True, is_event=False)
                for name, new in after.items()
                if new != kept[name]
            ]
            self.alarms[slug] = after
        return tuple(changes)

    def facts(self, point: PointState, now: datetime) -> Facts:
        """Return what is true of a place at ``now``."""
        return replace(
            state.facts(point, now, self._clock.speed),
            link=self._link(point),
            sf=self._sf,
            standing=self.standings.get(point.point.slug),
            own=self.own(now) if point is self.cp else None,
        )

    def decide(self, slug: str, decisions: Sequence[Decision], now: datetime) -> Judgement:
        """Return a judgement of what a person decided about alarms of a place."""
        point = self.place(slug)
        if point is None:
            raise KeyError(slug)
        return judge.decided(
            self.facts(point, now), self.alarms[slug], decisions, self._demo, exercise=_exercise(point)
        )

    def overview(self, box: Box) -> Overview:
        """Return everything on the first page at ``box.now``."""
        points = self.states.items()
        cp = self.cp.point.slug
        return overview.build(
            [self.facts(point, box.now) for _, point in points],
            {slug: tuple(kept.values()) for slug, kept in self.alarms.items()},
            {slug: overview.Heard(p.heard.rssi_dbm, p.heard.snr_db) for slug, p in points if p.heard},
            box,
            own=(self.facts(self.cp, box.now), tuple(self.alarms[cp].values())),
        )

    def open_alarm(self, slug: str, alarm: str) -> AlarmState | None:
        """Return an alarm of a place while it is open."""
        found = self.alarms.get(slug, {}).get(alarm)
        return found if found is not None and found.is_open else None

    def _judge(self, point: PointState, now: datetime) -> Judgement:
        rules = self._own_rules if point is self.cp else self._rules
        kept = self.alarms[point.point.slug]
        return judge.judge(self.facts(point, now), kept, rules, self._demo, exercise=_exercise(point))


def _exercise(point: PointState) -> bool:
    return point.heard is not None and point.heard.exercise


def _deployed(point: PointConfig, stands: Standing) -> PointConfig:
    """Return the point's settings with what it is used for now."""
    return structs.replace(point, deployment=stands.deployment)
