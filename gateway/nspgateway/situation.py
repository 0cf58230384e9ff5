"""What is true of every point and of the coordinating point itself, and what was said of it.

Judging looks and changes nothing; ``keep`` lets a judgement be what was said. All in memory:
what has to survive is written by the ``recorder``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from msgspec import structs

from nspgateway import (
    alarms,
    call_views,
    call_watch,
    calls,
    clocks,
    course,
    exercises,
    help_notice,
    judge,
    messages,
    overview,
    region,
    restore,
    rule_changes,
    standing,
    state,
    storms,
)
from nspgateway.alarms import AlarmState, Decision, to_json
from nspgateway.calls import Call
from nspgateway.clock import Clock
from nspgateway.clock_step import Step
from nspgateway.config import GatewayConfig, PointConfig
from nspgateway.course import Course
from nspgateway.facts import Facts, LinkFacts, OwnFacts, StormFacts
from nspgateway.judge import Judgement
from nspgateway.kit_words import KitReport, Receipt
from nspgateway.mains import Mains
from nspgateway.messages import OutboxMessage
from nspgateway.overview import Box
from nspgateway.payloads import Demo
from nspgateway.people import Action, CallAct, FuelEntry, Status112
from nspgateway.records import AlarmChange
from nspgateway.rules import MANY_SITES, Rule, load_storm
from nspgateway.standing import Standing
from nspgateway.state import PointState
from nspgateway.store import Store
from nspgateway.uplinks import Read
from nspgateway.view import Overview

LinkView = Callable[[PointState], LinkFacts | None]


class Situation:
    """The state of one coordinating point's points; ``config``: its settings. Raises StoreError when it cannot be taken up.

    ``states``, ``alarms`` and ``standings`` by slug; ``calls``: for help, by id, all there ever were; ``late``: those
    that wait too long, by id; ``said_of_112``: the newest word of a person, None = nobody said anything yet.
    ``cp``: the coordinating point as a place of its own. ``course``: what was decided and written beyond one point;
    ``region``: the region's own lists. ``by_id``: all rules; ``figures``: what makes a storm. ``link``: what the radio
    link knows of a point. ``own``: what is true of the coordinating point itself; whoever wires the gateway together puts it there, and ``on_deployed``, which hears of the points each
    time that one is used otherwise, and ``is_shown`` and ``told_112``: what kits have confirmed, see ``call_sender``.
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
        self.on_deployed: Callable[[Sequence[PointConfig]], None] = lambda _points: None
        self.is_shown: Callable[[Call], bool | None] = lambda _call: None
        self.told_112: Callable[[], tuple[Sequence[str], Sequence[str]]] = lambda: ((), ())
        self.cp = PointState(restore.own_place(config, points))
        entries = store.entries()
        self.config = config
        self.region = region.load(config.region_file)
        reports = store.every_report()
        self.course = course.restored(entries, store.receipts(), reports)
        self.standings = standing.restored([*points, self.cp.point], entries, reports)
        self._hang()
        deployed = [_deployed(p, self.standings[p.slug]) for p in points]
        self.states = {
            p.slug: restore.point_state(p, store, now, self.standings[p.slug].fuel) for p in deployed
        }
        self.alarms = restore.kept_alarms([*points, self.cp.point], store)
        of_points = [rule for rule in rules if rule.scope != "gateway"]
        self._rules = {p.slug: rule_changes.of_point(of_points, p.rules) for p in points}
        self._rules[self.cp.point.slug] = tuple(rule for rule in rules if rule.scope != "points")
        self.by_id = {rule.id: rule for rule in rules}
        self.figures = load_storm()
        self.calls, self._places = store.calls(), restore.places_of_calls(config, store)
        self.late = call_watch.restored(store.memory(call_watch.MEMORY))
        self.said_of_112 = next(iter(store.said_of_112()), None)
        self._clock, self._sf = clock, config.radio.sf
        self._link, self._demo = link, demo

    def place(self, slug: str) -> PointState | None:
        """Return a point, or the coordinating point, by its slug."""
        return self.cp if slug == self.cp.point.slug else self.states.get(slug)

    def judge(self, point: PointState, now: datetime) -> tuple[Judgement, ...]:
        """Judge a point as ``point`` says it is; its own judgement first, then those that follow from it.

        What follows is the coordinating point's: the line of a storm that this point has made.
        """
        slug = point.point.slug
        seen = _Seen(self, point)
        own = self._judge(point, now, seen)
        seen.judged[slug] = own.kept
        if not own.changes and point.mains == self.states[slug].mains:
            return (own,)
        of_cp = self._judge(self.cp, now, seen)
        return (own, of_cp) if of_cp.changes else (own,)

    def judge_all(self, now: datetime) -> tuple[Judgement, ...]:
        """Judge every point and the coordinating point as they are."""
        seen = _Seen(self)
        judged = []
        for point in (*self.states.values(), self.cp):
            judged.append(self._judge(point, now, seen))
            seen.judged[point.point.slug] = judged[-1].kept
        return tuple(judged)

    def keep(self, judged: Iterable[Judgement], point: PointState | None = None) -> None:
        """Let these be what was said; ``point``: the new state of one of them."""
        if point is not None:
            self.states[point.point.slug] = point
        for one in judged:
            self.alarms[one.facts.point.slug] = dict(one.kept)

    def enter(self, action: Action) -> None:
        """Let a written action count from now on."""
        if action.entry is None:
            return
        self._follow(course.after(self.course, action))
        if isinstance(action.entry, Status112):
            self.said_of_112 = action
        elif isinstance(action.entry, CallAct):
            act = action.entry
            self.calls[act.call] = self.calls[act.call].with_step(calls.acted(act, action.by, action.at))
        before = self.standings.get(action.point)
        if before is None:
            return
        self.standings[action.point] = after = standing.after(before, action)
        point = self.states.get(action.point)
        if point is not None:
            point = structs.replace(point, point=_deployed(point.point, after))
            if isinstance(action.entry, FuelEntry):
                point = state.enter(point, action.entry)
            self.states[action.point] = point
            if before.deployment != after.deployment:
                self.on_deployed(self.points)

    def add(self, point: PointConfig) -> None:
        """Take a point that was opened just now, and is written down."""
        slug, rules = point.slug, [rule for rule in self.by_id.values() if rule.scope != "gateway"]
        self.states[slug] = PointState(point)
        self.standings[slug] = Standing(point.deployment)
        self.alarms[slug] = {}
        self._rules[slug] = rule_changes.of_point(rules, point.rules)
        self._hang()

    def told(self, receipt: Receipt | None, report: KitReport | None) -> None:
        """Take a kit's word that is written down: on a message to residents, or a report of its point."""
        if receipt is not None:
            self._follow(course.receive(self.course, receipt))
        if report is not None:
            self.standings[report.point] = standing.receive(self.standings[report.point], report)
            self._follow(course.receive_report(self.course, report))

    def hear(self, point: PointConfig, read: Read) -> help_notice.Taken:
        """Let what a frame says of a call for help be true, also while it cannot be written; return what it makes."""
        if read.event is None:
            return help_notice.NOTHING
        taken = help_notice.take(self.calls, point, read, during_exercise=self.exercise_runs)
        if taken.call is None:
            return taken
        self.calls[taken.call.id] = taken.call
        return replace(taken, messages=(self.help_message(point, taken.call, read.frame.received_at),))

    def help_message(self, point: PointConfig, call: Call, now: datetime) -> OutboxMessage:
        """Return what is said on MQTT of how a call for help stands."""
        return messages.help_call(point, call, now, demo=self._demo)

    @property
    def exercising(self) -> frozenset[str]:
        """The points whose kits mark their frames as part of an exercise."""
        return frozenset(slug for slug, one in self.states.items() if _exercise(one))

    @property
    def exercise_runs(self) -> bool:
        """True while any kit marks its frames as part of an exercise."""
        return bool(self.exercising)

    @property
    def grid_lost_at(self) -> datetime | None:
        """When the first of the points lost the grid that it is still without; None = none did, as far as we saw."""
        return min((lost for one in self.states.values() if (lost := one.mains.left_at)), default=None)

    @property
    def places_of_calls(self) -> dict[str, PointConfig]:
        """Every point, also one that is no more and had a call before the start; by slug."""
        return self._places | {one.slug: one for one in self.points}

    @property
    def points(self) -> tuple[PointConfig, ...]:
        """The points' settings, with what each is used for now."""
        return tuple(one.point for one in self.states.values())

    def step(self, step: Step) -> tuple[AlarmChange, ...]:
        """Follow a step of the clock: ages stay, and no delay begins anew. Return the alarms as they now stand."""
        self.states.update(
            {slug: state.settled(step.moved(one), step.to) for slug, one in self.states.items()}
        )
        self.standings.update({slug: step.moved_standing(one) for slug, one in self.standings.items()})
        self.calls, self.late = step.moved(self.calls), step.moved(self.late)
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

    def facts(self, point: PointState, now: datetime, seen: _Seen | None = None) -> Facts:
        """Return what is true of a place at ``now``; ``seen``: of the others, None = as they are."""
        seen = seen or _Seen(self, None if point is self.cp else point)
        slug = point.point.slug
        stands = self.standings.get(slug)
        found = state.facts(
            point,
            now,
            self._clock.speed,
            link=self._link(point),
            sf=self._sf,
            standing=stands and stands.of_now(exercise=_exercise(point)),
            own=self.own(now) if point is self.cp else None,
            storms=seen.storms(now) if point is self.cp else (),
            back_with_many=point.mains.back_at is not None
            and storms.came_back_with_many(slug, seen.mains, self.figures),
        )
        if point is self.cp:
            forgotten = exercises.forgotten(self.course.exercise, self.exercising, now)
            found = structs.replace(found, forgotten=forgotten)
        return found if self.region is region.packaged() else structs.replace(found, region=self.region)

    def decide(self, slug: str, decisions: Sequence[Decision], now: datetime) -> Judgement:
        """Return a judgement of what a person decided about alarms of a place."""
        point = self.place(slug)
        if point is None:
            raise KeyError(slug)
        return judge.decided(
            self.facts(point, now), self.alarms[slug], decisions, self._demo, exercise=self._marked(point)
        )

    def overview(self, box: Box) -> Overview:
        """Return everything on the first page at ``box.now``."""
        points = self.states.items()
        seen = _Seen(self)
        built = overview.build(
            [self.facts(point, box.now, seen) for _, point in points],
            {slug: tuple(kept.values()) for slug, kept in self.alarms.items()},
            {
                slug: overview.Heard(p.heard.rssi_dbm, p.heard.snr_db, p.heard.exercise)
                for slug, p in points
                if p.heard
            },
            box,
            own=(self.facts(self.cp, box.now, seen), tuple(self.alarms[self.cp.point.slug].values())),
            calls=call_views.views(self.calls.values(), self.places_of_calls, self.late, self.is_shown),
            status112=call_views.of_112(self.said_of_112, *self.told_112()),
        )
        told = clocks.of(self.course.crisis, self.grid_lost_at, self.region)
        return replace(built, clocks=told, exercise_since=exercises.since(self.course.exercise))

    def shelved_at_most(self, slug: str, alarm: AlarmState, now: datetime) -> datetime:
        """Return until when an alarm of a place can be put aside at most. KeyError when no rule speaks of it."""
        point = self.place(slug)
        rule = next((rule for rule in self._rules[slug] if rule.id == alarm.id), None)
        if point is None or rule is None:
            raise KeyError(alarm.id)
        return alarms.shelved_at_most(rule, self.facts(point, now), alarm, now)

    def open_alarm(self, slug: str, alarm: str) -> AlarmState | None:
        """Return an alarm of a place while it is open."""
        found = self.alarms.get(slug, {}).get(alarm)
        return found if found is not None and found.is_open else None

    def _marked(self, point: PointState) -> exercises.Marked:
        return exercises.Marked(_exercise(point), exercises.since(self.course.exercise))

    def _follow(self, now: Course) -> None:
        before, self.course = self.course, now
        if now.messages is not before.messages:
            self._hang()

    def _hang(self) -> None:
        """Let each point know what should hang there."""
        for slug, stands in self.standings.items():
            hanging = self.course.messages.hanging(slug)
            if hanging != stands.hanging:
                self.standings[slug] = replace(stands, hanging=hanging)

    def _judge(self, point: PointState, now: datetime, seen: _Seen) -> Judgement:
        slug = point.point.slug
        return judge.judge(
            self.facts(point, now, seen),
            self.alarms[slug],
            self._rules[slug],
            self._demo,
            exercise=self._marked(point),
            crowd=lambda is_news: seen.crowd(slug, now, is_news=is_news),
        )


