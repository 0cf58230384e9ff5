"""What the crisis organisation decides, as somebody at the coordinating point enters it, and its milestones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from nspgateway import crisis
from nspgateway.desk_base import SLACK, DeskBase, Refused, note_of
from nspgateway.entries import MilestoneEntry, Ruling, RulingKind
from nspgateway.people import Action, By, Deployment
from nspgateway.view import WATCHED

# A decision that is older than this was not of this incident; it catches a wrong date.
OLDEST = timedelta(days=14)
FURTHEST = timedelta(days=90)


class CrisisDesk(DeskBase):
    """Decisions and milestones. Which person may enter them is for the caller to check."""

    def decide(
        self,
        kind: RulingKind,
        decider: str,
        by: By,
        *,
        decided_at: datetime | None = None,
        points: Sequence[str] = (),
        from_cp: str = "",
        opens_at: datetime | None = None,
        until: datetime | None = None,
        outage_since: datetime | None = None,
        corrects: int | None = None,
        note: str = "",
    ) -> int:
        """Enter a decision; return its id. Raises Refused.

        ``decider``: who took it, an id of the region's list; ``decided_at``: None = now; T+0 of an incident is that of
        its first activation. Points that come in scope are activated, with ``opens_at`` as the plan; from then on
        nothing is deleted. Scaling down changes no point by itself: it stays watched until somebody says that it is
        closed. ``corrects``: the decision that this one stands for.
        """
        now = self._clock.now()
        scope = tuple(dict.fromkeys(self._point(slug) for slug in points))
        at = self._past(decided_at, OLDEST)
        if self._situation.region.decided_by(decider) is None:
            known = ", ".join(one.id for one in self._situation.region.decider)
            raise Refused("bad_kind", f"Nobody decides as {decider!r}; there are: {known}.")
        self._check(kind, scope, from_cp, until, corrects)
        for moment in (opens_at, until):
            if moment is not None and not now - SLACK < moment < now + FURTHEST:
                raise Refused("not_ahead", f"{moment:%d-%m-%Y %H:%M %Z} does not lie in the next 90 days.")
        since = None if outage_since is None else self._past(outage_since, OLDEST)
        if since is None and kind in crisis.ADDS and corrects is None:
            since = self._situation.grid_lost_at
        exercise = self._is_practice(scope, corrects, now)
        ruling = Ruling(kind, decider, at, scope, from_cp, opens_at, until, since, corrects, exercise)
        detail = {"kind": kind, "decider": decider, "decided_at": at.isoformat(timespec="minutes")}
        decided = Action(now, by, "decision", detail=detail, note=note_of(note), entry=ruling)
        activated = self._activated(scope, opens_at, by, now) if kind in crisis.ADDS else []
        return self._write_all((decided, *activated))[0]

    def reach(self, milestone: str, by: By, reached_at: datetime | None = None) -> None:
        """Stamp a milestone, as reached now or at ``reached_at``. Raises Refused."""
        self._milestone(milestone)
        at = self._past(reached_at, OLDEST)
        self._enter("milestone", "", MilestoneEntry(milestone, at), by, {"milestone": milestone})

    def unreach(self, milestone: str, by: By) -> None:
        """Take back that a milestone was reached. Raises Refused."""
        self._milestone(milestone)
        if milestone not in self._situation.course.crisis.stamps:
            raise Refused("not_reached", f"{milestone!r} was not stamped.")
        self._enter("milestone_back", "", MilestoneEntry(milestone, None), by, {"milestone": milestone})

    def _check(
        self,
        kind: RulingKind,
        points: Sequence[str],
        from_cp: str,
        until: datetime | None,
        corrects: int | None,
    ) -> None:
        known = self._situation.course.crisis
        if corrects is not None:
            if all(one.id != corrects for one in known.decided):
                raise Refused("no_decision", f"There is no decision {corrects} to correct.")
            if crisis.is_corrected(known, corrects):
                raise Refused("corrected", f"Decision {corrects} was corrected already: correct the newest.")
        if kind in crisis.ADDS and not points:
            raise Refused("no_points", "Name the points that this decision is about.")
        if kind == "take_over" and not from_cp.strip():
            raise Refused("empty", "Name the coordinating point that the points are taken over from.")
        if kind == "extend" and until is None:
            raise Refused("empty", "Say until when it is extended.")
        if kind not in crisis.ADDS and crisis.incident(known) is None:
            raise Refused("not_active", "Nothing is activated: there is nothing to extend or to scale down.")
        if kind == "scale_down" and not points:
            raise Refused("no_points", "Name the points that are scaled down.")

    def _is_practice(self, points: Sequence[str], corrects: int | None, now: datetime) -> bool:
        """Tell whether a decision is part of the exercise that runs: it is about nothing beyond that exercise.

        A correction is what the corrected one was; a decision about no points what the incident is.
        """
        course = self._situation.course
        if corrects is not None:
            return any(one.id == corrects and one.ruling.exercise for one in course.crisis.decided)
        lasts = crisis.incident(course.crisis)
        if not points:
            return lasts is not None and lasts.exercise
        runs = course.exercise
        return runs is not None and runs.is_on(now) and set(points) <= set(runs.points)

    def _activated(
        self, points: Sequence[str], opens_at: datetime | None, by: By, now: datetime
    ) -> list[Action]:
        """Return what activates the points; one that is in use already only gets the new plan."""
        found = []
        for slug in points:
            word = self._situation.standings[slug].deployment
            if word in WATCHED and opens_at is None:
                continue
            entry = Deployment(word if word in WATCHED else "activated", opens_at)
            found.append(Action(now, by, "deployment", slug, detail={"word": entry.word}, entry=entry))
        return found

    def _milestone(self, name: str) -> None:
        table = self._situation.region.milestone
        if all(one.id != name for one in table):
            known = ", ".join(one.id for one in table)
            raise Refused("no_milestone", f"There is no milestone {name!r}; there are: {known}.")
        if crisis.incident(self._situation.course.crisis) is None:
            raise Refused("not_active", "Nothing is activated: milestones count from T+0.")