class _Seen:
    """The places as one judgement sees them: ``point`` as it will be, and what was judged before it.

    ``judged``: the alarms of places that were judged already. Most judgements ask nothing of the others, so
    all is put together only when it is asked for.
    """

    def __init__(self, situation: Situation, point: PointState | None = None) -> None:
        self._situation = situation
        self._point = point
        self.judged: dict[str, Mapping[str, AlarmState]] = {}

    @property
    def mains(self) -> dict[str, Mains]:
        """Of every point."""
        mains = {slug: one.mains for slug, one in self._situation.states.items()}
        if self._point is not None:
            mains[self._point.point.slug] = self._point.mains
        return mains

    def crowd(self, slug: str, now: datetime, *, is_news: bool) -> storms.Crowd:
        """Return what a point has to know before it says anything; the coordinating point has no limit."""
        cp, figures = self._cp, self._situation.figures
        if slug == cp:
            return storms.Crowd()
        own = self._kept(cp)
        if not is_news:
            return storms.Crowd(figures, standing=storms.named(own.get(MANY_SITES)))
        return storms.look(slug, self._points(), self.mains, own, self._situation.by_id, figures, now)

    def storms(self, now: datetime) -> tuple[StormFacts, ...]:
        """Return the storms of now."""
        line = self._kept(self._cp).get(MANY_SITES)
        line = line if line is not None and line.is_open else None
        one = self._situation
        return storms.storms(self._points(), self.mains, line, one.by_id, one.figures, now)

    @property
    def _cp(self) -> str:
        return self._situation.cp.point.slug

    def _kept(self, slug: str) -> Mapping[str, AlarmState]:
        return self.judged[slug] if slug in self.judged else self._situation.alarms[slug]

    def _points(self) -> dict[str, Mapping[str, AlarmState]]:
        return {slug: self._kept(slug) for slug in self._situation.alarms if slug != self._cp}


def _exercise(point: PointState) -> bool:
    return point.heard is not None and point.heard.exercise


def _deployed(point: PointConfig, stands: Standing) -> PointConfig:
    """Return the point's settings with what it is used for now."""
    return structs.replace(point, deployment=stands.deployment)
